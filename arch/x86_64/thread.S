/// @file
/// Where a new kernel thread starts: switch_context() "returns" here with the body in RBX and its argument in R12.
    .text
    .global kernel_thread_start
kernel_thread_start:
    xor %ebp, %ebp                              // the last frame of every backtrace
    mov %r12, %rdi
    call *%rbx
    call kernel_thread_end
    ud2
