/// @file
/// 6.3: the messages that wake a processor, and the time they take. The processor itself may do what it
/// likes: the grader says when it is online.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include <tests/labs/06-smp/smp_test_base.h>

namespace {

/// An id that no processor of these machines has.
constexpr uint64_t kNobody = 77;
/// One instruction takes 128 ns: a second of the guest's is soon over.
constexpr int kIcountShift = 7;

constexpr double kMillisecond = 1e6, kMicrosecond = 1e3;  // in nanoseconds

/// A message, or the end.
struct Event {
    enum Kind { kInit, kStartup, kReturn } kind;
    uint64_t id = 0, page = 0;
    double time = 0;  ///< nanoseconds
    bool answer = false;
};

class Wake : public SmpTest {
  protected:
    /// Where wake_processor(), which has just been called, returns to.
    uint64_t return_address() { return machine().gdb().read_u64(machine().gdb().regs().rsp); }

    /// The guest's time: what RDTSC gives, executed on the boot processor where it finds one in the kernel.
    /// With icount it counts nanoseconds.
    double time() {
        harness::GdbStub& gdb = machine().gdb();
        const harness::Registers before = gdb.regs();
        gdb.write_register("rip", rdtsc_address());
        gdb.step();
        const harness::Registers after = gdb.regs();
        gdb.write_register("rip", before.rip);
        gdb.write_register("rax", before.rax);
        gdb.write_register("rdx", before.rdx);
        return static_cast<double>(after.rdx << 32 | (after.rax & 0xffff'ffff));
    }

    uint64_t rdtsc_address() {
        static constexpr uint8_t kRdtsc[] = {0x0f, 0x31};
        for (const harness::Section& section : machine().symbols().sections()) {
            if (section.name != ".text") continue;
            const auto code = machine().symbols().section_bytes(".text");
            const auto found = std::search(code.begin(), code.end(), std::begin(kRdtsc), std::end(kRdtsc));
            if (found != code.end()) return section.address + static_cast<uint64_t>(found - code.begin());
        }
        throw harness::InfrastructureError("there is no RDTSC in the kernel");
    }

    /// What wake_processor() does when nobody has the id that it is given, up to `most` events.
    std::vector<Event> wake_nobody(size_t most) {
        harness::GdbStub& gdb = start_kernel(2, kIcountShift);
        hint("The second processor is never waked: is it in the list of 6.1?");
        run_to_kernel("wake_processor", harness::Duration(5'000));
        hint("");
        page_ = gdb.regs().rdx;
        gdb.write_register("rdi", kNobody);
        start_ = time();
        const uint64_t end = return_address();
        const uint64_t init = symbol("send_init"), startup = symbol("send_startup");
        for (const uint64_t address : {init, startup, end}) gdb.insert_breakpoint(address);
        std::vector<Event> events;
        while (events.size() < most) {
            gdb.resume();
            std::optional<harness::Stop> stop;
            try {
                stop = gdb.wait_stop(harness::Duration(4'000));
            } catch (const harness::Timeout&) {
                break;  // it waits, and waits
            }
            if (stop->exited) throw harness::QemuGone("the machine ended");
            const harness::Registers at = gdb.regs();
            if (stop->cpu != 0 || (at.rip != init && at.rip != startup && at.rip != end)) continue;
            events.push_back({.kind = at.rip == init      ? Event::kInit
                                      : at.rip == startup ? Event::kStartup
                                                          : Event::kReturn,
                              .id = at.rdi & 0xff,
                              .page = at.rsi,
                              .time = time() - start_,
                              .answer = (at.rax & 0xff) != 0});
            if (at.rip == end) break;
            gdb.step();
        }
        return events;
    }

    static std::string text(const std::vector<Event>& events) {
        std::string all;
        for (const Event& event : events) {
            all += fmt::format("{:10.3f} ms: ", event.time / kMillisecond);
            if (event.kind == Event::kReturn)
                all += fmt::format("returns {}\n", event.answer);
            else if (event.kind == Event::kInit)
                all += fmt::format("send_init({})\n", event.id);
            else
                all += fmt::format("send_startup({}, {:#x})\n", event.id, event.page);
        }
        return all.empty() ? "nothing" : all;
    }

    uint64_t page_ = 0;

  private:
    double start_ = 0;
};

GRADED(
    Wake, StartsAProcessor,
    {.title = "The second processor starts on the trampoline's page, and is noticed as soon as it is online",
     .section = "6.3",
     .points = 6,
     .needs = {"Madt.ListsEnabledProcessors"},
     .hint = "The second processor never comes to the page: INIT makes it wait, and the start-up message "
             "names where it starts."}) {
    harness::GdbStub& gdb = start_kernel(2);
    hint("The second processor is never waked: is it in the list of 6.1?");
    run_to_kernel("wake_processor");
    hint("");
    const uint64_t number = gdb.regs().rsi & 0xff;
    const uint64_t end = return_address();
    gdb.insert_breakpoint(kTrampolinePage);
    gdb.insert_breakpoint(end);
    gdb.resume();
    harness::Stop stop = gdb.wait_stop(harness::Duration(3'000));
    ASSERT_FALSE(stop.exited);
    ASSERT_EQ(stop.cpu, 1u) << "wake_processor() returned before the processor had come";
    ASSERT_EQ(gdb.regs().cs, kTrampolinePage >> 4) << "CS of the processor that starts";
    gdb.remove_breakpoint(kTrampolinePage);

    // From here on it stands still, and the grader speaks for it.
    hint(
        "online_processors() is to be looked at often while the time passes, so that no more of it passes "
        "than must.");
    gdb.select_cpu(0);
    const uint32_t online = gdb.read_u32(online_address());
    const uint32_t wanted = online | 1u << number;
    gdb.write(online_address(), {reinterpret_cast<const uint8_t*>(&wanted), sizeof wanted});
    gdb.resume_only(0);
    stop = gdb.wait_stop(harness::Duration(300));
    ASSERT_EQ(stop.cpu, 0u);
    hint("The answer is true when the processor is online.");
    ASSERT_EQ(gdb.regs().rax & 0xff, 1u) << "the result of wake_processor()";
}

GRADED(Wake, FollowsTheManual,
       {.title = "INIT, 10 ms, a start-up message, and another one when nobody comes",
        .section = "6.3",
        .points = 5,
        .needs = {"Wake.StartsAProcessor"},
        .hint = "The manual's order is INIT, a pause of 10 ms, a start-up message, 200 us or more, a second "
                "start-up message."}) {
    const auto events = wake_nobody(3);
    ASSERT_EQ(events.size(), 3u) << text(events);
    ASSERT_EQ(events[0].kind, Event::kInit) << text(events);
    ASSERT_EQ(events[1].kind, Event::kStartup) << text(events);
    hint("The message goes to the local APIC id, which is not the processor's number.");
    for (const Event& event : events)
        ASSERT_TRUE(event.kind == Event::kReturn || event.id == kNobody) << text(events);
    hint("send_startup() takes the page's address as it is.");
    ASSERT_EQ(events[1].page, page_) << text(events);
    hint("A processor needs 10 ms after INIT before it understands a start-up message.");
    ASSERT_GE(events[1].time - events[0].time, 9.9 * kMillisecond) << text(events);
    hint("The manual has the start-up message sent twice, as the first one may be lost.");
    ASSERT_EQ(events[2].kind, Event::kStartup) << text(events);
    ASSERT_EQ(events[2].page, page_) << text(events);
    hint("Between the two start-up messages at least 200 us must pass.");
    ASSERT_GE(events[2].time - events[1].time, 199 * kMicrosecond) << text(events);
}

GRADED(Wake, GivesUpInTime,
       {.title = "A processor that does not answer is given up within a second or two, and reset once more",
        .section = "6.3",
        .points = 5,
        .needs = {"Wake.FollowsTheManual"},
        .hint = "The wait for a processor that does not come must have an end."}) {
    const auto events = wake_nobody(20);
    ASSERT_FALSE(events.empty());
    const Event last = events.back();
    ASSERT_EQ(last.kind, Event::kReturn) << text(events);
    ASSERT_LE(last.time, 3'000 * kMillisecond) << text(events);
    hint("The answer is false when the processor is not online.");
    ASSERT_FALSE(last.answer) << text(events);
    hint("A real processor may take its time: give it at least a tenth of a second after the last message.");
    ASSERT_GE(last.time, 110 * kMillisecond) << text(events);
    hint(
        "Reset it by INIT before giving up: it could come later, and find its stack in another one's hands.");
    ASSERT_GE(events.size(), 2u);
    ASSERT_EQ(events[events.size() - 2].kind, Event::kInit) << text(events);
    ASSERT_EQ(events[events.size() - 2].id, kNobody) << text(events);
}

}  // namespace
