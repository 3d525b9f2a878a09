/// @file
/// The kernel's memcpy and its kin, compiled under other names beside the host's, which they are compared
/// with.

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <kernel/libk/string.h>
#include <tests/unit/support/blob.h>

#define memcpy kernel_memcpy
#define memmove kernel_memmove
#define memset kernel_memset
#define memcmp kernel_memcmp
#define memchr kernel_memchr
#define strlen kernel_strlen
#define strnlen kernel_strnlen
#include <kernel/libk/string.cpp>
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen

namespace {

std::vector<unsigned char> random_bytes(size_t size) {
    std::mt19937 random(7);
    std::vector<unsigned char> bytes(size);
    for (auto& byte : bytes) byte = static_cast<unsigned char>(random());
    return bytes;
}

/// Text that ends right in front of an inaccessible page.
const char* at_page_end(GuardedMemory& memory, const std::string& text, bool with_null) {
    const auto bytes = std::as_bytes(std::span(text.c_str(), text.size() + (with_null ? 1 : 0)));
    return reinterpret_cast<const char*>(memory.place(bytes, true).data());
}

}  // namespace

TEST(Memcpy, CopiesEveryLengthAndAlignmentAndNothingElse) {
    const auto source = random_bytes(160);
    for (size_t length = 0; length <= 70; ++length) {
        for (size_t from = 0; from < 9; ++from) {
            for (size_t to = 0; to < 9; ++to) {
                std::vector<unsigned char> actual(160, 0xee);
                auto expected = actual;
                std::memcpy(expected.data() + to, source.data() + from, length);
                ASSERT_EQ(kernel_memcpy(actual.data() + to, source.data() + from, length),
                          actual.data() + to);
                ASSERT_EQ(actual, expected) << length << " bytes from " << from << " to " << to;
            }
        }
    }
}

TEST(Memcpy, CopiesAPage) {
    const auto source = random_bytes(4096);
    std::vector<unsigned char> target(4096);
    kernel_memcpy(target.data(), source.data(), 4096);
    EXPECT_EQ(target, source);
}

TEST(Memmove, HandlesEveryOverlap) {
    const auto source = random_bytes(100);
    for (size_t length = 0; length <= 40; ++length) {
        for (size_t from = 0; from < 30; ++from) {
            for (size_t to = 0; to < 30; ++to) {
                auto actual = source;
                auto expected = source;
                std::memmove(expected.data() + to, expected.data() + from, length);
                ASSERT_EQ(kernel_memmove(actual.data() + to, actual.data() + from, length),
                          actual.data() + to);
                ASSERT_EQ(actual, expected) << length << " bytes from " << from << " to " << to;
            }
        }
    }
}

TEST(Memset, FillsEveryLengthAndAlignmentAndNothingElse) {
    for (size_t length = 0; length <= 70; ++length) {
        for (size_t offset = 0; offset < 9; ++offset) {
            std::vector<unsigned char> actual(96, 0xee);
            auto expected = actual;
            std::memset(expected.data() + offset, 0x5a, length);
            ASSERT_EQ(kernel_memset(actual.data() + offset, 0x5a, length), actual.data() + offset);
            ASSERT_EQ(actual, expected) << length << " bytes at " << offset;
        }
    }
}

TEST(Memset, UsesTheLowByteOfTheValueOnly) {
    std::array<unsigned char, 19> bytes{};
    kernel_memset(bytes.data(), -2, bytes.size());
    for (unsigned char byte : bytes) EXPECT_EQ(byte, 0xfe);
}

TEST(Memcmp, ComparesAsUnsignedBytes) {
    EXPECT_EQ(kernel_memcmp("abc", "abd", 2), 0);
    EXPECT_LT(kernel_memcmp("abc", "abd", 3), 0);
    EXPECT_GT(kernel_memcmp("\x80", "\x7f", 1), 0);
    EXPECT_GT(kernel_memcmp("a\0b", "a\0a", 3), 0) << "a null ends nothing";
    EXPECT_EQ(kernel_memcmp("a", "b", 0), 0);
}

TEST(Memchr, FindsTheFirstAndStaysInBounds) {
    const char text[] = "abcabc";
    EXPECT_EQ(kernel_memchr(text, 'c', 6), text + 2);
    EXPECT_EQ(kernel_memchr(text, 'c', 2), nullptr);
    EXPECT_EQ(kernel_memchr(text, 0, 7), text + 6);
    EXPECT_EQ(kernel_memchr(text, 'a' + 256, 6), text) << "the value is converted to unsigned char";
    EXPECT_EQ(kernel_memchr("\xff", 0xff, 1) != nullptr, true);
}

TEST(Strlen, StopsAtTheNull) {
    GuardedMemory memory(64);
    for (size_t length = 0; length < 20; ++length)
        EXPECT_EQ(kernel_strlen(at_page_end(memory, std::string(length, 'x'), true)), length);
}

TEST(Strnlen, StopsAtTheNullOrTheCountAndReadsNoFurther) {
    GuardedMemory memory(64);
    for (size_t length = 0; length < 20; ++length) {
        EXPECT_EQ(kernel_strnlen(at_page_end(memory, std::string(length, 'x'), true), 50), length);
        EXPECT_EQ(kernel_strnlen(at_page_end(memory, std::string(length, 'x'), false), length), length);
    }
}

TEST(CopyString, CopiesWhatFitsAndTerminates) {
    std::array<char, 6> out;
    out.fill('#');
    EXPECT_EQ(copy_string(out, "abc"), 3u);
    EXPECT_STREQ(out.data(), "abc");
    EXPECT_EQ(out[4], '#') << "nothing is written behind the null";

    EXPECT_EQ(copy_string(out, "abcde"), 5u);
    EXPECT_STREQ(out.data(), "abcde");
    EXPECT_EQ(copy_string(out, "abcdefgh"), 5u);
    EXPECT_STREQ(out.data(), "abcde");
    EXPECT_EQ(copy_string(out, ""), 0u);
    EXPECT_STREQ(out.data(), "");
}

TEST(CopyString, HandlesTinyBuffers) {
    std::array<char, 2> out{'#', '#'};
    EXPECT_EQ(copy_string(std::span(out).first(1), "abc"), 0u);
    EXPECT_EQ(out[0], '\0');
    EXPECT_EQ(out[1], '#');
    EXPECT_EQ(copy_string(std::span<char>{}, "abc"), 0u);
}
