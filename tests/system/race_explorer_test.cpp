/// @file
/// The race explorer finds chapter 3's window, none behind its cures, the mistakes of the PCR's variants, and
/// the same again.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <iostream>
#include <set>

#include <tests/system/bug_run.h>
#include <tests/system/entry_paths.h>
#include <tests/system/injection.h>
#include <tests/system/race_explorer.h>
#include <tests/system/system_test.h>

namespace {

using Kind = Exploration::Kind;
using Window = Exploration::Window;
using Points = std::vector<ExploredPoint>;

/// In words, as the explorer says it.
const std::string kPanic = fmt::format("#UD at {:#x} in sh", kInitReturn);

size_t count(const Points& points, Verdict verdict) {
    return static_cast<size_t>(std::count_if(points.begin(), points.end(),
                                             [&](const ExploredPoint& p) { return p.verdict == verdict; }));
}

/// Explores, and prints the counts and each instruction that corrupts.
Points explored(const std::string& what, const harness::MachineOptions& options, Window window,
                Kind kind = Kind::kTimer) {
    const Points points = explore_round(options, {.window = window, .kind = kind, .jobs = 1});
    std::cout << "  " << what << ": " << points.size() << " instructions, "
              << count(points, Verdict::kHarmless) << " harmless, " << count(points, Verdict::kCorrupts)
              << " corrupting, " << count(points, Verdict::kHeld) << " impossible" << std::endl;
    const harness::ElfSymbols symbols(options.kernel);
    for (const ExploredPoint& point : points)
        if (point.verdict == Verdict::kCorrupts)
            std::cout << "    " << symbols.describe(point.point.address) << ": " << point.words << std::endl;
    return points;
}

// The window is as chapter 3's diagnosis has it: it opens with the publishing and closes when RSP changes.
TEST(RaceExplorer, FindsTheWindowOfChapter3) {
    REQUIRE_STATE("sol3");
    const harness::MachineOptions options = state_options("sol3");
    const Points points = explored("sol3, switch", options, Window::kSwitch);
    const harness::ElfSymbols symbols(options.kernel);
    std::vector<CodeLine> switching = code_behind(options.kernel, symbols, "switch_context");
    size_t panics = 0;
    for (const ExploredPoint& point : points) {
        EXPECT_TRUE(point.point.interrupts) << "klogd's IF=1 has not come through";
        if (point.verdict == Verdict::kCorrupts) panics += point.words.starts_with(kPanic);
    }
    EXPECT_GT(panics, 0u);
    // From the call of switch_context up to the load of RSP all do, behind it none.
    bool other_stack = false;
    for (const CodeLine& line : switching) {
        const auto point = std::find_if(points.begin(), points.end(), [&](const ExploredPoint& p) {
            return p.point.address == line.address;
        });
        ASSERT_NE(point, points.end()) << line.mnemonic << " was not tried";
        EXPECT_EQ(point->words.starts_with(kPanic), !other_stack) << line.mnemonic << " " << line.operands;
        other_stack = other_stack || line.operands.ends_with(",%rsp");
    }
    // Once more, by two machines: the same, to the last word.
    EXPECT_EQ(points, explore_round(options, {.window = Window::kSwitch, .kind = Kind::kTimer, .jobs = 2}));
}

TEST(RaceExplorer, FindsNoneBehindTheCures) {
    for (const char* state : {"sol4", "sol5", "sol6"}) {
        if (!has_state(state)) continue;
        const Points all = explored(state, state_options(state), Window::kAll);
        EXPECT_EQ(count(all, Verdict::kCorrupts), 0u);
        EXPECT_GT(all.size(), 300u);
        // Where the shell gives up the processor nothing can interrupt it, in each of its passes: but for
        // klogd's call of the switch, which has IF=1 until the CLI.
        size_t open = 0;
        for (const ExploredPoint& point : all) open += point.verdict != Verdict::kHeld;
        EXPECT_LE(open, 4u);
    }
}

/// What the programs of the injection test say about a stretch of code: where the guest was stopped, and what
/// was wrong.
InjectionResult injected(Injector& injector, const std::string& path, const std::string& label,
                         const Points& points, Injection kind) {
    std::vector<CodeLine> code;
    for (const ExploredPoint& point : points) code.push_back({point.point.address, "", ""});
    return injector.inject(path, injector.at_in_program(injector.kernel(label)), code, kind);
}

// Two judges that share nothing but the way to raise an interrupt: one asks processes that check themselves,
// the other the registers of a shell that knows nothing of it.
TEST(RaceExplorer, AgreesWithTheInjectionTest) {
    REQUIRE_STATE("sol5");
    const harness::MachineOptions options = state_options("sol5");
    Injector injector(options, "sol5");
    for (const auto& [window, label] :
         {std::pair(Window::kEntry, "syscall_entry"), std::pair(Window::kExit, "syscall_exit")}) {
        const Points nmis = explored(std::string("sol5, NMI, ") + label, options, window, Kind::kNmi);
        const InjectionResult nmi = injected(injector, "NMI", label, nmis, Injection::kNmi);
        EXPECT_EQ(nmi.tried, nmis.size());
        EXPECT_EQ(nmi.taken_at.size(), count(nmis, Verdict::kHarmless));
        EXPECT_EQ(nmi.violations.size(), count(nmis, Verdict::kCorrupts));
        const Points ticks = explored(std::string("sol5, timer, ") + label, options, window, Kind::kTimer);
        const InjectionResult tick = injected(injector, "timer", label, ticks, Injection::kTimer);
        EXPECT_EQ(tick.tried, ticks.size());
        EXPECT_EQ(tick.held, count(ticks, Verdict::kHeld));
        EXPECT_EQ(tick.violations.size(), count(ticks, Verdict::kCorrupts));
        EXPECT_EQ(count(nmis, Verdict::kCorrupts) + count(ticks, Verdict::kCorrupts), 0u);
    }
}

// An NMI whose entry trusts GS hurts before the SWAPGS; one without a stack of its own while RSP is the
// program's.
TEST(RaceExplorer, FindsTheMistakesOfChapter5) {
    REQUIRE_STATE("sol5");
    const Points trusting =
        explored("trusting GS", variant_options("ist_trusts_gs", "sol5"), Window::kEntry, Kind::kNmi);
    EXPECT_EQ(count(trusting, Verdict::kCorrupts), 1u);
    const Points stackless =
        explored("without a stack", variant_options("nmi_without_ist", "sol5"), Window::kEntry, Kind::kNmi);
    EXPECT_EQ(count(stackless, Verdict::kCorrupts), 3u);
}

// The PCR alone is no cure: without chapter 4's switch IF leaks as in chapter 3.
TEST(RaceExplorer, FindsThatThePcrAloneIsNoCure) {
    REQUIRE_STATE("sol5");
    const Points points =
        explored("PCR, RFLAGS unsaved", variant_options("rflags_unsaved", "sol5"), Window::kSwitch);
    EXPECT_TRUE(std::any_of(points.begin(), points.end(),
                            [](const ExploredPoint& p) { return p.words.starts_with(kPanic); }));
}

// One line says what is wrong, and which kernel can't be explored.
TEST(RaceExplorer, SaysWhyItCant) {
    const auto error = [](const harness::MachineOptions& options) -> std::string {
        try {
            explore_round(options, {});
        } catch (const std::exception& e) {
            return e.what();
        }
        return "";
    };
    if (has_state("sol1")) {
        EXPECT_EQ(error(state_options("sol1")),
                  "this kernel has no syscall_entry: there is nothing to explore before chapter 2");
    }
    REQUIRE_STATE("sol3");
    harness::MachineOptions without_programs = state_options("sol3");
    without_programs.initrd.clear();
    const std::string panics = error(without_programs);
    EXPECT_TRUE(panics.starts_with("the kernel does not come to its shell's prompt: Trapline can't start: "))
        << panics;
    EXPECT_EQ(panics.find('\n'), std::string::npos);
}

}  // namespace
