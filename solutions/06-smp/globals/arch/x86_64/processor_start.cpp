/// @file
/// From the trampoline to the scheduler for chapter 4's kernel, in which there is one of everything: the
/// second processor uses the same GDT, the same TSS and the same two words that syscall_entry goes by.
#include <arch/x86_64/apic.h>
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/processor.h>
#include <arch/x86_64/processor_start.h>
#include <arch/x86_64/syscall.h>
#include <arch/x86_64/tss.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>
#include <kernel/task/timer.h>

namespace {

/// Idle tasks are in the queue like others, but run only when a processor has to leave what it ran.
[[noreturn]] void idle(void*) {
    current()->idle = true;
    for (;;) {
        schedule();
        wait_for_interrupt();
    }
}

}  // namespace

bool prepare_processor(uint32_t number, Task& task, ProcessorStart& data) {
    task.processor = number;
    task.running = 1;
    data.region = 0;
    // The boot task is chapter 3's klogd: with others about, the boot processor may have to idle as well.
    return number > 1 || start_kernel_thread("idle/0", idle, nullptr).ok();
}

void discard_processor(uint32_t) {}

/// trampoline.S comes here on the idle task's stack, with interrupts off.
extern "C" [[noreturn]] void processor_main(const ProcessorStart& data) {
    const uint32_t hz = data.hz;
    init_gdt();
    load_tss(reinterpret_cast<uint64_t>(&tss), sizeof(TaskStateSegment) - 1);
    load_idt();
    init_cpu_features();
    init_syscall();
    enable_local_apic();
    processor_is_online(processor_number());
    apic_start_timer(hz);
    // As in chapter 3, the prompt comes first: programs that start make so many system calls that none would
    // get so far.
    while (timer_ticks() < hz / 5) wait_for_interrupt();
    current()->idle = true;
    start_task(*current());
    idle(nullptr);
}
