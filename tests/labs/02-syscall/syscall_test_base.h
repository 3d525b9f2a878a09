/// @file
/// What the tests of chapter 2 share: programs of the grader as /init, and stops that notice when the kernel
/// dies on the way.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tests/grader/graded_test.h>
#include <tests/grader/payload.h>
#include <tests/system/kernel_view.h>
#include <userland/grade/lab2_calls.h>

/// Flags that a program can set, and IF.
inline constexpr uint64_t kTf = 1 << 8, kIf = 1 << 9, kDf = 1 << 10, kNt = 1 << 14, kAc = 1 << 18,
                          kId = 1 << 21;
/// CF, PF, AF, ZF, SF and OF.
inline constexpr uint64_t kStatusFlags = 0x8d5;

/// Model-specific registers (Intel SDM 4, table 2-2).
enum Msr : uint32_t { kEfer = 0xc0000080, kStar = 0xc0000081, kLstar = 0xc0000082, kFmask = 0xc0000084 };

/// The fields of a SyscallFrame, lowest address first.
enum FrameField : size_t {
    kFrameR15,
    kFrameR14,
    kFrameR13,
    kFrameR12,
    kFrameR10,
    kFrameR9,
    kFrameR8,
    kFrameRbp,
    kFrameRdi,
    kFrameRsi,
    kFrameRdx,
    kFrameRbx,
    kFrameRax,
    kFrameNumber,
    kFrameR11,
    kFrameRcx,
    kFrameFields
};
inline constexpr std::array<const char*, kFrameFields> kFrameNames{
    "r15", "r14", "r13", "r12", "r10", "r9",     "r8",  "rbp",
    "rdi", "rsi", "rdx", "rbx", "rax", "number", "r11", "rcx"};

/// Whatever is the kernel's, its stacks included, lies from here on.
inline constexpr uint64_t kKernelStart = 0xffff'8000'0000'0000;

class SyscallChapter : public grader::GradedTest {
  protected:
    /// Starts a machine that has not run yet.
    void start_paused(harness::MachineOptions machine);
    /// The same with `program` as /init.
    void start_init(const grader::Program& program, const std::string& command_line = "");

    /// Lets the guest run until it comes to one of `addresses`. Fails, with a hint if the cause can be told,
    /// when the kernel panics instead, init is ended, or nothing happens. Stops for none of `addresses` twice
    /// without running on in between.
    testing::AssertionResult reach(const std::vector<uint64_t>& addresses, const std::string& what);
    /// The same for a symbol of the kernel.
    testing::AssertionResult reach_kernel(const std::string& symbol) {
        return reach({kernel(symbol)}, symbol);
    }

    harness::GdbStub& gdb() { return machine().gdb(); }
    /// Value of a kernel symbol.
    uint64_t kernel(const std::string& symbol) { return machine().symbols().value(symbol); }
    /// A 64-bit variable of the kernel.
    uint64_t kernel_variable(const std::string& symbol) { return gdb().read_u64(kernel(symbol)); }

    /// A model-specific register. The guest must be stopped in ring 0.
    uint64_t read_msr(uint32_t number);
    /// The task in whose address space the processor is.
    std::optional<TaskView> running_task();

  private:
    std::string missing_part();
    std::string explain_panic();
};

/// lab2_call with a pattern in every register; `number` in RAX.
class CallProgram : public grader::Program {
  public:
    CallProgram(uint64_t number, uint64_t flags);
    /// What register `index` holds at the call, a GradeRegister.
    uint64_t in(size_t index) const { return in_[index]; }
    void set_in(size_t index, uint64_t value);
    uint64_t flags() const { return flags_; }

  private:
    std::array<uint64_t, kGradeRegisterCount> in_{};
    uint64_t flags_;
};

/// The general registers in the order of GradeRegister.
std::array<uint64_t, kGradeRegisterCount> general_registers(const harness::Registers& registers);

/// Differences between what the registers should hold (RAX, RCX and R11 included) and what they do, one line
/// each; empty if there are none. Puts a likely cause into `cause`.
std::string compare_registers(const std::array<uint64_t, kGradeRegisterCount>& expected,
                              const std::array<uint64_t, kGradeRegisterCount>& found, std::string& cause);
