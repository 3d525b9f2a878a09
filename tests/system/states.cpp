/// @file
/// Finds what `make` has built.
#include <tests/system/states.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>

#include <tests/harness/error.h>
#include <tests/system/shell_session.h>

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    if (!value) {
        throw harness::InfrastructureError(std::string(name) +
                                           " is not set: run the system tests by `make test`");
    }
    return value;
}

std::vector<std::string> read_solutions() {
    const char* value = std::getenv("TRAPLINE_STATES");
    std::istringstream words(value ? value : "");
    std::vector<std::string> result;
    for (std::string word; words >> word;)
        if (word.starts_with("sol")) result.push_back(word);
    std::sort(result.begin(), result.end());
    return result;
}

/// The folder of a state: its name without the number of processors.
std::string folder_of(const std::string& state) {
    return state.substr(0, state.find('x'));
}

/// The number of processors behind the x in a state's name; without one, 1.
int processors_of(const std::string& state) {
    const size_t x = state.find('x');
    return x == std::string::npos ? 1 : std::stoi(state.substr(x + 1));
}

}  // namespace

uint64_t number_from(const char* variable, uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

const std::vector<std::string>& solutions() {
    static const std::vector<std::string> states = read_solutions();
    return states;
}

bool has_state(const std::string& state) {
    return std::find(solutions().begin(), solutions().end(), state) != solutions().end();
}

std::vector<std::string> states_with_shell() {
    std::vector<std::string> states;
    if (has_state("sol2")) states.push_back("sol2");
    if (!solutions().empty() && solutions().back() >= "sol4") states.push_back(solutions().back());
    if (has_state("sol6")) states.push_back("sol6x4");
    return states;
}

std::string test_name(std::string state) {
    std::replace_if(
        state.begin(), state.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
    return state;
}

std::filesystem::path source_root() {
    return environment("TRAPLINE_ROOT");
}

std::filesystem::path built_file(const std::string& state, const std::string& name) {
    const auto path = std::filesystem::path(environment("TRAPLINE_BUILD")) / folder_of(state) / name;
    if (!std::filesystem::exists(path)) {
        throw harness::InfrastructureError(path.string() + " does not exist; build it first");
    }
    return path;
}

harness::MachineOptions state_options(const std::string& state, harness::BootPath boot) {
    harness::MachineOptions options;
    options.boot = boot;
    options.cpus = processors_of(state);
    options.kernel = built_file(state, "trapline.elf");
    if (boot == harness::BootPath::kPvh || boot == harness::BootPath::kPvhSeaBios) {
        options.initrd = built_file(state, "initramfs.cpio");
    } else {
        options.iso = built_file(state, "trapline.iso");
    }
    if (boot == harness::BootPath::kGrubUefi) options.memory_mib = 128;
    return options;
}

std::string last_boot_text(const std::string& state) {
    if (state == "sol0") return "Trapline has no way into ring 3 yet";
    if (state == "sol1") return "programs ran in ring 3 and ended; the kernel lives.";
    return kPrompt;
}
