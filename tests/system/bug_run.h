/// @file
/// One boot of chapter 3's kernel, from its prompt to its panic, judged by what lies in memory and in QEMU's
/// log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tests/harness/machine.h>
#include <tests/system/kernel_view.h>

/// The address after the SYSCALL instruction of init's yield; in the shell the middle of a call.
inline constexpr uint64_t kInitReturn = 0x100b9;
/// How soon after the prompt the panic must come.
inline constexpr harness::Duration kPanicLimit(2000);

/// A kernel and programs, each of a state or of a variant that the build made for these tests: see
/// tests/tools/bug_variants.sh.
harness::MachineOptions variant_options(const std::string& kernel, const std::string& programs,
                                        const std::string& command_line = "");
/// The usual options of a state, with a kernel command line.
harness::MachineOptions bug_options(const std::string& state, const std::string& command_line = "");

/// How a run ended, read once the machine had come to rest.
struct BugRun {
    double milliseconds = 0;                 ///< real time from the prompt to the report's first byte
    std::optional<harness::IntEntry> fault;  ///< the last exception that was delivered, by QEMU's log
    harness::Registers registers;            ///< at rest
    std::vector<TaskView> tasks;             ///< oldest first
    std::optional<TaskView> stack_owner;     ///< whose kernel stack RSP lies on
    uint64_t switches = 0;                   ///< context_switch_count
    uint64_t kernel_ticks = 0;               ///< user_task_kernel_ticks
    uint64_t entry_stack = 0;                ///< CURRENT_KERNEL_STACK

    /// The task with this pid. Throws std::runtime_error when there is none.
    const TaskView& task(int pid) const;
};

/// Waits for the prompt and then, at most kPanicLimit, for the machine to come to rest; reads its state.
/// Throws Timeout when there is no prompt or no rest. The guest is stopped afterwards.
BugRun run_to_panic(harness::Machine& machine);

/// Empty when the run ended in the panic of the story: the last exception was #UD at kInitReturn in ring 3,
/// in the address space and on the kernel stack of pid 2, the shell, whose bytes there are the tail of a
/// call, and the shell goes by what init's yield left on its stack. Otherwise what is different, for people.
std::string differs_from_story(harness::Machine& machine, const BugRun& run);

/// `size` bytes at virtual address `address` under `cr3`; empty when that is not mapped. The guest must be
/// stopped.
std::vector<uint8_t> read_under(harness::Machine& machine, uint64_t cr3, uint64_t address, size_t size);

/// How far below the top of its kernel stack a task's registers were put when it last gave up the processor.
/// The guest must be stopped.
uint64_t saved_depth(harness::Machine& machine, const TaskView& task);

/// True when a function called `name` is among the callers of where the run rests.
bool was_called_by(harness::Machine& machine, const BugRun& run, const std::string& name);

/// A number in the kernel's memory, by symbol. The guest must be stopped.
uint64_t kernel_value(harness::Machine& machine, std::string_view symbol);

/// Times from prompt to panic, and counts of schedule(), of several runs.
class BugStatistics {
  public:
    void add(const BugRun& run);
    size_t count() const { return milliseconds_.size(); }
    /// The least number of milliseconds that at least `percent` of the runs did not exceed; 0 without runs.
    double percentile(int percent) const;
    /// How many different values context_switch_count had.
    size_t different_counts() const;
    /// One line for people.
    std::string describe() const;

  private:
    std::vector<double> milliseconds_;
    std::vector<uint64_t> switches_;
};
