/// @file
/// Boots, steps, keeps.
#include <tests/system/shell_round.h>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include <tests/harness/error.h>
#include <tests/harness/text.h>
#include <tests/system/entry_paths.h>

namespace {

constexpr uint64_t kIf = 1 << 9;
/// The slowest timer that the kernel takes, with 8 ns for an instruction: 12.5 million of them lie between
/// two ticks, and what is looked at here takes some 100,000.
constexpr char kCommandLine[] = "hz=10";
constexpr int kInstructionShift = 3;
/// MiB. What there is has to be loaded for each instruction that is tried.
constexpr int kMemory = 32;
/// How long the guest may run without any stop.
constexpr harness::Duration kLimit(3000);
/// System calls until the shell waits, and switches until it has the processor again.
constexpr int kMaximumCalls = 20'000;
constexpr int kMaximumSwitches = 1000;
/// No round is so long.
constexpr size_t kMaximumPoints = 20'000;
/// Passes in which a shell that yields has to wait: on its own flags, and on those of the task before it.
constexpr size_t kWaitingPasses = 2;
/// So many instructions from one kept state to the next.
constexpr size_t kKeepEvery = 24;
constexpr uint64_t kKernelHalf = 1ull << 63;
constexpr uint64_t kRead = 0;
constexpr uint32_t kRunnable = 0;
constexpr char kKey = 'x';

std::string name_of(size_t point) {
    return fmt::format("p{}", point);
}

/// The line of the serial output that says why the kernel stopped, or else the last, behind a colon.
std::string last_words(const std::string& serial) {
    size_t start = std::min(serial.find("PANIC"), serial.find("EXCEPTION"));
    if (start == std::string::npos) {
        const size_t end = serial.find_last_not_of("\r\n");
        if (end == std::string::npos) return "";
        start = serial.find_last_of('\n', end) + 1;
    }
    return ": " + harness::printable(serial.substr(start, serial.find_first_of("\r\n", start) - start));
}

}  // namespace

ShellRound::ShellRound(harness::MachineOptions options) : source_(options) {
    options.append = kCommandLine;
    options.icount_shift = kInstructionShift;
    options.memory_mib = kMemory;
    // Otherwise guest time jumps to the next tick each time the debugger lets a stopped machine go on.
    options.extra.insert(options.extra.end(), {"-icount", "sleep=on"});
    options.start_paused = true;
    machine_ = std::make_unique<harness::Machine>(options);
    for (const char* needed : {"syscall_entry", "syscall_exit", "switch_context", "all_tasks"})
        if (!machine_->symbols().find(needed))
            throw std::runtime_error(
                fmt::format("this kernel has no {}: there is nothing to explore before chapter 2", needed));
    source_.attach(*machine_);
    snapshots_.emplace(*machine_);
    switch_start_ = kernel("switch_context");
    switch_end_ = code_behind(options.kernel, machine_->symbols(), "switch_context").back().address + 1;
    stack_size_ = kernel_stack_size(*machine_);
    now_ = gdb().regs();

    // The first read() lets the prompt out; at the second one nothing is left to print but the key's echo.
    go_to_read();
    press_key();
    go_to_read();
    for (size_t pass = 0; record_pass(pass); ++pass) {
        yields_ = yields_ || !is_asleep();
        if (!yields_ || pass + 1 == kWaitingPasses) press_key();
        go_to_switch();
    }
    for (RoundPoint& point : points_) point.passes = points_.back().pass + 1;
}

void ShellRound::fail(const std::string& what) {
    throw std::runtime_error(what + last_words(machine_->serial()));
}

/// To the start of a read() of the shell's.
void ShellRound::go_to_read() {
    const uint64_t panic = kernel("panic"), exception = kernel("panic_exception"),
                   entry = kernel("syscall_entry");
    stop_at({entry, panic, exception});
    for (int calls = 0; calls < kMaximumCalls; ++calls) {
        if (!next_stop())
            fail(gone_ ? "QEMU ended before the shell's prompt"
                       : "the kernel does not come to its shell's prompt");
        if (now_.rip != entry) {
            // Let it say why.
            stop_at({});
            next_stop();
            fail("the kernel stops before its shell waits for a key");
        }
        if (now_.rax != kRead) continue;
        const auto shell = find_task(machine(), "sh");
        if (!shell || shell->cr3 != now_.cr3) continue;
        shell_ = *shell;
        programs_.clear();
        for (const TaskView& task : read_tasks(machine()))
            if (task.pid > 0) programs_.push_back(task);
        return;
    }
    fail("the kernel does not come to its shell's prompt");
}

/// To the call of `switch_context` that gives the processor to the shell.
void ShellRound::go_to_switch() {
    stop_at({switch_start_});
    for (int switches = 0; switches < kMaximumSwitches; ++switches) {
        if (!next_stop()) break;
        if (now_.rsi == shell_.address) return;
    }
    fail("nobody gives the processor back to the shell, which waits for a key");
}

bool ShellRound::on_shells_stack(uint64_t rsp) const {
    return rsp <= shell_.kstack_top && rsp > shell_.kstack_top - stack_size_;
}

/// Steps to the end of a pass; false when it was the last.
bool ShellRound::record_pass(size_t pass) {
    for (size_t start = points_.size(); points_.size() < kMaximumPoints;) {
        if (now_.cpl() == 3) return false;
        const bool switching = now_.rip >= switch_start_ && now_.rip < switch_end_;
        // The first instructions, and the last, have the program's RSP.
        const bool elsewhere = now_.rsp >= kKernelHalf && !on_shells_stack(now_.rsp);
        if (elsewhere && !switching) return true;
        if ((points_.size() - start) % kKeepEvery == 0) {
            kept_.push_back(points_.size());
            snapshots_->save(name_of(points_.size()));
        }
        points_.push_back(
            {.address = now_.rip, .rsp = now_.rsp, .pass = pass, .interrupts = (now_.rflags & kIf) != 0});
        step();
    }
    fail("the shell's way through the kernel does not end");
}

bool ShellRound::is_asleep() {
    return find_task(machine(), "sh").value().state != kRunnable;
}

std::optional<uint64_t> ShellRound::turn() const {
    if (!yields_) return std::nullopt;
    // The outermost instruction of a pass that begins and ends in the wait.
    const RoundPoint* outermost = nullptr;
    for (const RoundPoint& point : points_) {
        if (point.pass == 1 && on_shells_stack(point.rsp) && (!outermost || point.rsp > outermost->rsp))
            outermost = &point;
    }
    return outermost ? std::optional(outermost->address) : std::nullopt;
}

void ShellRound::go_to(size_t point) {
    const auto behind = std::upper_bound(kept_.begin(), kept_.end(), point);
    const size_t kept = *std::prev(behind);
    snapshots_->load(name_of(kept));
    raised_ = false;
    now_ = gdb().regs();
    for (size_t at = kept; at < point; ++at) step();
    if (now_.rip != points_[point].address)
        throw harness::InfrastructureError(
            fmt::format("the machine can't be put back to {:#x}", points_[point].address));
}

void ShellRound::stop_at(const std::set<uint64_t>& addresses) {
    if (addresses == breakpoints_) return;
    gdb().remove_all();
    for (const uint64_t address : addresses) gdb().insert_breakpoint(address);
    breakpoints_ = addresses;
}

void ShellRound::step(bool interrupts) {
    raised_ = false;
    if (interrupts) gdb().set_step_events(true, false);
    if (gdb().step().exited) throw harness::QemuGone("QEMU ended in the middle of the round");
    if (interrupts) gdb().set_step_events(false, false);
    now_ = gdb().regs();
}

bool ShellRound::next_stop() {
    // QEMU would report the same breakpoint for ever.
    if (!raised_ && breakpoints_.contains(now_.rip) && gdb().step().exited) return gone_ = true, false;
    raised_ = false;
    gdb().resume();
    try {
        if (gdb().wait_stop(kLimit).exited) return gone_ = true, false;
    } catch (const harness::Timeout&) {
        gdb().interrupt();
        return false;
    }
    now_ = gdb().regs();
    return true;
}

void ShellRound::raise_timer() {
    source_.raise_timer();
    raised_ = true;
}

void ShellRound::raise_nmi() {
    source_.raise_nmi();
    raised_ = true;
}

void ShellRound::press_key() {
    source_.press(kKey);
}
