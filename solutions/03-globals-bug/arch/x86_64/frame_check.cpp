/// @file
/// The instrument's questions: is this frame where it belongs, and who is to blame if it is not?
/// Invariant: docs/invariants/frame-ownership.md.
#ifdef FRAME_CHECKS

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/frame_check.h>
#include <arch/x86_64/frame_report.h>
#include <arch/x86_64/interrupt_check.h>
#include <arch/x86_64/paging.h>

namespace {

/// The address space in use: the one witness that no variable can mislead.
uint64_t running_cr3() {
    return read_cr3() & kPteAddress;
}

/// True when a frame lies where `task`'s frames belong: at the top of its kernel stack.
bool is_at_home(const SyscallFrame& frame, const Task& task) {
    return reinterpret_cast<uint64_t>(&frame + 1) == task.kstack_top;
}

/// The three witnesses: CR3, the stack that RSP stands on, and the frame's own stamp.
bool owner_is_running(const SyscallFrame& frame) {
    const Task& task = *current();
    return frame.owner_cr3 == running_cr3() && frame.owner_cr3 == task.cr3 && is_at_home(frame, task);
}

}  // namespace

void check_frame_at_entry(const SyscallFrame* frame) {
    if (owner_is_running(*frame)) return;
    frame_check_failed(Checkpoint::kEntry, current(), task_with_cr3(frame->owner_cr3), &frame->rcx,
                       frame->entry_stack);
}

void check_frame_at_exit(const SyscallFrame* frame) {
    if (owner_is_running(*frame)) return;
    frame_check_failed(Checkpoint::kExit, current(), task_with_cr3(frame->owner_cr3), &frame->rcx,
                       frame->entry_stack);
}

void check_interrupted_program(const InterruptFrame& frame) {
    if (current()->cr3 == running_cr3()) return;
    frame_check_failed(Checkpoint::kInterrupt, current(), task_with_cr3(running_cr3()), &frame.ss,
                       reinterpret_cast<uint64_t>(&frame + 1));
}

#endif
