/// @file
/// ps: lists the processes. Each /proc/PID/stat holds one line: "pid (name) state parent group ...", 39
/// fields and more, in Linux's order.
#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/lib/syscall.h>

namespace {

/// Field numbers as the manual page proc(5) counts them, from 1.
enum Field { kParent = 4, kGroup = 5, kForeground = 8, kUserTime = 14, kSystemTime = 15, kProcessor = 39 };

/// Shows one process. Silent when it has ended meanwhile.
void show(const char* pid) {
    char path[64];
    format_text(path, sizeof path, "/proc/%s/stat", pid);
    const long fd = open_input(path);
    if (fd < 0) return;
    LineReader reader(static_cast<int>(fd));
    const bool read = reader.next();
    close(static_cast<int>(fd));
    if (!read) return;

    // The name stands in parentheses and may itself hold some: it ends at the last one.
    char* line = reader.text();
    char* name = nullptr;
    char* name_end = nullptr;
    for (char* p = line; *p; ++p) {
        if (*p == '(' && !name) name = p + 1;
        if (*p == ')') name_end = p;
    }
    if (!name || !name_end || name_end[1] != ' ' || !name_end[2]) return;
    *name_end = '\0';

    const char state = name_end[2];
    long fields[kProcessor + 1] = {};
    char* p = name_end + 3;
    for (int field = kParent; field <= kProcessor && *p; ++field) {
        while (*p == ' ') ++p;
        char* start = p;
        while (*p && *p != ' ') ++p;
        if (*p) *p++ = '\0';
        parse_number(start, fields[field]);
    }
    const bool foreground = fields[kGroup] > 0 && fields[kGroup] == fields[kForeground];
    print("%5s %5ld %5ld %c%c   %3ld %11ld %s\n", pid, fields[kParent], fields[kGroup], state,
          foreground ? '+' : ' ', fields[kProcessor], fields[kUserTime] + fields[kSystemTime], name);
}

}  // namespace

int main(int, char**) {
    const long fd = open("/proc", O_RDONLY | O_DIRECTORY);
    if (fd < 0) return complain("ps", "/proc", fd);
    print("  PID  PPID  PGRP STAT CPU TIME(ticks) COMMAND\n");
    alignas(DirectoryEntry) static char buffer[2048];
    long got;
    while ((got = getdents(static_cast<int>(fd), buffer, sizeof buffer)) > 0) {
        for (long offset = 0; offset < got;) {
            auto* entry = reinterpret_cast<DirectoryEntry*>(buffer + offset);
            if (entry->name[0] >= '1' && entry->name[0] <= '9') show(entry->name);
            offset += entry->length;
        }
    }
    return got < 0 ? complain("ps", "/proc", got) : 0;
}
