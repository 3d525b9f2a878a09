/// @file
/// One child process, which never outlives its owner.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tests/harness/progress.h>

namespace harness {

/// How a child process is started.
struct ProcessOptions {
    std::vector<std::string> command;    ///< the program, looked up in PATH, and its arguments
    std::filesystem::path output;        ///< file that receives standard output and standard error
    uint64_t file_limit = 512ull << 20;  ///< bytes the child may write to one file; what is more is dropped
    uint64_t memory_limit = 0;           ///< bytes of address space; 0 is no limit
    uint64_t cpu_seconds = 0;            ///< after these each of its processes is killed; 0 is no limit
};

/// A running or finished child. It has a process group of its own, so Ctrl-C at the terminal ends the test
/// program first; the kernel kills the child when the thread that started it ends, however that happens.
class Process {
  public:
    /// Starts it. Throws InfrastructureError when the program is missing or can't be started.
    explicit Process(ProcessOptions options);
    /// Kills it, if it still runs, and collects it.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t pid() const { return pid_; }
    /// The status that waitpid() reports, once it has ended.
    std::optional<int> poll_status();
    /// Waits for its end, at most `limit` of plain time.
    std::optional<int> wait_status(Duration limit);
    /// Asks it to end (SIGTERM), and kills it when it has not after `limit`: a recording stays readable only
    /// when QEMU may close it. Returns the status.
    int terminate(Duration limit = Duration(1000));
    /// What it wrote to standard output and standard error so far.
    std::string output() const;

  private:
    int kill_and_collect();

    ProcessOptions options_;
    pid_t pid_ = -1;
    std::optional<int> status_;
};

}  // namespace harness
