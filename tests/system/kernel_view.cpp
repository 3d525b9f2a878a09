/// @file
/// Decodes what lies in guest memory.
#include <tests/system/kernel_view.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <thread>

#include <tests/harness/text.h>

using harness::Machine;

namespace {

template <class T>
T number_at(const std::vector<uint8_t>& bytes, size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

constexpr size_t kMaximumTasks = 4096;
constexpr size_t kNameSize = 16;

TaskView read_task(Machine& machine, uint64_t address) {
    const harness::ElfSymbols& symbols = machine.symbols();
    harness::GdbStub& gdb = machine.gdb();
    const auto member = [&](const char* name) {
        return address + symbols.value("OFFSETOF_Task_" + std::string(name));
    };
    const std::vector<uint8_t> name = gdb.read(member("name"), kNameSize);
    return {
        .address = address,
        .pid = static_cast<int>(gdb.read_u32(member("pid"))),
        .name = std::string(name.begin(), std::find(name.begin(), name.end(), 0)),
        .state = gdb.read_u32(member("state")),
        .cr3 = gdb.read_u64(member("cr3")),
        .kstack_top = gdb.read_u64(member("kstack_top")),
        .fatal_signal = static_cast<int>(gdb.read_u32(member("fatal_signal"))),
    };
}

}  // namespace

std::vector<TaskView> read_tasks(Machine& machine) {
    std::vector<TaskView> tasks;
    const uint64_t next = machine.symbols().value("OFFSETOF_Task_next_task");
    uint64_t address = machine.gdb().read_u64(machine.symbols().value("all_tasks"));
    for (; address != 0; address = machine.gdb().read_u64(address + next)) {
        if (tasks.size() == kMaximumTasks) throw std::runtime_error("the list of all tasks does not end");
        tasks.push_back(read_task(machine, address));
    }
    return tasks;
}

std::optional<TaskView> find_task(Machine& machine, std::string_view name) {
    for (TaskView& task : read_tasks(machine))
        if (task.name == name) return std::move(task);
    return std::nullopt;
}

std::optional<TaskView> task_of_stack(Machine& machine, uint64_t rsp) {
    const uint64_t size = kernel_stack_size(machine);
    for (TaskView& task : read_tasks(machine))
        if (rsp <= task.kstack_top && rsp > task.kstack_top - size) return std::move(task);
    return std::nullopt;
}

uint64_t kernel_stack_size(Machine& machine) {
    return machine.symbols().value("KERNEL_STACK_SIZE");
}

SegmentView read_segment(Machine& machine, const std::string& name) {
    // "TR =0038 ffffffff80131840 00000067 00008b00 ...", "GDT=     ffffffff80125000 00000047"
    std::istringstream lines(machine.qmp().human_monitor_command("info registers"));
    const std::string start = (name.size() == 2 ? name + " " : name) + "=";
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(start)) continue;
        std::istringstream words(line.substr(start.size()));
        words >> std::hex;
        SegmentView view;
        const bool table = name == "GDT" || name == "IDT";
        if (!table) words >> view.selector;
        words >> view.base >> view.limit;
        if (!table) words >> view.flags;
        if (!words) break;
        return view;
    }
    throw harness::InfrastructureError("QEMU does not show register " + name);
}

TssView read_tss(Machine& machine) {
    const SegmentView tr = read_segment(machine, "TR");
    const std::vector<uint8_t> bytes = machine.gdb().read(tr.base, 104);
    TssView tss{
        .rsp0 = number_at<uint64_t>(bytes, 4), .ist = {}, .io_map_base = number_at<uint16_t>(bytes, 102)};
    for (size_t i = 0; i < tss.ist.size(); ++i) tss.ist[i] = number_at<uint64_t>(bytes, 36 + 8 * i);
    return tss;
}

GateView read_gate(Machine& machine, unsigned vector) {
    const std::vector<uint8_t> bytes =
        machine.gdb().read(read_segment(machine, "IDT").base + 16 * vector, 16);
    return {.offset = number_at<uint16_t>(bytes, 0) | uint64_t{number_at<uint16_t>(bytes, 6)} << 16 |
                      uint64_t{number_at<uint32_t>(bytes, 8)} << 32,
            .selector = number_at<uint16_t>(bytes, 2),
            .ist = bytes[4],
            .type = bytes[5]};
}

harness::Stop next_stop(harness::GdbStub& gdb) {
    const harness::Stop stop = gdb.step();
    if (stop.exited) return stop;
    gdb.resume();
    return gdb.wait_stop();
}

void wait_for_halt(Machine& machine) {
    harness::ProgressTimer timer(machine.pid(), harness::Duration(10'000));
    const auto give_up = [&](harness::TimeoutReason reason) {
        throw harness::Timeout(reason, "a halt with interrupts off",
                               harness::printable_tail(machine.serial(), 25));
    };
    for (;;) {
        try {
            const std::string registers = machine.qmp().human_monitor_command("info registers");
            const size_t flags = registers.find("FL=");
            const bool halted = registers.find("HLT=1") != std::string::npos;
            if (halted && (std::stoull(registers.substr(flags + 3), nullptr, 16) & 0x200) == 0) break;
        } catch (const harness::QemuGone&) {
            give_up(harness::TimeoutReason::kQemuExited);
        }
        if (const auto reason = timer.expired()) give_up(*reason);
        std::this_thread::sleep_for(harness::Duration(10));
    }
    // The last bytes may still be on their way through the socket.
    size_t known = 0;
    do {
        known = machine.serial_position();
        std::this_thread::sleep_for(harness::Duration(30));
    } while (machine.serial_position() != known);
}

std::vector<harness::IntEntry> exceptions(const harness::IntLog& log) {
    std::vector<harness::IntEntry> result;
    for (const harness::IntEntry& entry : log.entries())
        if (entry.vector < 32) result.push_back(entry);
    return result;
}

std::string format_entries(const std::vector<harness::IntEntry>& entries) {
    std::string text;
    for (const harness::IntEntry& entry : entries) text += harness::format_entry(entry) + "\n";
    return text;
}
