/// @file
/// user_copy(to RDI, from RSI, count RDX): copies bytes of which one side is a user's. Returns the number of bytes
/// that could not be copied; a fault that nobody mends ends the copy there.
    .text
    .global user_copy
user_copy:
    mov %rdx, %rcx
.Lfault:
    rep movsb                                   // RCX counts down: what is left when a fault hits is in it
.Lresume:
    mov %rcx, %rax
    ret

    .section .extable, "a"
    .balign 8
    .quad .Lfault, .Lresume
