/// @file
/// sh: the shell. Reads commands from a terminal with editing, from a script, or from its argument (-c).
/// Knows pipes, redirection, `;`, `&&`, `||`, `&`, quotes, variables and patterns; see help_text.
#include <initializer_list>

#include <userland/lib/error.h>
#include <userland/lib/io.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/lib/syscall.h>
#include <userland/sh/expand.h>
#include <userland/sh/line_editor.h>
#include <userland/sh/syntax.h>
#include <userland/sh/variables.h>

namespace {

constexpr char kPrompt[] = "trapline$ ";
constexpr int kStatusMisuse = 2;
constexpr int kStatusNotExecutable = 126;
constexpr int kStatusNotFound = 127;
constexpr int kStatusSignal = 128;  ///< plus the signal

constexpr char kHelpText[] =
    "Commands of the shell itself:\n"
    "  cd [dir]   pwd   exit [status]   exec command   export NAME=value   unset NAME   help\n"
    "Syntax:\n"
    "  a | b   a ; b   a && b   a || b   a &   < in   > out   >> out   2> errors   2>&1\n"
    "  'text'  \"text $NAME\"  \\c   NAME=value   $NAME  $?  $$   *  ?   # comment\n"
    "Keys: arrows, Home, End, Ctrl-A E K U W L; Ctrl-C ends a program, Ctrl-D the shell.\n"
    "Programs in /bin:\n";

constinit ShellState state;
constinit LineEditor editor;
bool interactive = false;  ///< commands come from a terminal: jobs get process groups of their own
long shell_group = 0;

/// Programs that were started with `&`.
struct Job {
    long pid = 0;
    bool ended = false;
    int status = 0;
};
Job background_jobs[16];

int run_line(const char* line);
int run_script(const char* name, int fd, size_t chunk);

int misuse(const char* text, const char* word = "") {
    print_to(2, "sh: %s%s\n", text, word);
    return kStatusMisuse;
}

/// The keys that signal are for the programs, not for the shell that waits for them.
void set_signals(bool ignore) {
    for (const int signal : {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU}) set_signal(signal, ignore);
}

void give_terminal_to(long group) {
    int value = static_cast<int>(group);
    ioctl(0, TIOCSPGRP, &value);
}

// ---- Background jobs

void add_background_job(long pid) {
    print("[%ld]\n", pid);
    for (Job& job : background_jobs) {
        if (job.pid) continue;
        job = {pid, false, 0};
        return;
    }
}

void note_ended(long pid, int status) {
    for (Job& job : background_jobs)
        if (job.pid == pid) job.ended = true, job.status = status;
}

/// Reports the jobs that have ended since the last time.
void report_background_jobs() {
    int status = 0;
    long pid;
    while ((pid = wait4(-1, &status, WNOHANG)) > 0) note_ended(pid, status);
    for (Job& job : background_jobs) {
        if (!job.ended) continue;
        const int signal = job.status & 0x7f;
        if (signal)
            print("[%ld] killed by signal %d (%s)\n", job.pid, signal, signal_text(signal));
        else
            print("[%ld] done\n", job.pid);
        job = {};
    }
}

// ---- Redirection

/// Opens the target of a redirection and puts it where it belongs. 0, or 1 after a complaint.
int redirect(const Token& token, const char* target) {
    long from = -EBADF;
    if (token.mode == RedirectMode::kDuplicate) {
        long number;
        if (parse_number(target, number)) from = number;
        const long error = from < 0 ? from : dup2(static_cast<int>(from), token.fd);
        return error < 0 ? complain("sh", target, error) : 0;
    }
    const int flags = token.mode == RedirectMode::kRead    ? O_RDONLY
                      : token.mode == RedirectMode::kWrite ? O_WRONLY | O_CREAT | O_TRUNC
                                                           : O_WRONLY | O_CREAT | O_APPEND;
    from = open(target, flags, 0666);
    if (from < 0) return complain("sh", target, from);
    if (from == token.fd) return 0;
    const long error = dup2(static_cast<int>(from), token.fd);
    close(static_cast<int>(from));
    return error < 0 ? complain("sh", target, error) : 0;
}

/// Carries out the redirections among `tokens`, from left to right.
int redirect_all(const Token* tokens, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (tokens[i].kind != TokenKind::kRedirect) continue;
        WordList target;
        if (!target.add(tokens[i + 1], state) || target.count() != 1)
            return misuse("redirection needs one file name") != 0;
        if (redirect(tokens[i], target.words()[0])) return 1;
    }
    return 0;
}

/// Remembers the descriptors that the redirections of a shell command change, and brings them back.
class SavedDescriptors {
  public:
    void save(const Token* tokens, size_t count) {
        for (size_t i = 0; i < count; ++i) {
            const int fd = tokens[i].fd;
            if (tokens[i].kind != TokenKind::kRedirect || saved_[fd]) continue;
            copies_[fd] = fcntl(fd, F_DUPFD, 10);
            if (copies_[fd] >= 0) fcntl(static_cast<int>(copies_[fd]), F_SETFD, FD_CLOEXEC);
            saved_[fd] = true;
        }
    }
    ~SavedDescriptors() {
        for (int fd = 0; fd < 10; ++fd) {
            if (!saved_[fd]) continue;
            if (copies_[fd] < 0) {
                close(fd);
                continue;
            }
            dup2(static_cast<int>(copies_[fd]), fd);
            close(static_cast<int>(copies_[fd]));
        }
    }

  private:
    bool saved_[10] = {};
    long copies_[10];
};

// ---- Commands of the shell itself

[[noreturn]] void exec_program(char** arguments);

int change_directory(char** arguments) {
    const char* target = arguments[1];
    if (!target) target = state.variables.get("HOME", 4);
    if (!target) target = "/";
    const long error = chdir(target);
    return error < 0 ? complain("cd", target, error) : 0;
}

int print_directory(char**) {
    char path[512];
    const long length = getcwd(path, sizeof path);
    if (length < 0) return complain("pwd", "current directory", length);
    print("%s\n", path);
    return 0;
}

int exit_shell(char** arguments) {
    long status = state.status;
    if (arguments[1] && !parse_number(arguments[1], status))
        return misuse("exit: not a number: ", arguments[1]);
    exit(static_cast<int>(status & 0xff));
}

int exec_command(char** arguments) {
    if (!arguments[1]) return 0;
    if (interactive) set_signals(false);
    exec_program(arguments + 1);
}

/// Gives a variable its value; `text` has the form NAME=value.
int assign(const char* text) {
    const size_t length = Variables::name_length(text);
    if (state.variables.set(text, length, text + length + 1)) return 0;
    return misuse("no room for variable ", text);
}

int export_variables(char** arguments) {
    int status = 0;
    for (size_t i = 1; arguments[i]; ++i) {
        const size_t length = Variables::name_length(arguments[i]);
        if (length && arguments[i][length] == '=')
            status |= assign(arguments[i]);
        else if (!length || arguments[i][length])
            status = misuse("export: not a name: ", arguments[i]);
    }
    return status;
}

int unset_variables(char** arguments) {
    for (size_t i = 1; arguments[i]; ++i) state.variables.unset(arguments[i]);
    return 0;
}

int show_help(char**) {
    write_all(1, kHelpText, sizeof kHelpText - 1);
    return run_line("ls /bin");
}

struct Builtin {
    const char* name;
    int (*run)(char** arguments);
};

constexpr Builtin kBuiltins[] = {
    {"cd", change_directory},     {"pwd", print_directory},   {"exit", exit_shell}, {"exec", exec_command},
    {"export", export_variables}, {"unset", unset_variables}, {"help", show_help},
};

const Builtin* find_builtin(const char* name) {
    for (const Builtin& builtin : kBuiltins)
        if (same(builtin.name, name)) return &builtin;
    return nullptr;
}

// ---- Programs

/// Tries to become the program at `path`. Returns the error; a text that is no program is run as a script.
long try_exec(const char* path, char** arguments) {
    const long error = execve(path, arguments, state.variables.environment());
    if (error != -ENOEXEC) return error;
    const long fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fd;
    char first = 0;
    if (read(static_cast<int>(fd), &first, 1) == 1 && first == 0x7f) return error;  // a damaged ELF file
    lseek(static_cast<int>(fd), 0, SEEK_SET);
    interactive = false;
    state.parameters = arguments;
    for (state.parameter_count = 0; arguments[state.parameter_count];) ++state.parameter_count;
    exit(run_script(path, static_cast<int>(fd), 512));
}

/// Becomes the program that `arguments` name, looked for in PATH unless the name holds a slash.
void exec_program(char** arguments) {
    const char* name = arguments[0];
    long error = -ENOENT;
    if (strchr(name, '/')) {
        error = try_exec(name, arguments);
        complain("sh", name, error);
    } else {
        const char* directory = state.variables.get("PATH", 4);
        if (!directory) directory = "/bin";
        while (*name && *directory) {
            const char* end = strchr(directory, ':');
            const size_t length = end ? static_cast<size_t>(end - directory) : strlen(directory);
            char path[512];
            format_text(path, sizeof path, "%.*s/%s", static_cast<int>(length), directory, name);
            const long result = try_exec(path, arguments);
            // A file that is there but can't run says more than the places where there is none.
            if (result != -ENOENT && result != -ENOTDIR) error = result;
            directory += length + (end ? 1 : 0);
        }
        if (error == -ENOENT)
            print_to(2, "command not found: %s\n", name);
        else
            complain("sh", name, error);
    }
    exit(error == -ENOENT ? kStatusNotFound : kStatusNotExecutable);
}

/// One command of a pipeline: its words and redirections as tokens.
struct Command {
    const Token* tokens;
    size_t count;
};

/// Expands the words of `command`. False after a complaint.
bool expand(const Command& command, WordList& words) {
    for (size_t i = 0; i < command.count; ++i) {
        if (command.tokens[i].kind == TokenKind::kRedirect) {
            ++i;  // its target is no word of the command
        } else if (!words.add(command.tokens[i], state)) {
            misuse("the command is too long");
            return false;
        }
    }
    return true;
}

/// The number of words at the start of the command that are assignments.
size_t count_assignments(char** words) {
    size_t count = 0;
    for (; words[count]; ++count) {
        const size_t length = Variables::name_length(words[count]);
        if (!length || words[count][length] != '=') break;
    }
    return count;
}

/// Runs a command within this process, which is a child made for it.
[[noreturn]] void run_in_child(const Command& command) {
    WordList words;
    if (!expand(command, words)) exit(kStatusMisuse);
    if (redirect_all(command.tokens, command.count)) exit(1);
    char** arguments = words.words();
    for (size_t assignments = count_assignments(arguments); assignments; --assignments) assign(*arguments++);
    if (!*arguments) exit(0);
    if (const Builtin* builtin = find_builtin(arguments[0])) exit(builtin->run(arguments));
    exec_program(arguments);
}

/// Runs a command within the shell if it is one of the shell's own or only assigns variables. Returns false
/// when it needs a process; otherwise `status` is its status.
bool run_in_shell(const Command& command, int& status) {
    WordList words;
    if (!expand(command, words)) {
        status = kStatusMisuse;
        return true;
    }
    char** arguments = words.words();
    const size_t assignments = count_assignments(arguments);
    const Builtin* builtin = words.count() > assignments ? find_builtin(arguments[assignments]) : nullptr;
    if (words.count() > assignments && !builtin) return false;

    SavedDescriptors saved;
    // What exec redirects without a program to start stays redirected.
    const bool keep = builtin && builtin->run == exec_command;
    if (!keep) saved.save(command.tokens, command.count);
    status = redirect_all(command.tokens, command.count);
    for (size_t i = 0; i < assignments && !status; ++i) status = assign(arguments[i]);
    if (builtin && !status) status = builtin->run(arguments + assignments);
    return true;
}

// ---- Pipelines

constexpr size_t kMaximumCommands = 16;

/// What became of one program, for people: silent about the deaths that they ask for.
void report_death(const Command& command, int signal) {
    if (signal == SIGPIPE) return;
    if (signal == SIGINT) {
        print("\n");
        return;
    }
    print_to(2, "%.*s: killed by signal %d (%s)\n", static_cast<int>(command.tokens[0].length),
             command.tokens[0].text ? command.tokens[0].text : "", signal, signal_text(signal));
}

/// Waits for all programs of a pipeline. Returns the status of the last one.
int wait_for_pipeline(const Command* commands, const long* pids, size_t count) {
    int result = 0;
    for (size_t left = count; left > 0;) {
        int status = 0;
        const long pid = wait4(-1, &status);
        if (pid == -EINTR) continue;
        if (pid < 0) break;
        size_t index = 0;
        while (index < count && pids[index] != pid) ++index;
        if (index == count) {
            note_ended(pid, status);
            continue;
        }
        --left;
        const int signal = status & 0x7f;
        if (signal) report_death(commands[index], signal);
        if (index == count - 1) result = signal ? kStatusSignal + signal : status >> 8 & 0xff;
    }
    return result;
}

/// Starts the programs of a pipeline, each writing to the next. Returns how many were started.
size_t start_pipeline(const Command* commands, size_t count, bool background, long* pids) {
    int input = -1;  // the end of the pipe that the next program reads
    for (size_t i = 0; i < count; ++i) {
        int ends[2] = {-1, -1};
        if (i + 1 < count) {
            const long error = pipe(ends, O_CLOEXEC);
            if (error < 0) {
                complain("sh", "pipe", error);
                if (input >= 0) close(input);
                return i;
            }
        }
        const long pid = fork();
        if (pid == 0) {
            if (interactive) {
                setpgid(0, i ? pids[0] : 0);
                if (!background) give_terminal_to(getpgrp());
                set_signals(false);
                interactive = false;  // what this child starts in turn stays in its group
            }
            if (input >= 0) dup2(input, 0), close(input);
            if (ends[1] >= 0) dup2(ends[1], 1), close(ends[1]), close(ends[0]);
            run_in_child(commands[i]);
        }
        if (input >= 0) close(input);
        if (ends[1] >= 0) close(ends[1]);
        if (pid < 0) {
            complain("sh", "fork", pid);
            if (ends[0] >= 0) close(ends[0]);
            return i;
        }
        pids[i] = pid;
        // Both the shell and the child do this, so that it is done whoever runs first.
        if (interactive) {
            setpgid(pid, pids[0]);
            if (i == 0 && !background) give_terminal_to(pid);
        }
        input = ends[0];
    }
    return count;
}

int run_pipeline(const Command* commands, size_t count, bool background) {
    int status = 0;
    if (count == 1 && !background && run_in_shell(commands[0], status)) return status;
    long pids[kMaximumCommands];
    const size_t started = start_pipeline(commands, count, background, pids);
    if (background) {
        if (started && interactive) add_background_job(pids[started - 1]);
        return started == count ? 0 : 1;
    }
    status = wait_for_pipeline(commands, pids, started);
    if (interactive) give_terminal_to(shell_group);
    return started == count ? status : 1;
}

/// The grammar, second half: runs pipelines joined by `;`, `&`, `&&` and `||`. Returns false after a
/// complaint about the syntax, of which there is none while `run` is true if it was checked with false
/// before.
bool walk(const TokenList& list, bool run) {
    bool wanted = true;
    for (const Token* token = list.tokens; token->kind != TokenKind::kEnd;) {
        Command commands[kMaximumCommands];
        size_t count = 0;
        for (;; ++token) {
            if (count == kMaximumCommands) return !misuse("too many programs in a pipeline");
            Command& command = commands[count++];
            command.tokens = token;
            for (; token->kind == TokenKind::kWord || token->kind == TokenKind::kRedirect; ++token) {
                if (token->kind == TokenKind::kRedirect && (++token)->kind != TokenKind::kWord)
                    return !misuse("redirection needs a file name");
            }
            command.count = static_cast<size_t>(token - command.tokens);
            if (!command.count) return !misuse("a command is missing");
            if (token->kind != TokenKind::kPipe) break;
        }
        const TokenKind end = token->kind;
        if (run && wanted) state.status = run_pipeline(commands, count, end == TokenKind::kBackground);
        if (end == TokenKind::kEnd) break;
        ++token;
        wanted = end == TokenKind::kAnd  ? state.status == 0
                 : end == TokenKind::kOr ? state.status != 0
                                         : true;
        const bool joins = end == TokenKind::kAnd || end == TokenKind::kOr;
        if (joins && token->kind == TokenKind::kEnd) return !misuse("a command is missing");
    }
    return true;
}

int run_line(const char* line) {
    TokenList list;
    if (const char* problem = tokenize(line, list)) return state.status = misuse(problem);
    if (!walk(list, false)) return state.status = kStatusMisuse;
    walk(list, true);
    return state.status;
}

// ---- Where commands come from

/// Runs the lines of a file, reading up to `chunk` bytes ahead. Returns the status of the last command.
int run_script(const char* name, int fd, size_t chunk) {
    LineReader reader(fd, chunk);
    while (reader.next()) run_line(reader.text());
    if (reader.error()) return complain("sh", name, reader.error());
    return state.status;
}

int run_interactively() {
    interactive = true;
    set_signals(true);
    shell_group = getpgrp();
    for (;;) {
        report_background_jobs();
        if (!editor.has_terminal()) return state.status;
        switch (editor.read_line(kPrompt)) {
            case LineEditor::Outcome::kLine:
                run_line(editor.text());
                break;
            case LineEditor::Outcome::kCancelled:
                state.status = kStatusSignal + SIGINT;
                break;
            case LineEditor::Outcome::kEnd:
                return state.status;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    state.variables.import(environ);
    state.pid = getpid();
    state.parameters = argv;
    state.parameter_count = argc > 0 ? 1 : 0;
    if (argc > 1 && same(argv[1], "-c")) {
        if (argc < 3) return misuse("-c needs a command");
        return run_line(argv[2]);
    }
    if (argc > 1) {
        const long fd = open(argv[1], O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            complain("sh", argv[1], fd);
            return kStatusNotFound;
        }
        state.parameters = argv + 1;
        state.parameter_count = argc - 1;
        return run_script(argv[1], static_cast<int>(fd), 512);
    }
    if (editor.has_terminal()) return run_interactively();
    // The programs that the commands start read the same input: take no more of it than the line.
    return run_script("standard input", 0, 1);
}
