/// @file
/// return_to_user_work(): called by the ways back to ring 3 when Task::work is set, with their frame on top of the stack. Hands its address
/// on to deliver_signals().
    .text
    .global return_to_user_work
return_to_user_work:
    lea 8(%rsp), %rdi                           // above the return address
    jmp deliver_signals
