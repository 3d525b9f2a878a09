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
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    mov $(1 << 5), %eax                         // CR4: PAE
    mov %eax, %cr4
    mov $boot_pml4, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx                       // IA32_EFER
    rdmsr
    or $(1 << 8 | 1 << 11), %eax                // LME, NXE
    wrmsr
    lgdtl gdt_pointer - trampoline
    mov $(1 << 31 | 1 << 16 | 1 << 4 | 1), %eax // CR0: PG, WP, ET, PE; the caches, off since INIT, go on
    mov %eax, %cr0
    ljmpl $0x10, $processor_start64
    .balign 4
    .short 0
gdt_pointer:
    .short 4 * 8 - 1
    .long boot_gdt
trampoline_end:

    .text
    .code64
    .global processor_start_high
processor_start_high:
    mov processor_start_data + OFFSETOF_ProcessorStart_cr3(%rip), %rax
    mov %rax, %cr3                              // the kernel's own tables: the stack is mapped only there
    mov processor_start_data + OFFSETOF_ProcessorStart_stack(%rip), %rsp
    mov $0xc0000101, %ecx                       // IA32_GS_BASE, before any C++
    mov processor_start_data + OFFSETOF_ProcessorStart_region(%rip), %rax
    mov %rax, %rdx
    shr $32, %rdx
    wrmsr
    lea processor_start_data(%rip), %rdi
    xor %ebp, %ebp                              // the last frame of every backtrace
    call processor_main
    ud2

    .section .note.GNU-stack, "", @progbits
