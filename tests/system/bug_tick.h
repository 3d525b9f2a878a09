/// @file
/// Chapter 3's race without chance: a machine in which a test puts the timer's interrupts where it wants
/// them.
#pragma once

#include <functional>
#include <memory>

#include <tests/harness/machine.h>
#include <tests/system/bug_run.h>
#include <tests/system/interrupt_source.h>
#include <tests/system/kernel_view.h>

/// A machine with a kernel of chapter 3 that ticks so seldom by itself that the ticks raised here are all
/// that matter. The guest is stopped, at first where the shell waits for its first key.
class TickMachine {
  public:
    /// `options` for a kernel and its programs; adds to them what is needed here.
    explicit TickMachine(harness::MachineOptions options);

    harness::Machine& machine() { return *machine_; }
    harness::GdbStub& gdb() { return machine_->gdb(); }
    const TaskView& init() const { return init_; }
    const TaskView& shell() const { return shell_; }

    /// Lets the guest run to `address`, again and again until `wanted` says so of its state there. Throws
    /// std::runtime_error when it never does.
    void run_to(uint64_t address, const std::function<bool(const harness::Registers&)>& wanted);
    /// Raises the timer's interrupt. With IF=1 it is taken before the next instruction, but not in a step.
    void raise();
    /// True when the guest has taken no tick in the meantime but those that were raised.
    bool undisturbed();

    /// Makes the flawed state by the chapter's own mechanism, with one tick: the shell, in read() and with
    /// klogd's IF=1, has published init's stack and is about to leave for it. The guest stands there.
    void go_to_window();
    /// After a tick in the window: init has just returned from its yield to ring 3, with the shell's stack
    /// published. The guest stands there.
    void go_to_stale_return();

  private:
    uint64_t count_ticks();

    InterruptSource source_;
    std::unique_ptr<harness::Machine> machine_;
    TaskView init_, shell_;
    uint64_t first_ticks_ = 0;  ///< taken before the shell waited
    uint64_t raised_ = 0;
    bool pending_ = false;  ///< raised, and the guest has not run since
};

/// A machine at the end of its run.
struct TickRun {
    std::unique_ptr<TickMachine> ticks;
    BugRun run;
};
/// Has `act` place ticks in a machine and lets it run to its panic. Once more when another tick came in
/// between.
TickRun run_with_ticks(const harness::MachineOptions& options, const std::function<void(TickMachine&)>& act);
