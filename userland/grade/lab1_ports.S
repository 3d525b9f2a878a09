/// @file
/// Reads or writes an I/O port, which ring 3 may not, and notes it if it could.

    .text
    .globl _start
    .type _start, @function
_start:
    mov lab1_port, %edx
    cmpq $0, lab1_write
    jne lab1_out
    .globl lab1_in
lab1_in:
    in %dx, %al
    jmp 1f
    .globl lab1_out
lab1_out:
    out %al, %dx
1:  movq $1, lab1_done
    .globl grade_done
grade_done:
    ud2
    .size _start, . - _start

    .data
    .globl lab1_port, lab1_write, lab1_done
    .balign 8
lab1_port:      .quad 0x60
lab1_write:     .quad 0
lab1_done:      .quad 0

    .section .note.GNU-stack, "", @progbits
