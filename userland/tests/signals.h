/// @file
/// Handlers for signals, with Linux's structures, and faults to be handled.
#pragma once

#include <userland/tests/check.h>

/// Returns from a handler: RSP is where the handler's RET has left it.
extern "C" void signal_restorer();

/// What a handler is told about the signal: siginfo_t.
struct SignalInfo {
    int signal, error, code, padding;
    uint64_t first, second, space[12];

    /// Who sent it, or which child has ended.
    int pid() const { return static_cast<int>(first); }
    /// How a child has ended.
    int status() const { return static_cast<int>(second); }
    /// Of a fault.
    uint64_t address() const { return first; }
};
static_assert(sizeof(SignalInfo) == 128);

/// Where the program was: ucontext_t, as far as the kernel writes it.
struct SignalContext {
    uint64_t flags, link;
    SignalStack stack;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, vector, old_mask, cr2, fpu, reserved[8];
    uint64_t blocked;

    /// Sets MXCSR in the image that `fpu` points to.
    void mxcsr(uint32_t value) { reinterpret_cast<uint32_t*>(fpu)[6] = value; }
};
static_assert(sizeof(SignalContext) == 304);

using SignalHandler = void (*)(int, SignalInfo*, SignalContext*);

/// Makes `handler` run on `signal`.
inline long handle(int signal, SignalHandler handler, uint64_t flags = 0, uint64_t mask = 0) {
    const SignalAction action{reinterpret_cast<uint64_t>(handler), flags | SA_SIGINFO | SA_RESTORER,
                              reinterpret_cast<uint64_t>(signal_restorer), mask};
    return syscall(SYS_rt_sigaction, signal, &action, 0, 8);
}
/// The set of `signal` alone.
constexpr uint64_t signal_bit(int signal) {
    return uint64_t{1} << (signal - 1);
}
/// Changes what is blocked, as `how` says.
inline long block(int how, uint64_t set) {
    return syscall(SYS_rt_sigprocmask, how, &set, 0, 8);
}

/// A child that borrows this process's memory and stack until it ends.
template <class F>
[[gnu::noinline]] long start_vfork_child(F body) {
    const long pid = syscall(SYS_vfork);
    if (pid != 0) return pid;
    body();
    exit(0);
}

extern "C" {
/// Functions that fault: on memory that is not there, memory that is read-only, an invalid instruction, a
/// division by zero, a breakpoint; where each goes on afterwards, and the address that it is about.
extern void (*const cause_fault[5])();
extern const uint64_t fault_resume[5], fault_address[5];
}
asm(R"(
    .text
signal_restorer:
    mov $15, %eax
    syscall
    ud2
no_memory:
    mov 0x1000, %al
no_memory_resume:
    ret
read_only:
    movb $0, read_only
read_only_resume:
    ret
invalid:
    ud2
invalid_resume:
    ret
divide:
    xor %eax, %eax
    xor %edx, %edx
divide_at:
    div %eax
divide_resume:
    ret
breakpoint:
    int3
breakpoint_resume:
    ret

    .section .rodata
    .balign 8
cause_fault: .quad no_memory, read_only, invalid, divide, breakpoint
fault_resume: .quad no_memory_resume, read_only_resume, invalid_resume, divide_resume, breakpoint_resume
fault_address: .quad 0x1000, read_only, invalid, divide_at, 0
    .text
)");
