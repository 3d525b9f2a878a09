/// @file
/// Paths as text, whose components take_word(path, "/") takes off. There are no symbolic links, so `..` may
/// be taken away before anything is looked up. Any context.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include <kernel/libk/result.h>

/// Writes the absolute form of `path` to `out`: started at `cwd` (absolute) when relative, with "." and ".."
/// and repeated slashes resolved, no slash at the end but for the root, and a terminating null. Returns its
/// length without the null. ENOENT for an empty path, ENAMETOOLONG when it does not fit or a component is
/// longer than kNameMax.
Result<size_t> normalize_path(std::string_view cwd, std::string_view path, std::span<char> out);
