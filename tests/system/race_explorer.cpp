/// @file
/// Injects, and judges from outside: by exceptions, by whose stack a system call enters on, and by the
/// registers it returns with.
#include <tests/system/race_explorer.h>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <tests/harness/error.h>
#include <tests/system/entry_paths.h>

using harness::Registers;

namespace {

constexpr unsigned kExceptions = 32;
/// Where the stack for interrupts of ring 3 is in a TSS (Intel SDM 3A, figure 7-11).
constexpr uint64_t kRsp0 = 4;
/// The flags that instructions leave behind, which differ from call to call.
constexpr uint64_t kArithmetic = 0x8d5;
/// Stops after which a machine that does not get on is given up.
constexpr int kMaximumStops = 1000;
constexpr int kLearnedReads = 2;
/// How often a point is tried that another tick disturbs.
constexpr int kMaximumTries = 5;
/// Only these registers are a system call's own affair: its result, and what SYSRET takes.
constexpr std::string_view kChangedByCall[] = {"rax",    "rip", "cs",      "ss",
                                               "rflags", "cr2", "gs_base", "k_gs_base"};

/// A task's program, as it is when a system call returns to it: by address space and RIP.
using ReturnPlace = std::pair<uint64_t, uint64_t>;

/// What the undisturbed round showed.
struct Undisturbed {
    /// The registers before SYSRET that are always the same, and their values.
    std::map<ReturnPlace, std::map<std::string_view, uint64_t>> returns;
    /// Exceptions that belong to it: vector and RIP.
    std::set<std::pair<uint64_t, uint64_t>> exceptions;
};

class Explorer {
  public:
    Explorer(const harness::MachineOptions& options, const Exploration& what)
        : options_(options),
          kind_(what.kind),
          stop_(what.stop),
          round_(std::make_unique<ShellRound>(options)) {
        dispatch_ = round_->kernel("interrupt_dispatch");
        for (const CodeLine& line : code_behind(options.kernel, round_->machine().symbols(), "syscall_entry"))
            if (call_ == 0 && line.mnemonic.starts_with("call")) call_ = line.address;
        for (const char* label : {"syscall_exit", "syscall_return"}) {
            if (!round_->machine().symbols().find(label)) continue;
            for (const CodeLine& line : code_behind(options.kernel, round_->machine().symbols(), label))
                if (line.mnemonic.starts_with("sysret")) sysret_ = line.address;
        }
        if (call_ == 0) throw std::runtime_error("this kernel's syscall_entry calls nothing");
        if (sysret_ == 0) throw std::runtime_error("this kernel has no SYSRET behind syscall_exit");
        tss_ = read_segment(round_->machine(), "TR").base;
        round_->go_to(0);
        learning_ = true;
        if (const std::string wrong = watch(); !wrong.empty())
            throw std::runtime_error("this kernel goes wrong without an interrupt: " + wrong);
        learning_ = false;
    }

    const std::vector<RoundPoint>& points() const { return round_->points(); }
    ShellRound& round() { return *round_; }

    /// The instructions from `first` up to `end`, which lie in one pass behind one kept state.
    void explore(size_t first, size_t end, std::vector<ExploredPoint>& result) {
        for (size_t at = first; at < end;)
            if (kind_ == Exploration::Kind::kTimer && !points()[at].interrupts)
                at = explore_held(at, end, result);
            else
                result[at] = explore_point(at), ++at;
    }

    /// The points of a window, as the first one and the one behind the last.
    std::pair<size_t, size_t> window(Exploration::Window window) {
        const auto is_at = [&](size_t point, const char* symbol) {
            const harness::Symbol* found = round_->machine().symbols().find(symbol);
            return found && points()[point].address == found->value;
        };
        size_t first = 0, end = points().size();
        if (window == Exploration::Window::kEntry) {
            end = 1;
            while (points()[end - 1].address != call_) ++end;
        } else if (window == Exploration::Window::kExit) {
            first = end - 1;
            while (!is_at(first, "syscall_exit")) --first;
        } else if (window == Exploration::Window::kSwitch) {
            // The last pass but one ends in the switch that matters; where the shell sleeps it is the first.
            const size_t pass = points().back().pass - 1;
            while (points()[end - 1].pass != pass) --end;
            first = end - 1;
            while (first > 0 && !is_at(first, "schedule") && !is_at(first, "block_current")) --first;
        }
        return {first, end};
    }

  private:
    /// Goes to a point, raises, lets `act` go on from there; again when another tick, one of ten a second,
    /// came in between.
    void disturb(size_t at, const std::function<void()>& act) {
        for (int tries = 0; tries < kMaximumTries; ++tries) {
            if (stop_ && *stop_) throw std::runtime_error("interrupted");
            go_to(at);
            raise();
            ticks_ = 0;
            act();
            if (ticks_ <= (kind_ == Exploration::Kind::kTimer ? 1 : 0)) return;
        }
        throw harness::InfrastructureError("each time another tick came in between");
    }

    /// One that is taken.
    ExploredPoint explore_point(size_t at) {
        ExploredPoint explored{.point = points()[at], .verdict = Verdict::kHarmless, .words = ""};
        disturb(at, [&] { explored.words = watch(); });
        if (!explored.words.empty())
            explored.verdict = Verdict::kCorrupts;
        else if (!taken_)
            explored.verdict = Verdict::kHeld;
        return explored;
    }

    /// From `at` to where IF is 1 again: the interrupt is raised at the first and stays pending, so at each
    /// of the others, too, there is one that the processor must hold back. Returns the first point behind.
    size_t explore_held(size_t at, size_t end, std::vector<ExploredPoint>& result) {
        const size_t first = at;
        std::string words;
        disturb(first, [&] {
            words.clear();
            for (at = first; at < end && !points()[at].interrupts; ++at) {
                const bool last = at + 1 == points().size() || points()[at + 1].pass != points()[at].pass;
                round_->step(true);
                if (last || round_->now().rip == points()[at + 1].address) continue;
                words = "taken although IF is 0";
                ++at;
                return;
            }
            // It comes later; what it does there is the fault of the whole stretch.
            words = watch();
            if (!words.empty()) words = "later " + words;
        });
        for (size_t held = first; held < at; ++held)
            result[held] = {.point = points()[held],
                            .verdict = words.empty() ? Verdict::kHeld : Verdict::kCorrupts,
                            .words = words};
        return at;
    }

    void go_to(size_t at) {
        // A reset has ended the last one.
        if (round_->gone()) {
            round_.reset();
            round_ = std::make_unique<ShellRound>(options_);
        }
        round_->go_to(at);
    }

    void raise() {
        raised_at_ = round_->now().rip;
        if (kind_ == Exploration::Kind::kNmi)
            round_->raise_nmi();
        else
            round_->raise_timer();
    }

    uint64_t injected_vector() const {
        return kind_ == Exploration::Kind::kNmi ? InterruptSource::kNmiVector : InterruptSource::kTimerVector;
    }

    /// Lets the guest run, and says what is wrong; empty when nothing is.
    std::string watch() {
        const uint64_t panic = round_->kernel("panic"), exception = round_->kernel("panic_exception");
        const std::optional<uint64_t> turn = round_->turn();
        std::set<uint64_t> stops = {dispatch_, call_, sysret_, panic, exception};
        if (turn) stops.insert(*turn);
        // A breakpoint where the guest stands would come before the interrupt.
        std::set<uint64_t> others = stops;
        others.erase(round_->now().rip);
        round_->stop_at(others);

        const int wanted_turns = turn ? kWatchedTurns : 0;
        first_wrong_ = "";
        taken_ = false;
        handlers_ = 0;
        turns_ = 0;
        returned_ = pressed_ = false;
        switches_ = count_switches();
        for (int stop = 0; stop < kMaximumStops; ++stop) {
            if (!round_->next_stop()) {
                if (!round_->gone()) return or_first_wrong("nothing goes on any more");
                const harness::ExitStatus status = round_->machine().wait_exit();
                if (status.kind != harness::ExitStatus::Kind::kTripleFault &&
                    status.kind != harness::ExitStatus::Kind::kReset)
                    throw harness::QemuGone("QEMU ended in the middle: " + describe(status));
                return or_first_wrong(describe(status));
            }
            round_->stop_at(stops);
            const Registers& now = round_->now();
            if (now.rip == panic || now.rip == exception)
                return or_first_wrong("the kernel panics" + after_switches());
            if (now.rip == dispatch_) {
                if (const std::string wrong = at_interrupt(); !wrong.empty()) return wrong;
            } else if (now.rip == call_) {
                at_call();
            } else if (now.rip == sysret_) {
                at_return();
            } else if (now.cr3 == round_->shell().cr3) {
                ++turns_;
            }
            if (turns_ < wanted_turns) continue;
            if (learning_ ? reads_ == kLearnedReads : returned_) return first_wrong_;
            if (!pressed_) round_->press_key();
            pressed_ = true;
        }
        return or_first_wrong("the shell does not get on");
    }

    /// At the C++ function that handles interrupts. Returns an exception that does not belong here.
    std::string at_interrupt() {
        const Registers& now = round_->now();
        harness::GdbStub& gdb = round_->gdb();
        const uint64_t vector = gdb.read_u64(now.rdi + round_->kernel("OFFSETOF_InterruptFrame_vector"));
        const uint64_t cs_at = now.rdi + round_->kernel("OFFSETOF_InterruptFrame_cs");
        const uint64_t rip = gdb.read_u64(cs_at - 8);
        const bool user = (gdb.read_u64(cs_at) & 3) != 0;
        ticks_ += vector == InterruptSource::kTimerVector;
        if (handlers_++ == 0) taken_ = vector == injected_vector() && rip == raised_at_;
        if (user) check_stack("an interrupt of");
        if (const harness::Symbol* region = round_->machine().symbols().find("boot_pcr");
            region && now.gs_base != region->value)
            note("the handler runs with a wrong GS base");
        if (vector >= kExceptions || vector == injected_vector()) return "";
        if (learning_) undisturbed_.exceptions.emplace(vector, rip);
        if (undisturbed_.exceptions.contains({vector, rip})) return "";
        const std::string where =
            user ? fmt::format("{:#x}", rip) : round_->machine().symbols().describe(rip);
        return fmt::format("{} at {} in {}", harness::vector_name(static_cast<unsigned>(vector)), where,
                           running()) +
               after_switches();
    }

    /// Where the entry calls C++: all is on the stack.
    void at_call() { check_stack("a system call of"); }

    void check_stack(const char* who) {
        const TaskView* owner = nullptr;
        for (const TaskView& task : round_->programs())
            if (round_->now().rsp <= task.kstack_top &&
                round_->now().rsp > task.kstack_top - kernel_stack_size(round_->machine()))
                owner = &task;
        const std::string name = running();
        if (!owner || owner->name != name)
            note(fmt::format("{} {} enters on the stack of {}", who, name, owner ? owner->name : "nobody") +
                 after_switches());
    }

    /// Before SYSRET: RCX is where it goes.
    void at_return() {
        const Registers& now = round_->now();
        const ReturnPlace place{now.cr3, now.rcx};
        std::map<std::string_view, uint64_t> values;
        for (const harness::RegisterField& field : harness::register_fields())
            if (std::find(std::begin(kChangedByCall), std::end(kChangedByCall), field.name) ==
                std::end(kChangedByCall))
                values[field.name] = now.*field.member;
        values["r11"] &= ~kArithmetic;
        const auto known = undisturbed_.returns.find(place);
        if (learning_ && known == undisturbed_.returns.end()) {
            undisturbed_.returns.emplace(place, values);
        } else if (known == undisturbed_.returns.end()) {
            note(fmt::format("{} returns to {:#x}", running(), now.rcx) + after_switches());
        } else if (learning_) {
            std::erase_if(known->second, [&](const auto& reg) { return values[reg.first] != reg.second; });
        } else {
            for (const auto& [name, value] : known->second)
                if (values[name] != value)
                    note(fmt::format("{} returns with {} = {:#x}, not {:#x}", running(), name, values[name],
                                     value) +
                         after_switches());
        }
        check_published();
        if (now.cr3 != round_->shell().cr3) return;
        returned_ = true;
        // From the first read() to the next: what the shell does with a key belongs to the undisturbed round,
        // too.
        if (!learning_) return;
        if (read_return_ == 0) read_return_ = now.rcx;
        if (now.rcx == read_return_) ++reads_, turns_ = 0, pressed_ = false;
    }

    /// In ring 3 the TSS must name the stack of whoever is there; otherwise an interrupt would do the damage.
    void check_published() {
        const uint64_t published = round_->gdb().read_u64(tss_ + kRsp0);
        for (const TaskView& task : round_->programs())
            if (task.kstack_top == published && task.cr3 != round_->now().cr3)
                note(fmt::format("{} runs with {}'s stack in the TSS", running(), task.name) +
                     after_switches());
    }

    void note(const std::string& wrong) {
        if (first_wrong_.empty()) first_wrong_ = wrong;
    }
    std::string or_first_wrong(const std::string& otherwise) const {
        return first_wrong_.empty() ? otherwise : first_wrong_;
    }

    /// The task whose address space is in use.
    std::string running() const {
        for (const TaskView& task : round_->programs())
            if (task.cr3 == round_->now().cr3) return task.name;
        return "a kernel thread";
    }

    uint64_t count_switches() { return round_->gdb().read_u64(round_->kernel("context_switch_count")); }
    std::string after_switches() {
        const uint64_t count = count_switches() - switches_;
        return count == 0 ? "" : fmt::format(" after {} switch{}", count, count == 1 ? "" : "es");
    }

    harness::MachineOptions options_;
    Exploration::Kind kind_;
    const std::atomic<bool>* stop_;
    std::unique_ptr<ShellRound> round_;
    uint64_t dispatch_ = 0, call_ = 0, sysret_ = 0, tss_ = 0;
    Undisturbed undisturbed_;
    bool learning_ = false;
    uint64_t read_return_ = 0;  ///< where the shell's read() returns to
    int reads_ = 0;             ///< so often it has, while learning
    uint64_t raised_at_ = 0;

    // Of one watch().
    std::string first_wrong_;
    bool taken_ = false;  ///< the injected interrupt came at the very instruction
    int handlers_ = 0;
    int ticks_ = 0;  ///< since the interrupt was raised
    int turns_ = 0;
    bool returned_ = false;  ///< the shell, from its read()
    bool pressed_ = false;
    uint64_t switches_ = 0;
};

}  // namespace

std::vector<ExploredPoint> explore_round(const harness::MachineOptions& options, const Exploration& what) {
    std::vector<ExploredPoint> result;
    std::vector<size_t> starts;  // of the pieces, and the end
    std::mutex lock;             // of these two, and of what follows
    size_t next = 0;
    std::exception_ptr failure;

    const auto work = [&] {
        try {
            Explorer explorer(options, what);
            const auto [first, end] = explorer.window(what.window);
            for (;;) {
                size_t piece = 0;
                {
                    const std::lock_guard guard(lock);
                    if (starts.empty()) {
                        result.resize(explorer.points().size());
                        starts = {first};
                        for (const size_t kept : explorer.round().kept())
                            if (kept > first && kept < end) starts.push_back(kept);
                        starts.push_back(end);
                    }
                    if (explorer.points().size() != result.size())
                        throw harness::InfrastructureError("two machines differ in the undisturbed round");
                    if (failure || next + 1 >= starts.size()) return;
                    piece = next++;
                }
                explorer.explore(starts[piece], starts[piece + 1], result);
            }
        } catch (...) {
            const std::lock_guard guard(lock);
            if (!failure) failure = std::current_exception();
        }
    };
    std::vector<std::thread> threads;
    for (unsigned job = 0; job < std::max(1u, what.jobs); ++job) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    if (failure) std::rethrow_exception(failure);
    result.erase(result.begin() + static_cast<ptrdiff_t>(starts.back()), result.end());
    result.erase(result.begin(), result.begin() + static_cast<ptrdiff_t>(starts.front()));
    return result;
}
