/// @file
/// The 256 interrupt entries: each makes the stack uniform, says which vector it is, and goes to interrupt_entry.
///
///     SS, RSP, RFLAGS, CS, RIP, error code      pushed by the processor (error code: some vectors only, else 0 by the stub)
///     vector                                    pushed by the stub

    .text

/* One stub a vector: makes the frame uniform and says which vector it is. Vectors with an error code: 8, 10-14, 17, 21,
   29, 30 (Intel SDM 3A, table 6-1; AMD APM 2, table 8-1). */
    .balign 16
    .global interrupt_stubs
interrupt_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if vector != 8 && (vector < 10 || vector > 14) && vector != 17 && vector != 21 && vector != 29 && vector != 30
    pushq $0
    .endif
    pushq $vector
    jmp interrupt_entry
    .set vector, vector + 1
    .endr
