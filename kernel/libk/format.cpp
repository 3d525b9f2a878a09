/// @file
/// The printf-like formatter behind kprintf(), panic() and /proc.

#include <kernel/libk/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include <kernel/libk/string.h>

namespace {

/// One conversion specification, `%[flags][width][.precision][length]conversion`, but for the last letter.
struct Specification {
    bool left = false;     ///< `-`: padded on the right
    bool zeros = false;    ///< `0`: numbers are padded with zeros
    size_t width = 0;      ///< least characters written
    bool precise = false;  ///< a precision was given
    size_t precision = 0;  ///< numbers: least digits; strings: most characters
    unsigned bits = 32;    ///< of an integer argument; what is above them is cut off
};

class Formatter {
  public:
    Formatter(Sink sink, va_list arguments) : sink_(sink) { va_copy(arguments_, arguments); }
    Formatter(const Formatter&) = delete;
    Formatter& operator=(const Formatter&) = delete;
    ~Formatter() { va_end(arguments_); }

    size_t run(const char* format) {
        while (*format != '\0') {
            const char* literal = format;
            while (*format != '\0' && *format != '%') ++format;
            put({literal, static_cast<size_t>(format - literal)});
            if (*format == '\0') break;

            const char* directive = format++;
            const Specification spec = parse(format);
            if (!convert(*format, spec)) {
                put(directive);
                break;
            }
            ++format;
        }
        return written_;
    }

  private:
    void put(std::string_view text) {
        if (!text.empty()) sink_.write(sink_.context, {text.data(), text.size()});
        written_ += text.size();
    }

    void put_repeated(char character, size_t count) {
        std::array<char, 16> block;
        block.fill(character);
        for (; count > block.size(); count -= block.size()) put({block.data(), block.size()});
        put({block.data(), count});
    }

    /// Reads a decimal number, or `*` and the argument it stands for.
    int parse_number(const char*& format) {
        if (*format == '*') {
            ++format;
            return va_arg(arguments_, int);
        }
        int number = 0;
        for (; *format >= '0' && *format <= '9'; ++format) {
            if (number < kMaximumWidth) number = number * 10 + (*format - '0');
        }
        return number;
    }

    /// Reads a specification and leaves `format` at the conversion letter.
    Specification parse(const char*& format) {
        Specification spec;
        for (;; ++format) {
            if (*format == '-')
                spec.left = true;
            else if (*format == '0')
                spec.zeros = true;
            else
                break;
        }
        int width = parse_number(format);
        if (width < 0) {  // a negative `*` means `-` and its absolute value
            spec.left = true;
            width = width < -kMaximumWidth ? kMaximumWidth : -width;
        }
        spec.width = static_cast<size_t>(width);
        if (*format == '.') {
            ++format;
            const int precision = parse_number(format);
            spec.precise = precision >= 0;  // a negative `*` counts as none
            spec.precision = spec.precise ? static_cast<size_t>(precision) : 0;
        }
        for (;; ++format) {
            if (*format == 'h')
                spec.bits = std::max(spec.bits / 2, 8u);
            else if (*format == 'l' || *format == 'z' || *format == 't' || *format == 'j')
                spec.bits = 64;  // long long is as long as long
            else
                return spec;
        }
    }

    /// An integer argument in the uppermost bits: shifted down, the rest takes its sign or zeros.
    uint64_t next_integer(const Specification& spec) {
        const uint64_t value = spec.bits == 64 ? va_arg(arguments_, uint64_t) : va_arg(arguments_, unsigned);
        return value << (64 - spec.bits);
    }

    /// Writes one argument; false when the conversion is unknown, with nothing written or taken.
    bool convert(char conversion, const Specification& spec) {
        switch (conversion) {
            case 'd':
            case 'i': {
                const int64_t value = static_cast<int64_t>(next_integer(spec)) >> (64 - spec.bits);
                // Negated as unsigned: the most negative number has no positive twin.
                const auto magnitude = static_cast<uint64_t>(value);
                put_number(spec, value < 0 ? "-" : "", value < 0 ? 0 - magnitude : magnitude, 10,
                           kLowerDigits);
                return true;
            }
            case 'u':
            case 'x':
            case 'X':
                put_number(spec, "", next_integer(spec) >> (64 - spec.bits), conversion == 'u' ? 10 : 16,
                           conversion == 'X' ? kUpperDigits : kLowerDigits);
                return true;
            case 'p':
                put_number(spec, "0x", reinterpret_cast<uintptr_t>(va_arg(arguments_, void*)), 16,
                           kLowerDigits);
                return true;
            case 'c': {
                const char character = static_cast<char>(va_arg(arguments_, int));
                put_padded(spec, {&character, 1});
                return true;
            }
            case 's':
                put_string(spec, va_arg(arguments_, const char*));
                return true;
            case '%':
                put("%");
                return true;
            default:
                return false;
        }
    }

    void put_string(const Specification& spec, const char* string) {
        if (!string) string = "(null)";
        // A string with a precision need not end with a null.
        put_padded(spec, {string, spec.precise ? strnlen(string, spec.precision) : strlen(string)});
    }

    void put_padded(const Specification& spec, std::string_view text) {
        const size_t padding = spec.width > text.size() ? spec.width - text.size() : 0;
        if (!spec.left) put_repeated(' ', padding);
        put(text);
        if (spec.left) put_repeated(' ', padding);
    }

    void put_number(const Specification& spec, std::string_view prefix, uint64_t value, unsigned base,
                    const char* digits) {
        std::array<char, 20> buffer;  // 2^64 has 20 decimal digits
        size_t start = buffer.size();
        for (; value > 0; value /= base) buffer[--start] = digits[value % base];
        const std::string_view text(buffer.data() + start, buffer.size() - start);

        const size_t least = spec.precise ? spec.precision : 1;
        size_t zeros = least > text.size() ? least - text.size() : 0;
        const size_t length = prefix.size() + zeros + text.size();
        size_t padding = spec.width > length ? spec.width - length : 0;
        if (spec.zeros && !spec.left && !spec.precise) {
            zeros += padding;
            padding = 0;
        }

        if (!spec.left) put_repeated(' ', padding);
        put(prefix);
        put_repeated('0', zeros);
        put(text);
        if (spec.left) put_repeated(' ', padding);
    }

    static constexpr int kMaximumWidth = 100'000'000;  ///< leaves room for one more digit in an int
    static constexpr const char* kLowerDigits = "0123456789abcdef";
    static constexpr const char* kUpperDigits = "0123456789ABCDEF";

    Sink sink_;
    va_list arguments_;
    size_t written_ = 0;
};

/// What format_to() has filled of its caller's buffer.
struct BufferSink {
    std::span<char> rest;

    static void write(void* context, std::span<const char> text) {
        auto& self = *static_cast<BufferSink*>(context);
        self.rest = self.rest.subspan(copy_string(self.rest, {text.data(), text.size()}));
    }
};

}  // namespace

size_t vformat(Sink sink, const char* format, va_list arguments) {
    return Formatter(sink, arguments).run(format);
}

size_t format_to(std::span<char> out, const char* format, ...) {
    if (!out.empty()) out[0] = '\0';
    BufferSink buffer{out};
    va_list arguments;
    va_start(arguments, format);
    const size_t length = vformat({BufferSink::write, &buffer}, format, arguments);
    va_end(arguments);
    return length;
}
