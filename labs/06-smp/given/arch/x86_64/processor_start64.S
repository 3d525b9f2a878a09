/// @file
/// Between the two halves of trampoline.S: the segment registers of 64-bit mode, and the way to the higher half.
#include <arch/x86_64/asm_offsets.h>

    .section .boot.text, "ax"
    .code64
    .global processor_start64
processor_start64:                              // at its physical address, in 64-bit mode
    mov $0x18, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    movabs $processor_start_high, %rax
    jmp *%rax

    .bss
    .balign 8
    .global processor_start_data
processor_start_data:
    .skip SIZEOF_ProcessorStart

    .section .note.GNU-stack, "", @progbits
