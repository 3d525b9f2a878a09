/// @file
/// What happens on the processor's exceptions.
#pragma once

#include <arch/x86_64/interrupt_frame.h>
#include <kernel/task/signal.h>

/// The manual's name of an exception, such as "INVALID OPCODE", its mnemonic, such as "#UD", and what Linux
/// tells the program that caused it.
struct Exception {
    const char* name;           ///< in capitals, as reports print it
    const char* mnemonic;       ///< with its number sign
    int signal = kSIGSEGV;      ///< the signal that it becomes
    int32_t code = kSI_KERNEL;  ///< si_code; any other than this goes with the instruction's address
};
/// What there is to say about exception `vector` (Intel SDM 3A, table 6-1). Any context.
const Exception& find_exception(uint64_t vector);

/// Mends a page fault or a faulting user copy, ends the program that caused any other in ring 3, and panics
/// for the rest. IF=0.
/// @callgraph
void handle_exception(InterruptFrame& frame);

/// Non-maskable interrupts taken so far. Nothing in this kernel raises them; debuggers and tests do.
extern "C" uint64_t nmi_count;

/// Panics with a report of `frame`: the exception's name, registers, task, bytes at RIP and a backtrace. Any
/// context.
[[noreturn]] void panic_exception(const InterruptFrame& frame);
