/// @file
/// elfmut [FILES [SEED]]: executables that nobody's linker made. Each is /bin/true with some of its headers
/// changed, truncated or put over one another; execve(2) refuses it, or what runs may do what it likes, but
/// no more than that.
#include <userland/lib/io.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/soak_common.h>

namespace {

constexpr size_t kMost = 16 * kPage;
constexpr size_t kFileHeader = 64, kProgramHeader = 56;
constexpr long kPatience = 20;  ///< milliseconds for a program that loops or sleeps

alignas(8) char good[kMost], bad[kMost];
size_t good_size = 0;
char path[64];

void read_good() {
    const int fd = static_cast<int>(open("/bin/true", O_RDONLY));
    CHECK(fd >= 0);
    for (long got; (got = read(fd, good + good_size, kMost - good_size)) > 0;)
        good_size += static_cast<size_t>(got);
    close(fd);
    CHECK(good_size > kFileHeader && good_size < kMost);
}

uint64_t value(Chance& chance) {
    static constexpr uint64_t kValues[] = {0,
                                           1,
                                           2,
                                           7,
                                           0x38,
                                           0x40,
                                           0xfff,
                                           0x1000,
                                           0x1001,
                                           0xffff,
                                           0x10000,
                                           0x7fffffff,
                                           0xffffffff,
                                           1UL << 47,
                                           (1UL << 47) - 0x1000,
                                           1UL << 63,
                                           ~0UL,
                                           ~0UL - 0xfff,
                                           1UL << 46,
                                           0xffffffff80000000};
    return chance.below(3) ? kValues[chance.below(sizeof kValues / sizeof *kValues)] : chance.next();
}

/// Changes `bad`. Returns its new size.
size_t mutate(Chance& chance) {
    memcpy(bad, good, kMost);
    size_t size = good_size;
    uint16_t headers;
    memcpy(&headers, good + 56, sizeof headers);
    const size_t table = kFileHeader + headers * kProgramHeader;
    for (uint64_t changes = 1 + chance.below(3); changes > 0; --changes) {
        switch (chance.below(6)) {
            case 0:  // a byte of the headers
                bad[chance.below(table)] = static_cast<char>(chance.next());
                break;
            case 1:  // a bit of them
                bad[chance.below(table)] ^= static_cast<char>(1 << chance.below(8));
                break;
            case 2:
            case 3: {  // a field of a program header, most of which have 8 bytes
                const uint64_t changed = value(chance);
                const size_t at = kFileHeader + chance.below(headers) * kProgramHeader + chance.below(7) * 8;
                memcpy(bad + at, &changed, 8);
                break;
            }
            case 4: {  // a program header over another
                const size_t from = kFileHeader + chance.below(headers) * kProgramHeader;
                const size_t to = kFileHeader + chance.below(headers) * kProgramHeader;
                memmove(bad + to, bad + from, kProgramHeader);
                break;
            }
            default:
                if (chance.below(2)) {
                    size = chance.below(good_size);
                } else {  // the entry, or where the program headers are
                    const uint64_t changed = value(chance);
                    memcpy(bad + 24 + chance.below(2) * 8, &changed, 8);
                }
        }
    }
    return size;
}

/// The status of a child that becomes the program; exited(errno) when it may not.
int run_bad() {
    const long child = start_child([] {
        char* const arguments[] = {path, nullptr};
        exit(static_cast<int>(-execve(path, arguments, arguments + 1)));
    });
    int status = 0;
    for (long waited = 0; waited < kPatience; ++waited) {
        const long got = wait4(child, &status, WNOHANG);
        if (got == child) return status;
        CHECK_EQ(got, 0);
        if (waited == 0)
            sched_yield();
        else
            sleep_milliseconds(1);
    }
    kill(child, SIGKILL);
    return wait_for(child);
}

}  // namespace

int main(int argc, char** argv) {
    test_name = "elfmut";
    long files = 300, seed = 1;
    if ((argc > 1 && !parse_number(argv[1], files)) || (argc > 2 && !parse_number(argv[2], seed)))
        fail("usage: elfmut [FILES [SEED]]");
    Chance chance(static_cast<uint64_t>(seed));
    scratch_path(path, sizeof path);
    read_good();
    long refused = 0, died = 0, ran = 0;
    for (long i = 0; i < files; ++i) {
        const size_t size = mutate(chance);
        const int fd = static_cast<int>(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755));
        CHECK(fd >= 0);
        CHECK_EQ(write_all(fd, bad, size), 0);
        close(fd);
        const int status = run_bad();
        if (status == exited(0))
            ++ran;
        else if (status & 0x7f)
            ++died;
        else if (status == exited(ENOEXEC) || status == exited(EINVAL) || status == exited(ENOMEM))
            ++refused;
        else
            fail("seed %ld, file %ld: status 0x%x", seed, i, status);
        CHECK_EQ(unlink(path), 0);
    }
    print("elfmut: seed %ld: %ld files refused, %ld died, %ld ran\n", seed, refused, died, ran);
    CHECK_EQ(run_in_child([] {
                 char name[] = "/bin/true";
                 char* const arguments[] = {name, nullptr};
                 execve(name, arguments, arguments + 1);
                 exit(1);
             }),
             exited(0));
    return passed();
}
