/// @file
/// Register names, dumps, and the stub's register layout.
#include <tests/harness/error.h>
#include <tests/harness/registers.h>

#include <fmt/format.h>

#include <cstdlib>

namespace harness {

namespace {

constexpr RegisterField kFields[] = {
    {"rip", &Registers::rip},         {"rsp", &Registers::rsp},         {"rbp", &Registers::rbp},
    {"eflags", &Registers::rflags},   {"rax", &Registers::rax},         {"rbx", &Registers::rbx},
    {"rcx", &Registers::rcx},         {"rdx", &Registers::rdx},         {"rsi", &Registers::rsi},
    {"rdi", &Registers::rdi},         {"r8", &Registers::r8},           {"r9", &Registers::r9},
    {"r10", &Registers::r10},         {"r11", &Registers::r11},         {"r12", &Registers::r12},
    {"r13", &Registers::r13},         {"r14", &Registers::r14},         {"r15", &Registers::r15},
    {"cs", &Registers::cs},           {"ss", &Registers::ss},           {"ds", &Registers::ds},
    {"es", &Registers::es},           {"fs", &Registers::fs},           {"gs", &Registers::gs},
    {"fs_base", &Registers::fs_base}, {"gs_base", &Registers::gs_base}, {"k_gs_base", &Registers::k_gs_base},
    {"cr0", &Registers::cr0},         {"cr2", &Registers::cr2},         {"cr3", &Registers::cr3},
    {"cr4", &Registers::cr4},         {"cr8", &Registers::cr8},         {"efer", &Registers::efer},
};

constexpr size_t kRegistersPerLine = 4;

/// `xml` without comments: QEMU's description has registers commented out.
std::string without_comments(std::string_view xml) {
    std::string result;
    for (;;) {
        const size_t start = xml.find("<!--");
        result += xml.substr(0, start);
        if (start == std::string_view::npos) return result;
        const size_t end = xml.find("-->", start);
        if (end == std::string_view::npos) return result;
        xml.remove_prefix(end + 3);
    }
}

/// The value of ` name="value"` within one element; empty when absent.
std::string attribute(std::string_view element, std::string_view name) {
    const std::string key = fmt::format(" {}=\"", name);
    const size_t start = element.find(key);
    if (start == std::string_view::npos) return "";
    element.remove_prefix(start + key.size());
    return std::string(element.substr(0, element.find('"')));
}

}  // namespace

std::span<const RegisterField> register_fields() {
    return kFields;
}

std::string format_registers(const Registers& registers) {
    std::string text;
    size_t column = 0;
    for (const RegisterField& field : kFields) {
        text += fmt::format("{:>10}={:016x}", field.name, registers.*field.member);
        if (++column % kRegistersPerLine == 0) text += '\n';
    }
    if (column % kRegistersPerLine != 0) text += '\n';
    return text;
}

std::string format_difference(const Registers& before, const Registers& after) {
    std::string text;
    for (const RegisterField& field : kFields) {
        if (before.*field.member == after.*field.member) continue;
        text +=
            fmt::format("{:>9}: {:016x} -> {:016x}\n", field.name, before.*field.member, after.*field.member);
    }
    return text;
}

std::vector<RegisterSlot> parse_target_description(std::string_view xml) {
    const std::string text = without_comments(xml);
    std::vector<RegisterSlot> slots;
    unsigned number = 0;
    size_t offset = 0;
    for (size_t at = text.find("<reg "); at != std::string::npos; at = text.find("<reg ", at + 1)) {
        const std::string element = text.substr(at, text.find('>', at) - at);
        const std::string explicit_number = attribute(element, "regnum");
        if (!explicit_number.empty()) {
            number = static_cast<unsigned>(std::strtoul(explicit_number.c_str(), nullptr, 10));
        }
        const size_t size = std::strtoul(attribute(element, "bitsize").c_str(), nullptr, 10) / 8;
        slots.push_back({attribute(element, "name"), number++, offset, size});
        offset += size;
    }
    if (slots.empty()) throw InfrastructureError("the debugger stub describes no registers");
    return slots;
}

}  // namespace harness
