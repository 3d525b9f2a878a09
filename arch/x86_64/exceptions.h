/// @file
/// What happens on the processor's exceptions.
#pragma once

#include <arch/x86_64/interrupt_frame.h>

/// Mends a page fault or a faulting user copy, ends the program that caused any other in ring 3, and panics
/// for the rest. IF=0.
/// @callgraph
void handle_exception(InterruptFrame& frame);

/// Non-maskable interrupts taken so far. Nothing in this kernel raises them; debuggers and tests do.
extern "C" uint64_t nmi_count;

/// Panics with a report of `frame`: the exception's name, registers, task, bytes at RIP and a backtrace. Any
/// context.
[[noreturn]] void panic_exception(const InterruptFrame& frame);
