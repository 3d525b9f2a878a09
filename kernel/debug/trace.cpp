/// @file
/// The ring of the trace, and who writes to it.
#ifdef TRACE

#include <array>
#include <cstring>
#include <utility>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/entry_words.h>
#include <kernel/debug/trace.h>
#include <kernel/task/kernel_stack.h>
#include <kernel/task/task.h>

// C linkage, so that debuggers find them by these names.
extern "C" {
/// Records in the ring, and in a block of it.
extern const uint64_t kTraceRecords = 8192, kTraceBlock = 1024;
/// Record n is at n modulo the length.
std::array<TraceRecord, kTraceRecords> trace_ring;
/// The number of the next record: how many there have been since boot.
uint64_t trace_next = 0;

/// Where a debugger may stop: after each block of records.
[[gnu::noinline]] void trace_block_full() {
    asm volatile("");
}

/// In trace_around.S: call(a, b, c, d, e, f), then after(context, result), with room on the stack in between.
int64_t trace_around(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, void* call,
                     void (*after)(uint64_t context, int64_t result), uint64_t context);
}

namespace {

int32_t owner_of_stack(uint64_t rsp) {
    const uint64_t base = kernel_stack_base(rsp);
    const Task* owner = base ? *reinterpret_cast<Task**>(base) : nullptr;
    return owner ? owner->pid : kNoTask;
}

/// Completes `what` and writes it to the ring. Interrupts are off meanwhile, so that on one processor records
/// are in the order of what they tell; an NMI in between gets a later number.
void record(TraceRecord&& what) {
    const uint64_t flags = irq_save();
    const uint64_t number = __atomic_fetch_add(&trace_next, 1, __ATOMIC_RELAXED);
    const auto rsp = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
    const EntryWords words = entry_words();
    what.time = rdtsc();
    what.stack_owner = owner_of_stack(rsp);
    what.published = words.stack;
    what.processor = static_cast<uint8_t>(words.processor);
    what.flags |= (flags & kRFLAGS_IF) != 0;
    if (what.kind != TraceKind::kTask) {
        what.rsp = rsp;
        what.cr3 = read_cr3();
        what.scratch = words.scratch;
    }
    TraceRecord& slot = trace_ring[number % kTraceRecords];
    __atomic_store_n(&slot.stamp, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    slot = what;  // its stamp is 0 as well
    __atomic_store_n(&slot.stamp, static_cast<uint32_t>(number + 1), __ATOMIC_RELEASE);
    irq_restore(flags);
    if ((number + 1) % kTraceBlock == 0) trace_block_full();
}

uint8_t interrupt_flags(const InterruptFrame& frame) {
    return static_cast<uint8_t>((frame.rflags & kRFLAGS_IF ? 2 : 0) | (frame.cs & 3) << 2);
}

void leave_interrupt(uint64_t vector, int64_t) {
    record({.kind = TraceKind::kInterruptLeave, .vector = static_cast<uint8_t>(vector)});
}

void leave_system_call(uint64_t, int64_t result) {
    record({.value = static_cast<uint64_t>(result), .kind = TraceKind::kSyscallLeave});
}

}  // namespace

void trace_publish(const Task& to) {
    record({.kind = TraceKind::kPublish, .pid = to.pid});
}

void trace_switch(const Task& to) {
    record({.value = to.cr3, .kind = TraceKind::kSwitch, .pid = to.pid});
}

void trace_task(const Task& task) {
    TraceRecord what{.rsp = task.kstack_top, .cr3 = task.cr3, .kind = TraceKind::kTask, .pid = task.pid};
    static_assert(sizeof(task.name) == sizeof(what.scratch) + sizeof(what.value));
    memcpy(&what.scratch, task.name.data(), sizeof(what.scratch));
    memcpy(&what.value, task.name.data() + sizeof(what.scratch), sizeof(what.value));
    record(std::move(what));
}

void trace_panic(uint64_t rip, uint64_t vector) {
    record({.value = rip, .kind = TraceKind::kPanic, .vector = static_cast<uint8_t>(vector)});
}

void trace_interrupt(InterruptFrame* frame, void (*handle)(InterruptFrame*)) {
    const auto vector = static_cast<uint8_t>(frame->vector);
    record({.value = frame->rip,
            .kind = TraceKind::kInterruptEnter,
            .vector = vector,
            .flags = interrupt_flags(*frame)});
    trace_around(reinterpret_cast<uint64_t>(frame), 0, 0, 0, 0, 0, reinterpret_cast<void*>(handle),
                 leave_interrupt, vector);
}

int64_t trace_system_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f,
                          uint32_t number, SystemCall* call) {
    record({.value = number, .kind = TraceKind::kSyscallEnter});
    return trace_around(a, b, c, d, e, f, reinterpret_cast<void*>(call), leave_system_call, number);
}

#endif
