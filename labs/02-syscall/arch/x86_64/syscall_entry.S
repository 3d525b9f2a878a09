/// @file
/// SYSCALL's way in and out (Intel SDM 2B, SYSCALL and SYSRET).
///
/// The processor has put RIP into RCX and RFLAGS into R11, loaded CS and SS from STAR, RIP from LSTAR, and cleared the flags
/// named in FMASK, IF among them. RSP is still the user's. A SyscallFrame as it shall lie at the call of syscall_dispatch, highest address first:
///
///     CURRENT_KERNEL_STACK ->
///     RCX  R11  number  RAX  RBX RDX RSI RDI RBP R8 R9 R10 R12 R13 R14 R15
#include <arch/x86_64/asm_offsets.h>
#include <arch/x86_64/entry_stack.h>
#include <arch/x86_64/frame_check_macros.h>

    .text
    .global syscall_entry
syscall_entry:
    // TODO(lab2.4): the program's RSP is in USER_RSP_SCRATCH, nothing was written to the program's stack, and RSP points to a SyscallFrame
    // that ends at CURRENT_KERNEL_STACK and holds every register as it was at the SYSCALL. ENTRY_STACK is that variable as an operand.
    lea message_stack(%rip), %rsp               // these three lines only say what is missing
    xor %ebp, %ebp
    call syscall_entry_missing

    xor %ebp, %ebp                              // a backtrace ends here
    FRAME_CHECK_ENTRY                           // chapter 3's: RSP must point to the complete frame
    mov %rsp, %rdi
    call syscall_dispatch

    .global syscall_exit
syscall_exit:                                   // RSP: SyscallFrame. The child of a fork starts here.
    // TODO(lab2.6): while current()->work is not zero the program does not run on; return_to_user_work() sees to it.
    // TODO(lab2.6): the program goes on behind its SYSCALL in ring 3 with RSP, RFLAGS and all registers as they were, but for RCX and R11
    // and the result in RAX, and no interrupt can be taken in ring 0 once RSP is the program's.
    call syscall_exit_missing                   // this line only says what is missing
    FRAME_CHECK_EXIT                            // chapter 3's: interrupts are off, RSP still points to the complete frame

    .bss
    .balign 8
    .global CURRENT_KERNEL_STACK, USER_RSP_SCRATCH
CURRENT_KERNEL_STACK: .quad 0
USER_RSP_SCRATCH: .quad 0

    .balign 16                                  // for the message only
    .skip 4096
message_stack:

    .section .note.GNU-stack, "", @progbits
