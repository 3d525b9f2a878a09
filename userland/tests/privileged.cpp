/// @file
/// privileged: everything that ring 3 may not do, each in a child that must die of the right signal, as on
/// Linux: privileged instructions, ports, all 256 interrupt vectors, kernel selectors and gates, addresses of
/// the kernel and such that are not canonical. And what is ignored without a fault: a program stays without
/// I/O privilege whatever flags it loads.
#include <initializer_list>

#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/bases.h>
#include <userland/tests/registers.h>

namespace {

// One of two signals:
constexpr int kFault = -1;       ///< SIGSEGV or SIGILL: the processor's features say which comes first
constexpr int kStackFault = -2;  ///< SIGBUS, by #SS; QEMU has #GP for it, and SIGSEGV

struct Attempt {
    const char* name;
    int signal;
    void (*run)();
};

constexpr uint64_t kKernel = 0xffffffff80100000;
constexpr uint64_t kNotCanonical = 0x800000000000;
constexpr uint16_t kKernelCode = 0x10, kKernelData = 0x18, kUserData = 0x2b, kUserCode = 0x33;
constexpr uint64_t IOPL = 3 << 12;

extern "C" {
alignas(16) [[gnu::used]] char memory[64];
}

/// An operand of LJMP, LCALL and LSS.
struct [[gnu::packed]] FarPointer {
    uint64_t offset;
    uint16_t selector;
};
FarPointer far_pointer{0, 0};

/// Each in a function of its own, which exits if nothing faults: registers and stack are not what they were.
#define ATTEMPT(text, signal)                                                       \
    {                                                                               \
        text, signal, [] { asm(text "; mov $231, %eax; xor %edi, %edi; syscall"); } \
    }

const Attempt kInstructions[] = {
    // Descriptor tables and task registers.
    ATTEMPT("lgdt memory", SIGSEGV),
    ATTEMPT("lidt memory", SIGSEGV),
    ATTEMPT("lldt %ax", SIGSEGV),
    ATTEMPT("ltr %ax", SIGSEGV),
    // Control and debug registers.
    ATTEMPT("mov %cr0, %rax", SIGSEGV),
    ATTEMPT("mov %cr2, %rax", SIGSEGV),
    ATTEMPT("mov %cr3, %rax", SIGSEGV),
    ATTEMPT("mov %cr4, %rax", SIGSEGV),
    ATTEMPT("mov %cr8, %rax", SIGSEGV),
    ATTEMPT("mov %rax, %cr0", SIGSEGV),
    ATTEMPT("mov %rax, %cr2", SIGSEGV),
    ATTEMPT("mov %rax, %cr3", SIGSEGV),
    ATTEMPT("mov %rax, %cr4", SIGSEGV),
    ATTEMPT("mov %rax, %cr8", SIGSEGV),
    ATTEMPT("mov %db0, %rax", SIGSEGV),
    ATTEMPT("mov %db6, %rax", SIGSEGV),
    ATTEMPT("mov %db7, %rax", SIGSEGV),
    ATTEMPT("mov %rax, %db0", SIGSEGV),
    ATTEMPT("mov %rax, %db7", SIGSEGV),
    ATTEMPT("clts", SIGSEGV),
    ATTEMPT("lmsw %ax", SIGSEGV),
    // The machine.
    ATTEMPT("hlt", SIGSEGV),
    ATTEMPT("cli", SIGSEGV),
    ATTEMPT("sti", SIGSEGV),
    ATTEMPT("invd", SIGSEGV),
    ATTEMPT("wbinvd", SIGSEGV),
    ATTEMPT("invlpg memory", SIGSEGV),
    ATTEMPT("mov $0xc0000080, %ecx; rdmsr", SIGSEGV),
    ATTEMPT("mov $0xc0000082, %ecx; wrmsr", SIGSEGV),
    ATTEMPT("xor %ecx, %ecx; rdpmc", SIGSEGV),
    ATTEMPT("invpcid memory, %rax", kFault),
    ATTEMPT("xor %ecx, %ecx; xsetbv", kFault),
    ATTEMPT("xsaves memory", kFault),
    ATTEMPT("stac", SIGILL),
    ATTEMPT("clac", SIGILL),
    ATTEMPT("monitor", SIGILL),
    ATTEMPT("mwait", SIGILL),
    ATTEMPT("rsm", SIGILL),
    // Ways out of ring 3 that are not its own.
    ATTEMPT("swapgs", SIGSEGV),
    ATTEMPT("sysretq", SIGSEGV),
    ATTEMPT("sysretl", SIGSEGV),
    ATTEMPT("sysexitq", kFault),
    ATTEMPT("vmcall", SIGILL),
    ATTEMPT("vmlaunch", SIGILL),
    ATTEMPT("vmxoff", SIGILL),
    ATTEMPT("vmmcall", SIGILL),
    ATTEMPT("vmrun", SIGILL),
    ATTEMPT("clgi", SIGILL),
    // What is no instruction.
    ATTEMPT("ud2", SIGILL),
    ATTEMPT(".byte 0x0f, 0xb9, 0xc0", SIGILL),        // ud1
    ATTEMPT(".byte 0xce", SIGILL),                    // into
    ATTEMPT(".byte 0x62, 0x00", SIGILL),              // bound
    ATTEMPT(".byte 0xea, 0, 0, 0, 0, 0, 0", SIGILL),  // ljmp ptr16:32
    ATTEMPT(".byte 0xf0, 0x90", SIGILL),              // lock nop
    ATTEMPT(".fill 16, 1, 0x66; nop", SIGSEGV),       // longer than 15 bytes
    ATTEMPT("int3", SIGTRAP),
    ATTEMPT("xor %eax, %eax; div %eax", SIGFPE),
    ATTEMPT("mov $0x8000000000000000, %rax; cqo; mov $-1, %rcx; idiv %rcx", SIGFPE),
    // Ports of any width, and by strings.
    ATTEMPT("in $0x60, %al", SIGSEGV),
    ATTEMPT("in $0x60, %ax", SIGSEGV),
    ATTEMPT("in $0x60, %eax", SIGSEGV),
    ATTEMPT("out %al, $0x20", SIGSEGV),
    ATTEMPT("mov $0x604, %edx; mov $0x2000, %eax; out %ax, %dx", SIGSEGV),  // power off
    ATTEMPT("mov $0xcf8, %edx; out %eax, %dx", SIGSEGV),
    ATTEMPT("mov $0xffff, %edx; in %dx, %al", SIGSEGV),
    ATTEMPT("mov $0x3f8, %edx; lea memory, %rsi; outsb", SIGSEGV),
    ATTEMPT("mov $0x3f8, %edx; lea memory, %rdi; insb", SIGSEGV),
    ATTEMPT("mov $0x3f8, %edx; xor %ecx, %ecx; rep outsb", SIGSEGV),
    // Addresses.
    ATTEMPT("mov $0xffffffff80100000, %rax; mov (%rax), %rax", SIGSEGV),
    ATTEMPT("mov $0xffffffff80100000, %rax; mov %rax, (%rax)", SIGSEGV),
    ATTEMPT("mov $0xffffffff80100000, %rax; jmp *%rax", SIGSEGV),
    ATTEMPT("mov $0xffff800000000000, %rax; mov (%rax), %rax", SIGSEGV),
    ATTEMPT("mov $0xffff800000000000, %rax; call *%rax", SIGSEGV),
    ATTEMPT("mov $0x800000000000, %rax; mov (%rax), %rax", SIGSEGV),
    ATTEMPT("mov $0x800000000000, %rax; mov %rax, (%rax)", SIGSEGV),
    ATTEMPT("mov $0x800000000000, %rax; jmp *%rax", SIGSEGV),
    ATTEMPT("mov $0x8000000000000000, %rax; lock incq (%rax)", SIGSEGV),
    ATTEMPT("mov $0xfffffffffffffffc, %rax; mov (%rax), %rax", SIGSEGV),
    ATTEMPT("mov $0xffffffff80100000, %rsp; push %rax", SIGSEGV),
    ATTEMPT("mov $0xffffffff80100000, %rsp; pop %rax", SIGSEGV),
    ATTEMPT("xor %esp, %esp; push %rax", SIGSEGV),
    ATTEMPT("mov $0x800000000000, %rsp; pop %rax", kStackFault),
    ATTEMPT("mov $0x800000000100, %rsp; call 1f; 1:", kStackFault),
};

/// The signal that ended a child; 0 when it came to its end.
int signal_of(int status) {
    return status & 0x7f;
}

void expect(const char* what, int got, int wanted) {
    if (got == wanted || (wanted == kFault && (got == SIGSEGV || got == SIGILL)) ||
        (wanted == kStackFault && (got == SIGSEGV || got == SIGBUS)))
        return;
    fail("%s ends with signal %d, not %d", what, got, wanted);
}

void check_instructions() {
    for (const Attempt& attempt : kInstructions)
        expect(attempt.name, signal_of(run_in_child([&] { attempt.run(); })), attempt.signal);
}

// ---- Interrupts

extern "C" const char every_interrupt[];
asm(R"(
    .text
every_interrupt:
    .set vector, 0
    .rept 256
    .byte 0xcd, vector              # int $vector
    ud2
    .set vector, vector + 1
    .endr
)");

/// A program has no way in but SYSCALL. The breakpoint's gate is open for debuggers' sake, that of INTO's
/// exception on Linux.
void check_interrupts() {
    for (int vector = 0; vector < 256; ++vector) {
        const char* const code = every_interrupt + 4 * vector;
        const int got = signal_of(run_in_child([=] { asm volatile("jmp *%0" ::"r"(code)); }));
        if (got != (vector == 3 ? SIGTRAP : SIGSEGV)) fail("int $%d ends with signal %d", vector, got);
    }
}

// ---- Segments

/// Every selector there can be in the first kilobyte of the GDT or an LDT, in every segment register that
/// ring 3 may load: either it faults, or the program is as it was.
void check_selectors() {
    for (const uint16_t selector :
         {kKernelCode, kKernelData, uint16_t(kKernelCode | 3), uint16_t(kKernelData | 3), uint16_t{0x40},
          uint16_t{0x48}, uint16_t{0x50}, uint16_t{0x3f8}, uint16_t{7}, uint16_t{0xffff}}) {
        const auto load = [=](const char* name, auto body) {
            expect(name, signal_of(run_in_child([=] { body(selector); })), SIGSEGV);
        };
        load("mov to DS", [](uint16_t s) { asm volatile("mov %0, %%ds" ::"r"(s)); });
        load("mov to ES", [](uint16_t s) { asm volatile("mov %0, %%es" ::"r"(s)); });
        load("mov to FS", [](uint16_t s) { asm volatile("mov %0, %%fs" ::"r"(s)); });
        load("mov to GS", [](uint16_t s) { asm volatile("mov %0, %%gs" ::"r"(s)); });
        load("mov to SS", [](uint16_t s) { asm volatile("mov %0, %%ss" ::"r"(s)); });
        // With REX.W, so that the offset has 64 bits.
        load("far jump", [](uint16_t s) {
            far_pointer = {reinterpret_cast<uint64_t>(&main), s};
            asm volatile(".byte 0x48; ljmp *%0" ::"m"(far_pointer));
        });
        load("far call", [](uint16_t s) {
            far_pointer = {reinterpret_cast<uint64_t>(&main), s};
            asm volatile(".byte 0x48; lcall *%0" ::"m"(far_pointer));
        });
        load("far return", [](uint16_t s) {
            asm volatile("push %0; push %1; lretq" ::"r"(uint64_t{s}),
                         "r"(reinterpret_cast<uint64_t>(&main)));
        });
    }
    expect("null in SS", signal_of(run_in_child([] { asm volatile("mov %0, %%ss" ::"r"(uint16_t{0})); })),
           SIGSEGV);
}

/// IRETQ with this frame. Comes back when `rip` is null, which stands for the instruction behind it.
void return_with(uint64_t rip, uint64_t cs, uint64_t flags, uint64_t rsp, uint64_t ss) {
    asm volatile(
        "lea -128(%%rsp), %%rsp\n\t"
        "mov %%rsp, %%rax\n\t"
        "test %[rsp], %[rsp]\n\t"
        "cmovnz %[rsp], %%rax\n\t"
        "lea 1f(%%rip), %%rdx\n\t"
        "test %[rip], %[rip]\n\t"
        "cmovnz %[rip], %%rdx\n\t"
        "push %[ss]\n\t"
        "push %%rax\n\t"
        "push %[flags]\n\t"
        "push %[cs]\n\t"
        "push %%rdx\n\t"
        "iretq\n"
        "1:\tlea 128(%%rsp), %%rsp"
        :
        : [rip] "r"(rip), [cs] "r"(cs), [flags] "r"(flags), [rsp] "r"(rsp), [ss] "r"(ss)
        : "rax", "rdx", "memory", "cc");
}

uint64_t read_flags() {
    uint64_t flags;
    asm volatile("pushfq; popq %0" : "=r"(flags));
    return flags;
}

/// Whether IRETQ within ring 3 works at all: QEMU's reads the stack with the kernel's rights, which SMAP
/// refuses.
bool iret_works() {
    const int status = run_in_child([] { return_with(0, kUserCode, RFLAGS_ALWAYS, 0, kUserData); });
    if (status != exited(0)) expect("iretq within ring 3", signal_of(status), SIGSEGV);
    return status == exited(0);
}

void check_iret() {
    const auto refused = [](const char* name, uint64_t rip, uint64_t cs, uint64_t flags, uint64_t rsp,
                            uint64_t ss) {
        expect(name, signal_of(run_in_child([=] { return_with(rip, cs, flags, rsp, ss); })), SIGSEGV);
    };
    refused("iretq to the kernel's code", kKernel, kKernelCode, RFLAGS_ALWAYS, 0, kKernelData);
    refused("iretq to a kernel selector", 0, kKernelCode, RFLAGS_ALWAYS, 0, kUserData);
    refused("iretq to a kernel selector with RPL 3", 0, kKernelCode | 3, RFLAGS_ALWAYS, 0, kUserData);
    refused("iretq with the kernel's stack segment", 0, kUserCode, RFLAGS_ALWAYS, 0, kKernelData);
    refused("iretq to the TSS", 0, 0x43, RFLAGS_ALWAYS, 0, kUserData);
    refused("iretq to nothing", 0, 0, RFLAGS_ALWAYS, 0, kUserData);
    refused("iretq to an address of the kernel", kKernel, kUserCode, RFLAGS_ALWAYS, 0, kUserData);
    refused("iretq to no address", kNotCanonical, kUserCode, RFLAGS_ALWAYS, 0, kUserData);
}

/// Neither POPFQ nor IRETQ lets a program raise IOPL or clear IF, and neither complains.
void check_io_privilege(bool iret) {
    for (const uint64_t wanted :
         {IOPL | RFLAGS_ALWAYS, IOPL | 2UL, 2UL, IOPL | RFLAGS_ALWAYS | 1UL << 19 | 1UL << 20}) {
        asm volatile("lea -128(%%rsp), %%rsp; push %0; popfq; lea 128(%%rsp), %%rsp" ::"r"(wanted)
                     : "cc", "memory");
        CHECK_EQ(static_cast<long>(read_flags() & (IOPL | 0x200)), 0x200);
        if (iret) return_with(0, kUserCode, wanted, 0, kUserData);
        CHECK_EQ(static_cast<long>(read_flags() & (IOPL | 0x200)), 0x200);
        // A system call brings back what the program had.
        getpid();
        CHECK_EQ(static_cast<long>(read_flags() & (IOPL | 0x200)), 0x200);
    }
    expect("in with IOPL asked for", signal_of(run_in_child([] {
               asm volatile(
                   "lea -128(%%rsp), %%rsp; push %0; popfq; in $0x60, %%al" ::"r"(IOPL | RFLAGS_ALWAYS)
                   : "rax", "cc", "memory");
           })),
           SIGSEGV);
}

}  // namespace

int main(int, char**) {
    test_name = "privileged";
    check_instructions();
    check_interrupts();
    check_selectors();
    check_iret();
    check_io_privilege(iret_works());
    return passed();
}
