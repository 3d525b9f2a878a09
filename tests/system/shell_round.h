/// @file
/// The shell's way from a read() through its wait and back to ring 3, instruction by instruction, in a
/// machine that can be put back to each of them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tests/harness/machine.h>
#include <tests/harness/snapshots.h>
#include <tests/system/interrupt_source.h>
#include <tests/system/kernel_view.h>

/// An instruction of the round that is about to be executed.
struct RoundPoint {
    uint64_t address = 0;
    uint64_t rsp = 0;
    size_t pass = 0;          ///< stretch of the round, from 0: between two of them other tasks run
    size_t passes = 0;        ///< so many are there in all
    bool interrupts = false;  ///< IF is 1

    bool operator==(const RoundPoint&) const = default;
};

/// One machine and its round. Guest time goes by instructions and nothing is typed from outside, so the round
/// of a kernel is always the same. Its passes:
///
/// - the first begins at `syscall_entry`, the others at the call of `switch_context` that gives the processor
/// to the shell;
/// - they end behind that function, when the next task runs, and the last one behind SYSRET;
/// - a key comes when the shell sleeps, or, where it waits by yielding, when it has done so in two passes.
class ShellRound {
  public:
    /// Boots, and goes along the round once. `options` names the kernel and its programs. Throws
    /// std::runtime_error, with one line for people, when the kernel does not come to its shell's prompt or
    /// the shell not back.
    explicit ShellRound(harness::MachineOptions options);

    const std::vector<RoundPoint>& points() const { return points_; }
    /// First points of the parts of the round that are kept: at least each pass's.
    const std::vector<size_t>& kept() const { return kept_; }
    /// Where the shell comes by each time it has the processor and waits on; nothing if it sleeps.
    std::optional<uint64_t> turn() const;
    const TaskView& shell() const { return shell_; }
    /// All tasks with a program, the shell among them.
    const std::vector<TaskView>& programs() const { return programs_; }

    /// Puts the guest back to where it stood before this point.
    void go_to(size_t point);
    /// Goes on to the next stop at one of the addresses of stop_at(); false when there is none in time, or
    /// QEMU has ended.
    bool next_stop();
    void stop_at(const std::set<uint64_t>& addresses);
    /// Executes one instruction; interrupts are taken if `interrupts` says so.
    void step(bool interrupts = false);
    /// At the last stop.
    const harness::Registers& now() const { return now_; }

    /// What was raised is there at once: the guest must not be stepped from here, or it would be held back.
    void raise_timer();
    void raise_nmi();
    void press_key();

    /// QEMU has ended; nothing else is of use.
    bool gone() const { return gone_; }
    harness::Machine& machine() { return *machine_; }
    harness::GdbStub& gdb() { return machine_->gdb(); }
    uint64_t kernel(const std::string& symbol) { return machine_->symbols().value(symbol); }

  private:
    void go_to_read();
    void go_to_switch();
    bool record_pass(size_t pass);
    bool on_shells_stack(uint64_t rsp) const;
    bool is_asleep();
    [[noreturn]] void fail(const std::string& what);

    InterruptSource source_;
    std::unique_ptr<harness::Machine> machine_;
    std::optional<harness::Snapshots> snapshots_;
    TaskView shell_;
    std::vector<TaskView> programs_;
    std::vector<RoundPoint> points_;
    std::vector<size_t> kept_;
    bool yields_ = false;
    harness::Registers now_;
    std::set<uint64_t> breakpoints_;
    uint64_t switch_start_ = 0, switch_end_ = 0, stack_size_ = 0;
    bool raised_ = false;  ///< and the guest has not run since
    bool gone_ = false;    ///< QEMU has ended
};
