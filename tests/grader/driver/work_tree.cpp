/// @file
/// Copying what differs.
#include <tests/grader/driver/work_tree.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>

#include <tests/grader/driver/usage_error.h>
#include <tests/harness/error.h>
#include <tests/harness/file_descriptor.h>

namespace grader {

namespace {

namespace fs = std::filesystem;

constexpr off_t kLargestFile = 1 << 20;

std::string content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw harness::InfrastructureError(fmt::format("can't read {}", path.string()));
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The content of a submitted file; nothing, and why in `error`, when it can't be taken.
std::optional<std::string> take(const fs::path& path, std::string& error) {
    // Neither a link nor a pipe is followed or waited for.
    const harness::FileDescriptor file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 && errno == ENOENT) {
        error = "is missing";
    } else if (file.get() < 0 || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        error = "is not an ordinary file";
    } else if (status.st_size > kLargestFile) {
        error = "is larger than 1 MiB";
    } else {
        std::string content(static_cast<size_t>(status.st_size), '\0');
        const ssize_t got = read(file.get(), content.data(), content.size());
        content.resize(got < 0 ? 0 : static_cast<size_t>(got));
        return content;
    }
    return std::nullopt;
}

void write_if_different(const fs::path& path, const std::string& content, fs::perms permissions) {
    if (fs::is_regular_file(path) && content_of(path) == content) return;
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    if (!file)
        throw harness::InfrastructureError(fmt::format("can't write {}: is the disk full?", path.string()));
    fs::permissions(path, permissions);
}

/// Removes what is in `work`, but for its build folder, and not among `wanted`.
void remove_others(const fs::path& work, const std::set<std::string>& wanted) {
    if (!fs::exists(work)) return;
    std::vector<fs::path> unwanted;
    for (auto entry = fs::recursive_directory_iterator(work); entry != fs::recursive_directory_iterator();
         ++entry) {
        const std::string path = fs::relative(entry->path(), work).string();
        if (path == "build")
            entry.disable_recursion_pending();
        else if (!entry->is_directory() && !wanted.contains(path))
            unwanted.push_back(entry->path());
    }
    for (const fs::path& path : unwanted) fs::remove(path);
}

}  // namespace

Sources read_sources(const fs::path& list) {
    std::ifstream input(list);
    if (!input) throw UsageError(fmt::format("{} can't be read", list.string()));
    Sources sources;
    for (std::string path, file; input >> path >> file;) sources[path] = file;
    return sources;
}

Submission read_submission(const LabInfo& lab, const fs::path& folder, std::string& error) {
    if (!fs::is_directory(folder)) throw UsageError(fmt::format("{} is not a folder", folder.string()));
    Submission submission;
    for (const std::string& name : lab.files) {
        std::string why;
        // A folder on the way that is a link would lead elsewhere, too.
        fs::path way = folder;
        for (const auto& part : fs::path(name).parent_path()) {
            way /= part;
            if (fs::is_symlink(way)) why = "lies in a folder that is a link";
        }
        std::optional<std::string> content;
        if (why.empty()) content = take(folder / name, why);
        if (!content) {
            error = fmt::format("The submission's {} {}.", name, why);
            return {};
        }
        submission[name] = *content;
    }
    return submission;
}

void write_work_tree(const Sources& sources, const Submission& submission, const fs::path& work) {
    std::set<std::string> wanted;
    for (const auto& [path, file] : sources) {
        wanted.insert(path);
        if (submission.contains(path)) continue;
        write_if_different(work / path, content_of(file), fs::status(file).permissions());
    }
    for (const auto& [path, content] : submission) {
        wanted.insert(path);
        write_if_different(
            work / path, content,
            fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read);
    }
    remove_others(work, wanted);
}

}  // namespace grader
