/// @file
/// The explorer's command line. `make explore` calls it.
///
///     explore --state SOL=3:build/sol3 [--state ...] --window switch --kind timer --jobs 2 --form full
#include <CLI/CLI.hpp>

#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <iostream>
#include <map>
#include <thread>

#include <tests/explore/map.h>

namespace {

using Window = Exploration::Window;
using Kind = Exploration::Kind;

const std::map<std::string, Window> kWindows = {
    {"all", Window::kAll}, {"entry", Window::kEntry}, {"switch", Window::kSwitch}, {"exit", Window::kExit}};
const std::map<std::string, Kind> kKinds = {{"timer", Kind::kTimer}, {"nmi", Kind::kNmi}};

/// Set by Ctrl-C and its like: machines and folders are taken away before the end.
std::atomic<bool> interrupted = false;

/// Has a thread of its own wait for the signals that ask for the end. Called before any other thread is
/// there.
void watch_signals() {
    static sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread([] {
        int signal = 0;
        if (sigwait(&signals, &signal) == 0) interrupted = true;
    }).detach();
}

int run(int argc, char** argv) {
    CLI::App app("Tries an interrupt at every instruction of the kernel's that the shell's read() executes");
    std::vector<std::string> states;
    std::string window = "all", kind = "timer", form = "full";
    Exploration what;
    app.add_option("--state", states, "NAME:FOLDER, a state and where it was built; up to three are compared")
        ->required();
    app.add_option("--window", window, "the part of the way")->check(CLI::IsMember(&kWindows));
    app.add_option("--kind", kind, "the interrupt")->check(CLI::IsMember(&kKinds));
    app.add_option("--jobs", what.jobs, "machines at a time")->check(CLI::PositiveNumber);
    app.add_option("--form", form, "a line for each instruction, for each stretch, or the counts")
        ->check(CLI::IsMember({"full", "brief", "sum"}));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    what.window = kWindows.at(window);
    what.kind = kKinds.at(kind);
    what.stop = &interrupted;

    std::vector<explore::Map> maps;
    for (const std::string& state : states) {
        const size_t colon = state.find(':');
        const std::filesystem::path folder = colon == std::string::npos ? "." : state.substr(colon + 1);
        harness::MachineOptions options;
        options.kernel = folder / "trapline.elf";
        options.initrd = folder / "initramfs.cpio";
        try {
            maps.push_back(explore::make_map(state.substr(0, colon), what, options.kernel,
                                             explore_round(options, what)));
        } catch (const std::exception& error) {
            throw std::runtime_error(state.substr(0, colon) + ": " + error.what());
        }
    }
    if (maps.size() > 1)
        std::cout << explore::format_comparison(maps);
    else
        std::cout << (form == "brief" ? explore::format_brief(maps[0])
                      : form == "sum" ? explore::format_sum(maps[0])
                                      : explore::format_full(maps[0]));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    // A QEMU that is gone is an error where it is written to, and no end.
    signal(SIGPIPE, SIG_IGN);
    watch_signals();
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "explore: " << error.what() << std::endl;
        return 1;
    }
}
