/// @file
/// The tree's way into ring 3: there is none.
#include <arch/x86_64/user_entry.h>
#include <kernel/libk/panic.h>

const char* user_mode_missing() {
    return "no way into ring 3 yet: the GDT has no ring-3 segments and there is no TSS (chapter 1)";
}

void prepare_user_entry(Task&, uint64_t, uint64_t) {
    panic("prepare_user_entry: %s", user_mode_missing());
}

void enter_user(uint64_t, uint64_t) {
    panic("enter_user: %s", user_mode_missing());
}
