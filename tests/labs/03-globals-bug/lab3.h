/// @file
/// What chapter 3's tests have in common: the two kernels, with and without the instrument, and ways to
/// follow them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tests/grader/graded_test.h>
#include <tests/grader/payload.h>
#include <tests/harness/machine.h>
#include <tests/system/kernel_view.h>

namespace lab3 {

inline constexpr int kInitPid = 1;
inline constexpr int kShellPid = 2;
inline constexpr uint64_t kIf = 1 << 9;
inline constexpr unsigned kTimerVector = 32;
/// How long a guest may take from one stop to the next.
inline constexpr harness::Duration kStopLimit(2000);
/// Where a reader waits for a key: the seam that the chapter replaces.
inline constexpr char kWait[] = "tty_wait_for_input";

/// A frame of the kernel with the instrument, in bytes: its maker's address space, its stack, and the
/// registers.
inline constexpr uint64_t kCheckedFrame = 18 * 8;
inline constexpr uint64_t kOwnerCr3 = 0;
inline constexpr uint64_t kEntryStack = 8;
/// One without it.
inline constexpr uint64_t kPlainFrame = 16 * 8;
/// Where a program's next address lies in both.
inline constexpr uint64_t kRcxBelowTop = 8;

/// Options of the kernel with the instrument.
harness::MachineOptions checked_options(const std::string& command_line = "");

/// The task with this pid. Throws std::runtime_error. The guest must be stopped.
TaskView task_with_pid(harness::Machine& machine, int pid);

/// Stops a machine that started paused where kernel_main() begins, from where on the kernel's addresses are
/// mapped.
void go_to_kernel(harness::Machine& machine);
/// Lets the guest run until it is at one of `addresses`, off the place where it is. Throws harness::Timeout
/// when it does not come to any within kStopLimit.
uint64_t run_to_any(harness::Machine& machine, const std::vector<uint64_t>& addresses);

/// What chapter 4's cure does, done by the debugger: schedule() runs with interrupts off. The guest must be
/// stopped in the kernel, outside of schedule().
void turn_interrupts_off_in_schedule(harness::Machine& machine);

/// Lets the guest run until another program than the shell has written init's address to `slot`. Throws
/// std::runtime_error when it is the shell, or nobody, in the time in which the panic should have come.
void run_to_overwriting(harness::Machine& machine, uint64_t slot, const TaskView& shell);
/// The instruction of syscall_entry that pushes to `slot` when the entry begins at `stack`; 0 when none does.
uint64_t push_to(harness::Machine& machine, uint64_t slot, uint64_t stack);
/// True when `rip` is where a watchpoint on what syscall_entry pushes stops: in its code, or, as happens when
/// the host is busy, as late as behind its call of syscall_dispatch().
bool is_behind_pushes(harness::Machine& machine, uint64_t rip);

/// The arguments of frame_check_failed(), at which the guest stands.
struct Finding {
    uint64_t where = 0, victim = 0, writer = 0, slot = 0, entry_stack = 0;
};
/// As the ABI passes them.
Finding read_finding(harness::Machine& machine);
/// Values of Checkpoint.
inline constexpr uint64_t kEntry = 0, kExit = 1, kInterrupt = 2;

/// The base of the chapter's tests.
class Lab3Test : public grader::GradedTest {
  protected:
    /// Starts a machine paused and takes it to kernel_main().
    harness::Machine& start_at_kernel(harness::MachineOptions options);
    /// The same, and the bug can't strike there: see turn_interrupts_off_in_schedule(). For tests that ask
    /// for something else, since it does more harm than the panic: a nested schedule() also mixes up the
    /// programs' RSP.
    harness::Machine& start_without_bug(harness::MachineOptions options);
    harness::GdbStub& gdb() { return machine().gdb(); }
    uint64_t symbol(const std::string& name) { return machine().symbols().value(name); }
    /// `program` as /init, in place of the state's own programs.
    harness::MachineOptions with_init(harness::MachineOptions options, const grader::Program& program);

    /// Fails unless the finding names the shell as the victim and init as the writer, with the place where
    /// the shell's return address lay and the stack that init entered on.
    void expect_init_on_shells_stack(const Finding& finding, uint64_t where, const TaskView& init,
                                     const TaskView& shell);

  private:
    grader::BootModule module_;
};

}  // namespace lab3
