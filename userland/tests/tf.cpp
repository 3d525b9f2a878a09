/// @file
/// tf: a program that steps itself with TF across a system call is stopped by #DB in ring 3, and nothing
/// worse. The kernel neither traps on its way in, nor returns by SYSRET, which would restore TF too early.
#include <initializer_list>

#include <userland/lib/program.h>
#include <userland/tests/check.h>

extern "C" {
/// Sets TF and calls `number` without arguments. Does not return: the trap comes one instruction after the
/// system call.
void step_across_call(long number);
/// The address that the system call returns to, and the one after the instruction there.
extern const char tf_return[], tf_trap[];
}

asm(R"(
    .text
    .globl step_across_call, tf_return, tf_trap
    .type step_across_call, @function
step_across_call:
    mov %rdi, %rax
    pushfq
    orq $0x100, (%rsp)
    popfq                           # traps after the next instruction
    syscall
tf_return:
    nop
tf_trap:
    ud2
    .size step_across_call, . - step_across_call
)");

int main(int, char**) {
    test_name = "tf";
    for (const long number : {SYS_getpid, SYS_sched_yield, SystemCall{999}})
        CHECK_EQ(run_in_child([&] { step_across_call(number); }), SIGTRAP);
    return passed();
}
