/// @file
/// ls [-a1l] [paths]: lists directories and files. -a shows names that begin with a dot too, -l adds type,
/// permissions and size, -1 writes one name a line, as is done anyway when no terminal is there to show
/// columns.
#include <userland/lib/error.h>
#include <userland/lib/options.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/lib/syscall.h>

namespace {

constexpr size_t kMaximumNames = 1024;

bool show_hidden = false;
bool show_long = false;
size_t terminal_width = 0;  ///< 0: one name a line

// The names of the directory being listed.
char pool[32 * 1024];
size_t pool_used = 0;
const char* names[kMaximumNames];
size_t name_count = 0;

/// Puts a name where it belongs in the order. False when there is no room.
bool insert(const char* name) {
    const size_t size = strlen(name) + 1;
    if (name_count == kMaximumNames || pool_used + size > sizeof pool) return false;
    size_t at = name_count++;
    for (; at > 0 && strcmp(names[at - 1], name) > 0; --at) names[at] = names[at - 1];
    names[at] = static_cast<char*>(memcpy(pool + pool_used, name, size));
    pool_used += size;
    return true;
}

char type_letter(uint32_t mode) {
    switch (mode & S_IFMT) {
        case S_IFDIR:
            return 'd';
        case S_IFCHR:
            return 'c';
        case S_IFIFO:
            return 'p';
        case S_IFREG:
            return '-';
        default:
            return '?';
    }
}

int show_details(const char* name, const char* path) {
    Stat info{};
    const long error = stat(path, &info);
    if (error < 0) return complain("ls", path, error);
    char mode[11] = "?rwxrwxrwx";
    mode[0] = type_letter(info.mode);
    for (unsigned bit = 0; bit < 9; ++bit)
        if (!(info.mode & 0400u >> bit)) mode[1 + bit] = '-';
    print("%s %9ld %s\n", mode, static_cast<long>(info.size), name);
    return 0;
}

/// Names in columns, read downwards, as many columns as fit.
void show_columns() {
    size_t widest = 0;
    for (size_t i = 0; i < name_count; ++i) {
        const size_t length = strlen(names[i]);
        if (length > widest) widest = length;
    }
    const size_t cell = widest + 2;
    const size_t columns = terminal_width > cell ? terminal_width / cell : 1;
    const size_t rows = (name_count + columns - 1) / columns;
    for (size_t row = 0; row < rows; ++row) {
        for (size_t i = row; i < name_count; i += rows) {
            const bool last = i + rows >= name_count;
            print("%-*s%s", static_cast<int>(last ? 0 : cell), names[i], last ? "\n" : "");
        }
    }
}

int list_directory(const char* path, int fd) {
    pool_used = name_count = 0;
    int status = 0;
    alignas(DirectoryEntry) static char buffer[4096];
    long got;
    while ((got = getdents(fd, buffer, sizeof buffer)) > 0) {
        for (long offset = 0; offset < got;) {
            auto* entry = reinterpret_cast<DirectoryEntry*>(buffer + offset);
            offset += entry->length;
            if (entry->name[0] == '.' && !show_hidden) continue;
            if (!insert(entry->name)) status = 1;
        }
    }
    if (status) print_to(2, "ls: %s: too many names, some are left out\n", path);
    if (got < 0) status = complain("ls", path, got);
    if (!show_long && terminal_width) {
        show_columns();
        return status;
    }
    for (size_t i = 0; i < name_count; ++i) {
        if (!show_long) {
            print("%s\n", names[i]);
            continue;
        }
        char full[512];
        format_text(full, sizeof full, "%s/%s", path, names[i]);
        status |= show_details(names[i], full);
    }
    return status;
}

/// Lists a directory or shows a file. `title`: the name goes before a directory's contents; `first`: nothing
/// has been listed yet.
int list(const char* path, bool title, bool first) {
    const long fd = open(path, O_RDONLY | O_DIRECTORY);
    if (fd == -ENOTDIR) {
        if (show_long) return show_details(path, path);
        print("%s\n", path);
        return 0;
    }
    if (fd < 0) return complain("ls", path, fd);
    if (title) print("%s%s:\n", first ? "" : "\n", path);
    const int status = list_directory(path, static_cast<int>(fd));
    close(static_cast<int>(fd));
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    WindowSize window{};
    Termios termios{};
    if (ioctl(1, TCGETS, &termios) == 0)
        terminal_width = ioctl(1, TIOCGWINSZ, &window) == 0 && window.columns ? window.columns : 80;

    Options options(argc, argv, "al1");
    while (const int letter = options.next()) {
        if (letter == '?') return 2;
        if (letter == 'a') show_hidden = true;
        if (letter == 'l') show_long = true;
        if (letter == '1') terminal_width = 0;
    }
    if (options.operand() == argc) return list(".", false, true);
    int status = 0;
    const int first = options.operand();
    for (int i = first; i < argc; ++i) status |= list(argv[i], argc - first > 1, i == first);
    return status;
}
