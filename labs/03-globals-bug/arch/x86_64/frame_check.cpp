/// @file
/// The instrument's questions: is this frame where it belongs, and who is to blame if it is not?
#ifdef FRAME_CHECKS

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/frame_check.h>
#include <arch/x86_64/frame_report.h>
#include <arch/x86_64/interrupt_check.h>
#include <arch/x86_64/paging.h>
#include <kernel/libk/todo.h>

// Called by the macros of frame_check_macros.h as long as these are not written.
extern "C" [[noreturn]] void entry_check_is_missing() {
    todo("lab3.3", "The entry of a system call neither stamps its frame nor has it checked");
}
extern "C" [[noreturn]] void exit_check_is_missing() {
    todo("lab3.3", "A system call returns without a look at its frame");
}

// TODO(lab3.4): each of these three must return if all is well. If the frame is not its maker's, lies
// elsewhere than where the running task's frames belong, or if the address space in use is not the one of the
// task that RSP says is running, frame_check_failed() must be called, with the task whose stack was used and
// the one who used it, both named rightly even though current() goes by the stack.

void check_frame_at_entry([[maybe_unused]] const SyscallFrame* frame) {
    todo("lab3.4", "Nobody has looked at the frame of a system call that has just entered");
}

void check_frame_at_exit([[maybe_unused]] const SyscallFrame* frame) {
    todo("lab3.4", "Nobody has looked at the frame of a system call that is about to return");
}

// An interrupt of ring 3 uses the published stack as well. Its frame has no stamp: whose it is must be asked
// otherwise. For now nobody asks.
void check_interrupted_program(const InterruptFrame& /*frame*/) {}

#endif
