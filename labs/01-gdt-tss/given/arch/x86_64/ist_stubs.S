/// @file
/// The entries of the exceptions that have an interrupt stack (IST) of their own; their frame is that of interrupt_stubs.S.

    .text
    .global nmi_entry, debug_entry, machine_check_entry, double_fault_entry
nmi_entry:
    pushq $0
    pushq $2
    jmp ist_entry
debug_entry:
    pushq $0
    pushq $1
    jmp ist_entry
machine_check_entry:
    pushq $0
    pushq $18
    jmp ist_entry
double_fault_entry:                             // has an error code, always 0
    pushq $8
    jmp ist_entry
