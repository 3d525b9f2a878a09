/// @file
/// hexdump [files]: shows bytes, 16 a line: offset, hexadecimal, characters.
#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

void show_line(unsigned long offset, const unsigned char* bytes, size_t count) {
    char hex[52];
    char characters[17];
    size_t used = 0;
    for (size_t i = 0; i < 16; ++i) {
        used += i < count ? format_text(hex + used, sizeof hex - used, "%02x ", bytes[i])
                          : format_text(hex + used, sizeof hex - used, "   ");
        if (i == 7) used += format_text(hex + used, sizeof hex - used, " ");
        if (i < count) characters[i] = bytes[i] >= 32 && bytes[i] < 127 ? static_cast<char>(bytes[i]) : '.';
    }
    characters[count] = '\0';
    print("%08lx  %s |%s|\n", offset, hex, characters);
}

int dump(const char* name) {
    const long fd = open_input(name);
    if (fd < 0) return complain("hexdump", name, fd);
    unsigned char line[16] = {};
    unsigned long offset = 0;
    size_t filled = 0;
    long got;
    // A pipe may give fewer bytes than asked for: fill the line before showing it.
    while ((got = read(static_cast<int>(fd), line + filled, sizeof line - filled)) > 0) {
        filled += static_cast<size_t>(got);
        if (filled < sizeof line) continue;
        show_line(offset, line, filled);
        offset += filled;
        filled = 0;
    }
    if (filled) show_line(offset, line, filled);
    print("%08lx\n", offset + filled);
    if (fd > 0) close(static_cast<int>(fd));
    return got < 0 ? complain("hexdump", name, got) : 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return dump("-");
    int status = 0;
    for (int i = 1; i < argc; ++i) status |= dump(argv[i]);
    return status;
}
