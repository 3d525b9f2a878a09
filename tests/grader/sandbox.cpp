/// @file
/// bubblewrap's command line.
#include <tests/grader/sandbox.h>

#include <cstdlib>
#include <filesystem>

#include <tests/harness/process.h>
#include <tests/harness/temp_folder.h>

namespace grader {

namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

void append(Words& words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
}

/// A new root with the system's programs and nothing of anybody's own.
Words system_view() {
    Words words{"bwrap",         "--unshare-all", "--die-with-parent",
                "--new-session", "--cap-drop",    "ALL",
                "--dev",         "/dev",          "--proc",
                "/proc",         "--tmpfs",       "/tmp",
                "--ro-bind",     "/usr",          "/usr"};
    for (const char* path : {"/bin", "/sbin", "/lib", "/lib32", "/lib64"}) {
        if (fs::is_symlink(path))
            append(words, {"--symlink", fs::read_symlink(path).string(), path});
        else if (fs::exists(path))
            append(words, {"--ro-bind", path, path});
    }
    // Which compiler is g++, where libraries are, and the host's name for nobody.
    for (const char* path : {"/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"})
        append(words, {"--ro-bind-try", path, path});
    return words;
}

Words environment_words(const SandboxView& view) {
    Words words{"env", "-i",
                "PATH=" + std::string(std::getenv("PATH") ? std::getenv("PATH") : "/usr/bin:/bin"),
                "HOME=/tmp", "LC_ALL=C"};
    for (const auto& [name, value] : view.environment) words.push_back(name + "=" + value);
    return words;
}

bool try_sandbox() {
    if (const char* choice = std::getenv("TRAPLINE_SANDBOX"); choice && std::string(choice) == "no")
        return false;
    try {
        const harness::TempFolder folder;
        Words words = system_view();
        append(words, {"true"});
        harness::Process process({.command = words, .output = folder / "out"});
        const auto status = process.wait_status(harness::Duration(10'000));
        return status && *status == 0;
    } catch (const std::exception&) {
        return false;  // not installed
    }
}

}  // namespace

bool sandbox_works() {
    static const bool works = try_sandbox();
    return works;
}

Words sandboxed(const SandboxView& view, const Words& command) {
    Words words;
    if (sandbox_works()) {
        words = system_view();
        for (const fs::path& path : view.readable) append(words, {"--ro-bind", path.string(), path.string()});
        for (const fs::path& path : view.writable) append(words, {"--bind", path.string(), path.string()});
        append(words, {"--chdir", view.folder.string()});
        append(words, environment_words(view));
    } else {
        words = environment_words(view);
        append(words, {"--chdir=" + view.folder.string()});
    }
    append(words, command);
    return words;
}

}  // namespace grader
