/// @file
/// Parser of QEMU's interrupt log. The format is that of QEMU 7.2 (target/i386/tcg/seg_helper.c and
/// cpu-dump.c); newer versions print the same fields.
#include <tests/harness/int_log.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

namespace harness {

namespace {

constexpr const char* kExceptionNames[] = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM",
                                           "#DF", "",    "#TS", "#NP", "#SS", "#GP", "#PF", "",
                                           "#MF", "#AC", "#MC", "#XM", "#VE", "#CP"};

/// The hexadecimal number at the start of `text` and how many characters it has.
struct Number {
    uint64_t value = 0;
    size_t length = 0;
};

Number number_at(std::string_view text) {
    Number number;
    while (number.length < text.size()) {
        const char c = text[number.length];
        const bool decimal = c >= '0' && c <= '9';
        if (!decimal && !(c >= 'a' && c <= 'f') && !(c >= 'A' && c <= 'F')) break;
        number.value = number.value << 4 | static_cast<uint64_t>(decimal ? c - '0' : (c | 0x20) - 'a' + 10);
        ++number.length;
    }
    return number;
}

/// The hexadecimal number after `key`, blanks skipped; nothing when there is none.
std::optional<uint64_t> field(std::string_view line, std::string_view key) {
    const size_t at = line.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    line.remove_prefix(at + key.size());
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
    const Number number = number_at(line);
    return number.length > 0 ? std::optional(number.value) : std::nullopt;
}

/// A `selector:offset` pair after `key`.
bool far_field(std::string_view line, std::string_view key, uint16_t& selector, uint64_t& offset) {
    const size_t at = line.find(key);
    if (at == std::string_view::npos) return false;
    line.remove_prefix(at + key.size());
    const Number first = number_at(line);
    if (first.length == 0 || first.length >= line.size() || line[first.length] != ':') return false;
    const Number second = number_at(line.substr(first.length + 1));
    selector = static_cast<uint16_t>(first.value);
    offset = second.value;
    return second.length > 0;
}

/// The first line of an entry: "  12: v=0e e=0002 i=0 cpl=3 IP=0033:... pc=... SP=002b:... CR2=...".
std::optional<IntEntry> entry_line(std::string_view line) {
    const size_t digits = line.find_first_not_of(' ');
    const size_t colon = line.find(": v=");
    if (colon == std::string_view::npos || digits >= colon ||
        line.substr(digits, colon - digits).find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    IntEntry entry;
    entry.index = std::strtoull(std::string(line.substr(digits, colon - digits)).c_str(), nullptr, 10);
    const auto vector = field(line, " v=");
    const auto error = field(line, " e=");
    const auto is_int = field(line, " i=");
    const auto cpl = field(line, " cpl=");
    if (!vector || !error || !is_int || !cpl || !far_field(line, " IP=", entry.cs, entry.rip) ||
        !far_field(line, " SP=", entry.ss, entry.rsp)) {
        return std::nullopt;
    }
    entry.vector = static_cast<unsigned>(*vector);
    entry.error = static_cast<uint32_t>(*error);
    entry.is_int = *is_int != 0;
    entry.cpl = static_cast<unsigned>(*cpl);
    entry.cr2 = field(line, " CR2=");
    return entry;
}

}  // namespace

void IntLog::parse_line(std::string_view line) {
    if (const auto delivered = entry_line(line)) {
        entries_.push_back(*delivered);
        in_dump_ = true;
    } else if (line.starts_with("Triple fault")) {
        ++triple_faults_;
        in_dump_ = false;
    } else if (line.starts_with("CPU Reset")) {
        ++resets_;
        in_dump_ = false;
    } else if (in_dump_) {
        IntEntry& entry = entries_.back();
        if (const auto flags = field(line, " RFL=")) entry.rflags = flags;
        if (const auto flags = field(line, " EFL=")) entry.rflags = flags;
        if (const auto cr2 = field(line, " CR2=")) entry.cr2 = cr2;
        if (const auto cr3 = field(line, " CR3=")) entry.cr3 = cr3;
        // "GS =0000 ffffffff80001000 ...": a selector, then the base.
        if (line.starts_with("GS =") && line.size() > 8) entry.gs_base = field(line.substr(8), " ");
        if (line.starts_with("TR =") && line.size() > 8) entry.tr_base = field(line.substr(8), " ");
        if (line.starts_with("EFER=")) in_dump_ = false;
    }
}

IntLog IntLog::parse(std::string_view text) {
    IntLog log;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        log.parse_line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return log;
}

IntLog IntLog::read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;  // in whole blocks: with several processors the log grows by megabytes a second
    text << file.rdbuf();
    return parse(text.view());
}

std::vector<IntEntry> IntLog::with_vector(unsigned vector) const {
    std::vector<IntEntry> result;
    std::copy_if(entries_.begin(), entries_.end(), std::back_inserter(result),
                 [vector](const IntEntry& entry) { return entry.vector == vector; });
    return result;
}

std::string vector_name(unsigned vector) {
    const std::string name = vector < std::size(kExceptionNames) ? kExceptionNames[vector] : "";
    return name.empty() ? fmt::format("vector {}", vector) : name;
}

std::string format_entry(const IntEntry& entry) {
    const char* name = entry.vector < std::size(kExceptionNames) ? kExceptionNames[entry.vector] : "";
    std::string text =
        fmt::format("v={:02x} {:3} e={:04x} cpl={} at {:04x}:{:016x} rsp {:04x}:{:016x}", entry.vector, name,
                    entry.error, entry.cpl, entry.cs, entry.rip, entry.ss, entry.rsp);
    if (entry.vector == 14 && entry.cr2) text += fmt::format(" cr2 {:016x}", *entry.cr2);
    return text;
}

}  // namespace harness
