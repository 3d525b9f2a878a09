/// @file
/// The formatter: where the host's printf has the same conversion, it is the judge.

#include <gtest/gtest.h>

#include <array>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <string>

#include <kernel/libk/format.h>
#include <tests/unit/support/blob.h>

namespace {

template <class... Args>
std::string formatted(const char* format, Args... args) {
    std::array<char, 512> out;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    const size_t length = format_to(out, format, args...);
#pragma GCC diagnostic pop
    EXPECT_LT(length, out.size());
    EXPECT_EQ(std::string(out.data()).size(), length);
    return out.data();
}

template <class... Args>
std::string by_host(const char* format, Args... args) {
    std::array<char, 512> out;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    std::snprintf(out.data(), out.size(), format, args...);
#pragma GCC diagnostic pop
    return out.data();
}

}  // namespace

TEST(Format, LiteralText) {
    EXPECT_EQ(formatted(""), "");
    EXPECT_EQ(formatted("plain"), "plain");
    EXPECT_EQ(formatted("100%%"), "100%");
    EXPECT_EQ(formatted("%%%d%%", 5), "%5%");
}

TEST(Format, IntegersLikeTheHost) {
    const char* flags[] = {"", "-", "0", "-0"};
    const char* widths[] = {"", "1", "5", "25"};
    const int64_t numbers[] = {0,     1,      -1,      7,       255,       -128,     128,
                               65535, -32768, INT_MAX, INT_MIN, LLONG_MAX, LLONG_MIN};
    int compared = 0;
    for (const char* flag : flags) {
        for (const char* width : widths) {
            const std::string start = std::string("[%") + flag + width;
            for (int64_t number : numbers) {
                for (const char* conversion : {"d", "i", "u", "x"}) {
                    const auto narrow = static_cast<int>(number);
                    const std::string format = start + conversion + "]";
                    ASSERT_EQ(formatted(format.c_str(), narrow), by_host(format.c_str(), narrow)) << format;
                    ++compared;
                    for (const char* length : {"l", "ll", "z"}) {
                        const std::string wide = start + length + conversion + "]";
                        ASSERT_EQ(formatted(wide.c_str(), number), by_host(wide.c_str(), number)) << wide;
                        ++compared;
                    }
                }
            }
        }
    }
    EXPECT_EQ(compared, 4 * 4 * 13 * 4 * 4);
    EXPECT_EQ(formatted("%X %08lX", 0xabcu, 0xabcdul), "abc 0000abcd") << "small letters all the same";
}

TEST(Format, Strings) {
    EXPECT_EQ(formatted("%s|%5s|%-5s|%.2s|%5.1s|%.0s|", "abc", "abc", "abc", "abc", "abc", "abc"),
              "abc|  abc|abc  |ab|    a||");
    EXPECT_EQ(formatted("%2s", "longer"), "longer");
    const char* volatile none = nullptr;  // unknown to the compiler, which warns of what we test here
    EXPECT_EQ(formatted("%s %8s %.3s", none, none, none), "(null)   (null) (nu");
}

TEST(Format, AStringWithPrecisionNeedsNoNull) {
    GuardedMemory memory(16);
    const auto bytes = memory.place(std::as_bytes(std::span("abcd", 4)), true);
    EXPECT_EQ(formatted("%.4s", reinterpret_cast<const char*>(bytes.data())), "abcd");
    EXPECT_EQ(formatted("%.*s", 3, reinterpret_cast<const char*>(bytes.data())), "abc");
}

TEST(Format, CharactersAndPointers) {
    EXPECT_EQ(formatted("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd'), "ab|  c|d  |");
    EXPECT_EQ(formatted("%p", reinterpret_cast<void*>(0xffff800000001000)), "0xffff800000001000");
    EXPECT_EQ(formatted("%p|%8p|%-8p|", static_cast<void*>(nullptr), reinterpret_cast<void*>(0xab),
                        reinterpret_cast<void*>(0xab)),
              "0x0|    0xab|0xab    |");
    std::array<char, 8> out;
    EXPECT_EQ(format_to(out, "a%cb", '\0'), 3u) << "a null character counts like any other";
    EXPECT_EQ(std::string(out.data(), 4), std::string("a\0b\0", 4));
}

TEST(Format, AnUnknownConversionEndsInterpretation) {
    EXPECT_EQ(formatted("%d %q %d", 1, 2), "1 %q %d");
    EXPECT_EQ(formatted("%f", 1.0), "%f");
    EXPECT_EQ(formatted("%*d", 4, 7), "%*d");
    EXPECT_EQ(formatted("50%"), "50%");
    EXPECT_EQ(formatted("50%-08.3l"), "50%-08.3l");
}

TEST(FormatTo, CutsAndTerminatesButReturnsTheWholeLength) {
    std::array<char, 8> out;
    for (size_t size = 1; size <= out.size(); ++size) {
        out.fill('#');
        EXPECT_EQ(format_to(std::span(out).first(size), "%s-%d", "abc", 123), 7u);
        EXPECT_EQ(std::string(out.data()), std::string("abc-123").substr(0, size - 1));
        if (size < out.size()) {
            EXPECT_EQ(out[size], '#');
        }
    }
    EXPECT_EQ(format_to(std::span<char>{}, "%d", 12345), 5u);
    EXPECT_EQ(format_to(out, "%d%s", 1, ""), 1u);
    EXPECT_STREQ(out.data(), "1");
    format_to(out, "%s", "");
    EXPECT_STREQ(out.data(), "") << "empty text is terminated too";
}

TEST(FormatTo, CountsAWidthFarBeyondTheBuffer) {
    std::array<char, 4> out;
    EXPECT_EQ(format_to(out, "%100000d", 1), 100000u);
    EXPECT_STREQ(out.data(), "   ");
}

TEST(Vformat, PassesTheContextAndCounts) {
    std::string collected;
    const Sink sink{[](void* context, std::span<const char> text) {
                        static_cast<std::string*>(context)->append(text.data(), text.size());
                    },
                    &collected};
    const auto print = [&](const char* format, ...) {
        va_list arguments;
        va_start(arguments, format);
        const size_t length = vformat(sink, format, arguments);
        va_end(arguments);
        return length;
    };
    EXPECT_EQ(print("%s=%08lx;", "rip", 0x100b9ul), 13u);
    EXPECT_EQ(print("%d", 3), 1u);
    EXPECT_EQ(collected, "rip=000100b9;3");
}
