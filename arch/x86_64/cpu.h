/// @file
/// The processor's instructions that C++ has no words for. Each acts on the processor that it is executed on,
/// in ring 0 and in any context, unless a comment says otherwise.
#pragma once

#include <cstdint>

/// RFLAGS bits (Intel SDM 1, 3.4.3).
inline constexpr uint64_t kRFLAGS_TF = 1ull << 8;     ///< trap: #DB after the next instruction
inline constexpr uint64_t kRFLAGS_IF = 1ull << 9;     ///< interrupts are let in
inline constexpr uint64_t kRFLAGS_DF = 1ull << 10;    ///< direction: string instructions go down
inline constexpr uint64_t kRFLAGS_IOPL = 3ull << 12;  ///< ring that IN, OUT, CLI and STI need
inline constexpr uint64_t kRFLAGS_NT = 1ull << 14;    ///< nested task: makes IRET fault (#GP) in 64-bit mode
inline constexpr uint64_t kRFLAGS_RF = 1ull << 16;    ///< resume: no breakpoint at the next instruction
inline constexpr uint64_t kRFLAGS_AC = 1ull
                                       << 18;  ///< alignment check; with SMAP: ring 0 may touch user pages
inline constexpr uint64_t kRFLAGS_ID = 1ull << 21;  ///< can be changed where CPUID exists
/// CF, PF, AF, ZF, SF and OF.
inline constexpr uint64_t kRFLAGS_ARITHMETIC = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 11;
/// What a program may set for itself, as POPF in ring 3 lets it.
inline constexpr uint64_t kRFLAGS_USER =
    kRFLAGS_ARITHMETIC | kRFLAGS_TF | kRFLAGS_DF | kRFLAGS_NT | kRFLAGS_RF | kRFLAGS_AC | kRFLAGS_ID;
/// Bit 1 is always 1.
inline constexpr uint64_t kRFLAGS_FIXED = 1ull << 1;

/// Model-specific registers (Intel SDM 4, table 2-2).
inline constexpr uint32_t kIA32_APIC_BASE = 0x1b;      ///< base of the local APIC and whether it is enabled
inline constexpr uint32_t kIA32_EFER = 0xc0000080;     ///< extended features: SCE, long mode, no-execute
inline constexpr uint32_t kIA32_STAR = 0xc0000081;     ///< selectors of SYSCALL and SYSRET
inline constexpr uint32_t kIA32_LSTAR = 0xc0000082;    ///< where SYSCALL goes in 64-bit mode
inline constexpr uint32_t kIA32_FMASK = 0xc0000084;    ///< flags that SYSCALL clears
inline constexpr uint32_t kIA32_FS_BASE = 0xc0000100;  ///< base of FS
inline constexpr uint32_t kIA32_GS_BASE = 0xc0000101;  ///< base of GS, the one in use
inline constexpr uint32_t kIA32_KERNEL_GS_BASE = 0xc0000102;  ///< the base that SWAPGS exchanges it with
inline constexpr uint64_t kEFER_SCE = 1ull << 0;              ///< SYSCALL and SYSRET may be used

/// Control register bits (Intel SDM 3A, 2.5).
inline constexpr uint64_t kCR0_MP = 1ull << 1;           ///< WAIT looks at TS
inline constexpr uint64_t kCR0_EM = 1ull << 2;           ///< no x87 unit: x87 instructions are #NM, SSE #UD
inline constexpr uint64_t kCR0_TS = 1ull << 3;           ///< x87 and SSE instructions are #NM
inline constexpr uint64_t kCR0_NE = 1ull << 5;           ///< x87 errors are #MF, not an interrupt line
inline constexpr uint64_t kCR0_WP = 1ull << 16;          ///< ring 0 can't write to read-only pages either
inline constexpr uint64_t kCR4_PGE = 1ull << 7;          ///< global pages survive a CR3 load
inline constexpr uint64_t kCR4_OSFXSR = 1ull << 9;       ///< FXSAVE, FXRSTOR and SSE may be used
inline constexpr uint64_t kCR4_OSXMMEXCPT = 1ull << 10;  ///< SSE errors are #XM
inline constexpr uint64_t kCR4_UMIP = 1ull << 11;        ///< CpuFeatures::umip
inline constexpr uint64_t kCR4_FSGSBASE = 1ull << 16;    ///< RDFSBASE and its kin may be used
inline constexpr uint64_t kCR4_OSXSAVE = 1ull << 18;     ///< CpuFeatures::xsave
inline constexpr uint64_t kCR4_SMEP = 1ull << 20;        ///< CpuFeatures::smep
inline constexpr uint64_t kCR4_SMAP = 1ull << 21;        ///< CpuFeatures::smap

/// What this processor has of the optional things the kernel uses when present.
struct CpuFeatures {
    bool smep = false;      ///< ring 0 can't execute user pages
    bool smap = false;      ///< ring 0 can't touch user pages unless it says so with STAC
    bool umip = false;      ///< ring 3 can't read the descriptor-table registers
    bool fsgsbase = false;  ///< RDFSBASE and its kin
    bool xsave = false;     ///< XSAVE and XRSTOR
    bool avx = false;       ///< AVX, whose registers only those two know
    bool rdrand = false;    ///< a hardware random number generator
};
/// Filled by init_cpu_features(); constant afterwards.
extern CpuFeatures cpu_features;

/// XCR0: which states XSAVE and XRSTOR deal with and programs may use (Intel SDM 1, 13.3).
inline constexpr uint64_t kXCR0_X87 = 1;
inline constexpr uint64_t kXCR0_SSE = 2;  ///< XMM registers and MXCSR
inline constexpr uint64_t kXCR0_AVX = 4;  ///< upper halves of the YMM registers
/// What this kernel sets in XCR0, where there is XSAVE. Any context.
inline uint64_t user_xcr0() {
    return kXCR0_X87 | kXCR0_SSE | (cpu_features.avx ? kXCR0_AVX : 0);
}

/// Detects the optional features and turns on, in this processor's CR0 and CR4, those the kernel uses.
/// Interrupts off; once on each processor.
void init_cpu_features();

/// Result of CPUID.
struct CpuidResult {
    uint32_t eax, ebx, ecx, edx;  ///< as CPUID leaves the registers
};
/// Asks CPUID for `leaf`, subleaf 0 (Intel SDM 2A, CPUID). It serialises, and takes an age where a hypervisor
/// answers.
inline CpuidResult cpuid(uint32_t leaf) {
    CpuidResult r{};
    asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(0));
    return r;
}

/// This processor's flags now.
inline uint64_t read_rflags() {
    uint64_t flags;
    asm volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return flags;
}
/// Sets this processor's flags, IF among them.
inline void write_rflags(uint64_t flags) {
    asm volatile("pushq %0; popfq" ::"r"(flags) : "memory", "cc");
}
/// True when interrupts are let in here.
inline bool irq_enabled() {
    return (read_rflags() & kRFLAGS_IF) != 0;
}
/// Lets interrupts in (from the instruction after the next one on).
inline void irq_enable() {
    asm volatile("sti" ::: "memory");
}
/// Lets no maskable interrupt in; NMI and exceptions come all the same.
inline void irq_disable() {
    asm volatile("cli" ::: "memory");
}
/// Turns interrupts off; returns the flags for irq_restore().
[[nodiscard]] inline uint64_t irq_save() {
    uint64_t flags = read_rflags();
    irq_disable();
    return flags;
}
/// Turns interrupts on again if they were on when `flags` were saved.
inline void irq_restore(uint64_t flags) {
    if (flags & kRFLAGS_IF) irq_enable();
}
/// Sleeps until the next interrupt, which is taken before this returns with interrupts off. STI holds
/// interrupts back for one instruction, so none can slip in between and be slept through (Intel SDM 2B, STI).
inline void wait_for_interrupt() {
    asm volatile("sti; hlt; cli" ::: "memory");
}
/// Stops this processor for good.
[[noreturn]] inline void halt_forever() {
    for (;;) asm volatile("cli; hlt" ::: "memory");
}
/// Tells the processor that this is a spinning loop.
inline void cpu_relax() {
    asm volatile("pause" ::: "memory");
}

/// Reads a model-specific register; #GP for one that is not there.
inline uint64_t rdmsr(uint32_t msr) {
    uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return static_cast<uint64_t>(high) << 32 | low;
}
/// Faults (#GP) for an unknown register or a value that it can't hold.
inline void wrmsr(uint32_t msr, uint64_t value) {
    asm volatile("wrmsr" ::"c"(msr), "a"(static_cast<uint32_t>(value)),
                 "d"(static_cast<uint32_t>(value >> 32))
                 : "memory");
}
/// The time-stamp counter: clock ticks since reset. Not serialising: it may be read early.
inline uint64_t rdtsc() {
    uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return static_cast<uint64_t>(high) << 32 | low;
}

/// Control register CR`n` of this processor (Intel SDM 3A, 2.5). CR2, the address of the last page fault, is
/// replaced by another fault: IF=0.
template <int n>
uint64_t read_cr() {
    uint64_t value;
    asm volatile("mov %%cr%c1, %0" : "=r"(value) : "i"(n));
    return value;
}
/// Sets CR`n`; #GP for a bit that the processor does not have, and for combinations that make no sense.
template <int n>
void write_cr(uint64_t value) {
    asm volatile("mov %0, %%cr%c1" ::"r"(value), "i"(n) : "memory");
}
/// CR3: the physical address of the top page table.
inline uint64_t read_cr3() {
    return read_cr<3>();
}
/// Switches the address space; drops every TLB entry that is not global (Intel SDM 3A, 4.10.4.1).
inline void write_cr3(uint64_t value) {
    write_cr<3>(value);
}
/// Sets XCR0. Needs kCR4_OSXSAVE; #GP for a combination that the processor does not have.
inline void write_xcr0(uint64_t value) {
    asm volatile("xsetbv" ::"c"(0), "a"(static_cast<uint32_t>(value)),
                 "d"(static_cast<uint32_t>(value >> 32)));
}
/// Drops this processor's TLB entry for the page at `address`.
inline void invlpg(uint64_t address) {
    asm volatile("invlpg (%0)" ::"r"(address) : "memory");
}

/// Allows ring 0 to touch user pages (SMAP; Intel SDM 3A, 4.6.1), clac() forbids it again; only where
/// cpu_features.smap, they are #UD otherwise.
inline void stac() {
    asm volatile("stac" ::: "memory");
}
/// Forbids it again.
inline void clac() {
    asm volatile("clac" ::: "memory");
}

/// Reads a byte from I/O port `port`.
inline uint8_t in8(uint16_t port) {
    uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
/// Writes a byte to I/O port `port`.
inline void out8(uint16_t port, uint8_t value) {
    asm volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}
/// Writes 16 bits to I/O port `port`.
inline void out16(uint16_t port, uint16_t value) {
    asm volatile("outw %0, %1" ::"a"(value), "Nd"(port));
}
