/// @file
/// What the kernel's operations cost, in instructions, counted by /tests/bench under -icount: every run gives
/// the same numbers, so that an operation that becomes dearer than it may be shows at once.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include <tests/harness/temp_folder.h>
#include <tests/harness/text.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

using Costs = std::map<std::string, unsigned long>;

/// What tests/tools/bench_targets.txt wants is reached with g++. Clang's code for these is longer; so much it
/// may cost.
const Costs kWithClang = {{"pipe-round-trip", 1630}, {"fresh-page", 825}};

Costs read_targets() {
    std::ifstream file(source_root() / "tests/tools/bench_targets.txt");
    Costs targets;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string name;
        unsigned long target = 0;
        if (words >> name >> target) targets[name] = target;
    }
    return targets;
}

class QuickBench : public SystemTest {
  protected:
    /// Boots the highest state with /tests/bench as its first process, and gives what it measured.
    Costs measure() {
        const std::string state = solutions().back();
        harness::MachineOptions options = state_options(state);
        options.initrd = folder_ / "initramfs.cpio";
        options.append = "panic=exit hz=10";
        options.icount_shift = 0;
        options.int_log = false;
        const std::string command =
            fmt::format("{} {} init={} bin/true={}", (source_root() / "labs/tools/initramfs.sh").string(),
                        options.initrd.string(), built_file(state, "programs/tests/bench").string(),
                        built_file(state, "programs/bin/true").string());
        EXPECT_EQ(std::system(command.c_str()), 0) << command;
        start(options).wait_exit(harness::Duration(60'000));

        const std::string output = plain_lines(machine().serial());
        EXPECT_TRUE(output.ends_with("bench: ok\n")) << output;
        Costs costs;
        std::istringstream lines(output);
        for (std::string line; std::getline(lines, line);) {
            // The program writes carriage returns to the console, one at a time.
            line.erase(0, line.find_last_of('\r') + 1);
            std::istringstream words(line);
            std::string first, name;
            unsigned long cost = 0;
            if (words >> first >> name >> cost && first == "bench") costs[name] = cost;
        }
        return costs;
    }

  private:
    const harness::TempFolder folder_;
};

TEST_F(QuickBench, OperationsCostNoMoreThanTheyMay) {
    if (solutions().empty() || solutions().back() < "sol4")
        GTEST_SKIP() << "no state whose costs are bounded";
    const bool with_clang =
        built_file(solutions().back(), "trapline.elf").string().find("/clang") != std::string::npos;
    const Costs targets = read_targets();
    Costs costs = measure();
    ASSERT_GE(targets.size(), 9u);
    EXPECT_EQ(costs.size(), targets.size());
    for (const auto& [name, target] : targets) {
        ASSERT_TRUE(costs.contains(name)) << name;
        const auto longer = kWithClang.find(name);
        EXPECT_LE(costs.at(name), with_clang && longer != kWithClang.end() ? longer->second : target) << name;
        std::cout << fmt::format("{}: {} instructions, target {}", name, costs.at(name), target) << std::endl;
    }
    // When the UART's bytes are gone, the host decides.
    Costs again = measure();
    costs.erase("console-byte");
    again.erase("console-byte");
    EXPECT_EQ(again, costs) << "a second run counts differently";
}

}  // namespace
