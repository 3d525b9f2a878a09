/// @file
/// Stand-ins for tasks, user copies, sleep, signals, the clock and the console.

#include <tests/unit/support/host_kernel.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/current.h>
#include <kernel/console/console.h>
#include <kernel/console/tty.h>
#include <kernel/fs/random.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/user_copy.h>
#include <kernel/sync/lock_place.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/timer.h>
#include <kernel/task/wait_queue.h>
#include <tests/unit/support/frames.h>

HostKernel host;

namespace {

constinit SpinLock list_lock("task list", LockRank::kTaskList);
alignas(kPageSize) std::byte user_memory[kHostUserPages * kPageSize];

bool user_can_reach(uint64_t address, size_t length) {
    const uint64_t start = user_address();
    return address >= start && address - start <= sizeof user_memory &&
           length <= sizeof user_memory - (address - start);
}

}  // namespace

Task& host_task() {
    static Task task;
    return task;
}

void reset_host_kernel() {
    host = {};
    host_interrupts_enabled = true;
    Task& task = host_task();
    task.files.close_all();
    task.files.umask = 022;
    task.pid = 7;
    task.process_group = 7;
    task.name = {"prog"};
    task.state = TaskState::kRunnable;
    task.cwd = {"/"};
    task.work = 0;
    task.fatal_signal = 0;
    task.arguments = {"prog\0-x"};
    task.parent = nullptr;
    set_root_inode(Ref<Inode>());
    set_console_tty(Ref<Tty>());
    // The heap keeps frames of its own, so the pool can't be reset under it.
    if (total_frame_count() == 0) reset_host_frames();
    std::memset(user_memory, 0, sizeof user_memory);
}

std::byte* host_user_memory() {
    return user_memory;
}

Task* current() {
    return &host_task();
}
Task* all_tasks = &host_task();
Task* find_task(int pid) {
    return host_task().pid == pid ? &host_task() : nullptr;
}
SpinLock& task_list_lock() {
    return list_lock;
}

// Chapter 3 waits by yielding, the other chapters by sleeping: to a test it is the same.
void schedule() {
    check_no_lock_held();
    host.sleeps++;
    if (!host.while_asleep) throw std::logic_error("slept, and nobody is there to end it");
    const bool interrupts_enabled = host_interrupts_enabled;
    host_interrupts_enabled = true;  // as it is for the others while this one sleeps
    host.while_asleep();
    host_interrupts_enabled = interrupts_enabled;
}

Result<void> WaitQueue::wait(LockGuard& guard) {
    if (current()->work) return Errno::kEINTR;
    guard.lock().unlock();
    schedule();
    guard.lock().lock();
    if (current()->work) return Errno::kEINTR;
    return {};
}
void WaitQueue::wake_sleepers() {}

void kill_host_task() {
    host_task().fatal_signal = kSIGKILL;
    host_task().work = 1;
}

void send_signal(Task& task, int signal, int, int) {
    // A real signal takes locks, so it must not be sent under one with interrupts off.
    if (!host_interrupts_enabled) throw std::logic_error("signal sent under a lock");
    host.signals.push_back({task.pid, signal});
}
Result<void> signal_group(int group, int signal, int) {
    if (!host_interrupts_enabled) throw std::logic_error("signal sent under a lock");
    host.signals.push_back({-group, signal});
    return {};
}

Result<void> copy_from_user(void* to, UserPtr<const void> from, size_t length) {
    if (!host_interrupts_enabled) throw std::logic_error("user memory touched under a lock");
    if (!user_can_reach(from.address, length)) return Errno::kEFAULT;
    std::memcpy(to, reinterpret_cast<const void*>(from.address), length);
    return {};
}
Result<void> copy_to_user(UserPtr<void> to, const void* from, size_t length) {
    if (!host_interrupts_enabled) throw std::logic_error("user memory touched under a lock");
    if (!user_can_reach(to.address, length)) return Errno::kEFAULT;
    std::memcpy(reinterpret_cast<void*>(to.address), from, length);
    return {};
}
size_t copy_part_from_user(void* to, UserPtr<const void> from, size_t length) {
    size_t done = 0;
    while (done < length && copy_from_user(static_cast<std::byte*>(to) + done, from + done, 1).ok()) ++done;
    return length - done;
}
size_t copy_part_to_user(UserPtr<void> to, const void* from, size_t length) {
    size_t done = 0;
    while (done < length && copy_to_user(to + done, static_cast<const std::byte*>(from) + done, 1).ok())
        ++done;
    return length - done;
}
Result<size_t> copy_string_from_user(std::span<char> out, UserPtr<const char> from) {
    for (size_t i = 0; i < out.size(); i++) {
        TRY_VOID(copy_from_user(&out[i], UserPtr<const void>{from.address + i}, 1));
        if (out[i] == '\0') return i;
    }
    return Errno::kENAMETOOLONG;
}

uint64_t timer_ticks() {
    return host.ticks;
}
uint32_t timer_hz() {
    return 1000;
}

void console_write(std::span<const char> bytes) {
    host.screen.append(bytes.data(), bytes.size());
}

void fill_random(std::span<std::byte> out) {
    std::fill(out.begin(), out.end(), std::byte{0x5a});
}
