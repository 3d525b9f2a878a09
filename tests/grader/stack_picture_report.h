/// @file
/// The picture of a stack in the HTML report.
#pragma once

#include <string>
#include <vector>

#include <tests/grader/result.h>

namespace grader {

/// The words as an SVG in a `<div class="picture">`: RSP at the bottom, higher addresses above it, as manuals
/// draw stacks. Words that are addresses in code stand out. Colours come from the page's style.
std::string stack_picture(const std::vector<StackWord>& words);

}  // namespace grader
