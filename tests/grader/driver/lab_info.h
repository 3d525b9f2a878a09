/// @file
/// What labs/NN-name/lab.txt says of a chapter.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace grader {

/// A second build of the kernel that a chapter's tests need.
struct BuildVariant {
    std::string suffix;  ///< of the build folder, such as "+FRAME_CHECKS"
    std::string word;    ///< for make, such as "INSTRUMENT=yes"
};

/// A chapter, as far as grading goes.
struct LabInfo {
    int number = 0;
    std::string folder;  ///< its name below labs/ and tests/labs/
    std::string title;
    std::vector<std::string> files;  ///< what is taken from a submission: paths in the state's tree
    int start_score = 0;             ///< points of the unchanged start
    std::vector<BuildVariant> variants;
};

/// Reads it. Throws UsageError, naming file and line, when it is malformed.
LabInfo read_lab_info(const std::filesystem::path& file);

}  // namespace grader
