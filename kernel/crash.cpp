/// @file
/// Faults on request. Nothing here is special to the rest of the kernel: the faults are real.
#include <string_view>

#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/layout.h>
#include <kernel/console/console.h>
#include <kernel/crash.h>
#include <kernel/libk/panic.h>

namespace {

/// Calls itself until the stack ends. The volatile keeps the compiler from making a loop of it, the (never
/// met) limit from seeing that there is no end.
uint64_t recurse(volatile uint64_t* above) {
    volatile uint64_t local = *above + 1;
    if (local == ~0ull) return 0;
    return recurse(&local) + local;
}

}  // namespace

void crash_on_purpose(const char* kind) {
    const std::string_view name(kind);
    if (name == "stack") {
        volatile uint64_t start = 0;
        kprintf("crash: the stack had %lu frames\n", recurse(&start));
    } else if (name == "ud") {
        asm volatile("ud2");
    } else if (name == "null") {
        asm volatile("movb 0, %%al" ::: "rax", "memory");
    } else if (name == "text") {
        *const_cast<volatile char*>(text_start) = 0;
    } else if (name == "exec") {
        asm volatile("call *%0" ::"r"(data_start));
    } else if (name == "panic") {
        panic("asked for on the command line");
    } else {
        kprintf("crash=%s: unknown; one of stack ud null text exec panic\n", kind);
    }
}
