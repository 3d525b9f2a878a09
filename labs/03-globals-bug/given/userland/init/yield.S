/// @file
/// init's yield: the first code of its image (see program.ld). YIELD_PADDING moves it, to show that the panic moves with it.
    .section .text.first, "ax", @progbits
    .globl init_yield
    .type init_yield, @function
init_yield:
#ifdef YIELD_PADDING
    .skip YIELD_PADDING, 0x90
#endif
    mov $24, %rax                   // sched_yield
    syscall
    ret
    .size init_yield, . - init_yield

    .section .note.GNU-stack, "", @progbits
