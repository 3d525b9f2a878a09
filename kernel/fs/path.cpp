/// @file
/// Paths as text, whose components take_word(path, "/") takes off. There are no symbolic links, so `..` may
/// be taken away before anything is looked up.

#include <kernel/fs/vfs.h>
#include <kernel/libk/string.h>

Result<size_t> normalize_path(std::string_view cwd, std::string_view path, std::span<char> out) {
    if (path.empty()) return Errno::kENOENT;
    if (path.front() == '/') cwd = "/";
    size_t length = 0;  // of what is in `out`; the root has none until the end
    for (std::string_view rest : {cwd, path}) {
        for (std::string_view name = take_word(rest, "/"); !name.empty(); name = take_word(rest, "/")) {
            if (name == ".") continue;
            if (name == "..") {
                // Back to the last slash; above the root is the root.
                while (length > 0 && out[--length] != '/') continue;
                continue;
            }
            if (name.size() > kNameMax || name.size() >= out.size() - length) return Errno::kENAMETOOLONG;
            out[length++] = '/';
            length += name.copy(&out[length], name.size());
        }
    }
    if (length == 0 && !out.empty()) out[length++] = '/';
    if (length >= out.size()) return Errno::kENAMETOOLONG;
    out[length] = '\0';
    return length;
}
