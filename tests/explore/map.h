/// @file
/// What the explorer prints: the code with the outcome beside each instruction, in full or in short, and
/// states side by side.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tests/system/race_explorer.h>

namespace explore {

/// How many instructions came out which way. One that is executed several times in a pass counts once for
/// each time.
struct Counts {
    size_t harmless = 0, corrupting = 0, held = 0;

    void add(Verdict verdict);
    size_t total() const { return harmless + corrupting + held; }
};

/// One instruction of a function in one pass, with all that came of interrupts there.
struct MapRow {
    uint64_t offset = 0;  ///< in the function
    std::string code;     ///< the instruction, with names for addresses
    Counts counts;        ///< all zero: not reached in this pass
    bool if_was_0 = false, if_was_1 = false;
    std::vector<std::string> words;  ///< each different one of those that corrupt
};

/// A function in one pass. Those that C++ is compiled to have only the instructions that were reached.
struct MapFunction {
    std::string name;
    std::vector<MapRow> rows;  ///< by offset
    size_t others = 0;         ///< instructions that are not in `rows`, not reached
};

/// The functions of a pass, in the order in which it comes to them.
struct MapPass {
    std::string title;
    std::vector<MapFunction> functions;
};

/// What came of exploring one state.
struct Map {
    std::string state;  ///< "SOL=3"
    Exploration what;
    std::vector<MapPass> passes;

    Counts counts() const;
};

/// Puts explored points in order. `kernel` is the ELF file they are from.
Map make_map(const std::string& state, const Exploration& what, const std::filesystem::path& kernel,
             const std::vector<ExploredPoint>& points);

/// A line for each instruction, and the counts.
std::string format_full(const Map& map);
/// A line for each stretch of a function with one outcome, and the counts: what the handouts have.
std::string format_brief(const Map& map);
/// Only the counts.
std::string format_sum(const Map& map);
/// Functions in rows, the counts of each state in columns.
std::string format_comparison(const std::vector<Map>& maps);

}  // namespace explore
