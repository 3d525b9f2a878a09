/// @file
/// What chapter 5's tests share: one of the grader's programs runs as /init, and the tests go with it through
/// the ways into the kernel and out of it, instruction by instruction, looking at the processor from outside.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tests/grader/graded_test.h>
#include <tests/grader/payload.h>
#include <tests/system/kernel_view.h>

using harness::Registers;

inline constexpr uint64_t kTf = 1 << 8;
inline constexpr uint64_t kIf = 1 << 9;
inline constexpr uint64_t kRf = 1 << 16;
inline constexpr unsigned kDebugVector = 1;
inline constexpr unsigned kNmiVector = 2;
inline constexpr unsigned kDoubleFaultVector = 8;
inline constexpr unsigned kPageFaultVector = 14;
inline constexpr unsigned kMachineCheckVector = 18;
inline constexpr unsigned kTimerVector = 32;

/// An interrupt or exception, as the C++ code that handles it finds it: at its first instruction.
struct Handler {
    Registers at;
    uint64_t vector = 0;
    uint64_t rip = 0, cs = 0;  ///< where it came
    bool from_user() const { return (cs & 3) != 0; }
};

/// True for SYSRET and IRET with any prefix of size, in the bytes at RIP.
bool is_sysret(const std::vector<uint8_t>& code);
bool is_iret(const std::vector<uint8_t>& code);
inline bool is_return_to_program(const std::vector<uint8_t>& code) {
    return is_sysret(code) || is_iret(code);
}

/// The base of this chapter's tests. What it offers is public: helpers of several tests use it.
class PathsTest : public grader::GradedTest {
  public:
    using grader::GradedTest::machine;

    /// Looks at the guest before an instruction of a path is executed.
    using Visit = std::function<void(const Registers&)>;

    /// Starts the machine, stopped before its first instruction, with `program` as /init.
    void start_program(const grader::Program& program, const std::string& command_line = "");
    /// A number for the variable `name` of this run, which no kernel knows; a possible base of FS and GS.
    static uint64_t secret(const std::string& name);
    static uint64_t secret_base(const std::string& name);

    harness::GdbStub& gdb() { return machine().gdb(); }
    /// A symbol of the kernel: an address, or a number such as OFFSETOF_Task_work.
    uint64_t kernel(const std::string& symbol) { return machine().symbols().value(symbol); }
    /// The region that GS must lead to, and a word in it, by the name of its member.
    uint64_t region() { return kernel("boot_pcr"); }
    uint64_t region_word(const std::string& member);
    /// The function that a system call's number leads to.
    uint64_t system_call(unsigned number) { return gdb().read_u64(kernel("syscall_table") + number * 8); }
    /// The task in whose address space the guest is stopped.
    TaskView running_task(const Registers& at);

    /// Lets the guest run until it comes to `address` in a state that `wanted` says yes to. Throws
    /// std::runtime_error, with `what` as the place it was to come to, when it panics or comes to nothing.
    Registers run_to(uint64_t address, const std::string& what,
                     const std::function<bool(const Registers&)>& wanted = nullptr);
    /// To an address of the program, in ring 3.
    Registers run_to_program(uint64_t address, const std::string& what);
    /// To the handler of interrupt `vector`, or of any, that has come from ring 3 or not.
    Handler run_to_handler(std::optional<uint64_t> vector, std::optional<bool> from_user);
    /// From the first instruction of a function to where it returns.
    Registers run_to_return(const Registers& function);

    /// Goes on by single instructions until `done`, and calls `visit` before each. Throws std::runtime_error,
    /// with `what` as the end, when it takes too many.
    Registers walk(const std::string& what, const std::function<bool(const Registers&)>& done,
                   const Visit& visit = nullptr);
    /// The same, out of the kernel: until ring 3.
    Registers walk_to_ring3(const Visit& visit = nullptr);
    /// From a program's SYSCALL instruction, where it stands, to the function that the call leads to.
    Registers walk_to_function(uint64_t function, const Visit& visit = nullptr);

    /// Raises an NMI where the guest stands, `where`, follows it to its handler and back, and checks that GS
    /// leads to the region there and that nothing has changed here.
    void check_nmi(const std::string& where);
    /// Lets the processor seem to deliver an exception that has a stack of its own, where the guest stands,
    /// and checks the same.
    void check_exception(unsigned vector, bool has_error_code, const std::string& where);
    /// "syscall_entry+0x4", for messages.
    std::string name(uint64_t address) { return machine().symbols().describe(address); }

  private:
    Handler read_handler(const Registers& at);
    Registers stop_at(const std::set<uint64_t>& addresses, const std::string& what);
    void spoil_registers();
    void check_return(const Registers& before, const std::string& where);

    std::optional<grader::BootModule> module_;
};

/// Those tests that run the program lab5_paths.
class RoundTest : public PathsTest {
  protected:
    RoundTest() : program_("grade/lab5_paths"), gs_base_(secret_base("gs")) {}
    /// Starts it with secret numbers in all registers and bases.
    void start_rounds(const std::string& command_line = "");
    grader::Program& program() { return program_; }
    uint64_t in_program(const std::string& symbol) const { return program_.address(symbol); }
    uint64_t fs_base() const { return secret_base("fs"); }
    uint64_t gs_base() const { return gs_base_; }
    /// Before start_rounds(): one that arch_prctl() may refuse, but ring 3 may choose.
    void set_gs_base(uint64_t base) { gs_base_ = base; }
    /// What the program has in its registers when it makes the call under test, with RIP at that call.
    Registers at_call();
    /// To the C++ function of the call under test.
    Registers at_function();
    /// To where that function returns, in the way out.
    Registers at_way_out() { return run_to_return(at_function()); }

    /// The number of the call under test: getpid, which needs no argument.
    static constexpr unsigned kCall = 39;

  private:
    grader::Program program_;
    uint64_t gs_base_;
};
