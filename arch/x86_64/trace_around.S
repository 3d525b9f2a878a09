/// @file
/// trace_around(six arguments, and on the stack: function, after, context): function(arguments), then after(context, result); returns the
/// result. In between RSP is lower by so much that `after` writes nothing where the function's frames were: in chapter 3's broken case the
/// same frames, a yield's, are returned through twice (docs/the-bug.md, step 6).
#ifdef TRACE

#define ROOM 1024

    .text
    .global trace_around
trace_around:
    pushq %rbp
    mov %rsp, %rbp
    sub $ROOM, %rsp
    call *16(%rbp)                              // function
    mov %rbp, %rsp
    pushq %rax
    sub $8, %rsp                                // the stack stays aligned for C++ (System V ABI, 3.2.2)
    mov 32(%rbp), %rdi                          // context
    mov %rax, %rsi
    call *24(%rbp)                              // after
    mov -8(%rbp), %rax
    leave
    ret

#endif
