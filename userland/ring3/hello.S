// Puts known patterns into its .data and into the registers, then executes int3. Expected: #BP, vector 3, RIP =
// hello_end.
/// @file
/// A sign of life that needs no system call: whoever looks at the machine from outside at the breakpoint finds
/// hello_data filled with 0x5a and each register holding 0x7470_0000_0000_00nn, nn the register's number in the
/// instruction encoding (RAX 0, RCX 1, RDX 2, RBX 3, RBP 5, RSI 6, RDI 7, R8 to R15); RSP is left alone.

    .text
    .globl _start
    .type _start, @function
_start:
    mov $hello_data, %edi
    mov $64, %ecx
    mov $0x5a, %eax
    rep stosb
    mov $0x7470000000000000, %rax
    mov $0x7470000000000001, %rcx
    mov $0x7470000000000002, %rdx
    mov $0x7470000000000003, %rbx
    mov $0x7470000000000005, %rbp
    mov $0x7470000000000006, %rsi
    mov $0x7470000000000007, %rdi
    mov $0x7470000000000008, %r8
    mov $0x7470000000000009, %r9
    mov $0x747000000000000a, %r10
    mov $0x747000000000000b, %r11
    mov $0x747000000000000c, %r12
    mov $0x747000000000000d, %r13
    mov $0x747000000000000e, %r14
    mov $0x747000000000000f, %r15
    int3
    .globl hello_end
hello_end:
    ud2
    .size _start, . - _start

    .data
    .globl hello_data
    .balign 64
hello_data:
    .ascii "before ring 3 ran, this is what the file holds: 64 bytes of it. "
    .size hello_data, . - hello_data
    .if . - hello_data - 64
    .error "hello_data is not 64 bytes"
    .endif

    .section .note.GNU-stack, "", @progbits
