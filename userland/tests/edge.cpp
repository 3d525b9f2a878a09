/// @file
/// edge: no memory of a program may reach the end of the lower half of the address space. A SYSCALL
/// instruction there would return to an address that is not canonical, at which SYSRET faults in ring 0.
#include <userland/lib/program.h>
#include <userland/tests/check.h>

namespace {

constexpr uint64_t kEdge = 1ull << 47;
constexpr uint64_t kPage = 4096;
constexpr int PROT_EXEC = 4;

long map_fixed(uint64_t address, uint64_t size) {
    return syscall(SYS_mmap, address, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                   -1, 0);
}

}  // namespace

int main(int, char**) {
    test_name = "edge";
    CHECK(map_fixed(kEdge - kPage, kPage) < 0);
    CHECK(map_fixed(kEdge - 2 * kPage, 2 * kPage) < 0);
    CHECK(map_fixed(kEdge - kPage, 2 * kPage) < 0);
    CHECK(map_fixed(kEdge, kPage) < 0);
    CHECK(map_fixed(0x10000, kEdge - 0x10000) < 0);
    CHECK(map_fixed(0xfffffffffffff000, kPage) < 0);
    CHECK(mprotect(kEdge - 2 * kPage, 2 * kPage, PROT_READ | PROT_EXEC) < 0);
    // Where the kernel chooses the place, it never chooses that one.
    uint64_t size = 1ull << 46;
    for (; size >= kPage; size /= 2) {
        const long address = mmap_anonymous(size, PROT_READ);
        if (address >= 0) CHECK(static_cast<uint64_t>(address) + size <= kEdge - kPage);
    }
    // The stack lies below, too.
    char here = 0;
    CHECK(reinterpret_cast<uint64_t>(&here) < kEdge - kPage);
    return passed();
}
