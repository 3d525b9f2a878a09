/// @file
/// Registers graded tests, runs their bodies, and sorts what comes of them.
#include <tests/grader/graded_test.h>

#include <cstdlib>
#include <random>

#include <tests/grader/evidence.h>
#include <tests/grader/outcome.h>
#include <tests/harness/error.h>
#include <tests/system/states.h>

namespace grader {

namespace {

std::vector<TestInfo>& registry() {
    static std::vector<TestInfo> tests;
    return tests;
}

/// What a QEMU that went away means: the guest may have ended the machine, which is the kernel's doing.
bool guest_ended_machine(harness::Machine& machine, std::string& how) {
    using Kind = harness::ExitStatus::Kind;
    const harness::ExitStatus status = machine.wait_exit(harness::Duration(1000));
    how = describe(status);
    return status.kind == Kind::kPowerOff || status.kind == Kind::kReset ||
           status.kind == Kind::kTripleFault || status.kind == Kind::kDebugExit;
}

}  // namespace

Outcome& Outcome::current() {
    static Outcome outcome;
    return outcome;
}

bool register_grading(const char* suite, const char* test, const Grading& grading) {
    registry().push_back({
        .name = std::string(suite) + "." + test,
        .title = grading.title,
        .section = grading.section,
        .points = grading.points,
        .unit = grading.unit,
        .needs = grading.needs,
        .hint = grading.hint,
    });
    return true;
}

const std::vector<TestInfo>& graded_tests() {
    return registry();
}

std::string state_under_test() {
    const char* state = std::getenv("TRAPLINE_STATE");
    if (!state) throw harness::InfrastructureError("TRAPLINE_STATE is not set: grade by `make grade`");
    return state;
}

uint64_t nonce() {
    static const uint64_t value = [] {
        if (const char* given = std::getenv("TRAPLINE_NONCE")) return std::strtoull(given, nullptr, 0);
        std::random_device device;
        return static_cast<unsigned long long>(device()) << 32 | device() | 1;
    }();
    return value;
}

harness::MachineOptions GradedTest::options(const std::string& command_line) const {
    harness::MachineOptions options = state_options(state_under_test());
    options.append = command_line;
    return options;
}

harness::Machine& GradedTest::start(const harness::MachineOptions& options) {
    machine_.reset();
    machine_ = std::make_unique<harness::Machine>(options);
    return *machine_;
}

void GradedTest::hint(std::string text) {
    Outcome::current().hint = std::move(text);
}

void GradedTest::TestBody() {
    Outcome& outcome = Outcome::current();
    try {
        judge();
    } catch (const harness::QemuGone& error) {
        std::string how;
        if (machine_ && guest_ended_machine(*machine_, how))
            ADD_FAILURE() << "The kernel ended the machine.";
        else
            outcome.infrastructure_error = error.what();
    } catch (const harness::InfrastructureError& error) {
        outcome.infrastructure_error = error.what();
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
    }
    // What a test found wrong may be that QEMU ended, and that may have been nobody's fault.
    if (std::string how; HasFailure() && machine_ && !machine_->running()) {
        if (guest_ended_machine(*machine_, how))
            ADD_FAILURE() << "The kernel ended the machine: " << how << ".";
        else if (outcome.infrastructure_error.empty())
            outcome.infrastructure_error = how;
    }
    // In an infrastructure error nothing that was found before counts either.
    if (!outcome.infrastructure_error.empty())
        ADD_FAILURE() << "infrastructure error: " << outcome.infrastructure_error;
    else if (HasFailure() && machine_)
        outcome.evidence = collect_evidence(*machine_);
    machine_.reset();
}

}  // namespace grader
