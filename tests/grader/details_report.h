/// @file
/// What every form of a report says of its tests, before it is put into that form.
#pragma once

#include <string>
#include <vector>

#include <tests/grader/result.h>

namespace grader {

/// The points of a section of the handout.
struct SectionPoints {
    std::string section;
    int earned = 0, maximum = 0;
};
/// In the order of the handout.
std::vector<SectionPoints> points_by_section(const Report& report);

/// Something to be said of a test. Not yet made printable.
struct Detail {
    std::string label;  ///< empty for the message
    std::string text;
    bool block = false;  ///< more than a line: registers, a log
};
/// What there is to say of a test that did not pass: what was found and the likely cause, without what the
/// machine looked like.
std::vector<Detail> findings_of(const Report& report, const TestResult& result);
/// What the machine looked like, and how to run it again; empty without evidence.
std::vector<Detail> evidence_of(const TestResult& result);
/// The stack as a table of words, the lowest address first.
std::string stack_table(const Evidence& evidence);
/// Findings and evidence as plain text, printable, in which each line from outside is marked by "| ".
std::string plain_details(const Report& report, const TestResult& result);

/// "labs/03-globals-bug/README.md, section 3.2".
std::string handout_place(const Report& report, const TestResult& result);
/// The test that did not pass and that this test, which was not reached, waits for in the end.
std::string waits_for(const Report& report, const TestResult& result);
/// What a reader must know before all points: that nothing was judged, or that the points are not final, and
/// whose fault that is. Empty if there is nothing of the kind.
std::string caveat(const Report& report);
/// "Chapter 1: GDT, TSS and the way into ring 3".
std::string chapter(const Report& report);

}  // namespace grader
