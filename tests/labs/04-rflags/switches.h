/// @file
/// The context switch from outside: stops where a task calls it and where the next one goes on, and what each
/// finds there of what it had.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <tests/harness/machine.h>

// RFLAGS (Intel SDM 1, 3.4.3).
inline constexpr uint64_t kTF = 1 << 8;
inline constexpr uint64_t kIF = 1 << 9;
inline constexpr uint64_t kDF = 1 << 10;
inline constexpr uint64_t kIOPL = 3 << 12;
inline constexpr uint64_t kNT = 1 << 14;
inline constexpr uint64_t kAC = 1 << 18;
inline constexpr uint64_t kID = 1 << 21;
/// The flags that are a mode of the task, not the result of an instruction.
inline constexpr uint64_t kModes = kTF | kIF | kDF | kIOPL | kNT | kAC | kID;

/// "IF AC" for these bits, "none" when no mode is among them.
std::string flag_names(uint64_t flags);

/// `options` for a machine that waits to be told to run. Its time goes by the instructions it executes, so
/// that nothing depends on the load of the host.
harness::MachineOptions paused(harness::MachineOptions options);

/// Follows the switches of a stopped guest, one by one; it is stopped afterwards, too. Whatever makes it run
/// throws harness::Timeout when it does not come where it must.
class SwitchWatch {
  public:
    explicit SwitchWatch(harness::Machine& machine);

    /// Runs to the next call of switch_context().
    void next_call();
    /// The same until the task that comes has been seen to leave, so that it is known where it goes on.
    void next_call_to_known();

    /// At a call: who leaves and who comes, as addresses of Task, and the caller's registers.
    uint64_t prev() const { return prev_; }
    uint64_t next() const { return next_; }
    const harness::Registers& leaving() const { return departures_.at(prev_).registers; }
    /// True when `task` has been seen to leave.
    bool knows(uint64_t task) const { return departures_.contains(task); }
    /// The registers, planted ones included, with which `task` called the last time.
    const harness::Registers& departure(uint64_t task) const { return departures_.at(task).registers; }

    /// At a call: changes the caller's registers, as if it had called with these values. When it comes back
    /// it gets its own again, after arrive() has returned what it found in their place.
    void plant(const std::vector<std::pair<std::string, uint64_t>>& registers);
    /// Adds flags to the caller's.
    void plant_flags(uint64_t flags) { plant({{"eflags", leaving().rflags | flags}}); }

    /// From a call to the instruction at which `next`, a known task, goes on: the registers there. No
    /// interrupt comes on the way, whatever the flags.
    harness::Registers arrive();
    /// The same for a task that starts at the symbol `start`.
    harness::Registers arrive_at(const std::string& start);
    /// arrive(), but `look` gets the registers after each instruction. False when `next` has not arrived
    /// after more of them than any switch has.
    bool walk(const std::function<void(const harness::Registers&)>& look);

    /// What is not as it was when `task`, which is known, called: stack, page tables, and the registers that
    /// a call preserves. Not the flags. `on_return`: RSP must be that after the return, not before it.
    std::string difference(const harness::Registers& now, uint64_t task, bool on_return = true);
    /// True when nothing but the return is left to do for `task`, which is known.
    bool is_ready_to_return(const harness::Registers& now, uint64_t task);
    /// True at the instruction at which `next`, which is known, goes on.
    bool has_arrived(const harness::Registers& now) const {
        return now.rip == departures_.at(next_).return_address;
    }
    /// A 64-bit member of a Task.
    uint64_t member(uint64_t task, const std::string& name);

  private:
    struct Departure {
        harness::Registers registers;
        uint64_t return_address = 0;
        std::vector<std::pair<std::string, uint64_t>> own;  ///< what plant() has replaced
    };
    bool step_to(uint64_t address, const std::function<void(const harness::Registers&)>& look);
    void give_back_own();

    harness::Machine& machine_;
    harness::GdbStub& gdb_;
    uint64_t entry_;
    uint64_t prev_ = 0, next_ = 0;
    std::map<uint64_t, Departure> departures_;
};
