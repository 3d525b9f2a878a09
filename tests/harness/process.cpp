/// @file
/// Starting, watching and ending a child process.
#include <tests/harness/error.h>
#include <tests/harness/file_descriptor.h>
#include <tests/harness/process.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

namespace harness {

namespace {

/// Lowers a limit for this process and those it starts.
void limit_to(__rlimit_resource resource, uint64_t value) {
    rlimit limit{};
    getrlimit(resource, &limit);
    limit.rlim_cur = limit.rlim_max < value ? limit.rlim_max : value;
    setrlimit(resource, &limit);
}

/// Runs in the child, between fork and exec, where only async-signal-safe calls are allowed. Returns when
/// something failed, with errno set.
void become(char* const* command, int output, const ProcessOptions& options, pid_t parent) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);  // the parent died before the line above
    // With the signal ignored, writing beyond the limit fails with EFBIG and QEMU carries on.
    signal(SIGXFSZ, SIG_IGN);
    limit_to(RLIMIT_FSIZE, options.file_limit);
    if (options.memory_limit) limit_to(RLIMIT_AS, options.memory_limit);
    if (options.cpu_seconds) limit_to(RLIMIT_CPU, options.cpu_seconds);
    const int input = open("/dev/null", O_RDONLY);
    if (input < 0 || dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) return;
    execvp(command[0], command);
}

}  // namespace

Process::Process(ProcessOptions options) : options_(std::move(options)) {
    std::vector<char*> arguments;
    for (std::string& word : options_.command) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    const FileDescriptor output(
        open(options_.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (output.get() < 0) throw_errno("cannot create " + options_.output.string());
    // The pipe closes by itself when exec succeeds; otherwise it brings the error number.
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw_errno("cannot make a pipe");
    const FileDescriptor read_end(ends[0]);
    FileDescriptor write_end(ends[1]);

    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ < 0) throw_errno("cannot start a process");
    if (pid_ == 0) {
        become(arguments.data(), output.get(), options_, parent);
        const int error = errno;
        [[maybe_unused]] const ssize_t ignored = write(write_end.get(), &error, sizeof error);
        _exit(127);
    }
    write_end.reset();
    int error = 0;
    ssize_t got = 0;
    do {
        got = read(read_end.get(), &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    if (got == sizeof error) {
        kill_and_collect();
        throw InfrastructureError(
            fmt::format("cannot run '{}': {}", options_.command.front(), std::strerror(error)));
    }
}

Process::~Process() {
    if (!poll_status()) kill_and_collect();
}

std::optional<int> Process::poll_status() {
    if (status_) return status_;
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) status_ = status;
    return status_;
}

std::optional<int> Process::wait_status(Duration limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!poll_status() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(Duration(2));
    }
    return status_;
}

int Process::terminate(Duration limit) {
    if (!poll_status()) kill(pid_, SIGTERM);
    if (const auto status = wait_status(limit)) return *status;
    return kill_and_collect();
}

int Process::kill_and_collect() {
    // Not yet collected, so the number can't belong to another process.
    kill(pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
    return status;
}

std::string Process::output() const {
    std::ifstream file(options_.output, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace harness
