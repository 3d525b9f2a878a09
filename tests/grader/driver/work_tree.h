/// @file
/// The tree in which one submission is compiled: the chapter's state, with nothing of the submission but the
/// listed files, and with nothing of the solution.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <tests/grader/driver/lab_info.h>

namespace grader {

/// Path in the tree -> the file that holds it.
using Sources = std::map<std::string, std::filesystem::path>;
/// Path in the tree -> content.
using Submission = std::map<std::string, std::string>;

/// Reads a list of "PATH FILE" lines, as the Makefile writes it. Throws UsageError.
Sources read_sources(const std::filesystem::path& list);

/// Takes the chapter's files from `folder`. When one is missing, is no ordinary file (a link could lead to
/// the solution), or is too large, `error` says so, and nothing is taken. Throws UsageError if there is no
/// such folder.
Submission read_submission(const LabInfo& lab, const std::filesystem::path& folder, std::string& error);

/// Makes `work` hold `sources`, with `submission` in place of those of the same path. Files that are the same
/// already keep their times, so that only what has changed is compiled; those in work/build stay.
void write_work_tree(const Sources& sources, const Submission& submission, const std::filesystem::path& work);

}  // namespace grader
