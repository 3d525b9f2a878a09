/// @file
/// Kernel stacks in slots of twice their size: the guard, then the stack.
#include <arch/x86_64/layout.h>
#include <arch/x86_64/paging.h>
#include <kernel/libk/panic.h>
#include <kernel/mm/frame.h>
#include <kernel/sync/spinlock.h>
#include <kernel/task/kernel_stack.h>
#include <kernel/task/task.h>

namespace {

constexpr uint64_t kSlotSize = 2 * kKernelStackSize;

/// A stack nobody uses, still mapped: the next fork(2) takes it without touching page tables.
struct FreeStack {
    uint64_t owner;  ///< keeps the base word null while free
    FreeStack* next;
};

SpinLock lock("kernel stacks", LockRank::kKernelStacks);
FreeStack* free_list GUARDED_BY(lock) = nullptr;
uint64_t slots_used GUARDED_BY(lock) = 0;

/// Maps the stack of a slot never used before.
Result<uint64_t> map_new_stack() REQUIRES(lock) {
    const uint64_t base = kStackRegionBase + slots_used * kSlotSize + kKernelStackSize;
    for (uint64_t offset = 0; offset < kKernelStackSize; offset += kPageSize) {
        auto frame = allocate_zeroed_frame();
        auto mapped = frame.ok() ? map_kernel_page({base + offset}, frame.value(),
                                                   kPteWritable | kPteNoExecute | kPteGlobal)
                                 : Result<void>(Errno::kENOMEM);
        if (!mapped.ok()) {
            if (frame.ok()) unref_frame(frame.value());
            while (offset > 0) {
                offset -= kPageSize;
                unref_frame(unmap_kernel_page({base + offset}));
            }
            return mapped.error();
        }
    }
    slots_used++;
    return base;
}

}  // namespace

Result<VirtAddr> allocate_kernel_stack(Task* owner) {
    LockGuard guard(lock);
    uint64_t base;
    if (free_list) {
        base = reinterpret_cast<uint64_t>(free_list);
        free_list = free_list->next;
    } else {
        base = TRY(map_new_stack());
    }
    *reinterpret_cast<Task**>(base) = owner;
    return VirtAddr{base + kKernelStackSize};
}

void free_kernel_stack(VirtAddr top) {
    LockGuard guard(lock);
    auto* stack = reinterpret_cast<FreeStack*>(top.value - kKernelStackSize);
    *stack = {0, free_list};
    free_list = stack;
}

// Not analysed: it serves reports of panics, which take no lock. An old count makes the newest stack unknown,
// and no harm otherwise.
NO_THREAD_SAFETY_ANALYSIS uint64_t kernel_stack_base(uint64_t address) {
    if (address < kStackRegionBase || address >= kStackRegionBase + slots_used * kSlotSize) return 0;
    return align_down(address, kSlotSize) + kKernelStackSize;
}
