/// @file
/// filetest: files and directories are made, read, written, listed and removed, and what can't be done is
/// refused with the right error. Works in a directory of its own under /tmp.
#include <initializer_list>

#include <userland/lib/io.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/check.h>

namespace {

char scratch[64];
char buffer[20'000];

int open_file(const char* path, int flags) {
    const long fd = open(path, flags, 0644);
    if (fd < 0) fail("open(%s, 0%o): %s", path, static_cast<unsigned>(flags), error_text(fd));
    return static_cast<int>(fd);
}

/// Fails unless the file at `path` holds exactly `text`.
void check_content(const char* path, const char* text) {
    const int fd = open_file(path, O_RDONLY);
    const long got = read(fd, buffer, sizeof buffer - 1);
    CHECK(got >= 0);
    buffer[got] = '\0';
    if (!same(buffer, text)) fail("%s holds \"%s\", not \"%s\"", path, buffer, text);
    CHECK_EQ(read(fd, buffer, 10), 0);
    close(fd);
}

long size_of(const char* path) {
    Stat info{};
    CHECK_EQ(stat(path, &info), 0);
    return info.size;
}

void check_open() {
    CHECK_EQ(open("f", O_RDWR), -ENOENT);
    int fd = open_file("f", O_RDWR | O_CREAT | O_EXCL);
    CHECK_EQ(open("f", O_RDWR | O_CREAT | O_EXCL, 0644), -EEXIST);
    CHECK_EQ(write(fd, "hello world", 11), 11);
    CHECK_EQ(read(fd, buffer, 10), 0);
    close(fd);
    check_content("f", "hello world");

    // Opening to write over it keeps what is not written over; O_TRUNC does not.
    fd = open_file("f", O_WRONLY);
    CHECK_EQ(write(fd, "HE", 2), 2);
    CHECK_EQ(read(fd, buffer, 1), -EBADF);
    close(fd);
    check_content("f", "HEllo world");
    fd = open_file("f", O_WRONLY | O_TRUNC);
    close(fd);
    check_content("f", "");

    fd = open_file("f", O_RDONLY);
    CHECK_EQ(write(fd, "x", 1), -EBADF);
    close(fd);
    CHECK_EQ(close(fd), -EBADF);
    CHECK_EQ(read(fd, buffer, 1), -EBADF);
    CHECK_EQ(close(-1), -EBADF);
    CHECK_EQ(close(1000000), -EBADF);

    // Two that append never write over each other.
    const int first = open_file("f", O_WRONLY | O_APPEND);
    const int second = open_file("f", O_WRONLY | O_APPEND);
    CHECK_EQ(write(first, "1", 1), 1);
    CHECK_EQ(write(second, "22", 2), 2);
    CHECK_EQ(lseek(first, 0, SEEK_SET), 0);
    CHECK_EQ(write(first, "333", 3), 3);
    close(first);
    close(second);
    check_content("f", "122333");
    CHECK_EQ(unlink("f"), 0);
    CHECK_EQ(unlink("f"), -ENOENT);
}

void check_seek() {
    const int fd = open_file("s", O_RDWR | O_CREAT);
    CHECK_EQ(write(fd, "0123456789", 10), 10);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
    CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
    CHECK_EQ(read(fd, buffer, 2), 2);
    CHECK(memcmp(buffer, "34", 2) == 0);
    CHECK_EQ(lseek(fd, -1, SEEK_CUR), 4);
    CHECK_EQ(lseek(fd, -2, SEEK_END), 8);
    CHECK_EQ(read(fd, buffer, 100), 2);
    CHECK_EQ(lseek(fd, -1, SEEK_SET), -EINVAL);
    CHECK_EQ(lseek(fd, -11, SEEK_END), -EINVAL);
    CHECK_EQ(lseek(fd, 0, 99), -EINVAL);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);  // nothing has moved it

    // Writing behind the end fills the gap with zeros.
    CHECK_EQ(lseek(fd, 10'000, SEEK_SET), 10'000);
    CHECK_EQ(read(fd, buffer, 10), 0);
    CHECK_EQ(write(fd, "end", 3), 3);
    CHECK_EQ(size_of("s"), 10'003);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(read(fd, buffer, sizeof buffer), 10'003);
    CHECK(memcmp(buffer, "0123456789", 10) == 0);
    for (size_t i = 10; i < 10'000; ++i) CHECK_EQ(buffer[i], 0);
    CHECK(memcmp(buffer + 10'000, "end", 3) == 0);

    // Cutting forgets: what comes back is zeros.
    CHECK_EQ(ftruncate(fd, 5), 0);
    CHECK_EQ(size_of("s"), 5);
    CHECK_EQ(ftruncate(fd, 8), 0);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(read(fd, buffer, 100), 8);
    CHECK(memcmp(buffer, "01234\0\0\0", 8) == 0);
    CHECK_EQ(ftruncate(fd, -1), -EINVAL);
    close(fd);
    CHECK_EQ(ftruncate(fd, 0), -EBADF);
    CHECK_EQ(unlink("s"), 0);
}

void check_unlinked() {
    const int fd = open_file("u", O_RDWR | O_CREAT);
    CHECK_EQ(write(fd, "still here", 10), 10);
    CHECK_EQ(unlink("u"), 0);
    CHECK_EQ(open("u", O_RDONLY), -ENOENT);
    const int other = open_file("u", O_RDWR | O_CREAT | O_EXCL);
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(read(fd, buffer, 100), 10);
    CHECK(memcmp(buffer, "still here", 10) == 0);
    CHECK_EQ(read(other, buffer, 100), 0);
    close(fd);
    close(other);
    CHECK_EQ(unlink("u"), 0);
}

/// A large file, written and read in pieces that fit no page.
void check_large() {
    constexpr size_t kSize = 300'000;
    constexpr size_t kPiece = 7'777;
    const int fd = open_file("l", O_RDWR | O_CREAT);
    for (size_t at = 0; at < kSize; at += kPiece) {
        const size_t size = kSize - at < kPiece ? kSize - at : kPiece;
        for (size_t i = 0; i < size; ++i) buffer[i] = static_cast<char>((at + i) * 31 >> 3);
        CHECK_EQ(write(fd, buffer, size), static_cast<long>(size));
    }
    CHECK_EQ(size_of("l"), static_cast<long>(kSize));
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    size_t at = 0;
    long got;
    while ((got = read(fd, buffer, 5'003)) > 0)
        for (long i = 0; i < got; ++i, ++at) CHECK_EQ(buffer[i], static_cast<char>(at * 31 >> 3));
    CHECK_EQ(got, 0);
    CHECK_EQ(static_cast<long>(at), static_cast<long>(kSize));
    close(fd);
    CHECK_EQ(unlink("l"), 0);
}

/// Counts the entries of a directory, `.` and `..` aside, and says whether `wanted` is one of them.
int count_entries(const char* path, const char* wanted, bool& found) {
    const int fd = open_file(path, O_RDONLY | O_DIRECTORY);
    int count = 0;
    found = false;
    // A small buffer, so that the listing takes several calls.
    alignas(DirectoryEntry) char small[128] = {};
    long got;
    while ((got = getdents(fd, small, sizeof small)) > 0) {
        for (long offset = 0; offset < got;) {
            auto* entry = reinterpret_cast<DirectoryEntry*>(small + offset);
            CHECK(entry->length >= 20 && offset + entry->length <= got);
            offset += entry->length;
            if (same(entry->name, ".") || same(entry->name, "..")) continue;
            ++count;
            found |= same(entry->name, wanted);
        }
    }
    CHECK_EQ(got, 0);
    CHECK_EQ(getdents(fd, small, sizeof small), 0);
    close(fd);
    return count;
}

void check_directories() {
    CHECK_EQ(mkdir("d", 0755), 0);
    CHECK_EQ(mkdir("d", 0755), -EEXIST);
    CHECK_EQ(mkdir("nosuch/d", 0755), -ENOENT);
    bool found;
    CHECK_EQ(count_entries("d", "", found), 0);
    CHECK_EQ(mkdir("d/sub", 0755), 0);
    close(open_file("d/file", O_WRONLY | O_CREAT));
    for (int i = 0; i < 30; ++i) {
        char name[32];
        format_text(name, sizeof name, "d/sub/number-%d", i);
        close(open_file(name, O_WRONLY | O_CREAT));
    }
    CHECK_EQ(count_entries("d", "sub", found), 2);
    CHECK(found);
    CHECK_EQ(count_entries("d/sub", "number-17", found), 30);
    CHECK(found);

    Stat info{};
    CHECK_EQ(stat("d/sub", &info), 0);
    CHECK((info.mode & S_IFMT) == S_IFDIR);
    const uint64_t sub_inode = info.inode;
    CHECK_EQ(stat("d/file", &info), 0);
    CHECK((info.mode & S_IFMT) == S_IFREG && info.inode != sub_inode);

    CHECK_EQ(rmdir("d"), -ENOTEMPTY);
    CHECK_EQ(rmdir("d/file"), -ENOTDIR);
    CHECK_EQ(rmdir("nosuch"), -ENOENT);
    CHECK_EQ(unlink("d/sub"), -EISDIR);
    CHECK_EQ(open("d", O_WRONLY), -EISDIR);
    CHECK_EQ(open("d/file", O_RDONLY | O_DIRECTORY), -ENOTDIR);
    CHECK_EQ(open("d/file/x", O_RDONLY), -ENOTDIR);
    CHECK_EQ(mkdir("d/file/x", 0755), -ENOTDIR);
    CHECK_EQ(open("d/nosuch/x", O_WRONLY | O_CREAT, 0644), -ENOENT);
    const int directory = open_file("d", O_RDONLY);
    CHECK_EQ(read(directory, buffer, 10), -EISDIR);
    CHECK(write(directory, "x", 1) == -EBADF);
    close(directory);
    const int file = open_file("d/file", O_RDONLY);
    CHECK_EQ(getdents(file, buffer, 1000), -ENOTDIR);
    close(file);

    for (int i = 0; i < 30; ++i) {
        char name[32];
        format_text(name, sizeof name, "d/sub/number-%d", i);
        CHECK_EQ(unlink(name), 0);
    }
    CHECK_EQ(rmdir("d/sub"), 0);
    CHECK_EQ(unlink("d/file"), 0);
    CHECK_EQ(count_entries("d", "", found), 0);
    CHECK_EQ(rmdir("d"), 0);
    CHECK_EQ(stat("d", &info), -ENOENT);
}

void check_paths() {
    close(open_file("p", O_WRONLY | O_CREAT));
    CHECK_EQ(mkdir("q", 0755), 0);
    char path[512];
    static constexpr const char* kWays[] = {"/p", "//p", "/./p", "/q/../p", "/q/./..//./p"};
    for (const char* way : kWays) {
        format_text(path, sizeof path, "/%s%s", scratch, way);
        const long fd = open(path, O_RDONLY);
        if (fd < 0) fail("open(%s): %s", path, error_text(fd));
        close(static_cast<int>(fd));
    }
    Stat info{};
    CHECK_EQ(open("", O_RDONLY), -ENOENT);
    CHECK_EQ(stat("/..", &info), 0);
    CHECK_EQ(stat("/../../tmp", &info), 0);
    CHECK_EQ(stat("q/", &info), 0);
    CHECK_EQ(stat(".", &info), 0);
    CHECK((info.mode & S_IFMT) == S_IFDIR);

    memset(path, 'n', sizeof path);
    path[300] = '\0';
    CHECK_EQ(open(path, O_RDONLY | O_CREAT, 0644), -ENAMETOOLONG);
    path[60] = '\0';
    close(open_file(path, O_WRONLY | O_CREAT));
    CHECK_EQ(unlink(path), 0);

    CHECK_EQ(chdir("p"), -ENOTDIR);
    CHECK_EQ(chdir("nosuch"), -ENOENT);
    CHECK_EQ(chdir("q"), 0);
    char expected[80];
    format_text(expected, sizeof expected, "%s/q", scratch);
    CHECK_EQ(getcwd(path, sizeof path), static_cast<long>(strlen(expected)) + 1);
    CHECK(same(path, expected));
    CHECK_EQ(getcwd(path, 3), -ERANGE);
    close(open_file("../p", O_RDONLY));
    // A child's directory is its own.
    CHECK_EQ(run_in_child([] { CHECK_EQ(chdir("/"), 0); }), exited(0));
    CHECK_EQ(chdir(".."), 0);
    getcwd(path, sizeof path);
    CHECK(same(path, scratch));
    CHECK_EQ(rmdir("q"), 0);
    CHECK_EQ(unlink("p"), 0);
}

void check_descriptors() {
    // dup() shares the position, a second open() has its own, fork() shares again.
    const int fd = open_file("x", O_RDWR | O_CREAT);
    CHECK_EQ(write(fd, "abcdefgh", 8), 8);
    CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
    const int copy = static_cast<int>(dup(fd));
    CHECK(copy > fd);
    CHECK_EQ(lseek(copy, 0, SEEK_CUR), 2);
    CHECK_EQ(read(copy, buffer, 1), 1);
    CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
    const int other = open_file("x", O_RDONLY);
    CHECK_EQ(lseek(other, 0, SEEK_CUR), 0);
    CHECK_EQ(run_in_child([&] { CHECK_EQ(read(fd, buffer, 2), 2); }), exited(0));
    CHECK_EQ(lseek(copy, 0, SEEK_CUR), 5);
    close(fd);
    CHECK_EQ(read(copy, buffer, 1), 1);
    CHECK_EQ(buffer[0], 'f');

    // dup2() closes its target first and does nothing for a descriptor and itself.
    CHECK_EQ(dup2(copy, other), other);
    CHECK_EQ(lseek(other, 0, SEEK_CUR), 6);
    CHECK_EQ(dup2(copy, copy), copy);
    CHECK_EQ(dup2(-1, copy), -EBADF);
    CHECK_EQ(dup2(copy, -1), -EBADF);
    CHECK_EQ(dup(-1), -EBADF);
    CHECK_EQ(lseek(copy, 0, SEEK_CUR), 6);

    // The lowest free number is taken; F_DUPFD counts from its argument.
    close(other);
    CHECK_EQ(dup(copy), fd < other ? fd : other);
    const long high = fcntl(copy, F_DUPFD, 20);
    CHECK(high >= 20);
    CHECK_EQ(fcntl(static_cast<int>(high), F_GETFD), 0);
    CHECK_EQ(fcntl(static_cast<int>(high), F_SETFD, FD_CLOEXEC), 0);
    CHECK_EQ(fcntl(static_cast<int>(high), F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(copy, F_GETFD), 0);
    CHECK_EQ(fcntl(copy, F_GETFL) & 3, O_RDWR);
    CHECK_EQ(fcntl(static_cast<int>(high) + 1, F_GETFD), -EBADF);

    // A table that is full says so, and closing makes room again.
    int opened[4096];
    int count = 0;
    long result = 0;
    while (count < 4096 && (result = dup(copy)) >= 0) opened[count++] = static_cast<int>(result);
    if (count < 4096) CHECK_EQ(result, -EMFILE);
    CHECK(count > 8);
    for (int i = 0; i < count; ++i) CHECK_EQ(close(opened[i]), 0);
    CHECK_EQ(dup(copy), opened[0]);
    CHECK_EQ(unlink("x"), 0);
}

/// A descriptor marked close-on-exec is gone in the next program, another is not.
void check_close_on_exec() {
    int ends[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    char name[] = "/bin/sh";
    char option[] = "-c";
    char command[] = "echo x >&9";
    char* const arguments[] = {name, option, command, nullptr};
    char* const environment[] = {nullptr};
    for (const bool closes : {false, true}) {
        const int status = run_in_child([&] {
            CHECK_EQ(dup2(ends[1], 9), 9);
            if (closes) fcntl(9, F_SETFD, FD_CLOEXEC);
            close(2);  // the shell's complaint is expected
            execve(name, arguments, environment);
        });
        CHECK_EQ(status == 0, !closes);
    }
    CHECK_EQ(read(ends[0], buffer, 100), 2);
    close(ends[0]);
    close(ends[1]);
}

}  // namespace

int main(int, char**) {
    test_name = "filetest";
    scratch_path(scratch, sizeof scratch);
    CHECK_EQ(mkdir(scratch, 0755), 0);
    CHECK_EQ(chdir(scratch), 0);
    check_open();
    check_seek();
    check_unlinked();
    check_large();
    check_directories();
    check_paths();
    check_close_on_exec();
    check_descriptors();
    CHECK_EQ(chdir("/"), 0);
    CHECK_EQ(rmdir(scratch), 0);
    return passed();
}
