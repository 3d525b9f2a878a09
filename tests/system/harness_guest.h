/// @file
/// A tiny guest for the harness's own tests: long mode, four page tables, and one-letter commands on COM1. It
/// is assembled when the tests run.
#pragma once

/// Source for GNU as. Prints "READY\n", then reads letters: B prints all 256 byte values, F floods, H halts
/// for good, I executes INT3, P powers off, R resets, S spins silently, T triple-faults, W increments
/// `counter`, X writes 0x21 to the debug-exit port; every other byte is echoed.
inline constexpr const char* kHarnessGuestSource = R"(
        .set OFFSETOF_Task_pid, 0x1234
        .globl OFFSETOF_Task_pid

        .section .note.pvh, "a", @note
        .long 4, 4, 18                  # name size, content size, XEN_ELFNOTE_PHYS32_ENTRY
        .asciz "Xen"
        .long _start

        .text
        .code32
        .globl _start
_start:
        mov $stack_top, %esp
        mov $pml4, %eax
        mov %eax, %cr3
        mov $0x20, %eax                 # CR4.PAE
        mov %eax, %cr4
        mov $0xc0000080, %ecx           # EFER
        rdmsr
        or $0x900, %eax                 # LME, NXE
        wrmsr
        mov $0x80010001, %eax           # PG, WP, PE
        mov %eax, %cr0
        lgdt gdt_pointer
        ljmp $8, $long_mode

        .code64
long_mode:
        mov $0x10, %eax
        mov %eax, %ss
        mov %eax, %ds
        mov %eax, %es
        mov $idt + 2 * 16, %edi         # NMI
        mov $nmi_entry, %eax
        call set_gate
        mov $idt + 3 * 16, %edi         # #BP
        mov $breakpoint_entry, %eax
        call set_gate
        lidt idt_pointer
        mov $0xfee00000, %ebx           # local APIC
        movl $0x1ff, 0xf0(%rbx)         # enabled
        movl $0x400, 0x360(%rbx)        # LINT1, where QEMU's inject-nmi arrives, is an NMI
        mov $ready, %esi
        mov $6, %ecx
1:      lodsb
        call put
        loop 1b
main_loop:
        call get
        cmp $'B', %al
        je bytes
        cmp $'F', %al
        je flood
        cmp $'H', %al
        je halt
        cmp $'I', %al
        je breakpoint
        cmp $'P', %al
        je power_off
        cmp $'R', %al
        je reset
        cmp $'S', %al
        je spin
        cmp $'T', %al
        je triple_fault
        cmp $'W', %al
        je write_counter
        cmp $'X', %al
        je debug_exit
        call put
        jmp main_loop

bytes:  xor %ebx, %ebx
1:      mov %ebx, %eax
        call put
        inc %bl
        jnz 1b
        jmp main_loop
flood:  mov $'x', %al
        call put
        jmp flood
halt:   cli
        hlt
        jmp halt
breakpoint:
        int3
        mov $'i', %al
        call put
        jmp main_loop
power_off:
        mov $0x604, %edx                # ACPI PM1a control, as the firmware sets it up
        mov $0x2000, %eax
        out %ax, %dx
        jmp halt
reset:  mov $0xfe, %al
        out %al, $0x64
        jmp halt
spin:   jmp spin
triple_fault:
        lidt no_idt
        ud2
write_counter:
        .globl counter_write
counter_write:
        incq counter
        .globl after_counter_write
after_counter_write:
        mov $'w', %al
        call put
        jmp main_loop
debug_exit:
        mov $0x21, %eax
        out %eax, $0xf4
        jmp halt

        .type put, @function
put:    mov %eax, %r8d
        mov $0x3fd, %edx
1:      in %dx, %al
        test $0x20, %al
        jz 1b
        mov %r8d, %eax
        mov $0x3f8, %edx
        out %al, %dx
        ret
        .size put, . - put
get:    mov $0x3fd, %edx
        .globl poll
poll:   in %dx, %al
        test $1, %al
        jz poll
        mov $0x3f8, %edx
        in %dx, %al
        ret
set_gate:
        mov %ax, (%rdi)
        movw $8, 2(%rdi)
        movw $0x8e00, 4(%rdi)
        shr $16, %eax
        mov %ax, 6(%rdi)
        ret
nmi_entry:
        incq nmi_count
        iretq
breakpoint_entry:
        iretq

        .globl _ZN4Demo5valueEi
        .type _ZN4Demo5valueEi, @function
_ZN4Demo5valueEi:
        ret
        .size _ZN4Demo5valueEi, . - _ZN4Demo5valueEi

        .data
ready:  .ascii "READY\n"
        .balign 8
gdt:    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
        .word gdt_pointer - gdt - 1
        .quad gdt
idt_pointer:
        .word 32 * 16 - 1
        .quad idt
no_idt: .word 0
        .quad 0
        .balign 8
        .globl counter
counter: .quad 41
        .globl nmi_count
nmi_count: .quad 0
        # Two GiB mapped one to one; a large page and two small ones in the highest GiB but one.
        .balign 4096
pml4:   .quad pdpt + 7
        .fill 510, 8, 0
        .quad high_pdpt + 3
pdpt:   .quad 0x87, 0, 0, 0xc0000093    # the fourth GiB holds the local APIC
        .fill 508, 8, 0
high_pdpt:
        .fill 510, 8, 0
        .quad high_pd + 3
        .quad 0
high_pd: .quad 0x200083
        .quad high_pt + 3
        .fill 510, 8, 0
high_pt: .quad 0x100001
        .quad 0x8000000000101003
        .fill 510, 8, 0

        .bss
        .balign 16
idt:    .skip 32 * 16
        .skip 4096
stack_top:
)";
