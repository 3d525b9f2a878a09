/// @file
/// From the boot loader's 32-bit world to kernel_main() in the higher half. Two doors, one room:
/// multiboot2_entry (GRUB) and pvh_entry (QEMU -kernel) differ only in how they say where their data lies.

/* ---- Multiboot2 header (Multiboot2 Specification 2.0, 3.1) ---- */
    .section .multiboot2, "a"
    .balign 8
multiboot2_header:
    .long 0xe85250d6                            // magic
    .long 0                                     // i386, 32-bit protected mode
    .long multiboot2_header_end - multiboot2_header
    .long -(0xe85250d6 + 0 + (multiboot2_header_end - multiboot2_header))
    .balign 8                                   // modules start at page boundaries
    .short 6, 0
    .long 8
    .balign 8                                   // end of tags
    .short 0, 0
    .long 8
multiboot2_header_end:

/* ---- PVH entry point, found by QEMU in an ELF note (Xen's elfnote.h: PHYS32_ENTRY) ---- */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 8, 18                              // name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .balign 4
    .quad pvh_entry

/* ---- 32-bit code, at its physical address, paging off ---- */
    .section .boot.text, "ax"
    .code32
    .global multiboot2_entry
multiboot2_entry:                               // EAX: the loader's magic, EBX: its data
    mov %eax, %edi
    jmp start32

    .global pvh_entry
pvh_entry:                                      // EBX: struct hvm_start_info
    mov $0x336ec578, %edi
start32:
    cli
    cld
    mov %ebx, %esi                              // EDI, ESI: the two arguments of kernel_main, kept from here on
    mov $boot_stack32_end, %esp

    mov $0x80000000, %eax                       // long mode and NX, or a readable complaint
    cpuid
    cmp $0x80000001, %eax
    jb no_long_mode
    mov $0x80000001, %eax
    cpuid
    and $(1 << 29 | 1 << 20), %edx
    cmp $(1 << 29 | 1 << 20), %edx
    jne no_long_mode

    // Early tables: the first 4 GiB in pages of 2 MiB, seen at 0, at the direct map and (1 GiB of it) at -2 GiB.
    // All of it is executable; init_paging() replaces it by tables that are not.
    mov $boot_pd, %ebx
    xor %ecx, %ecx
1:  mov %ecx, %eax
    shl $21, %eax
    or $0x83, %eax                              // present, writable, 2 MiB
    mov %eax, (%ebx, %ecx, 8)
    movl $0, 4(%ebx, %ecx, 8)
    inc %ecx
    cmp $2048, %ecx
    jb 1b

    movl $(boot_pd + 0x0003), boot_pdpt_low + 0
    movl $(boot_pd + 0x1003), boot_pdpt_low + 8
    movl $(boot_pd + 0x2003), boot_pdpt_low + 16
    movl $(boot_pd + 0x3003), boot_pdpt_low + 24
    movl $(boot_pd + 0x0003), boot_pdpt_high + 510 * 8
    movl $(boot_pdpt_low + 3), boot_pml4 + 0
    movl $(boot_pdpt_low + 3), boot_pml4 + 256 * 8
    movl $(boot_pdpt_high + 3), boot_pml4 + 511 * 8

    mov $boot_pml4, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $(1 << 5), %eax                          // PAE
    mov %eax, %cr4
    mov $0xc0000080, %ecx                       // IA32_EFER
    rdmsr
    or $(1 << 8 | 1 << 11), %eax                // LME, NXE
    wrmsr
    mov %cr0, %eax
    or $(1 << 31 | 1 << 16 | 1), %eax           // PG, WP, PE
    mov %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $0x10, $start64

no_long_mode:                                   // COM1 as the firmware or QEMU left it
    mov $no_long_mode_text, %esi
1:  mov $0x3fd, %dx
2:  in %dx, %al
    test $0x20, %al
    jz 2b
    lodsb
    test %al, %al
    jz 3f
    mov $0x3f8, %dx
    out %al, %dx
    jmp 1b
3:  hlt
    jmp 3b
no_long_mode_text:
    .asciz "Trapline needs a 64-bit processor with no-execute pages; this one lacks them (QEMU: -cpu max).\r\n"

    .code64
start64:
    mov $0x18, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    mov $boot_stack_top, %rsp
    xor %ebp, %ebp                              // the last frame of every backtrace
    movabs $kernel_main, %rax
    call *%rax                                  // kernel_main(EDI, ESI); does not return
    ud2

    .balign 8
    .global boot_gdt
boot_gdt:                                       // selectors as in gdt.h, so that nothing changes when it is replaced
    .quad 0, 0
    .quad 0x00af9b000000ffff                    // 0x10: ring 0 code, 64-bit
    .quad 0x00cf93000000ffff                    // 0x18: ring 0 data
boot_gdt_pointer:
    .short . - boot_gdt - 1
    .long boot_gdt
    .long 0

    .section .boot.bss, "aw", @nobits
    .balign 4096
    .global boot_pml4
boot_pml4:      .skip 4096
boot_pdpt_low:  .skip 4096
boot_pdpt_high: .skip 4096
boot_pd:        .skip 4 * 4096
boot_stack32:   .skip 4096
boot_stack32_end:

/* The stack of kernel_main until the boot task has one of its own. Aligned like a kernel stack, its owner word is
   zero: current() says "nobody". */
    .section .bss.boot_stack, "aw", @nobits
    .balign 16384
boot_stack:     .skip 16384
boot_stack_top:
