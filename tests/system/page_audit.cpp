/// @file
/// Audits page tables.
#include <tests/system/page_audit.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <tests/harness/page_tables.h>
#include <tests/system/kernel_view.h>

using harness::Machine;
using harness::Mapping;

namespace {

// As in arch/x86_64/layout.h, which a learner may have changed; the audit keeps its own.
constexpr uint64_t kDirectMapBase = 0xffff'8000'0000'0000;
constexpr uint64_t kDirectMapEnd = 0xffff'c000'0000'0000;
constexpr uint64_t kUserMinimum = 0x10000;

bool is_kernel(const Mapping& mapping) {
    return mapping.virt >= kDirectMapBase;
}
bool overlap(const Mapping& a, const Mapping& b) {
    return a.phys < b.phys + b.size && b.phys < a.phys + a.size;
}

void audit_page(const Mapping& mapping, std::string& out) {
    const auto complain = [&](const char* what) {
        out += fmt::format("{}: {}\n", harness::format_mapping(mapping), what);
    };
    if (mapping.writable && !mapping.nx) complain("writable and executable");
    if (is_kernel(mapping) && mapping.user) complain("the kernel's, open to ring 3");
    if (!is_kernel(mapping) && !mapping.user) complain("the user's half, but closed to ring 3");
    if (mapping.virt < kUserMinimum) complain("a null pointer would find it");
    if (mapping.virt >= kDirectMapBase && mapping.virt < kDirectMapEnd) {
        if (!mapping.nx) complain("executable in the direct map");
        if (mapping.phys != mapping.virt - kDirectMapBase) complain("the direct map is not direct here");
    }
}

/// Frames that are executable at one address and writable at another. The kernel's own direct map has to be
/// able to write what a program executes, or nothing could load it; a program must not, nor anybody what the
/// kernel executes.
void audit_aliases(const std::vector<Mapping>& mappings, std::string& out) {
    for (const Mapping& executable : mappings) {
        if (executable.nx) continue;
        for (const Mapping& writable : mappings) {
            if (!writable.writable || !overlap(executable, writable)) continue;
            if (!is_kernel(executable) && is_kernel(writable)) continue;
            out += fmt::format("{}: writable as {}\n", harness::format_mapping(executable),
                               harness::format_mapping(writable));
        }
    }
}

/// The image's parts, each page of which must have just these rights.
void audit_image(Machine& machine, harness::PageTables& tables, std::string& out) {
    struct Part {
        const char* start;
        const char* end;
        bool writable;
        bool nx;
    };
    for (const Part& part :
         {Part{"text_start", "text_end", false, false}, Part{"rodata_start", "rodata_end", false, true},
          Part{"data_start", "kernel_end", true, true}}) {
        const uint64_t end = machine.symbols().value(part.end);
        for (uint64_t page = machine.symbols().value(part.start); page < end; page += 4096) {
            const auto mapping = tables.lookup(page);
            if (!mapping) {
                out += fmt::format("{:#x} of {} is not mapped\n", page, part.start);
            } else if (mapping->writable != part.writable || mapping->nx != part.nx) {
                out += fmt::format("{}: wrong rights for what begins at {}\n",
                                   harness::format_mapping(*mapping), part.start);
            }
        }
    }
}

}  // namespace

std::string audit_address_space(Machine& machine, uint64_t cr3) {
    harness::PageTables tables(machine.gdb(), cr3);
    const std::vector<Mapping> mappings = tables.mappings();
    std::string violations;
    if (mappings.empty()) violations = "nothing is mapped\n";
    for (const Mapping& mapping : mappings) audit_page(mapping, violations);
    audit_aliases(mappings, violations);
    audit_image(machine, tables, violations);
    return violations;
}

std::string unguarded_stacks(Machine& machine, uint64_t cr3, const std::vector<uint64_t>& tops) {
    harness::PageTables tables(machine.gdb(), cr3);
    const uint64_t size = kernel_stack_size(machine);
    std::string violations;
    for (const uint64_t top : tops) {
        for (uint64_t page = top - 2 * size; page < top; page += 4096) {
            const bool guard = page < top - size;
            const auto mapping = tables.lookup(page);
            if (guard && mapping) {
                violations += fmt::format("{}: in the guard of the stack below {:#x}\n",
                                          harness::format_mapping(*mapping), top);
            }
            if (!guard && (!mapping || !mapping->writable)) {
                violations += fmt::format("{:#x}: stack memory that can't be written\n", page);
            }
        }
    }
    return violations;
}
