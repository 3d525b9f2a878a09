/// @file
/// The life of a process: program, exit, wait.
#pragma once

#include <cstdint>
#include <string_view>

#include <kernel/libk/result.h>
#include <kernel/task/task.h>

/// Init, which inherits every orphan.
inline constexpr int kInitPid = 1;

/// Arguments or environment of a new program: null-terminated strings packed one behind the other.
struct StringList {
    std::string_view bytes;  ///< all strings with their nulls
    size_t count = 0;        ///< strings
};

/// A program loaded into an address space of its own, ready to be entered.
struct LoadedProgram {
    Ref<AddressSpace> space;           ///< with everything mapped
    Ref<Inode> file;                   ///< where it comes from
    std::array<char, 64> arguments{};  ///< Task::arguments
    uint64_t entry = 0;                ///< RIP of its first instruction
    uint64_t stack = 0;  ///< RSP there: argc, argv, envp and the auxiliary vector (System V ABI, 3.4.1)
};

/// Loads the ELF executable `path`. ENOENT, ENOEXEC (with the reason in the kernel's log), ENOMEM, E2BIG when
/// arguments and environment exceed one page. A script is run by the interpreter that it names, which can't
/// be a script itself. Task context.
/// @callgraph
Result<LoadedProgram> load_program(std::string_view cwd, std::string_view path, const StringList& arguments,
                                   const StringList& environment, bool is_interpreter = false);

/// Copies kernel bytes to `address` in a program's space, whichever is in use. EFAULT where the program may
/// not write, ENOMEM. Task context.
Result<void> store(AddressSpace& space, uint64_t address, const void* data, size_t size);

/// Starts `path` as a new process with the console as its descriptors 0, 1 and 2. Kernel's use: init, and the
/// programs of chapter 1. Errors as load_program() and create_task() have them. Task context.
Result<Task*> start_process(std::string_view path);

/// A child of the current process, its like in all but the pid, complete but for the registers it starts
/// with, and not started yet. It gets a copy of the memory, as fork(2) has it, or shares it and both go on
/// with it (CLONE_VM of clone(2)). ENOMEM, EAGAIN when there are too many, or EINTR when a signal waits: then
/// the call is to be made again. Task context.
/// @callgraph
Result<Task*> fork_process(bool shares_memory);

/// Makes the current process run `program`, which was loaded from `path`, from its first instruction. The
/// caller must own nothing else: destructors on its stack never run.
[[noreturn]] void replace_program(const char* path, LoadedProgram&& program);

/// Ends the current task with an exit status as wait4() reports it: code << 8, or the signal that killed it.
/// Its children become init's. Task context; no lock held, and destructors on the stack never run.
/// @callgraph
[[noreturn]] void exit_current(int status);

/// Waits until the current task's child `pid`, for which Task::borrows_memory was set before it started, has
/// called execve(2) or ended, or this task has been killed. Task context.
void wait_for_release(int pid);

/// Pid and status of a dead child.
struct ExitedChild {
    int pid = 0;         ///< 0: none is dead yet, and the caller would not wait
    int status = 0;      ///< as wait4() reports it
    uint64_t ticks = 0;  ///< that it has used
};
/// Waits for a child of the current task to die, and buries it. `pid` > 0: that child; -1: any; 0 or < -1:
/// any of the process group (0: the caller's). ECHILD without such a child, EINTR when a signal
/// comes first. Task context.
Result<ExitedChild> wait_for_child(int pid, bool may_wait);
