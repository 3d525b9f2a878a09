/// @file
/// The way into ring 3: a frame as if the program had been interrupted before its first instruction.
#include <arch/x86_64/context.h>
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/current.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/interrupt_frame.h>
#include <arch/x86_64/user_entry.h>
#include <kernel/task/task.h>

namespace {

/// In interrupt_entry.S: pops an InterruptFrame and IRETs.
extern "C" void interrupt_exit();

/// The frame at the very top of the task's stack, where the processor would have put it.
InterruptFrame* write_user_frame(const Task& task, uint64_t entry, uint64_t stack) {
    auto* frame = reinterpret_cast<InterruptFrame*>(task.kstack_top) - 1;
    *frame = {};
    frame->rip = entry;
    frame->cs = kUserCode;
    frame->rflags = kRFLAGS_FIXED | kRFLAGS_IF;
    frame->rsp = stack;
    frame->ss = kUserData;
    return frame;
}

}  // namespace

const char* user_mode_missing() {
    return nullptr;
}

void prepare_user_entry(Task& task, uint64_t entry, uint64_t stack) {
    auto* context = reinterpret_cast<Context*>(write_user_frame(task, entry, stack)) - 1;
    *context = initial_context(reinterpret_cast<uint64_t>(interrupt_exit));
    task.rsp = reinterpret_cast<uint64_t>(context);
}

void enter_user(uint64_t entry, uint64_t stack) {
    // No interrupt may use the stack while the frame is being written to where it would push.
    irq_disable();
    InterruptFrame* frame = write_user_frame(*current(), entry, stack);
    asm volatile("mov %0, %%rsp; jmp interrupt_exit" ::"r"(frame) : "memory");
    __builtin_unreachable();
}
