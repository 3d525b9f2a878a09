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

/// What lies at the base of a stack. One that nobody uses stays mapped: the next fork(2) takes it without
/// touching page tables.
struct StackBase {
    Task* owner;      ///< null while free
    StackBase* next;  ///< the next free one
};

SpinLock lock("kernel stacks", LockRank::kKernelStacks);
StackBase* free_list GUARDED_BY(lock) = nullptr;
uint64_t slots_used GUARDED_BY(lock) = 0;

/// Maps the stack of a slot never used before, filled with zeros.
Result<StackBase*> map_new_stack() REQUIRES(lock) {
    const uint64_t base = kStackRegionBase + slots_used * kSlotSize + kKernelStackSize;
    for (uint64_t page = base; page < base + kKernelStackSize; page += kPageSize) {
        uint64_t* entry = TRY(page_entry(kernel_root(), {page}));
        if (*entry) continue;  // left behind when memory was out in the midst of it
        const PhysAddr frame = TRY(allocate_zeroed_frame());
        *entry = frame.value | kPtePresent | kPteWritable | kPteNoExecute | kPteGlobal;
    }
    slots_used++;
    return reinterpret_cast<StackBase*>(base);
}

}  // namespace

Result<VirtAddr> allocate_kernel_stack(Task* owner) {
    LockGuard guard(lock);
    if (!free_list) free_list = TRY(map_new_stack());
    StackBase* stack = free_list;
    free_list = stack->next;
    stack->owner = owner;
    return VirtAddr{reinterpret_cast<uint64_t>(stack) + kKernelStackSize};
}

void free_kernel_stack(VirtAddr top) {
    LockGuard guard(lock);
    auto* stack = reinterpret_cast<StackBase*>(top.value - kKernelStackSize);
    *stack = {nullptr, free_list};
    free_list = stack;
}

// Not analysed: it serves reports of panics, which take no lock. An old count makes the newest stack unknown,
// and no harm otherwise.
NO_THREAD_SAFETY_ANALYSIS uint64_t kernel_stack_base(uint64_t address) {
    if (address < kStackRegionBase || address >= kStackRegionBase + slots_used * kSlotSize) return 0;
    return align_down(address, kSlotSize) + kKernelStackSize;
}
