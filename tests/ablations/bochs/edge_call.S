// Makes a system call with the last two bytes of the lower half of the address space, so that it would return
// to an address that is not canonical. A sound kernel refuses the page.
/// @file
/// Linked without the user library. Prints "edge_call: refused" if there is no such page; after the call there
/// is nothing more to run.

    .text
    .globl _start
    .type _start, @function
_start:
    mov $0x7ffffffff000, %rdi       // mmap(the last page, readable and writable, private anonymous fixed)
    mov $4096, %esi
    mov $3, %edx
    mov $0x32, %r10d
    mov $-1, %r8
    xor %r9d, %r9d
    mov $9, %eax
    syscall
    test %rax, %rax
    js 1f
    mov $0x7fffffffffff, %rbx
    movw $0x050f, -1(%rbx)          // SYSCALL
    mov $5, %edx                    // mprotect: readable and executable
    mov $10, %eax
    syscall
    mov $39, %eax                   // getpid
    dec %rbx
    jmp *%rbx

1:  mov $1, %edi                    // write(1, ...)
    lea text(%rip), %rsi
    mov $text_end - text, %edx
    mov $1, %eax
    syscall
    xor %edi, %edi                  // exit(0)
    mov $60, %eax
    syscall
    ud2
    .size _start, . - _start

    .section .rodata
text:
    .ascii "edge_call: refused\n"
text_end:

    .section .note.GNU-stack, "", @progbits
