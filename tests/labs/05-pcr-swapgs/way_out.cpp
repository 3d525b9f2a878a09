/// @file
/// Follows a way out with interrupts on at its start.
#include <tests/labs/05-pcr-swapgs/way_out.h>

#include <array>

namespace {

void turn_interrupts_on(PathsTest& test) {
    test.gdb().write_register("eflags", test.gdb().regs().rflags | kIf);
}

}  // namespace

void check_interrupts_off(PathsTest& test, const std::string& path) {
    const TaskView task = test.running_task(test.gdb().regs());
    const uint64_t stack_size = kernel_stack_size(test.machine());
    turn_interrupts_on(test);
    test.walk_to_ring3([&](const Registers& at) {
        if ((at.rflags & kIf) == 0) return;
        EXPECT_EQ(at.gs_base, test.region()) << path << ", " << test.name(at.rip) << ": IF is 1";
        EXPECT_TRUE(at.rsp <= task.kstack_top && at.rsp > task.kstack_top - stack_size)
            << path << ", " << test.name(at.rip) << ": IF is 1, and RSP is the program's";
        const std::vector<uint8_t> code = test.gdb().read(at.rip, 3);
        EXPECT_FALSE(is_return_to_program(code)) << path << ", " << test.name(at.rip) << ": IF is still 1";
    });
}

bool sees_late_work(PathsTest& test) {
    constexpr std::array<uint8_t, 4> kOne{1, 0, 0, 0};
    const TaskView task = test.running_task(test.gdb().regs());
    const uint64_t seen = test.kernel("return_to_user_work");
    turn_interrupts_on(test);
    bool work = false;
    const Registers at = test.walk(
        "ring 3", [&](const Registers& now) { return now.cpl() == 3 || now.rip == seen; },
        [&](const Registers& now) {
            if (work || (now.rflags & kIf) != 0) return;
            work = true;
            test.gdb().write(task.address + test.kernel("OFFSETOF_Task_work"), kOne);
        });
    return at.rip == seen;
}
