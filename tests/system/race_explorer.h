/// @file
/// An interrupt at every instruction of the shell's round, each in the same state as in the undisturbed
/// round, and what comes of it.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include <tests/system/shell_round.h>

/// What to try where.
struct Exploration {
    /// The part of the round.
    enum class Window {
        kAll,     ///< all passes
        kEntry,   ///< from SYSCALL to the first call
        kSwitch,  ///< from the last call of schedule(), or of what else gives up the processor, to where the
                  ///< next task runs
        kExit,    ///< from syscall_exit to SYSRET
    };
    enum class Kind { kTimer, kNmi };

    Window window = Window::kAll;
    Kind kind = Kind::kTimer;
    const std::atomic<bool>* stop = nullptr;  ///< if it becomes true: give up
    unsigned jobs = 1;                        ///< machines at a time; the result does not depend on it
};

enum class Verdict {
    kHarmless,  ///< taken at this instruction, and everything went on as it should
    kCorrupts,  ///< something did not
    kHeld,      ///< impossible: the processor held it back
};

/// One instruction, and what came of an interrupt there.
struct ExploredPoint {
    RoundPoint point;
    Verdict verdict = Verdict::kHeld;
    std::string words;  ///< for kCorrupts: the first exception that should not be, or what else was wrong

    bool operator==(const ExploredPoint&) const = default;
};

/// How long a disturbed machine is watched: turns of the shell; then a key is pressed, and its read() has to
/// return as it always does. Where the shell sleeps the key is pressed at once.
inline constexpr int kWatchedTurns = 5;

/// Tries each instruction of the window. `options` names the kernel and its programs. Throws
/// std::runtime_error with one line for people when that can't be done.
std::vector<ExploredPoint> explore_round(const harness::MachineOptions& options, const Exploration& what);
