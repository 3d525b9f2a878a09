/// @file
/// Chapter 1's userspace: the programs of /ring3, one after the other. Without system calls a program can do
/// just one thing that the kernel notices: fault.
#include <arch/x86_64/tss.h>
#include <kernel/console/console.h>
#include <kernel/fs/vfs.h>
#include <kernel/libk/format.h>
#include <kernel/libk/panic.h>
#include <kernel/task/process.h>
#include <kernel/userspace.h>

namespace {

/// Runs the program called `name` until it dies.
void run_program(const char* name) {
    std::array<char, kPathMax> path{};
    format_to(path, "/ring3/%s", name);
    auto task = start_process(path.data());
    if (!task.ok()) {
        kprintf("%s: can't be started: errno %d\n", path.data(), static_cast<int>(task.error()));
        return;
    }
    auto child = wait_for_child(task.value()->pid, true);
    KASSERT(child.ok());
    kprintf("%s: ended by signal %d\n", path.data(), child.value().status & 0x7f);
}

void run_ring3_programs(void*) {
    auto directory = resolve("/", "/ring3");
    if (!directory.ok()) {
        kprintf("There is no /ring3 in the initramfs: nothing to run.\n");
        return;
    }
    int count = 0;
    for (uint64_t i = 0;; i++) {
        auto entry = directory.value()->entry(i);
        if (!entry.ok()) break;
        run_program(entry.value().name.data());
        count++;
    }
    kprintf("%d programs ran in ring 3 and ended; the kernel lives. System calls come in chapter 2.\n",
            count);
}

}  // namespace

void init_task_entry() {
    init_tss();
}

void start_userspace() {
    if (!start_kernel_thread("ring3", run_ring3_programs, nullptr).ok())
        panic("no memory for the first thread");
}
