/// @file
/// The way into ring 3: a frame as if the program had been interrupted before its first instruction.
#include <arch/x86_64/context.h>
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/current.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/interrupt_frame.h>
#include <arch/x86_64/user_entry.h>
#include <kernel/libk/todo.h>
#include <kernel/task/task.h>

namespace {

/// In interrupt_entry.S: pops an InterruptFrame and IRETs.
extern "C" void interrupt_exit();

/// The frame at the very top of the task's stack, where the processor would have put it.
InterruptFrame* write_user_frame(const Task& /*task*/, uint64_t /*entry*/, uint64_t /*stack*/) {
    // TODO(lab1.5): The frame is that of a program which was interrupted in ring 3 before its instruction at
    // `entry`, with `stack` in RSP, 0 in every other general register, interrupts on, and no other flag set.
    todo("lab1.5", "write_user_frame() writes no frame");
}

}  // namespace

const char* user_mode_missing() {
    return nullptr;
}

void prepare_user_entry(Task& task, uint64_t entry, uint64_t stack) {
    // TODO(lab1.5): When the scheduler switches to `task` for the first time, interrupt_exit runs, and RSP
    // points to the frame.
    (void)write_user_frame(task, entry, stack);
    todo("lab1.5", "prepare_user_entry() leaves nothing for the switch to go on with");
}

void enter_user(uint64_t entry, uint64_t stack) {
    // No interrupt may use the stack while the frame is being written to where it would push.
    irq_disable();
    InterruptFrame* frame = write_user_frame(*current(), entry, stack);
    asm volatile("mov %0, %%rsp; jmp interrupt_exit" ::"r"(frame) : "memory");
    __builtin_unreachable();
}
