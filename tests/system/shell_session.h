/// @file
/// Typing at the shell's prompt, and reading what comes back.
#pragma once

#include <string>
#include <string_view>

#include <tests/harness/machine.h>

inline constexpr char kPrompt[] = "trapline$ ";
/// Keys as a terminal sends them.
inline constexpr char kEnter[] = "\r";
inline constexpr char kControlC[] = "\x03";
inline constexpr char kControlD[] = "\x04";

/// The session of one machine's console.
class ShellSession {
  public:
    /// Waits for the first prompt, which may be another shell's.
    explicit ShellSession(harness::Machine& machine, std::string_view prompt = kPrompt)
        : machine_(machine), prompt_text_(prompt) {
        adopt_prompt(0);
    }

    /// Types a line at the prompt, waits for the next prompt, and gives what was printed in between, with
    /// plain newlines and without the echoed line. `limit` bounds the silence.
    std::string run(std::string_view line, harness::Duration limit = harness::Duration(10'000));
    /// The exit status of the last command, by `echo $?`.
    std::string status() { return run("echo $?"); }

    /// Types a line and does not wait for its end. Returns the position behind its echo.
    size_t start(std::string_view line);
    /// Waits for the next prompt; gives the output since start() or the last prompt.
    std::string finish(harness::Duration limit = harness::Duration(10'000));

    /// For those who type themselves: goes on from the first prompt at or behind position `from`.
    void adopt_prompt(size_t from) { output_ = prompt_ = machine_.wait_for(prompt_text_, from); }

  private:
    harness::Machine& machine_;
    std::string prompt_text_;
    size_t prompt_;      ///< position behind the last prompt
    size_t output_ = 0;  ///< position where the output of the running command begins
};

/// Serial text with CR LF as plain newlines.
std::string plain_lines(std::string_view text);
