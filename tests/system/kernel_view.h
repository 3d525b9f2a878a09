/// @file
/// The kernel's and the processor's data structures, read from outside.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tests/harness/machine.h>

/// A task as it lies in the kernel's memory.
struct TaskView {
    uint64_t address = 0;
    int pid = 0;
    std::string name;
    uint32_t state = 0;
    uint64_t cr3 = 0;
    uint64_t kstack_top = 0;
    int fatal_signal = 0;
};

/// All tasks, oldest first, from `all_tasks`. The guest must be stopped.
std::vector<TaskView> read_tasks(harness::Machine& machine);
/// The first task with this name, if there is one. The guest must be stopped.
std::optional<TaskView> find_task(harness::Machine& machine, std::string_view name);
/// The task whose kernel stack `rsp` lies on, if any. The guest must be stopped.
std::optional<TaskView> task_of_stack(harness::Machine& machine, uint64_t rsp);

/// Size of a kernel stack in bytes, from the ELF file.
uint64_t kernel_stack_size(harness::Machine& machine);

/// A segment register or descriptor-table register with its hidden part.
struct SegmentView {
    uint16_t selector = 0;  ///< 0 for GDTR and IDTR
    uint64_t base = 0;
    uint32_t limit = 0;
    uint32_t flags = 0;  ///< bits 8 to 23 of the descriptor's second word; 0 for GDTR and IDTR
};
/// `name` as QEMU's "info registers" spells it: "TR", "GDT", "IDT", "CS", ... Works on a running guest, too.
SegmentView read_segment(harness::Machine& machine, const std::string& name);

/// The task state segment in memory (Intel SDM 3A, figure 7-11).
struct TssView {
    uint64_t rsp0 = 0;
    std::array<uint64_t, 7> ist{};
    uint16_t io_map_base = 0;
};
/// The TSS that TR points to. The guest must be stopped.
TssView read_tss(harness::Machine& machine);

/// Gate number `vector` of the IDT in force (Intel SDM 3A, figure 6-8).
struct GateView {
    uint64_t offset = 0;
    uint16_t selector = 0;
    uint8_t ist = 0;
    uint8_t type = 0;  ///< present, DPL, type
};
GateView read_gate(harness::Machine& machine, unsigned vector);

/// Lets a guest that stands at a breakpoint run to the next stop. QEMU would report the same breakpoint for
/// ever, so the first instruction is a step.
harness::Stop next_stop(harness::GdbStub& gdb);

/// Waits until the processor sits in HLT with interrupts off, as after a panic, and what it printed before
/// has arrived. Throws Timeout when the guest runs on or QEMU ends.
void wait_for_halt(harness::Machine& machine);

/// Entries of exceptions proper: vectors 0 to 31.
std::vector<harness::IntEntry> exceptions(const harness::IntLog& log);
/// One line for each entry, for messages.
std::string format_entries(const std::vector<harness::IntEntry>& entries);
