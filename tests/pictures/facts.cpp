/// @file
/// What the handouts' pictures show, as the compiler sees it in one state: where the members of structures
/// lie, and which bits a constant is. As asm_offsets.cpp it is compiled to assembly text, of which
/// facts.py picks the lines marked `->`. A member that a state's structure does not have is left out;
/// facts.py finds every gap.
#include <bit>
#include <cstddef>
#include <type_traits>

#include <arch/x86_64/context.h>
#include <arch/x86_64/cpu.h>
#include <arch/x86_64/descriptors.h>
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/interrupt_frame.h>
#include <arch/x86_64/load_gdt.h>
#include <arch/x86_64/task_state_segment.h>
#include <kernel/task/task.h>
#include <arch/x86_64/idt.cpp>  // its gate is nobody else's business
#if __has_include(<arch/x86_64/syscall_frame.h>)
#include <arch/x86_64/syscall_frame.h>
#endif
#if __has_include(<arch/x86_64/pcr.h>)
#include <arch/x86_64/pcr.h>
#endif
#if __has_include(<kernel/acpi/tables.h>)
#include <arch/x86_64/processor_start.h>
#include <kernel/acpi/tables.h>
#endif

#pragma GCC diagnostic ignored "-Winvalid-offsetof"

namespace {

#define VALUE(name, value) asm volatile("\n.ascii \"-> value " name " %c0\"" ::"i"(value))
#define CONSTANT(name) VALUE(#name, name)
/// The size of a structure.
#define SIZE(type) VALUE("sizeof " #type, sizeof(type))
/// One member: offset and size.
#define MEMBER(type, member)                                                                                \
    []<class T>() {                                                                                         \
        if constexpr (requires(T t) { t.member; })                                                          \
            asm volatile("\n.ascii \"-> member " #type " " #member " %c0 %c1\"" ::"i"(offsetof(T, member)), \
                         "i"(sizeof(T::member)));                                                           \
    }.                                                                                                      \
    operator()<type>()
/// The highest and the lowest bit of a mask.
#define BITS(name, mask)                                                                               \
    asm volatile("\n.ascii \"-> bits " name " %c0 %c1\"" ::"i"(63 - std::countl_zero(uint64_t{mask})), \
                 "i"(std::countr_zero(uint64_t{mask})))
#define FLAG(name) BITS(#name, kRFLAGS_##name)

/// The bits of a TSS descriptor's low slot in which two arguments make a difference.
constexpr uint64_t tss_bits(uint64_t base, uint64_t limit) {
    return tss_descriptor(base, limit)[0] ^ tss_descriptor(0, 0)[0];
}

}  // namespace

void picture_facts() {
    SIZE(TaskStateSegment);
    MEMBER(TaskStateSegment, reserved0);
    MEMBER(TaskStateSegment, rsp0);
    MEMBER(TaskStateSegment, rsp1);
    MEMBER(TaskStateSegment, rsp2);
    MEMBER(TaskStateSegment, reserved1);
    MEMBER(TaskStateSegment, ist);
    MEMBER(TaskStateSegment, reserved2);
    MEMBER(TaskStateSegment, reserved3);
    MEMBER(TaskStateSegment, io_map_base);
    CONSTANT(kIstNmi);
    CONSTANT(kIstDebug);
    CONSTANT(kIstMachineCheck);
    CONSTANT(kIstDoubleFault);

    SIZE(Gate);
    MEMBER(Gate, offset_low);
    MEMBER(Gate, selector);
    MEMBER(Gate, ist);
    MEMBER(Gate, type);
    MEMBER(Gate, offset_middle);
    MEMBER(Gate, offset_high);
    MEMBER(Gate, reserved);

    SIZE(InterruptFrame);
    MEMBER(InterruptFrame, r15);
    MEMBER(InterruptFrame, r14);
    MEMBER(InterruptFrame, r13);
    MEMBER(InterruptFrame, r12);
    MEMBER(InterruptFrame, r11);
    MEMBER(InterruptFrame, r10);
    MEMBER(InterruptFrame, r9);
    MEMBER(InterruptFrame, r8);
    MEMBER(InterruptFrame, rbp);
    MEMBER(InterruptFrame, rdi);
    MEMBER(InterruptFrame, rsi);
    MEMBER(InterruptFrame, rdx);
    MEMBER(InterruptFrame, rcx);
    MEMBER(InterruptFrame, rbx);
    MEMBER(InterruptFrame, rax);
    MEMBER(InterruptFrame, vector);
    MEMBER(InterruptFrame, error);
    MEMBER(InterruptFrame, rip);
    MEMBER(InterruptFrame, cs);
    MEMBER(InterruptFrame, rflags);
    MEMBER(InterruptFrame, rsp);
    MEMBER(InterruptFrame, ss);

    SIZE(Context);
    MEMBER(Context, r15);
    MEMBER(Context, r14);
    MEMBER(Context, r13);
    MEMBER(Context, r12);
    MEMBER(Context, rbx);
    MEMBER(Context, rbp);
    MEMBER(Context, rflags);
    MEMBER(Context, rip);

    CONSTANT(kKernelStackSize);

    BITS("P", kDescriptorPresent);
    BITS("S", kDescriptorNotSystem);
    BITS("X", kDescriptorExecutable);
    BITS("W", kDescriptorWritable);
    BITS("A", kDescriptorAccessed);
    BITS("L", kDescriptorLong);
    BITS("DPL", code_descriptor(3) ^ code_descriptor(0));
    BITS("TSS limit 15:0", tss_bits(0, 0xffff));
    BITS("TSS limit 19:16", tss_bits(0, 0xf0000));
    BITS("TSS base 23:0", tss_bits(0xffffff, 0));
    BITS("TSS base 31:24", tss_bits(0xff000000, 0));
    // The type's highest and lowest bit are set.
    BITS("TSS type", tss_descriptor(0, 0)[0] & ~kDescriptorPresent);
    BITS("TSS base 63:32", tss_descriptor(~0ull, 0)[1]);
    CONSTANT(kKernelCode);
    CONSTANT(kKernelData);
    CONSTANT(kUserBase);
    CONSTANT(kUserData);
    CONSTANT(kUserCode);
    CONSTANT(kTssSelector);
    SIZE(Gdt);

    FLAG(TF);
    FLAG(IF);
    FLAG(DF);
    FLAG(IOPL);
    FLAG(NT);
    FLAG(RF);
    FLAG(AC);
    FLAG(ID);
    FLAG(FIXED);

#if __has_include(<arch/x86_64/syscall_frame.h>)
    SIZE(SyscallFrame);
    MEMBER(SyscallFrame, owner_cr3);
    MEMBER(SyscallFrame, entry_stack);
    MEMBER(SyscallFrame, r15);
    MEMBER(SyscallFrame, r14);
    MEMBER(SyscallFrame, r13);
    MEMBER(SyscallFrame, r12);
    MEMBER(SyscallFrame, r10);
    MEMBER(SyscallFrame, r9);
    MEMBER(SyscallFrame, r8);
    MEMBER(SyscallFrame, rbp);
    MEMBER(SyscallFrame, rdi);
    MEMBER(SyscallFrame, rsi);
    MEMBER(SyscallFrame, rdx);
    MEMBER(SyscallFrame, rbx);
    MEMBER(SyscallFrame, rax);
    MEMBER(SyscallFrame, number);
    MEMBER(SyscallFrame, r11);
    MEMBER(SyscallFrame, rcx);
    MEMBER(SyscallFrame, rsp);
#endif

#if __has_include(<arch/x86_64/pcr.h>)
    SIZE(ProcessorControlRegion);
    MEMBER(ProcessorControlRegion, self);
    MEMBER(ProcessorControlRegion, current);
    MEMBER(ProcessorControlRegion, scratch_rsp);
    MEMBER(ProcessorControlRegion, cpu);
    MEMBER(ProcessorControlRegion, gdt);
    MEMBER(ProcessorControlRegion, tss);
#endif

#if __has_include(<kernel/acpi/tables.h>)
    SIZE(TableHeader);
    SIZE(MadtHeader);
    SIZE(MadtEntry);
    MEMBER(MadtEntry, type);
    MEMBER(MadtEntry, length);
    SIZE(MadtLocalApic);
    MEMBER(MadtLocalApic, entry);
    MEMBER(MadtLocalApic, processor_uid);
    MEMBER(MadtLocalApic, apic_id);
    MEMBER(MadtLocalApic, flags);
    SIZE(MadtLocalX2Apic);
    MEMBER(MadtLocalX2Apic, entry);
    MEMBER(MadtLocalX2Apic, reserved);
    MEMBER(MadtLocalX2Apic, x2apic_id);
    MEMBER(MadtLocalX2Apic, flags);
    MEMBER(MadtLocalX2Apic, processor_uid);
    CONSTANT(kMadtLocalApic);
    CONSTANT(kMadtLocalX2Apic);
    SIZE(ProcessorStart);
    MEMBER(ProcessorStart, cr3);
    MEMBER(ProcessorStart, stack);
    MEMBER(ProcessorStart, region);
    MEMBER(ProcessorStart, hz);
#endif
}
