/// @file
/// Making and unmaking tasks, and the list of all of them.
#include <arch/x86_64/context.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/paging.h>
#include <arch/x86_64/processor.h>
#include <kernel/debug/trace.h>
#include <kernel/libk/panic.h>
#include <kernel/libk/string.h>
#include <kernel/mm/heap.h>
#include <kernel/task/kernel_stack.h>
#include <kernel/task/process.h>
#include <kernel/task/scheduler.h>
#include <kernel/task/task.h>
#include <kernel/task/timer.h>

Task* all_tasks = nullptr;

namespace {

/// More tasks than this and fork(2) says EAGAIN: a fork bomb must leave room for a shell to end it.
constexpr int kMaximumTasks = 512;

SpinLock lock("task list", LockRank::kTaskList);
int task_count GUARDED_BY(task_list_lock()) = 0;
int next_pid GUARDED_BY(task_list_lock()) = 1;  ///< of processes: the first is init
int next_kernel_thread GUARDED_BY(task_list_lock()) =
    0;  ///< kernel threads count down, from the boot task's 0

void (*boot_body)();

/// Context::rip of a kernel thread: calls its body, whose address and argument wait in callee-saved
/// registers.
extern "C" void kernel_thread_start();

/// Frees a task that is in no list.
void free_task(Task& task) {
    free_kernel_stack({task.kstack_top});
    task.~Task();
    kfree(&task);
}

extern "C" [[noreturn]] void boot_task_start() {
    boot_body();
    panic("the boot task returned");
}

}  // namespace

SpinLock& task_list_lock() {
    return lock;
}

Task* find_task(int pid) {
    for (Task* task = all_tasks; task; task = task->next_task)
        if (task->pid == pid) return task;
    return nullptr;
}

void become_boot_task(void (*body)()) {
    auto boot_task = create_task("idle", nullptr, true);
    if (!boot_task.ok()) panic("no memory for the boot task");
    init_scheduler(*boot_task.value());
    boot_body = body;
    asm volatile(
        "mov %0, %%rsp; xor %%ebp, %%ebp; call boot_task_start" ::"r"(boot_task.value()->kstack_top));
    __builtin_unreachable();
}

Result<Task*> create_task(std::string_view name, Task* parent, bool kernel_thread) {
    static_assert(alignof(Task) <= 16 || sizeof(Task) > 2048, "the heap aligns large objects only");
    void* memory = kmalloc(sizeof(Task));
    if (!memory) return Errno::kENOMEM;
    Task* task = new (memory) Task;
    auto stack = allocate_kernel_stack(task);
    if (!stack.ok()) {
        kfree(task);
        return stack.error();
    }
    task->kstack_top = stack.value().value;
    copy_string(task->name, name);
    task->parent = parent;
    task->cr3 = kernel_root().value;
    task->start_tick = timer_ticks();
    LockGuard guard(task_list_lock());
    if (task_count >= kMaximumTasks) {
        free_task(*task);
        return Errno::kEAGAIN;
    }
    task->pid = kernel_thread ? next_kernel_thread-- : next_pid++;
    // A process that the kernel starts leads a group of its own; fork_process() makes its child a member of
    // the parent's.
    task->process_group = task->pid;
    Task** link = &all_tasks;
    while (*link) link = &(*link)->next_task;
    *link = task;
    task_count++;
    return task;
}

void destroy_task(Task& task) {
    // A zombie's processor may not have left its stack yet. It holds no lock and is about to.
    while (__atomic_load_n(&task.running, __ATOMIC_ACQUIRE)) spin_once();
    {
        LockGuard guard(task_list_lock());
        Task** link = &all_tasks;
        while (*link != &task) link = &(*link)->next_task;
        *link = task.next_task;
        task_count--;
    }
    free_task(task);
}

Result<Task*> start_kernel_thread(std::string_view name, void (*body)(void*), void* argument) {
    Task* task = TRY(create_task(name, current(), true));
    auto* context = reinterpret_cast<Context*>(task->kstack_top) - 1;
    *context = initial_context(reinterpret_cast<uint64_t>(kernel_thread_start));
    context->rbx = reinterpret_cast<uint64_t>(body);
    context->r12 = reinterpret_cast<uint64_t>(argument);
    task->rsp = reinterpret_cast<uint64_t>(context);
    trace_task(*task);
    start_task(*task);
    return task;
}

/// Called by kernel_thread_start when the thread's body has returned.
extern "C" [[noreturn]] void kernel_thread_end() {
    exit_current(0);
}
