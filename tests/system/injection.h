/// @file
/// Interrupts at chosen instructions of the kernel: stops the guest exactly there, injects, lets it run on,
/// and compares what came of it. The guest runs /tests/inject, whose two processes check their own registers,
/// bases and memory all the time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tests/harness/machine.h>
#include <tests/system/entry_paths.h>
#include <tests/system/interrupt_source.h>

/// What is injected.
enum class Injection {
    kNmi,          ///< a non-maskable interrupt
    kTimer,        ///< the timer's interrupt, as a message to the local APIC; held back while IF is 0
    kForcedTimer,  ///< the same, after setting IF: what a kernel must never allow
};

/// Counts and findings; those of several paths can be added up by hand.
struct InjectionResult {
    size_t tried = 0;                        ///< points at which the guest was stopped and the injection made
    size_t held = 0;                         ///< of these, where the processor held it back, as it must
    std::vector<std::string> taken_at;       ///< those where it was taken at that very boundary
    std::vector<std::string> violations;     ///< what was not as in the undisturbed run, one line each
    std::map<uint64_t, std::string> missed;  ///< points that the guest never came to, with a name
};

/// One machine that injections are made in. When the kernel dies of one, it is booted anew.
class Injector {
  public:
    /// Brings the stopped guest to the start of a path and leaves it stopped there; false when it never
    /// comes.
    using Begin = std::function<bool()>;

    /// `programs` is the state whose /tests/inject is in the initramfs of `options`.
    Injector(harness::MachineOptions options, const std::string& programs);

    /// Goes to each of `points` in turn, by way of `begin`, and injects there. `held` says that this path
    /// runs with NMIs blocked by the processor.
    InjectionResult inject(const std::string& path, const Begin& begin, const std::vector<CodeLine>& points,
                           Injection kind, bool held = false);

    /// Begins: at `address`, when `wanted` says so of the state there.
    Begin at(uint64_t address, std::function<bool(const harness::Registers&)> wanted);
    /// `address`, in one of the two processes.
    Begin at_in_program(uint64_t address);

    /// True for the address spaces of the two processes.
    bool is_program(uint64_t cr3) const { return undisturbed_.contains(cr3); }
    /// An address in the kernel or a number of its ELF file, in /tests/inject.
    uint64_t kernel(const std::string& symbol) { return machine_->symbols().value(symbol); }
    uint64_t program(const std::string& symbol) const { return program_symbols_.value(symbol); }
    harness::Machine& machine() { return *machine_; }
    harness::GdbStub& gdb() { return machine_->gdb(); }
    /// Raise an interrupt where the guest stands. For beginnings; inject() raises its own.
    void raise_nmi();
    void raise_timer();

    /// After the last injection: QEMU's log of exceptions holds what it should, and nothing else. One line
    /// for each violation.
    std::vector<std::string> check_log();

  private:
    /// What a program shows at inject_checked(), the same after each round.
    struct Checkpoint {
        uint64_t rsp, fs_base, gs_base, kernel_gs_base, cs, ss, rflags;
        bool operator==(const Checkpoint&) const = default;
    };

    void boot();
    void record_undisturbed();
    void stop_at(const std::set<uint64_t>& addresses);
    bool next_stop();
    bool go_to(uint64_t address, std::optional<uint64_t> end);
    std::string inject_here(const std::string& where, Injection kind, bool held, InjectionResult& result);
    /// Which interrupt a handler was called for, and where it came.
    struct Handler {
        uint64_t vector, rip;
    };
    Handler read_handler();
    bool interrupt_waits();
    std::string check_gs(const Handler& handler);
    std::string check_checkpoint();
    static Checkpoint checkpoint(const harness::Registers& registers);
    static std::string format(const Checkpoint& at);
    std::string follow(Injection kind, uint64_t point, bool& taken);

    harness::MachineOptions options_;
    harness::ElfSymbols program_symbols_;
    InterruptSource source_;
    std::unique_ptr<harness::Machine> machine_;
    std::map<uint64_t, Checkpoint> undisturbed_;  ///< by CR3
    harness::Registers now_;                      ///< at the last stop
    std::set<uint64_t> breakpoints_;
    uint64_t nmis_ = 0;      ///< raised since the last boot
    bool injected_ = false;  ///< and the guest has not run since
    bool late_ = false;      ///< the last NMI, for a reason that is not the kernel's
    bool dead_ = false;      ///< the kernel does not go on
};
