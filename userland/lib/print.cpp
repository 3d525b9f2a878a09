/// @file
/// Formatted output.
#include <cstdint>

#include <userland/lib/io.h>
#include <userland/lib/print.h>
#include <userland/lib/string.h>

namespace {

/// Where characters go: a buffer that is the result (fd < 0) or is written out whenever it is full.
struct Sink {
    int fd;
    char* buffer;
    size_t size;
    size_t used = 0;
    size_t total = 0;

    void put(char c) {
        ++total;
        if (used == size && fd >= 0) flush();
        if (used < size) buffer[used++] = c;
    }
    void flush() {
        write_all(fd, buffer, used);
        used = 0;
    }
    void put_field(const char* text, size_t length, size_t width, bool left, char padding) {
        const size_t blanks = width > length ? width - length : 0;
        // A sign stands before the zeros that pad its number.
        if (padding == '0' && length && *text == '-') put(*text++), --length;
        for (size_t i = 0; i < blanks && !left; ++i) put(padding);
        for (size_t i = 0; i < length; ++i) put(text[i]);
        for (size_t i = 0; i < blanks && left; ++i) put(' ');
    }
};

/// A list of arguments that functions can take from one after another.
struct Arguments {
    va_list list;
};

/// Writes the digits of `value` before `end` and returns the first.
char* digits(char* end, unsigned long value, unsigned base) {
    do {
        *--end = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    return end;
}

// NOLINTBEGIN(clang-analyzer-valist.Uninitialized): the analyzer loses track of a list within a structure.

/// A run of decimal digits, or `*`, which takes the number from the arguments.
size_t parse_count(const char*& format, Arguments& arguments) {
    if (*format == '*') {
        ++format;
        return static_cast<size_t>(va_arg(arguments.list, int));
    }
    size_t count = 0;
    while (*format >= '0' && *format <= '9') count = count * 10 + static_cast<size_t>(*format++ - '0');
    return count;
}

/// One conversion; `format` stands behind the percent sign and is moved past the conversion.
void convert(Sink& sink, const char*& format, Arguments& arguments) {
    bool left = false;
    char padding = ' ';
    for (;; ++format) {
        if (*format == '-')
            left = true;
        else if (*format == '0')
            padding = '0';
        else
            break;
    }
    const size_t width = parse_count(format, arguments);
    size_t precision = SIZE_MAX;
    if (*format == '.') precision = parse_count(++format, arguments);
    bool is_long = false;
    while (*format == 'l' || *format == 'z') is_long = true, ++format;

    char number[24];
    char* const end = number + sizeof number;
    char* first = end;
    switch (*format) {
        case 'd':
        case 'i': {
            const long value = is_long ? va_arg(arguments.list, long) : va_arg(arguments.list, int);
            const auto bits = static_cast<unsigned long>(value);
            first = digits(end, value < 0 ? 0 - bits : bits, 10);
            if (value < 0) *--first = '-';
            break;
        }
        case 'u':
        case 'x':
        case 'o': {
            const unsigned base = *format == 'u' ? 10 : *format == 'x' ? 16 : 8;
            first = digits(end,
                           is_long ? va_arg(arguments.list, unsigned long) : va_arg(arguments.list, unsigned),
                           base);
            break;
        }
        case 'p':
            first = digits(end, reinterpret_cast<unsigned long>(va_arg(arguments.list, void*)), 16);
            *--first = 'x';
            *--first = '0';
            break;
        case 'c':
            *--first = static_cast<char>(va_arg(arguments.list, int));
            break;
        case 's': {
            const char* text = va_arg(arguments.list, const char*);
            if (!text) text = "(null)";
            size_t length = 0;
            while (length < precision && text[length]) ++length;
            sink.put_field(text, length, width, left, ' ');
            ++format;
            return;
        }
        case '\0':  // the format ends within a conversion
            return;
        default:
            *--first = *format;
    }
    ++format;
    sink.put_field(first, static_cast<size_t>(end - first), width, left, left ? ' ' : padding);
}

// NOLINTEND(clang-analyzer-valist.Uninitialized)

void format_into(Sink& sink, const char* format, va_list list) {
    Arguments arguments;
    va_copy(arguments.list, list);
    while (*format) {
        if (*format != '%')
            sink.put(*format++);
        else
            convert(sink, ++format, arguments);
    }
    va_end(arguments.list);
}

}  // namespace

void vprint_to(int fd, const char* format, va_list arguments) {
    char buffer[256];
    Sink sink{fd, buffer, sizeof buffer};
    format_into(sink, format, arguments);
    sink.flush();
}

void print_to(int fd, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprint_to(fd, format, arguments);
    va_end(arguments);
}

void print(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprint_to(1, format, arguments);
    va_end(arguments);
}

size_t vformat_text(char* out, size_t size, const char* format, va_list arguments) {
    Sink sink{-1, out, size - 1};
    format_into(sink, format, arguments);
    out[sink.used] = '\0';
    return sink.total;
}

size_t format_text(char* out, size_t size, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const size_t length = vformat_text(out, size, format, arguments);
    va_end(arguments);
    return length;
}
