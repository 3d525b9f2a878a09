/// @file
/// Registers graded tests, runs their bodies, and sorts what comes of them.
#include <tests/grader/graded_test.h>

#include <fmt/format.h>

#include <cstdlib>
#include <random>
#include <regex>

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

/// Whether QEMU has ended, or is about to, and by whose doing.
enum class End { kNot, kByGuest, kByOthers };

/// `how` is for people.
End end_of(harness::Machine& machine, std::string& how) {
    using Kind = harness::ExitStatus::Kind;
    try {
        // Connections close a moment before the process is gone.
        const harness::ExitStatus status = machine.wait_exit(harness::Duration(200));
        how = describe(status);
        const bool by_guest = status.kind == Kind::kPowerOff || status.kind == Kind::kReset ||
                              status.kind == Kind::kTripleFault || status.kind == Kind::kDebugExit;
        return by_guest ? End::kByGuest : End::kByOthers;
    } catch (const std::exception&) {
        return End::kNot;
    }
}

/// The part of the chapter, as in "5.4", at whose TODO the kernel has stopped; empty if at none.
std::string missing_part(harness::Machine& machine) {
    static const std::regex todo("\nPANIC: TODO\\(lab([1-9]\\.[1-9])\\)");
    const std::string printed = machine.serial();
    std::smatch match;
    return std::regex_search(printed, match, todo) ? match[1].str() : "";
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
    std::string gone;
    try {
        judge();
    } catch (const harness::QemuGone& error) {
        gone = error.what();
        ADD_FAILURE() << "The kernel ended the machine.";
    } catch (const harness::InfrastructureError& error) {
        outcome.infrastructure_error = error.what();
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
    }
    // What a test found wrong may be that QEMU ended, and that may have been nobody's fault.
    if (HasFailure() && machine_) {
        std::string how;
        const End end = end_of(*machine_, how);
        if (end == End::kByGuest) ADD_FAILURE() << "The kernel ended the machine: " << how << ".";
        if (end == End::kByOthers) outcome.infrastructure_error = how;
        if (end == End::kNot && !gone.empty()) outcome.infrastructure_error = gone;
    }
    // In an infrastructure error nothing that was found before counts either.
    if (!outcome.infrastructure_error.empty())
        ADD_FAILURE() << "infrastructure error: " << outcome.infrastructure_error;
    else if (HasFailure() && machine_) {
        outcome.evidence = collect_evidence(*machine_);
        // Whoever has not begun a part is not to be told what to write there.
        if (const std::string part = missing_part(*machine_); !part.empty())
            outcome.hint_at_failure =
                fmt::format("Part {} is still to be written: the kernel stops at its TODO.", part);
    }
    machine_.reset();
}

}  // namespace grader
