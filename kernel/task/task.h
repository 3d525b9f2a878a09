/// @file
/// A task: a user process or a kernel thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <arch/x86_64/current.h>
#include <arch/x86_64/fpu.h>
#include <kernel/fs/vfs.h>
#include <kernel/libk/result.h>
#include <kernel/mm/address_space.h>
#include <kernel/task/signal.h>
#include <kernel/task/wait_queue.h>

/// Whether a task could run.
enum class TaskState : uint32_t {
    kRunnable,  ///< in the run queue
    kBlocked,   ///< asleep in a WaitQueue
    kZombie,    ///< dead, waiting for its parent's wait4()
};

/// Guards the list of all tasks, their parents and their exit states. Taken with interrupts off.
SpinLock& task_list_lock();

/// A process or kernel thread. Lives from create_*() until its parent has waited for it.
struct Task {
    // Run queue: a circular list. Guarded by the scheduler's lock.
    Task* next = nullptr;                    ///< who runs after it; null outside of the queue
    Task* prev = nullptr;                    ///< who ran before it
    TaskState state = TaskState::kRunnable;  ///< whether it could run
    bool idle = false;                       ///< runs only when nobody else can
    uint32_t processor = 0;                  ///< number of the processor in whose queue it is or was last
    uint32_t running = 0;  ///< non-zero while a processor is on its stack; with several processors only

    // What the context switch and the entry paths use (offsets reach assembly through asm_offsets.h).
    uint64_t rsp = 0;         ///< where the Context lies while the task does not run
    uint64_t cr3 = 0;         ///< physical address of its top page table
    uint64_t kstack_top = 0;  ///< first byte above its kernel stack
    uint64_t user_rsp = 0;    ///< the user's RSP during a system call, while the task does not run
    uint32_t work = 0;  ///< non-zero: a signal waits; look at it before returning to ring 3, and don't sleep
    UserState user_state;  ///< SSE and x87 registers, FS and GS base; unused by kernel threads

    // Identity.
    int pid = 0;                  ///< from 1 up; of kernel threads from 0 down
    std::array<char, 16> name{};  ///< null-terminated
    Task* next_task GUARDED_BY(task_list_lock()) =
        nullptr;                ///< list of all tasks, in the order of their making
    Task* wait_link = nullptr;  ///< next sleeper in the same WaitQueue

    // Process state; kernel threads have no address space.
    Ref<AddressSpace> space;  ///< its memory
    Ref<Inode> program;       ///< the file that it runs
    std::array<char, 64>
        arguments{};     ///< what it was started with, as far as there is room: each null-terminated
    uint64_t entry = 0;  ///< address of the program's first instruction
    FileTable files;     ///< its descriptors
    std::array<char, kPathMax> cwd{'/'};  ///< current directory, null-terminated
    Task* parent = nullptr;               ///< who waits for its end; null for the first tasks
    int process_group = 0;                ///< what the terminal's keys signal together
    Signals signals;                      ///< what is to be done about signals, and which are pending
    int fatal_signal = 0;                 ///< pending death, taken before returning to ring 3
    int exit_status = 0;                  ///< as wait4() reports it
    WaitQueue child_exit;                 ///< where the parent sleeps in wait4() and vfork()
    bool borrows_memory GUARDED_BY(task_list_lock()) =
        false;  ///< made by vfork(): its parent waits until it has a program of its own, or is gone
    uint64_t start_tick = 0;  ///< tick at which the task was made
    uint64_t ticks_used = 0;  ///< ticks taken while it ran

    /// True for a process, false for a kernel thread.
    bool is_user() const { return static_cast<bool>(space); }
};

/// First of all tasks; follow `next_task`. C linkage so that debuggers and the test harness find it by this
/// name.
extern "C" Task* all_tasks GUARDED_BY(task_list_lock());
/// The task with this pid, zombies included, or null. Hold task_list_lock().
Task* find_task(int pid) REQUIRES(task_list_lock());

/// Calls `visit(Task&)` for every task, zombies included, in the order of their making, with task_list_lock()
/// held: `visit` must not sleep.
template <class F>
void for_each_task(F&& visit) EXCLUDES(task_list_lock()) {
    LockGuard guard(task_list_lock());
    for (Task* task = all_tasks; task; task = task->next_task) visit(*task);
}

/// Turns the code that runs on the boot stack into the first task: gives it a stack of its own and calls
/// `body` there. Boot processor, interrupts off, once.
[[noreturn]] void become_boot_task(void (*body)());

/// A task with a kernel stack and nothing to run yet, in the list of all tasks but not in the run queue.
/// ENOMEM, or EAGAIN when there are too many. `parent` may be null. Processes get pids from 1 up, kernel
/// threads from 0 down. Task context.
Result<Task*> create_task(std::string_view name, Task* parent, bool kernel_thread);
/// Takes a task that never ran, or a zombie, out of the list and frees it. Task context.
void destroy_task(Task& task);

/// Starts a kernel thread: `body(argument)` runs with IF=0, and the thread ends when it returns. ENOMEM or
/// EAGAIN.
Result<Task*> start_kernel_thread(std::string_view name, void (*body)(void*), void* argument);
