/// @file
/// The task state segment and the exceptions that come on stacks of their own.
/// Invariant: docs/invariants/interrupt-stacks.md.
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/pcr.h>
#include <arch/x86_64/tss.h>
#include <kernel/libk/panic.h>
#include <kernel/task/kernel_stack.h>

namespace {

// In ist_entry.S.
extern "C" void nmi_entry();
extern "C" void debug_entry();
extern "C" void machine_check_entry();
extern "C" void double_fault_entry();

/// The word at the top of each interrupt stack, and one to keep the stack aligned.
struct InterruptStackTop {
    ProcessorControlRegion* region;  ///< how an entry that can't trust GS finds its PCR
    uint64_t unused;
};
static_assert(sizeof(InterruptStackTop) == 16);

void use_interrupt_stack(uint8_t vector, void (*entry)(), InterruptStack stack) {
    auto top = allocate_kernel_stack(nullptr);
    if (!top.ok()) panic("no memory for interrupt stack %d", stack);
    auto* words = reinterpret_cast<InterruptStackTop*>(top.value().value) - 1;
    *words = {&pcr(), 0};
    pcr().tss.ist[stack - 1] = reinterpret_cast<uint64_t>(words);
    set_gate(vector, entry, stack);
}

}  // namespace

void init_tss() {
    TaskStateSegment& tss = pcr().tss;
    // The I/O permission map would begin here, beyond the segment's limit: ring 3 may use no port at all
    // (Intel SDM 1, 19.5.2).
    tss.io_map_base = sizeof(TaskStateSegment);
    load_tss(reinterpret_cast<uint64_t>(&tss), sizeof(TaskStateSegment) - 1);
    use_interrupt_stack(kNMI, nmi_entry, kIstNmi);
    use_interrupt_stack(kDB, debug_entry, kIstDebug);
    use_interrupt_stack(kMC, machine_check_entry, kIstMachineCheck);
    use_interrupt_stack(kDF, double_fault_entry, kIstDoubleFault);
}

/// From ist_entry.S: an exception from ring 3 needs no stack of its own. Moves its frame to the task's kernel
/// stack, where it is an exception like any other; returns the new frame.
extern "C" InterruptFrame* move_to_task_stack(const InterruptFrame* frame) {
    auto* target = reinterpret_cast<InterruptFrame*>(pcr().tss.rsp0) - 1;
    *target = *frame;
    return target;
}
