/// @file
/// Symbols and backtraces.
#include <arch/x86_64/backtrace.h>
#include <arch/x86_64/layout.h>
#include <arch/x86_64/paging.h>
#include <kernel/console/console.h>

namespace {

/// Entry of the table in section .ksyms, sorted by address.
struct KernelSymbol {
    uint64_t address;
    const char* name;
};
extern "C" const KernelSymbol ksyms_start[], ksyms_end[];

/// What -fno-omit-frame-pointer leaves at RBP.
struct StackFrame {
    uint64_t caller_rbp;
    uint64_t return_address;
};

bool is_mapped(uint64_t address) {
    if (address < kDirectMapBase) return false;
    // Stack and image are mapped in small pages; nothing else can hold a kernel stack.
    const uint64_t* entry = find_page_entry(kernel_root(), {address});
    return entry && *entry & kPtePresent;
}

bool is_kernel_text(uint64_t address) {
    return address >= reinterpret_cast<uint64_t>(text_start) &&
           address < reinterpret_cast<uint64_t>(text_end);
}

/// Prints `address` with the symbol of the code `back` bytes before it. A return address is behind its call:
/// where the call is a function's last instruction, that is the next function's first.
void print_line(uint64_t address, uint64_t back) {
    const Symbol symbol = find_symbol(address - back);
    if (symbol.name)
        kprintf("  0x%016lx  %s+0x%lx\n", address, symbol.name, symbol.offset + back);
    else
        kprintf("  0x%016lx\n", address);
}

}  // namespace

Symbol find_symbol(uint64_t address) {
    if (!is_kernel_text(address)) return {};
    const KernelSymbol* found = nullptr;
    for (const KernelSymbol* symbol = ksyms_start; symbol != ksyms_end && symbol->address <= address;
         symbol++)
        found = symbol;
    if (!found) return {};
    return {found->name, address - found->address};
}

void print_backtrace(uint64_t rip, uint64_t rbp, bool returned) {
    kprintf("Backtrace:\n");
    print_line(rip, returned ? 1 : 0);
    for (int depth = 0; depth < 16; depth++) {
        if (rbp % 8 != 0 || !is_mapped(rbp) || !is_mapped(rbp + 8)) break;
        const auto* frame = reinterpret_cast<const StackFrame*>(rbp);
        if (!is_kernel_text(frame->return_address)) break;
        print_line(frame->return_address, 1);
        if (frame->caller_rbp <= rbp) break;  // stacks grow down: anything else is a loop
        rbp = frame->caller_rbp;
    }
}
