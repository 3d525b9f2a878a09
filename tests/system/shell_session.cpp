/// @file
/// A person at the shell's prompt.
#include <tests/system/shell_session.h>

std::string ShellSession::run(std::string_view line, harness::Duration limit) {
    start(line);
    return finish(limit);
}

size_t ShellSession::start(std::string_view line) {
    machine_.send(line);
    machine_.send(kEnter);
    // Redrawing a line repeats the prompt, but only Enter brings a line feed.
    output_ = machine_.wait_for("\r\n", prompt_);
    return output_;
}

std::string ShellSession::finish(harness::Duration limit) {
    prompt_ = machine_.wait_for(prompt_text_, output_, limit);
    const std::string text = machine_.serial().substr(output_, prompt_ - output_ - prompt_text_.size());
    output_ = prompt_;
    return plain_lines(text);
}

std::string plain_lines(std::string_view text) {
    std::string result;
    for (size_t i = 0; i < text.size(); ++i)
        if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') result += text[i];
    return result;
}
