/// @file
/// The report of the instrument.
#ifdef FRAME_CHECKS

#include <cstddef>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/frame_report.h>
#include <arch/x86_64/interrupt_frame.h>
#include <arch/x86_64/paging.h>
#include <arch/x86_64/syscall_frame.h>
#include <kernel/console/console.h>
#include <kernel/libk/panic.h>

namespace {

const char* name_of(const Task* task) {
    return task ? task->name.data() : "nobody";
}

void print_task(const char* role, const Task* task) {
    if (task)
        kprintf("  %s %s (pid %d), CR3=0x%lx, kernel stack 0x%lx-0x%lx\n", role, task->name.data(), task->pid,
                task->cr3, task->kstack_top - kKernelStackSize, task->kstack_top);
    else
        kprintf("  %s unknown\n", role);
}

}  // namespace

// Not analysed: a report takes no lock.
NO_THREAD_SAFETY_ANALYSIS const Task* task_with_cr3(uint64_t cr3) {
    for (const Task* task = all_tasks; task; task = task->next_task)
        if (task->cr3 == cr3 && task->is_user()) return task;
    return nullptr;
}

void frame_check_failed(Checkpoint where, const Task* victim, const Task* writer, const uint64_t* slot,
                        uint64_t entry_stack) {
    console_emergency();  // what was printed so far comes first
    kprintf("\nFRAME CHECK failed\n");
    const Task* running = task_with_cr3(read_cr3() & kPteAddress);
    if (where == Checkpoint::kExit && writer && writer == victim) {
        print_task("returning:", writer);
        print_task("CR3's:", running);
        kprintf("  the frame is its owner's, on the owner's stack: nothing was overwritten\n");
        panic("%s is about to return in the address space of %s", name_of(writer), name_of(running));
    }
    print_task("victim:", victim);
    print_task("writer:", writer);
    kprintf("  slot:   saved RCX at 0x%lx, now 0x%lx, pushed by %s\n", reinterpret_cast<uint64_t>(slot),
            *slot, where == Checkpoint::kInterrupt ? "the interrupt, which begins with SS" : "syscall_entry");
    kprintf("  this entry was told to use the stack that ends at 0x%lx; the writer's own ends at 0x%lx\n",
            entry_stack, writer ? writer->kstack_top : 0);
    if (where == Checkpoint::kExit)
        panic("%s is about to return with a frame of %s", name_of(running), name_of(writer));
    if (where == Checkpoint::kEntry) {
        constexpr size_t kWordsBelow = offsetof(SyscallFrame, rcx) / sizeof(uint64_t);
        panic("system call %u from the address space of %s on the kernel stack of %s",
              static_cast<uint32_t>(reinterpret_cast<const SyscallFrame*>(slot - kWordsBelow)->rax),
              name_of(writer), name_of(victim));
    }
    // Of an interrupt's frame the slot is the last word.
    const auto& interrupt = reinterpret_cast<const InterruptFrame*>(slot + 1)[-1];
    panic("interrupt %lu at RIP=0x%lx in the address space of %s on the kernel stack of %s", interrupt.vector,
          interrupt.rip, name_of(writer), name_of(victim));
}

#endif
