/// @file
/// The task state segment and the exceptions that come on stacks of their own.
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/tss.h>
#include <kernel/libk/panic.h>
#include <kernel/libk/todo.h>
#include <kernel/task/kernel_stack.h>

TaskStateSegment tss;

namespace {

// In ist_stubs.S.
extern "C" void nmi_entry();
extern "C" void debug_entry();
extern "C" void machine_check_entry();
extern "C" void double_fault_entry();

}  // namespace

void init_tss() {
    // TODO(lab1.4): TR leads to all of `tss`. Ring 3 may use no I/O port. NMI, #DB, #MC and #DF enter at the
    // functions above, each on the interrupt stack that InterruptStack gives it: a kernel stack that no task
    // owns and no other of the four uses.
    todo("lab1.4", "init_tss() does nothing");
}

/// From ist_entry.S: an exception from ring 3 needs no stack of its own. Moves its frame to the task's kernel
/// stack, where it is an exception like any other; returns the new frame.
extern "C" InterruptFrame* move_to_task_stack(const InterruptFrame* frame) {
    if (tss.rsp0 == 0) todo("lab1.6", "an exception came from ring 3, and the TSS names no stack for it");
    auto* target = reinterpret_cast<InterruptFrame*>(tss.rsp0) - 1;
    *target = *frame;
    return target;
}
