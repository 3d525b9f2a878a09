/// @file
/// The global descriptor table.
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/load_gdt.h>
#include <kernel/libk/todo.h>

namespace {

/// Writable: LTR marks the TSS busy in it.
Gdt gdt;

}  // namespace

void init_gdt() {
    // There is no IDT yet: with a table that lacks ring 0's segments the machine would reset without a word.
    if (code_descriptor(0) == 0 || data_descriptor(0) == 0) todo("lab1.1", "the descriptors are 0");
    if (kInitialGdt[kKernelCode / 8] == 0 || kInitialGdt[kKernelData / 8] == 0)
        todo("lab1.2", "ring 0's slots in the table are empty");
    gdt = kInitialGdt;
    load_gdt(gdt);
}

void load_tss(uint64_t base, uint64_t limit) {
    load_tss(gdt, base, limit);
}
