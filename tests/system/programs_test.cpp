/// @file
/// The programs of /tests, which test the kernel from inside.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include <tests/system/kernel_view.h>
#include <tests/system/shell_session.h>
#include <tests/system/system_test.h>

namespace {

class ProgramsTest : public SystemTest, public testing::WithParamInterface<std::string> {
  protected:
    /// The programs built for this state; `spin` never ends and is a test of Ctrl-C.
    std::set<std::string> programs() {
        std::set<std::string> names;
        for (const auto& entry :
             std::filesystem::directory_iterator(built_file(GetParam(), "programs/tests")))
            if (entry.path().filename() != "spin") names.insert(entry.path().filename());
        return names;
    }

    /// Runs one of them and checks its verdict, its status, and that the kernel took no harm.
    void check_program(ShellSession& shell, const std::string& command) {
        SCOPED_TRACE(command);
        const std::string name = command.substr(0, command.find(' '));
        const std::string output = shell.run("/tests/" + command, harness::Duration(60'000));
        EXPECT_TRUE(output.ends_with(name + ": ok\n")) << output;
        EXPECT_EQ(shell.status(), "0\n");
    }

    /// Faults in ring 0 are only those of copies from and to a program's memory.
    void check_ring0_faults() {
        const harness::Symbol& copy = machine().symbols().symbol("user_copy");
        const harness::IntLog log = machine().int_log();
        for (const harness::IntEntry& entry : exceptions(log)) {
            if (entry.cpl != 0) continue;
            const bool in_copy = entry.rip >= copy.value && entry.rip < copy.value + 16;
            EXPECT_TRUE(entry.vector == 14 && in_copy)
                << harness::format_entry(entry) << " " << machine().symbols().describe(entry.rip);
            if (HasFailure()) return;
        }
    }
};

class Programs : public ProgramsTest {};
class QuickPrograms : public ProgramsTest {};

TEST_P(Programs, AllPass) {
    boot(GetParam(), "faults=kill");
    ShellSession shell(machine());
    ASSERT_GE(programs().size(), 7u);
    for (const std::string& name : programs()) check_program(shell, name);
    check_program(shell, "regs flags");
    check_ring0_faults();
}

/// The same again in a machine that has little memory and no protection but the oldest.
TEST_P(Programs, AllPassOnASmallOldMachine) {
    harness::MachineOptions options = state_options(GetParam());
    options.append = "faults=kill";
    options.memory_mib = 32;
    options.cpu_model = "qemu64";
    ShellSession shell(start(options));
    for (const std::string& name : programs()) check_program(shell, name);
    check_ring0_faults();
}

TEST_P(QuickPrograms, PointersAndRegisters) {
    boot(GetParam(), "faults=kill");
    ShellSession shell(machine());
    for (const char* name : {"regs", "regs flags", "badptr"}) check_program(shell, name);
    check_ring0_faults();
}

IN_STATES_WITH_SHELL(Programs);
IN_STATES_WITH_SHELL(QuickPrograms);

}  // namespace
