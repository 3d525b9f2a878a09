/// @file
/// Between the two halves of trampoline.S: the way to the higher half. The data segment registers are still those of real
/// mode, which 64-bit mode does not look at; load_gdt() sets them.
#include <arch/x86_64/asm_offsets.h>

    .section .boot.text, "ax"
    .code64
    .global processor_start64
processor_start64:                              // at its physical address, in 64-bit mode
    movabs $processor_start_high, %rax
    jmp *%rax

    .bss
    .balign 8
    .global processor_start_data
processor_start_data:
    .skip SIZEOF_ProcessorStart
