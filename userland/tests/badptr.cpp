/// @file
/// badptr: hands bad pointers to every system call that takes one. Each must be refused with EFAULT (or a
/// short count, where the first bytes were good), and nothing else may break.
#include <initializer_list>

#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/check.h>

namespace {

constexpr size_t kPage = 4096;

// Good memory for comparison.
alignas(kPage) char good[2 * kPage];
const char read_only[64] = "constants are mapped read-only";

/// The last byte of this page is followed by nothing.
char* last_page = nullptr;
/// Where a page was and is no more.
uint64_t unmapped = 0;

/// Addresses at which no program may read or write 16 bytes. The order lets a call leave out the first ones.
uint64_t bad_addresses[16];
size_t bad_count = 0;
constexpr size_t kAll = 0;       ///< begin with an address that is good for 8 bytes, zeros
constexpr size_t kNoByte = 1;    ///< begin with null
constexpr size_t kOptional = 2;  ///< begin behind null, which some calls take for "not wanted"

char path[64];
int file = -1;

void make_memory() {
    const long pages = mmap_anonymous(2 * kPage, PROT_READ | PROT_WRITE);
    CHECK(pages > 0);
    last_page = reinterpret_cast<char*>(pages);
    unmapped = static_cast<uint64_t>(pages) + kPage;
    CHECK_EQ(munmap(unmapped, kPage), 0);
    const uint64_t addresses[] = {
        unmapped - 8,       0, 8, unmapped,
        0x7ffffffffff8,      // across the end of the lower half
        0x800000000000,      // not canonical
        0x8000000000000000,  // not canonical
        0xffff7ffffffffff8,  // not canonical, up to the upper half
        0xffff800000000000,  // the kernel's half
        0xffffffff80000000,  // where kernels are linked
        0xffffffff80100000,
        0xfffffffffffffff8,  // wraps
        0xffffffffffffffff,
    };
    for (const uint64_t address : addresses) bad_addresses[bad_count++] = address;
}

/// Fails unless a call given `address` was refused.
void refused(const char* call, uint64_t address, long result) {
    if (result != -EFAULT) fail("%s with 0x%lx is %ld, not EFAULT", call, address, result);
}

/// Fails unless a transfer that may begin well was refused or stopped early.
void stopped(const char* call, uint64_t address, long result, long most) {
    if (result != -EFAULT && (result <= 0 || result > most))
        fail("%s with 0x%lx is %ld, neither EFAULT nor 1 to %ld", call, address, result, most);
}

/// Calls `call(address)` with every bad address from number `first` on, and wants EFAULT.
template <class F>
void refuse_all(const char* name, size_t first, F&& call) {
    for (size_t i = first; i < bad_count; ++i) refused(name, bad_addresses[i], call(bad_addresses[i]));
}

/// The same for calls that write: constants and code are no place to write to either.
template <class F>
void refuse_all_targets(const char* name, size_t first, F&& call) {
    refuse_all(name, first, call);
    const auto constant = reinterpret_cast<uint64_t>(read_only);
    const auto code = reinterpret_cast<uint64_t>(&main);
    refused(name, constant, call(constant));
    refused(name, code, call(code));
    CHECK(memcmp(read_only, "constants", 9) == 0);
}

long file_size() {
    Stat info{};
    CHECK_EQ(fstat(file, &info), 0);
    return info.size;
}

void check_read() {
    // The first half of these 16 bytes is good, so a short count is right as well.
    auto from_start = [](uint64_t address, size_t size) {
        lseek(file, 0, SEEK_SET);
        return syscall(SYS_read, file, address, size);
    };
    for (size_t i = 0; i < bad_count; ++i)
        stopped("read", bad_addresses[i], from_start(bad_addresses[i], 16), 8);
    refused("read into constants", 0, from_start(reinterpret_cast<uint64_t>(read_only), 16));
    refused("read into code", 0, from_start(reinterpret_cast<uint64_t>(&main), 16));
    CHECK(memcmp(read_only, "constants", 9) == 0);

    memset(last_page, 0, kPage);
    const uint64_t near_end = unmapped - 100;
    const long got = from_start(near_end, 200);
    stopped("read", near_end, got, 100);
    for (long i = 0; i < got; ++i)
        CHECK_EQ(last_page[kPage - 100 + static_cast<size_t>(i)], static_cast<char>(i));

    for (const size_t size : {~0UL, 1UL << 63, (1UL << 63) - 1, 1UL << 47})
        refused("read of a huge size", size, from_start(reinterpret_cast<uint64_t>(good), size));
    CHECK_EQ(from_start(8, 0), 0);
}

void check_write() {
    const long size = file_size();
    auto at_end = [size](uint64_t address, size_t count) {
        lseek(file, size, SEEK_SET);
        return syscall(SYS_write, file, address, count);
    };
    memset(last_page, 0, kPage);
    for (size_t i = 0; i < bad_count; ++i)
        stopped("write", bad_addresses[i], at_end(bad_addresses[i], 16), 8);
    stopped("write", unmapped - 100, at_end(unmapped - 100, 200), 100);
    CHECK(file_size() <= size + 100);
    for (const size_t count : {~0UL, 1UL << 63, (1UL << 63) - 1, 1UL << 47})
        refused("write of a huge size", count, at_end(reinterpret_cast<uint64_t>(good), count));
    CHECK_EQ(at_end(8, 0), 0);
    CHECK_EQ(ftruncate(file, size), 0);
    refuse_all("write to descriptor 1", kNoByte, [](uint64_t a) { return syscall(SYS_write, 1, a, 16); });
}

void check_pipe() {
    int ends[2] = {-1, -1};
    CHECK_EQ(pipe(ends), 0);
    refuse_all("write to a pipe", kNoByte, [&](uint64_t a) { return syscall(SYS_write, ends[1], a, 16); });
    const long written = syscall(SYS_write, ends[1], unmapped - 100, 200);
    stopped("write to a pipe", unmapped - 100, written, 100);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    char got[128] = {};
    const long expected = written > 0 ? written + 1 : 1;
    CHECK_EQ(read(ends[0], got, sizeof got), expected);
    CHECK_EQ(got[expected - 1], 'x');
    CHECK_EQ(write(ends[1], "y", 1), 1);
    refused("read from a pipe", 8, syscall(SYS_read, ends[0], 8, 16));
    close(ends[0]);
    close(ends[1]);

    const long next = dup(0);
    close(static_cast<int>(next));
    refuse_all_targets("pipe2", kNoByte, [](uint64_t a) { return syscall(SYS_pipe2, a, 0); });
    refused("pipe2", unmapped - 4, syscall(SYS_pipe2, unmapped - 4, 0));
    CHECK_EQ(dup(0), next);  // no descriptor was lost
    close(static_cast<int>(next));
}

void check_paths() {
    refuse_all("open", kNoByte, [](uint64_t a) { return syscall(SYS_open, a, 0, 0); });
    refuse_all("openat", kNoByte, [](uint64_t a) { return syscall(SYS_openat, AT_FDCWD, a, 0, 0); });
    refuse_all("chdir", kNoByte, [](uint64_t a) { return syscall(SYS_chdir, a); });
    refuse_all("mkdir", kNoByte, [](uint64_t a) { return syscall(SYS_mkdir, a, 0777); });
    refuse_all("rmdir", kNoByte, [](uint64_t a) { return syscall(SYS_rmdir, a); });
    refuse_all("unlink", kNoByte, [](uint64_t a) { return syscall(SYS_unlink, a); });
    // A kernel may do without this one, as unlink() and rmdir() say the same.
    if (syscall(SYS_unlinkat, AT_FDCWD, "/nosuch", 0) != -ENOSYS)
        refuse_all("unlinkat", kNoByte, [](uint64_t a) { return syscall(SYS_unlinkat, AT_FDCWD, a, 0); });
    refuse_all("newfstatat, path", kNoByte,
               [](uint64_t a) { return syscall(SYS_newfstatat, AT_FDCWD, a, good, 0); });
    refuse_all_targets("newfstatat, buffer", kAll,
                       [](uint64_t a) { return syscall(SYS_newfstatat, AT_FDCWD, "/", a, 0); });

    // A path that ends with the page is good; one that goes on is not; one without an end is too long.
    memcpy(last_page + kPage - 2, "/", 2);
    CHECK_EQ(chdir(last_page + kPage - 2), 0);
    memset(last_page, 'a', kPage);
    refused("open", unmapped - 1, syscall(SYS_openat, AT_FDCWD, unmapped - 1, 0, 0));
    memset(good, 'a', sizeof good);
    CHECK_EQ(open(good, O_RDONLY), -ENAMETOOLONG);
}

void check_structures() {
    refuse_all_targets("fstat", kAll, [](uint64_t a) { return syscall(SYS_fstat, file, a); });
    refuse_all_targets("uname", kAll, [](uint64_t a) { return syscall(SYS_uname, a); });
    refuse_all_targets("clock_gettime", kAll,
                       [](uint64_t a) { return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, a); });
    refuse_all_targets("getcwd", kNoByte, [](uint64_t a) { return syscall(SYS_getcwd, a, 100); });
    refuse_all("nanosleep", kAll, [](uint64_t a) { return syscall(SYS_nanosleep, a, 0); });
    refuse_all("rt_sigaction, new", kOptional,
               [](uint64_t a) { return syscall(SYS_rt_sigaction, SIGTERM, a, 0, 8); });
    refuse_all_targets("rt_sigaction, old", kOptional,
                       [](uint64_t a) { return syscall(SYS_rt_sigaction, SIGTERM, 0, a, 8); });
    refuse_all_targets("getdents64", kAll, [](uint64_t a) {
        const long root = open("/", O_RDONLY | O_DIRECTORY);
        CHECK(root >= 0);
        const long result = syscall(SYS_getdents64, root, a, 1024);
        close(static_cast<int>(root));
        return result;
    });
    refuse_all_targets("wait4", kOptional, [](uint64_t a) {
        const long child = start_child([] {});
        const long result = syscall(SYS_wait4, child, a, 0, 0);
        wait4(child, nullptr, WNOHANG);  // where the refused call has not taken it out of the table
        return result;
    });
}

void check_terminal() {
    Termios termios{};
    if (ioctl(0, TCGETS, &termios) != 0) return;  // not run from a terminal
    refuse_all_targets("TCGETS", kAll, [](uint64_t a) { return syscall(SYS_ioctl, 0, TCGETS, a); });
    refuse_all("TCSETSW", kAll, [](uint64_t a) { return syscall(SYS_ioctl, 0, TCSETSW, a); });
    refuse_all_targets("TIOCGWINSZ", kNoByte,
                       [](uint64_t a) { return syscall(SYS_ioctl, 0, TIOCGWINSZ, a); });
    int group = 0;
    if (ioctl(0, TIOCGPGRP, &group) != 0 || group != getpgrp()) return;  // not in the foreground
    refuse_all_targets("TIOCGPGRP", kNoByte, [](uint64_t a) { return syscall(SYS_ioctl, 0, TIOCGPGRP, a); });
    refuse_all("TIOCSPGRP", kNoByte, [](uint64_t a) { return syscall(SYS_ioctl, 0, TIOCSPGRP, a); });
}

void check_execve() {
    static char name[] = "/bin/true";
    char* const good_list[] = {name, nullptr};
    refuse_all("execve, path", kNoByte,
               [&](uint64_t a) { return syscall(SYS_execve, a, good_list, good_list); });
    refuse_all("execve, arguments", kOptional,
               [&](uint64_t a) { return syscall(SYS_execve, name, a, good_list); });
    refuse_all("execve, environment", kOptional,
               [&](uint64_t a) { return syscall(SYS_execve, name, good_list, a); });
    refuse_all("execve, an argument", kOptional, [&](uint64_t a) {
        const uint64_t list[] = {reinterpret_cast<uint64_t>(name), a, 0};
        return syscall(SYS_execve, name, list, good_list);
    });
    refuse_all("execve, a variable", kOptional, [&](uint64_t a) {
        const uint64_t list[] = {a, 0};
        return syscall(SYS_execve, name, good_list, list);
    });
    // This program is still all there.
    CHECK(memcmp(read_only, "constants", 9) == 0);
    CHECK_EQ(run_in_child([&] { exit(static_cast<int>(-execve(name, good_list, good_list))); }), exited(0));
}

}  // namespace

int main(int, char**) {
    test_name = "badptr";
    make_memory();
    scratch_path(path, sizeof path);
    file = static_cast<int>(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
    CHECK(file >= 0);
    for (size_t i = 0; i < 256; ++i) good[i] = static_cast<char>(i);
    CHECK_EQ(write(file, good, 256), 256);

    check_read();
    check_write();
    check_pipe();
    check_paths();
    check_structures();
    check_terminal();
    check_execve();

    CHECK_EQ(file_size(), 256);
    close(file);
    CHECK_EQ(unlink(path), 0);
    return passed();
}
