/// @file
/// The printf-like formatter behind kprintf(), panic() and /proc.

#include <kernel/libk/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

#include <kernel/libk/string.h>

namespace {

/// One conversion specification, `%[flags][width][.precision][length]conversion`, but for the last letter.
struct Specification {
    bool left = false;            ///< `-`: padded on the right
    bool zeros = false;           ///< `0`: numbers are padded with zeros
    size_t width = 0;             ///< least characters written
    size_t precision = SIZE_MAX;  ///< most characters of a string
    bool wide = false;            ///< an integer argument has 64 bits
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

    void put_repeated(std::string_view character, size_t count) {
        while (count-- > 0) put(character);
    }

    static size_t parse_number(const char*& format) {
        size_t number = 0;
        for (; *format >= '0' && *format <= '9'; ++format)
            number = number * 10 + static_cast<size_t>(*format - '0');
        return number;
    }

    /// Reads a specification and leaves `format` at the conversion letter.
    Specification parse(const char*& format) {
        Specification spec;
        for (; *format == '-' || *format == '0'; ++format) (*format == '-' ? spec.left : spec.zeros) = true;
        spec.width = parse_number(format);
        if (format[0] == '.' && format[1] == '*') {
            format += 2;
            spec.precision = static_cast<size_t>(va_arg(arguments_, int));
        } else if (*format == '.') {
            spec.precision = parse_number(++format);
        }
        // long long is as long as long.
        for (; *format == 'l' || *format == 'z'; ++format) spec.wide = true;
        return spec;
    }

    /// Writes one argument; false when the conversion is unknown, with nothing written.
    bool convert(char conversion, const Specification& spec) {
        switch (conversion) {
            case 'd':
            case 'i': {
                const int64_t value = spec.wide ? va_arg(arguments_, int64_t) : va_arg(arguments_, int);
                // Negated as unsigned: the most negative number has no positive twin.
                const auto magnitude = static_cast<uint64_t>(value);
                put_number(spec, value < 0 ? "-" : "", value < 0 ? 0 - magnitude : magnitude, 10);
                return true;
            }
            case 'u':
            case 'x':
            case 'X':
                put_number(spec, "", spec.wide ? va_arg(arguments_, uint64_t) : va_arg(arguments_, unsigned),
                           conversion == 'u' ? 10 : 16);
                return true;
            case 'p':
                put_number(spec, "0x", reinterpret_cast<uintptr_t>(va_arg(arguments_, void*)), 16);
                return true;
            case 'c': {
                const char character = static_cast<char>(va_arg(arguments_, int));
                put_padded(spec, "", {&character, 1});
                return true;
            }
            case 's': {
                const char* string = va_arg(arguments_, const char*);
                if (!string) string = "(null)";
                // A string with a precision need not end with a null.
                put_padded(spec, "", {string, strnlen(string, spec.precision)});
                return true;
            }
            case '%':
                put("%");
                return true;
            default:
                return false;
        }
    }

    void put_number(const Specification& spec, std::string_view prefix, uint64_t value, int base) {
        std::array<char, 20> digits;  // 2^64 has 20 decimal digits
        const char* const end = std::to_chars(digits.begin(), digits.end(), value, base).ptr;
        put_padded(spec, prefix, {digits.data(), end});
    }

    void put_padded(const Specification& spec, std::string_view prefix, std::string_view text) {
        const size_t length = prefix.size() + text.size();
        const size_t padding = spec.width > length ? spec.width - length : 0;
        if (!spec.left && !spec.zeros) put_repeated(" ", padding);
        put(prefix);
        if (!spec.left && spec.zeros) put_repeated("0", padding);
        put(text);
        if (spec.left) put_repeated(" ", padding);
    }

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
