/// @file
/// Paths as text: normalising and taking apart.

#include <kernel/fs/path.h>

#include <kernel/fs/vfs.h>

namespace {

/// An absolute path growing and shrinking by whole components in its caller's buffer. The root is the empty
/// text until finish().
class PathBuilder {
  public:
    explicit PathBuilder(std::span<char> out) : out_(out) {}

    /// Follows `path` from where the builder stands.
    Result<void> append(std::string_view path) {
        for (std::string_view part = next_component(path); !part.empty(); part = next_component(path)) {
            if (part == ".") continue;
            if (part == "..")
                remove_last();
            else
                TRY_VOID(append_name(part));
        }
        return {};
    }

    /// Writes the terminating null, and the slash that only the root has at its end.
    Result<size_t> finish() {
        if (length_ == 0) TRY_VOID(append_name(""));
        if (length_ >= out_.size()) return Errno::kENAMETOOLONG;
        out_[length_] = '\0';
        return length_;
    }

  private:
    Result<void> append_name(std::string_view name) {
        if (name.size() > kNameMax) return Errno::kENAMETOOLONG;
        if (1 + name.size() > out_.size() - length_) return Errno::kENAMETOOLONG;
        out_[length_++] = '/';
        for (char character : name) out_[length_++] = character;
        return {};
    }

    /// Above the root is the root.
    void remove_last() {
        while (length_ > 0 && out_[--length_] != '/') {
        }
    }

    std::span<char> out_;
    size_t length_ = 0;
};

}  // namespace

Result<size_t> normalize_path(std::string_view cwd, std::string_view path, std::span<char> out) {
    if (path.empty()) return Errno::kENOENT;
    PathBuilder builder(out);
    if (path.front() != '/') TRY_VOID(builder.append(cwd));
    TRY_VOID(builder.append(path));
    return builder.finish();
}

std::string_view next_component(std::string_view& path) {
    while (!path.empty() && path.front() == '/') path.remove_prefix(1);
    size_t length = 0;
    while (length < path.size() && path[length] != '/') ++length;
    const std::string_view component(path.data(), length);
    path.remove_prefix(length);
    return component;
}
