/// @file
/// The trace: what the kernel did last, in a ring of records that is read from outside (`make timeline`).
/// Built by TRACE=yes; without it nothing is left of it in the kernel. docs/timeline.md says how it is read.
///
/// Recording takes no lock and may be called in any context, NMI included. One rule comes from chapter 3:
/// once its bug has struck, the way back from schedule() is taken twice on one stack, and whatever the first
/// time writes below RSP is missing the second. So what is recorded after a call that may switch is recorded
/// by trace_around(), which leaves room there.
#pragma once

#include <cstdint>

#include <arch/x86_64/interrupt_frame.h>
#include <kernel/syscall/calls.h>

struct Task;

/// The vector of a panic that no exception caused.
inline constexpr uint8_t kNoVector = 0xff;

/// What the entry paths of a processor go by (arch/x86_64/entry_words.h).
struct EntryWords {
    uint64_t stack = 0;      ///< top of the kernel stack that the next entry takes; 0: none was published yet
    uint64_t scratch = 0;    ///< the word that keeps the user's RSP
    uint32_t processor = 0;  ///< that processor's number
};

#ifdef TRACE

/// What a record is about; labs/tools/gdb/timeline.py knows these numbers.
enum class TraceKind : uint8_t {
    kSyscallEnter = 1,  ///< value: number
    kSyscallLeave,      ///< value: result
    kInterruptEnter,    ///< value: RIP; vector, ring and the interrupted IF
    kInterruptLeave,    ///< vector
    kPublish,           ///< pid: whose kernel stack the entry paths now go to
    kSwitch,            ///< pid: who comes; value: its CR3
    kTask,              ///< pid: a task that begins, becomes another program, or ends; see TraceRecord
    kPanic,             ///< value: RIP; vector, kNoVector if it is no exception's
};

/// TraceRecord::stack_owner on a stack that no task owns.
inline constexpr int32_t kNoTask = INT32_MIN;

/// One record, a cache line. `stamp` is written last and is 0 in between: it tells a reader which turn of the
/// ring the record belongs to, and whether it is complete.
struct alignas(64) TraceRecord {
    uint32_t stamp = 0;       ///< one more than its number since boot, modulo 2^32
    int32_t stack_owner = 0;  ///< pid of the task on whose kernel stack RSP was, or kNoTask
    uint64_t time = 0;        ///< TSC
    uint64_t rsp = 0;         ///< for kTask: the top of the task's kernel stack
    uint64_t cr3 = 0;         ///< for kTask: the task's
    uint64_t published = 0;   ///< the kernel stack that the next entry from ring 3 takes (EntryWords)
    uint64_t scratch = 0;     ///< the word that keeps the user's RSP; for kTask: its name, with `value`
    uint64_t value = 0;       ///< see TraceKind
    TraceKind kind = {};      ///< what it is about
    uint8_t processor = 0;    ///< number of the processor that wrote it
    uint8_t vector = 0;       ///< of an interrupt or a panic
    uint8_t flags = 0;  ///< bit 0: IF; of an interrupt bit 1: the interrupted IF, bits 2 and 3: the ring
    int32_t pid = 0;    ///< whom the kind is about, see TraceKind
};
static_assert(sizeof(TraceRecord) == 64);

/// publish_kernel_stack() has been called for `to`. IF=0 as a rule; chapter 3 is the exception.
void trace_publish(const Task& to);
/// The current task is about to switch to `to`.
void trace_switch(const Task& to);
/// `task` exists, or has got another name or address space.
void trace_task(const Task& task);
/// The kernel stops at `rip`.
void trace_panic(uint64_t rip, uint64_t vector);
/// Calls `handle(frame)` between the records of an interrupt's beginning and end.
void trace_interrupt(InterruptFrame* frame, void (*handle)(InterruptFrame*));
/// Calls a system call between the records of its beginning and end; returns its result.
int64_t trace_system_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f,
                          uint32_t number, SystemCall* call);

#else

inline void trace_publish(const Task& /*to*/) {}
inline void trace_switch(const Task& /*to*/) {}
inline void trace_task(const Task& /*task*/) {}
inline void trace_panic(uint64_t /*rip*/, uint64_t /*vector*/) {}
inline void trace_interrupt(InterruptFrame* frame, void (*handle)(InterruptFrame*)) {
    handle(frame);
}

#endif
