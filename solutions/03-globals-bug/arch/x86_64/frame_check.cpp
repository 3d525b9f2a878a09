/// @file
/// The instrument's questions and its report.
#ifdef FRAME_CHECKS

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/frame_check.h>
#include <arch/x86_64/interrupt_check.h>
#include <arch/x86_64/paging.h>
#include <kernel/console/console.h>
#include <kernel/libk/panic.h>

namespace {

/// Not analysed: a report takes no lock.
NO_THREAD_SAFETY_ANALYSIS const Task* task_with_cr3(uint64_t cr3) {
    for (const Task* task = first_task(); task; task = task->next_task)
        if (task->cr3 == cr3 && task->is_user()) return task;
    return nullptr;
}

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

void begin_report() {
    console_emergency();  // what was printed so far comes first
    kprintf("\nFRAME CHECK failed\n");
}

/// Says who stands on whose stack. `slot` is where the victim's RCX was, or still is; `writing` what puts the
/// writer's word there; `entry_stack` the stack that the writer entered on.
void describe(const uint64_t& slot, const char* writing, uint64_t entry_stack, const Task* writer) {
    begin_report();
    print_task("victim:", current());
    print_task("writer:", writer);
    kprintf("  slot:   saved RCX at 0x%lx, now 0x%lx, pushed by %s\n", reinterpret_cast<uint64_t>(&slot),
            slot, writing);
    kprintf("  this entry was told to use the stack that ends at 0x%lx; the writer's own ends at 0x%lx\n",
            entry_stack, writer ? writer->kstack_top : 0);
}

void describe(const SyscallFrame& frame, const Task* writer) {
    describe(frame.rcx, "syscall_entry", frame.entry_stack, writer);
}

/// The address space in use: the one witness that no variable can mislead.
uint64_t running_cr3() {
    return read_cr3() & kPteAddress;
}

/// True when a frame lies where `task`'s frames belong: at the top of its kernel stack.
bool is_at_home(const SyscallFrame& frame, const Task* task) {
    return task && reinterpret_cast<uint64_t>(&frame + 1) == task->kstack_top;
}

/// The three witnesses.
bool owner_is_running(const SyscallFrame& frame) {
    const Task* task = current();
    return frame.owner_cr3 == running_cr3() && frame.owner_cr3 == task->cr3 && is_at_home(frame, task);
}

}  // namespace

void check_frame_at_entry(const SyscallFrame* frame) {
    if (owner_is_running(*frame)) return;
    const Task* writer = task_with_cr3(frame->owner_cr3);
    describe(*frame, writer);
    panic("system call %u from the address space of %s on the kernel stack of %s",
          static_cast<uint32_t>(frame->rax), name_of(writer), name_of(current()));
}

void check_frame_at_exit(const SyscallFrame* frame) {
    if (owner_is_running(*frame)) return;
    const Task* writer = task_with_cr3(frame->owner_cr3);
    const Task* running = task_with_cr3(running_cr3());
    if (is_at_home(*frame, writer)) {
        begin_report();
        print_task("returning:", writer);
        print_task("CR3's:", running);
        kprintf("  the frame is its owner's, on the owner's stack: nothing was overwritten\n");
        panic("%s is about to return in the address space of %s", name_of(writer), name_of(running));
    }
    describe(*frame, writer);
    panic("%s is about to return with a frame of %s", name_of(running), name_of(writer));
}

void check_interrupted_program(const InterruptFrame& frame) {
    if (current()->cr3 == running_cr3()) return;
    const Task* writer = task_with_cr3(running_cr3());
    describe(frame.ss, "the interrupt, which begins with SS", reinterpret_cast<uint64_t>(&frame + 1), writer);
    panic("interrupt %lu at RIP=0x%lx in the address space of %s on the kernel stack of %s", frame.vector,
          frame.rip, name_of(writer), name_of(current()));
}

#endif
