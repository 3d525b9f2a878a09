/// @file
/// A system call made with every register set to a chosen value, and every register read back after it.
/// Written in assembly, because a compiler would need some of the registers for itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include <userland/lib/abi.h>
#include <userland/tests/check.h>

/// All that a program sees of the processor, in the order that the assembly below knows.
struct Registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags;
    uint64_t mxcsr;
    uint64_t xmm[16][2];
};
static_assert(offsetof(Registers, rsp) == 56 && offsetof(Registers, r15) == 120);
static_assert(offsetof(Registers, rflags) == 128 && offsetof(Registers, xmm) == 144);

// Flags that any program may set in RFLAGS, and those that are always set.
enum : uint64_t {
    RFLAGS_STATUS = 0x8d5,  ///< CF PF AF ZF SF OF
    RFLAGS_DF = 0x400,
    RFLAGS_NT = 0x4000,
    RFLAGS_AC = 0x40000,
    RFLAGS_ID = 0x200000,
    RFLAGS_ALWAYS = 0x202  ///< bit 1 and IF
};

extern "C" {
/// What syscall_probe() loads before the instruction.
alignas(16) [[gnu::used]] inline Registers probe_in;
/// What it finds afterwards.
alignas(16) [[gnu::used]] inline Registers probe_out;
/// RSP while the probe's own value is loaded.
[[gnu::used]] inline uint64_t probe_saved_rsp;
/// Executes `syscall` with the registers of probe_in. Keeps what the C ABI wants kept.
void syscall_probe();
/// The address behind the `syscall` instruction.
extern const char probe_return[];
}

// Between the two macros every register holds the program's pattern.
asm(R"(
    .macro LOAD_REGISTERS
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    pushfq
    mov %rsp, probe_saved_rsp
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqu probe_in+144+16*\n, %xmm\n
    .endr
    ldmxcsr probe_in+136
    pushq probe_in+128
    popfq
    mov probe_in+0, %rax
    mov probe_in+8, %rbx
    mov probe_in+16, %rcx
    mov probe_in+24, %rdx
    mov probe_in+32, %rsi
    mov probe_in+40, %rdi
    mov probe_in+48, %rbp
    mov probe_in+56, %rsp
    mov probe_in+64, %r8
    mov probe_in+72, %r9
    mov probe_in+80, %r10
    mov probe_in+88, %r11
    mov probe_in+96, %r12
    mov probe_in+104, %r13
    mov probe_in+112, %r14
    mov probe_in+120, %r15
    .endm

    .macro STORE_REGISTERS
    mov %rax, probe_out+0
    mov %rbx, probe_out+8
    mov %rcx, probe_out+16
    mov %rdx, probe_out+24
    mov %rsi, probe_out+32
    mov %rdi, probe_out+40
    mov %rbp, probe_out+48
    mov %rsp, probe_out+56
    mov %r8, probe_out+64
    mov %r9, probe_out+72
    mov %r10, probe_out+80
    mov %r11, probe_out+88
    mov %r12, probe_out+96
    mov %r13, probe_out+104
    mov %r14, probe_out+112
    mov %r15, probe_out+120
    mov probe_saved_rsp, %rsp
    pushfq
    popq probe_out+128
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqu %xmm\n, probe_out+144+16*\n
    .endr
    stmxcsr probe_out+136
    popfq
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    .endm

    .text
    .globl syscall_probe, probe_return
    .type syscall_probe, @function
syscall_probe:
    LOAD_REGISTERS
    syscall
probe_return:
    STORE_REGISTERS
    ret
    .size syscall_probe, . - syscall_probe
)");

/// Fills `registers` with values that differ from each other and, for another `seed`, from those before. RSP
/// too: a system call has no business on the program's stack.
inline void fill_pattern(Registers& registers, uint64_t seed) {
    auto* word = reinterpret_cast<uint64_t*>(&registers);
    for (size_t i = 0; i < sizeof registers / sizeof *word; ++i)
        word[i] = (seed + i + 1) * 0x9e3779b97f4a7c15;
    registers.rflags = RFLAGS_ALWAYS | (seed & 1 ? RFLAGS_STATUS | RFLAGS_ID : 0);
    registers.mxcsr = 0x1f80 | (seed & 3) << 13;  // all exceptions masked, any rounding
}

/// Compares what syscall_probe() left with what the ABI promises: RCX holds the address behind the
/// instruction, R11 the flags, RAX the result; all else is as before. False, and `text` says what, when it
/// does not.
inline bool registers_kept(char* text, size_t size) {
    static constexpr const char* kNames[] = {"rax", "rbx", "rcx", "rdx", "rsi",    "rdi",
                                             "rbp", "rsp", "r8",  "r9",  "r10",    "r11",
                                             "r12", "r13", "r14", "r15", "rflags", "mxcsr"};
    Registers expected = probe_in;
    expected.rax = probe_out.rax;
    expected.rcx = reinterpret_cast<uint64_t>(probe_return);
    expected.r11 = probe_in.rflags;
    auto* want = reinterpret_cast<const uint64_t*>(&expected);
    auto* have = reinterpret_cast<const uint64_t*>(&probe_out);
    for (size_t i = 0; i < sizeof expected / sizeof *want; ++i) {
        if (want[i] == have[i]) continue;
        if (i < 18)
            format_text(text, size, "%s is 0x%lx, not 0x%lx", kNames[i], have[i], want[i]);
        else
            format_text(text, size, "xmm%lu holds 0x%lx, not 0x%lx", (i - 18) / 2, have[i], want[i]);
        return false;
    }
    return true;
}

/// Fails, with the name of the call, unless all that is so.
inline void check_registers(const char* what) {
    char text[100];
    if (!registers_kept(text, sizeof text)) fail("%s: %s", what, text);
}
