/// @file
/// Exit, wait, and starting the first processes.
#include <arch/x86_64/context.h>
#include <arch/x86_64/cpu_local.h>
#include <arch/x86_64/paging.h>
#include <arch/x86_64/user_entry.h>
#include <kernel/console/console.h>
#include <kernel/debug/trace.h>
#include <kernel/libk/string.h>
#include <kernel/task/process.h>
#include <kernel/task/scheduler.h>

namespace {

/// True when `child` is one that wait_for_child(pid) of `parent` asks for.
bool is_wanted(const Task& child, const Task& parent, int pid) {
    if (child.parent != &parent) return false;
    if (pid > 0) return child.pid == pid;
    if (pid == -1) return true;
    return child.process_group == (pid == 0 ? parent.process_group : -pid);
}

/// Moves `task` to `space`, and the processor with it when `task` is running.
void use_address_space(Task& task, Ref<AddressSpace> space) {
    const uint64_t cr3 = space ? space->cr3() : kernel_root().value;
    const uint64_t flags = irq_save();
    task.cr3 = cr3;
    if (&task == current()) write_cr3(cr3);
    std::swap(task.space, space);
    irq_restore(flags);
    // `space` now holds the old one, which goes here, when no processor uses its tables any more.
}

/// Lets the parent go on that has made `task` by vfork(2) and waits for it.
void release_parent(Task& task) {
    LockGuard guard(task_list_lock());
    if (!std::exchange(task.borrows_memory, false)) return;
    if (task.parent) task.parent->child_exit.wake_all();
}

/// The last path component, for Task::name.
std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// Gives `task` what `program` owns, its name, and a fresh set of registers.
void adopt_program(Task& task, LoadedProgram& program, std::string_view path) {
    use_address_space(task, std::move(program.space));
    task.program = std::move(program.file);
    task.arguments = program.arguments;
    task.entry = program.entry;
    copy_string(task.name, base_name(path));
    trace_task(task);
    task.user_state = {};
    if (&task == current()) load_user_state(task);
}

}  // namespace

Result<Task*> start_process(std::string_view path) {
    LoadedProgram program =
        TRY(load_program("/", path, {{path.data(), path.size() + 1}, 1}, {{"PATH=/bin", 10}, 1}));
    Ref<OpenFile> console = TRY(open_file("/", "/dev/console", kO_RDWR, 0));
    Task* task = TRY(create_task(base_name(path), current(), false));
    for (int fd = 0; fd < 3; fd++) (void)task->files.install(console, false);
    adopt_program(*task, program, path);
    prepare_user_entry(*task, program.entry, program.stack);
    start_task(*task);
    return task;
}

Result<Task*> fork_process(bool shares_memory) {
    Task& parent = *current();
    Ref<AddressSpace> space = shares_memory ? parent.space : TRY(parent.space->clone());
    Task* child = TRY(create_task(parent.name.data(), &parent, false));
    use_address_space(*child, std::move(space));
    trace_task(*child);
    child->files = parent.files;
    child->program = parent.program;
    child->arguments = parent.arguments;
    child->entry = parent.entry;
    child->cwd = parent.cwd;
    child->signals.actions = parent.signals.actions;
    child->signals.blocked = parent.signals.blocked;
    if (!shares_memory) child->signals.stack = parent.signals.stack;
    save_user_state(parent);
    child->user_state = parent.user_state;
    {
        // From here on a signal to the group finds the child as well.
        LockGuard guard(task_list_lock());
        child->process_group = parent.process_group;
    }
    // One that came before has found the parent only, and the child must not escape it: the parent sees to it
    // first, and what its handler does is in the next child's memory too.
    if (!__atomic_load_n(&parent.work, __ATOMIC_ACQUIRE)) return child;
    destroy_task(*child);
    return Errno::kEINTR;
}

void replace_program(const char* path, LoadedProgram&& program) {
    Task& task = *current();
    adopt_program(task, program, path);
    task.files.close_for_exec();
    reset_handlers(task.signals);
    release_parent(task);
    enter_user(program.entry, program.stack);
}

void exit_current(int status) {
    Task& task = *current();
    task.files.close_all();
    task.program = {};
    use_address_space(task, {});
    release_parent(task);
    trace_task(task);

    (void)irq_save();
    {
        LockGuard guard(task_list_lock());
        Task* init = find_task(kInitPid);
        bool inherited_zombie = false;
        for (Task* child = all_tasks; child; child = child->next_task) {
            if (child->parent != &task) continue;
            child->parent = init;
            inherited_zombie |= child->state == TaskState::kZombie;
        }
        if (inherited_zombie && init) init->child_exit.wake_all();
        task.exit_status = status;
        task.state = TaskState::kZombie;
        if (Task* parent = task.parent) {
            parent->child_exit.wake_all();
            // Who ignores the signal does not want to wait either: init does.
            if (init && parent->signals.actions[kSIGCHLD].handler == kSIG_IGN) {
                task.parent = init;
                init->child_exit.wake_all();
            } else {
                send_signal(*parent, kSIGCHLD, task.pid, status);
            }
        }
    }
    // With interrupts off nobody sees the zombie before the processor has left its stack.
    retire_current();
}

void wait_for_release(int pid) {
    Task& parent = *current();
    for (;;) {
        {
            LockGuard guard(task_list_lock());
            const Task* child = find_task(pid);
            if (!child || child->parent != &parent || !child->borrows_memory) return;
            if (parent.child_exit.wait(guard).ok()) continue;
        }
        // A signal waits, so there is no sleeping. Its handler may not run yet: it would use the stack that
        // the child is working on. Death may come: what is lent stays as long as somebody uses it.
        if (parent.fatal_signal) return;
        schedule();
    }
}

Result<ExitedChild> wait_for_child(int pid, bool may_wait) {
    Task& parent = *current();
    Task* dead = nullptr;
    {
        LockGuard guard(task_list_lock());
        for (bool interrupted = false;;) {
            bool any = false;
            for (Task* task = all_tasks; task && !dead; task = task->next_task) {
                if (!is_wanted(*task, parent, pid)) continue;
                any = true;
                if (task->state == TaskState::kZombie) dead = task;
            }
            if (dead) break;
            if (!any) return Errno::kECHILD;
            if (!may_wait) return ExitedChild{};
            if (interrupted) return Errno::kEINTR;
            // The child's end comes with a signal: look for the child first.
            interrupted = !parent.child_exit.wait(guard).ok();
        }
    }
    const ExitedChild child{dead->pid, dead->exit_status, dead->ticks_used};
    destroy_task(*dead);
    return child;
}
