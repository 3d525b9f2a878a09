/// @file
/// What chapter 6's graded tests share: processors seen from outside, and programs that run until they are
/// done.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tests/grader/graded_test.h>
#include <tests/grader/payload.h>

/// One processor of a stopped machine.
struct ProcessorView {
    harness::Registers registers;
    uint64_t tss = 0, gdt = 0, idt = 0;  ///< addresses from TR, GDTR and IDTR
    bool halted = false;

    /// Its GS base in ring 0, wherever it is now.
    uint64_t region() const { return registers.cpl() == 3 ? registers.k_gs_base : registers.gs_base; }
};

/// A PCR as it lies in memory.
struct RegionView {
    uint64_t self = 0;
    uint64_t current = 0;  ///< address of a Task
    uint32_t number = 0;
};

/// The base of the tests that boot a machine.
class SmpTest : public grader::GradedTest {
  protected:
    /// Where start_processors() has the trampoline copied to.
    static constexpr uint64_t kTrampolinePage = 0x8000;

    /// Starts a machine that stands still, with `program` as init.
    harness::GdbStub& start_program(const grader::Program& program, int processors,
                                    const std::string& command_line = "",
                                    std::optional<int> icount_shift = std::nullopt);
    /// The same with the usual programs.
    harness::GdbStub& start_kernel(int processors, std::optional<int> icount_shift = std::nullopt);
    /// Lets the machine run until init comes to `address` in ring 3. Throws when it does not.
    void run_to_program(uint64_t address, harness::Duration limit = harness::Duration(3'000));
    /// Lets the machine run until a processor comes to the kernel's `symbol`; its number is the answer.
    /// Throws Timeout.
    unsigned run_to_kernel(const std::string& symbol, harness::Duration limit = harness::Duration(3'000));

    /// All processors. The guest must be stopped.
    std::vector<ProcessorView> read_processors();
    /// Whether the local APIC of a processor takes interrupts (Intel SDM 3A, 10.4.3). The guest must be
    /// stopped.
    bool local_apic_is_enabled(unsigned number);
    /// The PCR at `address`; throws when there is no memory.
    RegionView read_region(uint64_t address);
    /// A variable in ring 3's memory, as init sees it where it is now.
    uint64_t variable(const grader::Program& program, const std::string& name);
    /// Address of processors.cpp's word with a bit for each processor online.
    uint64_t online_address();
    uint64_t symbol(const std::string& name) { return machine().symbols().value(name); }

  private:
    /// An archive must exist as long as its machine.
    std::optional<grader::BootModule> module_;
};
