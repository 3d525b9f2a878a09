/// @file
/// System calls about memory.
/// Invariant: docs/invariants/w-xor-x.md.
#include <arch/x86_64/cpu_local.h>
#include <kernel/syscall/calls.h>
#include <kernel/task/task.h>

namespace {

// PROT_* and MAP_* of Linux.
constexpr uint64_t kPROT_READ = 1, kPROT_WRITE = 2, kPROT_EXEC = 4;
constexpr uint64_t kMAP_PRIVATE = 2, kMAP_FIXED = 0x10, kMAP_ANONYMOUS = 0x20;

/// EINVAL for unknown bits and for memory that is both writable and executable. PROT_NONE is not supported:
/// what is mapped can be read.
Result<Protection> parse_protection(uint64_t bits) {
    if (bits & ~(kPROT_READ | kPROT_WRITE | kPROT_EXEC)) return Errno::kEINVAL;
    if (bits & kPROT_WRITE && bits & kPROT_EXEC) return Errno::kEINVAL;
    return Protection{.write = (bits & kPROT_WRITE) != 0, .execute = (bits & kPROT_EXEC) != 0};
}

/// `length` in whole pages; EINVAL for 0, ENOMEM for what can't fit.
Result<uint64_t> whole_pages(uint64_t length) {
    if (length == 0) return Errno::kEINVAL;
    if (length > kUserLimit) return Errno::kENOMEM;
    return align_up(length, kPageSize);
}

}  // namespace

CallResult sys_brk(uint64_t end, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return current()->space->brk(end);
}

CallResult sys_mmap(uint64_t address, uint64_t length, uint64_t bits, uint64_t flags, uint64_t, uint64_t) {
    const uint64_t size = TRY(whole_pages(length));
    const Protection protection = TRY(parse_protection(bits));
    if (!(flags & kMAP_ANONYMOUS)) return Errno::kENODEV;
    if (!(flags & kMAP_PRIVATE)) return Errno::kEINVAL;
    AddressSpace& space = *current()->space;
    if (!(flags & kMAP_FIXED)) return space.add_free_region(size, protection);
    if (address % kPageSize != 0 || address > kUserLimit - size) return Errno::kEINVAL;
    TRY_VOID(space.replace(address, address + size, protection));
    return address;
}

CallResult sys_munmap(uint64_t address, uint64_t length, uint64_t, uint64_t, uint64_t, uint64_t) {
    const uint64_t size = TRY(whole_pages(length));
    if (address % kPageSize != 0 || address > kUserLimit - size) return Errno::kEINVAL;
    return current()->space->remove(address, address + size);
}

CallResult sys_mprotect(uint64_t address, uint64_t length, uint64_t bits, uint64_t, uint64_t, uint64_t) {
    const Protection protection = TRY(parse_protection(bits));
    if (address % kPageSize != 0) return Errno::kEINVAL;
    if (length == 0) return 0;
    const uint64_t size = TRY(whole_pages(length));
    if (address > kUserLimit - size) return Errno::kENOMEM;
    return current()->space->protect(address, address + size, protection);
}
