/// @file
/// Those of chapter 5's tests that run the program lab5_children.
#pragma once

#include <string>

#include <tests/labs/05-pcr-swapgs/paths.h>

/// Their base.
class ChildrenTest : public PathsTest {
  protected:
    static constexpr uint64_t kRounds = 3000;
    static constexpr unsigned kCall = 39;
    enum Pid { kInit = 1, kComputing, kCloned, kStepped, kVictim };

    ChildrenTest() : program_("grade/lab5_children") {}
    void start_children() {
        for (const char* variable : {"parent_fs", "parent_gs", "child_fs", "child_gs", "stack"})
            program_.set(std::string("children_") + variable, secret_base(variable));
        for (const char* variable : {"parent_nonce", "child_nonce"})
            program_.set(std::string("children_") + variable, secret(variable));
        program_.set("children_rounds", kRounds);
        start_program(program_, "hz=5000");
    }
    /// Before start_children(): child 3 steps itself.
    void step_child() { program_.set("children_step", 1); }
    uint64_t in_program(const std::string& symbol) const { return program_.address("children_" + symbol); }
    uint64_t variable(const std::string& symbol) { return gdb().read_u64(in_program(symbol)); }
    /// To the end of the first process, which has waited for its children.
    void finish() { run_to_program(in_program("done"), "the end of the children's parent"); }
    uint64_t status_of(Pid pid) {
        return gdb().read_u64(in_program("status") + 8 * static_cast<uint64_t>(pid));
    }

    /// To the beginning of the way out of child 4's system call.
    Registers at_victims_way_out() {
        const Registers call = run_to_program(in_program("victim_call"), "the fourth child's system call");
        return run_to_return(run_to(system_call(kCall), "the function of the system call",
                                    [&](const Registers& at) { return at.cr3 == call.cr3; }));
    }
    /// Where a member of the running task's frame is, by its distance from the end.
    uint64_t frame_slot(const Registers& at, uint64_t words_from_top) {
        return running_task(at).kstack_top - 8 * words_from_top;
    }
    static constexpr uint64_t kRcxFromTop = 2;
    static constexpr uint64_t kR11FromTop = 3;

  private:
    grader::Program program_;
};
