/// @file
/// uptime: how long the system has been running, and the share of that time in which it was idle. Reads
/// /proc/uptime: seconds since boot and idle seconds (summed over processors), each with two decimals.
#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

namespace {

/// Reads "12.34" as 1234 and moves `text` behind it. The file always has two decimals.
unsigned long hundredths(const char*& text) {
    while (*text == ' ') ++text;
    unsigned long value = 0;
    for (; *text && *text != ' '; ++text)
        if (*text >= '0' && *text <= '9') value = value * 10 + static_cast<unsigned long>(*text - '0');
    return value;
}

}  // namespace

int main(int, char**) {
    static constexpr char kFile[] = "/proc/uptime";
    const long fd = open_input(kFile);
    if (fd < 0) return complain("uptime", kFile, fd);
    LineReader reader(static_cast<int>(fd));
    if (!reader.next()) return complain("uptime", kFile, reader.error());

    const char* text = reader.text();
    const unsigned long up = hundredths(text);
    const unsigned long idle = hundredths(text);
    const unsigned long seconds = up / 100;
    print("up ");
    if (seconds >= 86400) print("%lu days ", seconds / 86400);
    print("%lu:%02lu:%02lu.%02lu, idle %lu.%02lu s\n", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60,
          up % 100, idle / 100, idle % 100);
    return 0;
}
