/// @file
/// The first instructions of a processor: from real mode to C++ on its own stack.
///
/// A start-up message names a page below 1 MiB; processors.cpp copies the 16-bit part there. It goes to long mode in one step, under the
/// tables of boot.S, which map the first 4 GiB where they are and the kernel at its place (Intel SDM 3A, 9.8.5).
#include <arch/x86_64/asm_offsets.h>

    .section .rodata.trampoline, "a"
    .code16
    .global trampoline, trampoline_end
trampoline:                                     // CS: the page, IP: 0
    // TODO(lab6.2): the processor is in 64-bit mode under boot_pml4, with no-execute and write protection on and its caches working,
    // and goes on at processor_start64 with boot_gdt's selector 0x10 in CS.
1:  cli
    hlt
    jmp 1b
    .balign 4
    .short 0
gdt_pointer:                                    // for LGDT: the limit, and the address
    .short 4 * 8 - 1
    .long boot_gdt
trampoline_end:

    .text
    .code64
    .global processor_start_high
processor_start_high:                           // from processor_start64.S: in the kernel's half, no stack yet
    // TODO(lab6.2): processor_main(processor_start_data) is called on the stack that the data names, under the kernel's own page tables,
    // with the GS base that the data names.
1:  cli
    hlt
    jmp 1b

    .section .note.GNU-stack, "", @progbits
