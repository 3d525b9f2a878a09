/// @file
/// The kernel's last words.
#include <cstdarg>

#include <arch/x86_64/backtrace.h>
#include <arch/x86_64/code_listing.h>
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/exceptions.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/processor.h>
#include <kernel/console/console.h>
#include <kernel/debug/trace.h>
#include <kernel/panic_policy.h>
#include <kernel/task/kernel_stack.h>
#include <kernel/task/task.h>

namespace {

/// How far from a program's entry its code is still disassembled from there, in bytes.
constexpr uint64_t kLongestSweep = 256 * 1024;

constexpr uint32_t kNobody = ~0u;
uint32_t panicking = kNobody;  ///< number of the processor that panics

/// First of all: nothing may interrupt the report, and a fault inside of it must not start another.
void begin_panic() {
    irq_disable();
    const uint32_t processor = processor_for_report();
    uint32_t first = kNobody;
    if (!__atomic_compare_exchange_n(&panicking, &first, processor, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST)) {
        if (first != processor) halt_forever();  // another one reports
        kprintf("\n(a second fault while reporting; stopping here)\n");
        finish_panic();
    }
    stop_other_processors();
    console_emergency();
}

/// Not analysed: a report takes no lock, and the other processors have been stopped.
/// The task on whose stack (or stack's guard) `rsp` lies: unlike current() this is right on any stack and
/// after an overflow, which overwrites the owner's name at the base.
NO_THREAD_SAFETY_ANALYSIS const Task* task_of_stack(uint64_t rsp) {
    const uint64_t base = kernel_stack_base(rsp);
    if (!base) return nullptr;
    for (const Task* task = all_tasks; task; task = task->next_task)
        if (task->kstack_top == base + kKernelStackSize) return task;
    return nullptr;
}

void print_task(const Task* task) {
    if (task)
        kprintf("Task: %s (pid %d), kernel stack 0x%lx-0x%lx\n", task->name.data(), task->pid,
                task->kstack_top - kKernelStackSize, task->kstack_top);
    else
        kprintf("Task: none\n");
}

/// Where an instruction surely begins at or below `rip`: the function it is in, or the program's entry.
uint64_t known_boundary(uint64_t rip, const Task* program) {
    if (const Symbol symbol = find_symbol(rip); symbol.name) return rip - symbol.offset;
    if (program && program->entry <= rip && rip - program->entry < kLongestSweep) return program->entry;
    return rip;
}

}  // namespace

void panic(const char* format, ...) {
    const uint64_t rflags = read_rflags();
    trace_panic(reinterpret_cast<uint64_t>(__builtin_return_address(0)), kNoVector);
    begin_panic();
    kprintf("\nPANIC: ");
    va_list arguments;
    va_start(arguments, format);
    vkprintf(format, arguments);
    va_end(arguments);
    const uint64_t rsp = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
    kprintf("\nRSP=0x%lx RFLAGS=0x%lx CR2=0x%lx CR3=0x%lx CPU=%u\n", rsp, rflags, read_cr<2>(), read_cr3(),
            processor_for_report());
    print_task(task_of_stack(rsp));
    print_backtrace(reinterpret_cast<uint64_t>(__builtin_return_address(0)),
                    *static_cast<uint64_t*>(__builtin_frame_address(0)), true);
    finish_panic();
}

void panic_exception(const InterruptFrame& frame) {
    trace_panic(frame.rip, frame.vector);
    begin_panic();
    const Exception& exception = find_exception(frame.vector);
    kprintf("\nEXCEPTION: %s (%s, vector %lu), error code 0x%lx, in ring %lu\n", exception.name,
            exception.mnemonic, frame.vector, frame.error, frame.cs & 3);
    kprintf("RIP=0x%lx CS=0x%lx RFLAGS=0x%lx CR2=0x%lx CR3=0x%lx CPU=%u\n", frame.rip, frame.cs, frame.rflags,
            read_cr<2>(), read_cr3(), processor_for_report());
    kprintf("RSP=0x%lx SS=0x%lx RBP=0x%lx\n", frame.rsp, frame.ss, frame.rbp);
    kprintf("RAX=0x%lx RBX=0x%lx RCX=0x%lx RDX=0x%lx RSI=0x%lx RDI=0x%lx\n", frame.rax, frame.rbx, frame.rcx,
            frame.rdx, frame.rsi, frame.rdi);
    kprintf("R8=0x%lx R9=0x%lx R10=0x%lx R11=0x%lx R12=0x%lx R13=0x%lx R14=0x%lx R15=0x%lx\n", frame.r8,
            frame.r9, frame.r10, frame.r11, frame.r12, frame.r13, frame.r14, frame.r15);
    const Task* task = frame.from_user() ? current() : task_of_stack(frame.rsp);
    print_task(task);
    const uint64_t base = frame.from_user() ? 0 : kernel_stack_base(frame.rsp);
    if (base && frame.rsp < base + 256)
        kprintf("The kernel stack has overflowed: RSP has reached the guard page below 0x%lx.\n", base);
    print_code_listing(frame.rip, known_boundary(frame.rip, frame.from_user() ? task : nullptr), read_cr3());
    if (!frame.from_user()) print_backtrace(frame.rip, frame.rbp);
    finish_panic();
}
