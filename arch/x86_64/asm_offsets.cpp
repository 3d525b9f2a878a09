/// @file
/// The offsets that assembly needs, computed by the compiler from the C++ types and never typed by hand. The
/// build compiles this file to assembly text, picks the lines marked `->` and makes asm_offsets.h of them.
#include <cstddef>

#include <arch/x86_64/entry_offsets.h>
#include <arch/x86_64/interrupt_frame.h>
#include <arch/x86_64/processor_start_offsets.h>
#include <kernel/task/task.h>

#define CONSTANT(name, value) asm volatile("\n.ascii \"-> " #name " %c0\"" ::"i"(value))
#define OFFSET(type, member) CONSTANT(OFFSETOF_##type##_##member, offsetof(type, member))

// Task is not a standard-layout class (it holds references), for which offsetof is only conditionally
// supported: both compilers support it, since Task has no virtual bases.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"

void asm_offsets() {
    CONSTANT(KERNEL_STACK_SIZE, kKernelStackSize);
    OFFSET(InterruptFrame, vector);
    OFFSET(InterruptFrame, cs);
    OFFSET(Task, rsp);
    OFFSET(Task, cr3);
    OFFSET(Task, kstack_top);
    OFFSET(Task, user_rsp);
    OFFSET(Task, work);
    OFFSET(Task, running);
    ENTRY_OFFSETS();
    PROCESSOR_START_OFFSETS();

    // Not for our assembly but for those who look from outside: debuggers and the test harness.
    OFFSET(Task, next);
    OFFSET(Task, state);
    OFFSET(Task, processor);
    OFFSET(Task, pid);
    OFFSET(Task, name);
    OFFSET(Task, next_task);
    OFFSET(Task, fatal_signal);
}
