/// @file
/// Exceptions: the ones that are part of ordinary life (page faults, bad user pointers), the ones that
/// end a program, and the ones that end the kernel.
#include <iterator>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/exceptions.h>
#include <arch/x86_64/idt.h>
#include <arch/x86_64/layout.h>
#include <arch/x86_64/processor.h>
#include <kernel/console/console.h>
#include <kernel/fault_policy.h>
#include <kernel/task/task.h>

uint64_t nmi_count = 0;
bool stop_at_program_fault = kStopAtProgramFault;

namespace {

/// One instruction that may fault on a user's address, and where to go on if it does.
struct FixUp {
    uint64_t fault;
    uint64_t resume;
};
extern "C" const FixUp extable_start[], extable_end[];

// Values of si_code, with Linux's names.
constexpr int32_t kILL_ILLOPN = 2, kFPE_INTDIV = 1, kFPE_FLTINV = 7, kSEGV_MAPERR = 1, kSEGV_ACCERR = 2,
                  kBUS_ADRALN = 1, kTRAP_TRACE = 2;

constexpr Exception kExceptions[] = {
    {"DIVIDE ERROR", "#DE", kSIGFPE, kFPE_INTDIV},
    {"DEBUG", "#DB", kSIGTRAP, kTRAP_TRACE},
    {"NON-MASKABLE INTERRUPT", "NMI"},
    {"BREAKPOINT", "#BP", kSIGTRAP},
    {"OVERFLOW", "#OF"},
    {"BOUND RANGE EXCEEDED", "#BR"},
    {"INVALID OPCODE", "#UD", kSIGILL, kILL_ILLOPN},
    {"DEVICE NOT AVAILABLE", "#NM"},
    {"DOUBLE FAULT", "#DF"},
    {"COPROCESSOR SEGMENT OVERRUN", "vector 9"},
    {"INVALID TSS", "#TS"},
    {"SEGMENT NOT PRESENT", "#NP", kSIGBUS},
    {"STACK-SEGMENT FAULT", "#SS", kSIGBUS},
    {"GENERAL PROTECTION", "#GP"},
    {"PAGE FAULT", "#PF"},
    {"RESERVED 15", "vector 15"},
    {"X87 FLOATING-POINT ERROR", "#MF", kSIGFPE, kFPE_FLTINV},
    {"ALIGNMENT CHECK", "#AC", kSIGBUS, kBUS_ADRALN},
    {"MACHINE CHECK", "#MC"},
    {"SIMD FLOATING-POINT EXCEPTION", "#XM", kSIGFPE, kFPE_FLTINV},
    {"VIRTUALIZATION EXCEPTION", "#VE"},
    {"CONTROL PROTECTION", "#CP"},
};
/// Vectors behind the table: reserved, or of virtual machines that encrypt their memory.
constexpr Exception kReserved{"RESERVED", "no mnemonic"};

/// Page faults come from programs and from user copies, which lift SMAP while they touch a program's memory.
/// Any other one is a bug of the kernel's.
bool may_be_mended(const InterruptFrame& frame, uint64_t address) {
    // What the processor reads with the kernel's rights while a program runs, it finds where the kernel put
    // it. (QEMU's IRET and far RET of ring 3 read the program's stack so, and SMAP forbids it: again and
    // again, if it were mended.)
    if (frame.from_user()) return (frame.error & (kPageFaultPresent | kPageFaultUser)) != kPageFaultPresent;
    if (frame.error & kPageFaultFetch || address >= kUserLimit) return false;
    return !cpu_features.smap || (frame.rflags & kRFLAGS_AC) != 0;
}

/// What the program's handler is told about the fault.
SignalInfo fault_info(const InterruptFrame& frame, const Exception& exception) {
    SignalInfo info{.code = exception.code, .vector = frame.vector, .error = frame.error};
    if (frame.vector == kPF) {
        info.code = frame.error & kPageFaultPresent ? kSEGV_ACCERR : kSEGV_MAPERR;
        info.address = info.cr2 = read_cr<2>();
    } else if (exception.code != kSI_KERNEL) {
        info.address = frame.rip;
    }
    return info;
}

/// A program's own fault: its handler's affair, or say what it did, and end it before it runs on. Not
/// inlined: a fault that is mended would have to save the registers that this one needs.
[[gnu::noinline]] void signal_program(const InterruptFrame& frame) {
    Task& task = *current();
    const Exception& exception = find_exception(frame.vector);
    if (force_signal(task, exception.signal, fault_info(frame, exception))) return;
    kprintf("%s (pid %d): %s (%s) at RIP=0x%lx RSP=0x%lx error=0x%lx", task.name.data(), task.pid,
            exception.name, exception.mnemonic, frame.rip, frame.rsp, frame.error);
    if (frame.vector == kPF) kprintf(" address=0x%lx", read_cr<2>());
    kprintf(": killed by signal %d\n", exception.signal);
}

/// No frame is left for a page that `task` has a right to: it is the one that wants more than there is, and
/// what it has is free when it is gone.
void kill_for_memory(Task& task) {
    kprintf("out of memory: killed %s (pid %d)\n", task.name.data(), task.pid);
    condemn(task, kSIGKILL);
}

}  // namespace

const Exception& find_exception(uint64_t vector) {
    return vector < std::size(kExceptions) ? kExceptions[vector] : kReserved;
}

void handle_exception(InterruptFrame& frame) {
    if (frame.vector == kPF) {
        const uint64_t address = read_cr<2>();
        Task* task = may_be_mended(frame, address) ? current() : nullptr;
        if (task && task->is_user()) {
            const auto mended = task->space->handle_fault({address}, frame.error);
            if (mended.ok()) return;
            if (mended.error() == Errno::kENOMEM && frame.from_user()) {
                kill_for_memory(*task);
                return;
            }
        }
    }
    if (frame.vector == kNMI) {
        // It may have hit anywhere, an entry path included: touch nothing but a counter.
        nmi_count++;
        if (told_to_stop()) halt_forever();
        return;
    }
    if (frame.from_user()) {
        if (frame.vector == kMC) panic_exception(frame);  // the machine's fault, not the program's
        if (stop_at_program_fault) panic_exception(frame);
        signal_program(frame);
        return;
    }
    for (const FixUp* entry = extable_start; entry != extable_end; entry++) {
        if (entry->fault == frame.rip) {
            frame.rip = entry->resume;
            return;
        }
    }
    panic_exception(frame);
}
