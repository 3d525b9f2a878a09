/// @file
/// A kernel that is let run from one place to the next, and what lies in its memory there.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <tests/grader/graded_test.h>
#include <tests/grader/payload.h>
#include <tests/system/kernel_view.h>

/// Size of the kernel's InterruptFrame: 15 registers, vector, error code, and what the processor pushes.
constexpr uint64_t kInterruptFrameSize = 22 * 8;

/// The base of chapter 1's tests with a machine. The guest is stopped whenever a function returns.
class StoppedKernelTest : public grader::GradedTest {
  protected:
    /// Starts the kernel with its own initramfs and stops it at kernel_main().
    void start_kernel(const std::string& command_line = "");
    /// The same with /ring3 holding nothing but `programs`, in this order, under names that nobody can know.
    /// With `icount_shift` an instruction takes 2^icount_shift ns, so that timers come whenever they should.
    void start_with_programs(const std::vector<grader::Program>& programs,
                             std::optional<int> icount_shift = {});
    /// The name that start_with_programs() gave to program number `index`.
    std::string program_name(size_t index) const;

    /// Lets the guest run to the first of `places`. Gives its address, or nothing when the guest ended the
    /// machine. Throws harness::Timeout when it gets to none of them.
    std::optional<uint64_t> run_to_first(std::initializer_list<uint64_t> places);
    /// Lets the guest run to `place`. A test ends here, failed, when the guest panics or ends the machine
    /// before; `what` completes "The kernel never gets to ...".
    harness::Registers run_to(uint64_t place, const std::string& what);
    /// The same to a symbol of the kernel.
    harness::Registers run_to(const std::string& symbol);

    /// Fails the test with one sentence, "`what` is 0x..., not 0x...", unless `found` is `expected`.
    static void expect_equal(const std::string& what, uint64_t found, uint64_t expected);
    /// The same, and the test ends here.
    static void require_equal(const std::string& what, uint64_t found, uint64_t expected);

    uint64_t symbol(const std::string& name) { return machine().symbols().value(name); }
    /// The task in whose address space the processor is. Fails the test when there is none.
    TaskView task_of_address_space();
    /// The top of interrupt stack number `ist`, 1 to 7, as the TSS in use says.
    uint64_t interrupt_stack(unsigned ist) { return read_tss(machine()).ist.at(ist - 1); }
    /// Exceptions, not interrupts, that came in ring 3, oldest first.
    std::vector<harness::IntEntry> exceptions_in_ring3();
    /// The last of them that is no page fault, or null: programs' pages come on demand.
    std::optional<harness::IntEntry> fatal_exception();
};
