/// @file
/// The descriptor table's content, LGDT and LTR, and what must go with them.
#include <arch/x86_64/gdt.h>
#include <arch/x86_64/load_gdt.h>
#include <kernel/libk/todo.h>

// TODO(lab1.2): Each selector of gdt.h leads to the segment that its comment names. The two slots of the TSS
// and those that nothing uses hold 0.
constinit const Gdt kInitialGdt{};

void load_gdt(const Gdt& /*gdt*/) {
    // TODO(lab1.3): The processor uses `gdt`: GDTR says where it begins and where its last byte is, and no
    // segment register holds anything from the table before it: CS is kKernelCode; SS, DS and ES are
    // kKernelData; FS and GS are null.
    todo("lab1.3", "load_gdt() loads nothing");
}

void load_tss(Gdt& /*gdt*/, uint64_t /*base*/, uint64_t /*limit*/) {
    // TODO(lab1.4): TR is kTssSelector, and what the processor has read through it is the TSS at `base`.
    todo("lab1.4", "load_tss() loads nothing");
}
