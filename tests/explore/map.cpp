/// @file
/// Groups the points by pass and function, names the instructions, and writes lines of at most 100 columns.
#include <tests/explore/map.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include <tests/harness/elf_symbols.h>
#include <tests/system/code_listing.h>
#include <tests/system/entry_paths.h>

namespace explore {

namespace {

constexpr size_t kColumns = 100;
constexpr size_t kCodeColumns = 32;
constexpr size_t kBriefColumns = 25;

constexpr char kSwitch[] = "switch_context";
constexpr char kToTheShell[] = ", to the shell";

/// The names and instructions of one kernel.
class Code {
  public:
    Code(const std::filesystem::path& kernel, const std::vector<ExploredPoint>& points) : symbols_(kernel) {
        for (const EntryPath& path : entry_paths(kernel, symbols_))
            for (const CodeLine& line : path.code) labels_[path.code.front().address].push_back(line.address);
        uint64_t low = UINT64_MAX, high = 0;
        for (const ExploredPoint& point : points) {
            const harness::Symbol* function = symbols_.covering(point.point.address);
            const uint64_t start = function ? function->value : point.point.address;
            const uint64_t end = start + (function ? function->size : 0);
            low = std::min(low, start);
            high = std::max({high, end, point.point.address + 16});
        }
        for (const auto& [start, addresses] : labels_) high = std::max(high, addresses.back() + 16);
        for (const CodeLine& line : list_code(kernel, low, high)) lines_[line.address] = line;
    }

    /// The function around an address, as people call it, and where it starts.
    std::pair<std::string, uint64_t> function(uint64_t address) const {
        std::string name = symbols_.describe(address);
        const size_t plus = name.rfind('+');
        const uint64_t offset =
            plus == std::string::npos ? 0 : std::stoull(name.substr(plus + 1), nullptr, 16);
        return {plain(name.substr(0, plus)), address - offset};
    }

    /// The instruction at an address.
    std::string text(uint64_t address) const {
        const auto found = lines_.find(address);
        if (found == lines_.end()) return "nop";
        const CodeLine& line = found->second;
        std::string operands = line.operands;
        if (!line.remark.empty()) {
            // "mov %rax,0x1f3a(%rip)" has the name of what it means behind it; a call's or jump's target is
            // nothing else.
            const std::string name = demangled(line.remark, address);
            const size_t relative = operands.find("(%rip)");
            const size_t comma = operands.rfind(',', relative);
            const size_t number = relative == std::string::npos || comma == std::string::npos ? 0 : comma + 1;
            operands.replace(number, relative == std::string::npos ? relative : relative - number, name);
        }
        return fmt::format("{:<6} {}", line.mnemonic, operands);
    }

    /// The addresses of the instructions of a function that starts at `start`; nothing when it is unknown.
    std::vector<uint64_t> instructions(uint64_t start) const {
        if (const auto label = labels_.find(start); label != labels_.end()) return label->second;
        std::vector<uint64_t> addresses;
        const harness::Symbol* function = symbols_.covering(start);
        for (auto line = lines_.lower_bound(start); function && line != lines_.end(); ++line) {
            if (line->first >= start + function->size) break;
            addresses.push_back(line->first);
        }
        return addresses;
    }
    /// Written in assembly, one of the ways in or out, or the switch.
    bool is_entry_path(uint64_t start) const { return labels_.contains(start); }

  private:
    static std::string plain(std::string name) {
        constexpr std::string_view kAnonymous = "(anonymous namespace)::";
        for (size_t at; (at = name.find(kAnonymous)) != std::string::npos;) name.erase(at, kAnonymous.size());
        return name;
    }

    /// objdump's "_Z8schedulev+0x4" as "schedule+0x4", or "+0x4" within the function.
    std::string demangled(const std::string& remark, uint64_t address) const {
        const size_t plus = remark.find('+');
        const std::string name = remark.substr(0, plus),
                          offset = plus == std::string::npos ? "" : remark.substr(plus);
        const harness::Symbol* symbol = symbols_.find(name);
        const std::string known = symbol ? plain(harness::without_arguments(symbol->demangled)) : name;
        return !offset.empty() && known == function(address).first ? offset : known + offset;
    }

    harness::ElfSymbols symbols_;
    std::map<uint64_t, std::vector<uint64_t>> labels_;  ///< entry paths, by their starts
    std::map<uint64_t, CodeLine> lines_;
};

/// What a pass is about, and with which IF it begins.
std::string title_of(size_t pass, size_t last, bool interrupts) {
    const char* flag = interrupts ? "IF=1" : "IF=0";
    const std::string what = pass == 0 ? "the shell calls read(), finds no key and gives up the processor"
                             : pass < last
                                 ? "the shell is given the processor, finds no key and gives it up"
                                 : "the shell is given the processor, finds a key and returns to ring 3";
    return fmt::format("Pass {}: {}. It begins with {}.", pass + 1, what, flag);
}

std::string outcome(const MapRow& row) {
    if (row.counts.total() == 0) return "not reached";
    std::vector<std::string> parts;
    for (const std::string& words : row.words) parts.push_back("corrupts: " + words);
    if (row.counts.harmless > 0) parts.push_back("harmless");
    if (row.counts.held > 0) parts.push_back("impossible");
    return fmt::format("{}", fmt::join(parts, "; "));
}

std::string flag(const MapRow& row) {
    if (row.counts.total() == 0) return "";
    return row.if_was_0 && row.if_was_1 ? "both" : row.if_was_1 ? "IF=1" : "IF=0";
}

/// Lines of at most kColumns; what is too long goes on below, behind `indent` blanks.
std::string wrapped(std::string line, size_t indent) {
    std::string text;
    while (line.size() > kColumns) {
        size_t cut = line.rfind(' ', kColumns);
        if (cut == std::string::npos || cut <= indent) cut = kColumns;
        text += line.substr(0, cut) + "\n";
        line = std::string(indent, ' ') + line.substr(line.find_first_not_of(' ', cut));
    }
    return text + line + "\n";
}

std::string shortened(const std::string& text, size_t size) {
    return text.size() <= size ? text : text.substr(0, size - 2) + "..";
}

std::string describe(const Counts& counts) {
    return fmt::format("{} harmless, {} corrupting, {} impossible", counts.harmless, counts.corrupting,
                       counts.held);
}

const char* window_name(Exploration::Window window) {
    constexpr const char* kNames[] = {
        "from the shell's read() to its return", "from SYSCALL to the first call",
        "from the shell's giving up the processor to the next task", "from syscall_exit to SYSRET"};
    return kNames[static_cast<size_t>(window)];
}

std::string heading(const Map& map) {
    const size_t points = map.counts().total();
    return fmt::format("{}: {} at each of {} instructions, {}\n", map.state,
                       map.what.kind == Exploration::Kind::kNmi ? "an NMI" : "a tick", points,
                       window_name(map.what.window));
}

std::string last_line(const Map& map) {
    return fmt::format("{}: {}; {} in all\n", map.state, describe(map.counts()), map.counts().total());
}

}  // namespace

void Counts::add(Verdict verdict) {
    ++(verdict == Verdict::kHarmless ? harmless : verdict == Verdict::kCorrupts ? corrupting : held);
}

Counts Map::counts() const {
    Counts sum;
    for (const MapPass& pass : passes)
        for (const MapFunction& function : pass.functions)
            for (const MapRow& row : function.rows) {
                sum.harmless += row.counts.harmless;
                sum.corrupting += row.counts.corrupting;
                sum.held += row.counts.held;
            }
    return sum;
}

Map make_map(const std::string& state, const Exploration& what, const std::filesystem::path& kernel,
             const std::vector<ExploredPoint>& points) {
    Map map{.state = state, .what = what, .passes = {}};
    const Code code(kernel, points);
    std::set<uint64_t> reached;
    for (const ExploredPoint& point : points) reached.insert(point.point.address);
    // What is not reached in one pass may be so in another. The window of the entry ends before its function
    // does.
    const auto is_left_out = [&](uint64_t address) {
        return reached.contains(address) ||
               (what.window == Exploration::Window::kEntry && address > points.back().point.address);
    };
    // Of the open pass: rows by function, by address.
    std::map<std::string, std::map<uint64_t, MapRow>> rows;
    std::map<std::string, uint64_t> starts;
    std::vector<std::string> order;
    bool arriving = false;
    const auto close_pass = [&] {
        for (const std::string& name : order) {
            MapFunction function{.name = name, .rows = {}, .others = 0};
            for (const uint64_t address : code.instructions(starts[name])) {
                if (is_left_out(address)) continue;
                if (code.is_entry_path(starts[name]))
                    rows[name][address] = {.offset = address - starts[name],
                                           .code = code.text(address),
                                           .counts = {},
                                           .words = {}};
                else
                    ++function.others;
            }
            for (const auto& [address, row] : rows[name]) function.rows.push_back(row);
            map.passes.back().functions.push_back(function);
        }
        rows.clear(), starts.clear(), order.clear();
    };
    for (size_t i = 0; i < points.size(); ++i) {
        const RoundPoint& point = points[i].point;
        if (i == 0 || point.pass != points[i - 1].point.pass) {
            if (i > 0) close_pass();
            arriving = point.pass > 0;
            map.passes.push_back(
                {.title = title_of(point.pass, point.passes - 1, point.interrupts), .functions = {}});
        }
        const auto [function, start] = code.function(point.address);
        // At the start of a pass it is the other side of the same function: another task gives the processor
        // away.
        arriving = arriving && function == kSwitch;
        const std::string name = arriving ? function + kToTheShell : function;
        if (!starts.contains(name)) order.push_back(name), starts[name] = start;
        MapRow& row = rows[name][point.address];
        row.offset = point.address - start;
        row.code = code.text(point.address);
        row.counts.add(points[i].verdict);
        (point.interrupts ? row.if_was_1 : row.if_was_0) = true;
        if (!points[i].words.empty() &&
            std::find(row.words.begin(), row.words.end(), points[i].words) == row.words.end())
            row.words.push_back(points[i].words);
    }
    if (!points.empty()) close_pass();
    return map;
}

std::string format_full(const Map& map) {
    std::string text = heading(map);
    for (const MapPass& pass : map.passes) {
        text += "\n" + pass.title + "\n";
        for (const MapFunction& function : pass.functions) {
            text += "  " + shortened(function.name, kColumns - 2) + "\n";
            for (const MapRow& row : function.rows)
                text += wrapped(
                    fmt::format("    +{:#05x}  {:<{}}  {:<4}  {}", row.offset,
                                shortened(row.code, kCodeColumns), kCodeColumns, flag(row), outcome(row)),
                    54);
            if (function.others > 0)
                text += fmt::format("            ({} more instructions are not reached)\n", function.others);
        }
    }
    return text + "\n" + last_line(map);
}

std::string format_brief(const Map& map) {
    std::string text = heading(map);
    for (const MapPass& pass : map.passes) {
        if (map.passes.size() > 1) text += "\n" + pass.title + "\n";
        for (const MapFunction& function : pass.functions) {
            text += shortened(function.name, kColumns) + "\n";
            for (size_t first = 0; first < function.rows.size();) {
                size_t end = first;
                while (end < function.rows.size() &&
                       outcome(function.rows[end]) == outcome(function.rows[first]) &&
                       flag(function.rows[end]) == flag(function.rows[first]))
                    ++end;
                const std::string number =
                    fmt::format("{:>3} {:<4}", end - first, end - first > 1 ? "from" : "");
                text += wrapped(
                    fmt::format("  +{:#05x}  {}  {:<{}} {:<4}  {}", function.rows[first].offset, number,
                                shortened(function.rows[first].code, kBriefColumns), kBriefColumns,
                                flag(function.rows[first]), outcome(function.rows[first])),
                    52);
                first = end;
            }
        }
    }
    return text + last_line(map);
}

std::string format_sum(const Map& map) {
    return heading(map) + last_line(map);
}

std::string format_comparison(const std::vector<Map>& maps) {
    constexpr size_t kNameColumns = 34;
    std::vector<std::string> names;
    std::vector<std::map<std::string, Counts>> counts(maps.size());
    for (size_t i = 0; i < maps.size(); ++i)
        for (const MapPass& pass : maps[i].passes)
            for (const MapFunction& function : pass.functions) {
                if (std::find(names.begin(), names.end(), function.name) == names.end())
                    names.push_back(function.name);
                Counts& sum = counts[i][function.name];
                for (const MapRow& row : function.rows) {
                    sum.harmless += row.counts.harmless;
                    sum.corrupting += row.counts.corrupting;
                    sum.held += row.counts.held;
                }
            }
    const auto cell = [](const Counts& sum) {
        const auto number = [](size_t count) {
            return count == 0 ? std::string("-") : std::to_string(count);
        };
        return sum.total() == 0 ? std::string(22, ' ')
                                : fmt::format("{:>8}{:>7}{:>7}", number(sum.harmless), number(sum.corrupting),
                                              number(sum.held));
    };
    std::string head = fmt::format("{:<{}}", "", kNameColumns),
                units = fmt::format("{:<{}}", "function", kNameColumns);
    std::string total = fmt::format("{:<{}}", "in all", kNameColumns), body;
    for (const Map& map : maps) {
        head += fmt::format("{:>22}", map.state);
        units += fmt::format("{:>8}{:>7}{:>7}", "harml.", "corr.", "imp.");
        total += cell(map.counts());
    }
    for (const std::string& name : names) {
        std::string line = fmt::format("{:<{}}", shortened(name, kNameColumns - 1), kNameColumns);
        for (const auto& of_state : counts)
            line += cell(of_state.contains(name) ? of_state.at(name) : Counts{});
        line.erase(line.find_last_not_of(' ') + 1);
        body += line + "\n";
    }
    const std::string what = fmt::format("{} at each instruction, {}: harmless, corrupting, impossible\n\n",
                                         maps[0].what.kind == Exploration::Kind::kNmi ? "An NMI" : "A tick",
                                         window_name(maps[0].what.window));
    return what + head + "\n" + units + "\n" + body + total + "\n";
}

}  // namespace explore
