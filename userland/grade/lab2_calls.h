/// @file
/// The system calls that lab2_calls makes one after the other, for the program and for its judge: what is in
/// the registers, and what comes back.
#pragma once

#include <cstddef>
#include <cstdint>

/// Stands for the address of a buffer in the program.
inline constexpr uint64_t kBuffer = 0x5403'7e00'0000'0002;

/// One call: number and arguments as they are in the registers. Registers that are no argument hold a
/// pattern.
struct GradeCall {
    const char* what;
    uint64_t number;
    size_t argument_count;
    uint64_t arguments[6];
    int64_t result;
};

inline constexpr uint64_t kMinusOne = ~0ull;

/// Calls whose result is known beforehand, in a process whose pid is 1. None of them sleeps.
inline constexpr GradeCall kGradeCalls[] = {
    {"getpid", 39, 0, {}, 1},
    {"getppid", 110, 0, {}, 0},
    {"close(-1)", 3, 1, {kMinusOne}, -9},
    {"dup(-1)", 32, 1, {kMinusOne}, -9},
    {"lseek(-1, 0, 0)", 8, 3, {kMinusOne, 0, 0}, -9},
    {"fcntl(-1, F_GETFD)", 72, 3, {kMinusOne, 1, 0}, -9},
    {"sched_yield", 24, 0, {}, 0},
    {"fstat(-1)", 5, 2, {kMinusOne, kBuffer}, -9},
    {"uname", 63, 1, {kBuffer}, 0},
    {"wait4 without children", 61, 4, {kMinusOne, 0, 1, 0}, -10},
    {"mprotect of an odd address", 10, 3, {1, 0, 0}, -22},
    {"getpid with a 1 in bit 32 of RAX", 1ull << 32 | 39, 0, {}, 1},
    {"getpid with all upper bits of RAX set", 0xffff'ffff'0000'0027, 0, {}, 1},
    {"call 999", 999, 0, {}, -38},
    {"call 0xffffffff", 0xffff'ffff, 0, {}, -38},
    {"call -1", kMinusOne, 0, {}, -38},
    {"call 0x80000000", 0x8000'0000, 0, {}, -38},
};

/// Calls with addresses that are no business of a program; each must be refused with EFAULT.
inline constexpr GradeCall kGradeBadPointers[] = {
    {"uname(null)", 63, 1, {0}, -14},
    {"uname(kernel text)", 63, 1, {0xffff'ffff'8010'0000}, -14},
    {"uname(direct map)", 63, 1, {0xffff'8000'0010'0000}, -14},
    {"uname(not canonical)", 63, 1, {0x0000'8000'0000'0000}, -14},
    {"uname(last bytes of everything)", 63, 1, {0xffff'ffff'ffff'fff8}, -14},
    {"uname(its own code)", 63, 1, {0x10000}, -14},
    {"pipe2(kernel text)", 293, 2, {0xffff'ffff'8010'0000, 0}, -14},
    {"open(null)", 2, 3, {0, 0, 0}, -14},
    {"open(kernel text)", 2, 3, {0xffff'ffff'8010'0000, 0, 0}, -14},
    {"write(1, nothing mapped, 8)", 1, 3, {1, 0x4000'0000, 8}, -14},
    {"write(1, direct map, 8)", 1, 3, {1, 0xffff'8000'0010'0000, 8}, -14},
    {"nanosleep(not canonical)", 35, 2, {0x8000'0000'0000'0000, 0}, -14},
};

inline constexpr size_t kGradeCallCount = sizeof kGradeCalls / sizeof *kGradeCalls;
inline constexpr size_t kGradeBadPointerCount = sizeof kGradeBadPointers / sizeof *kGradeBadPointers;

/// The registers in the order in which both sides number them.
inline constexpr const char* kGradeRegisters[] = {"RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP", "RSP",
                                                  "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15"};
enum GradeRegister : size_t { kRax, kRbx, kRcx, kRdx, kRsi, kRdi, kRbp, kRsp, kR8, kR9, kR10, kR11 };
inline constexpr size_t kGradeRegisterCount = 16;
/// Which register holds which argument of a system call.
inline constexpr size_t kGradeArguments[] = {kRdi, kRsi, kRdx, kR10, kR8, kR9};

/// RFLAGS at call number `call`: DF, AC and NT do no harm to a program.
constexpr uint64_t grade_flags(uint64_t call) {
    constexpr uint64_t kAlways = 0x202, kStatus = 0x8d5, kDf = 1 << 10, kNt = 1 << 14, kAc = 1 << 18,
                       kId = 1 << 21;
    return kAlways | (call & 1 ? kStatus | kId | kNt : kAc | kDf);
}
/// What register `index` holds at call number `call` of a run with this nonce, unless it is an argument or
/// the number. RSP is never an address of the kernel's.
constexpr uint64_t grade_pattern(uint64_t nonce, uint64_t call, uint64_t index) {
    const uint64_t value = (nonce + 64 * call + index + 1) * 0x9e37'79b9'7f4a'7c15;
    return index == kRsp ? value >> 1 : value;
}
