/// @file
/// Builds the root file system and unpacks the initramfs into it.
#include <algorithm>

#include <kernel/fs/cpio.h>
#include <kernel/fs/devices.h>
#include <kernel/fs/procfs.h>
#include <kernel/fs/ramfs.h>
#include <kernel/libk/format.h>

namespace {

/// The type bits of a mode.
constexpr uint32_t kTypeMask = 0170000;

/// What mount_root() returns; used once, at boot.
constinit std::array<char, 192> error_text{};

/// /dev and /proc in a new root directory.
Result<void> make_root() {
    Ref<RamDirectory> root = TRY(make_ref<RamDirectory>(0755u));
    Ref<RamDirectory> dev = TRY(make_ref<RamDirectory>(0755u));
    TRY_VOID(link_devices(*dev));
    TRY_VOID(root->link("dev", dev));
    Ref<Inode> proc = TRY(make_procfs());
    TRY_VOID(root->link("proc", proc));
    set_root_inode(root);
    return {};
}

/// Makes a directory unless there is one.
Result<void> ensure_directory(std::string_view path, uint32_t permissions) {
    auto made = make_directory("/", path, permissions);
    if (made.ok() || made.error() != Errno::kEEXIST) return made;
    Ref<Inode> there = TRY(resolve("/", path));
    return there->is_directory() ? Result<void>() : Errno::kENOTDIR;
}

Result<void> unpack(const CpioEntry& entry) {
    // Some archives leave directories out or name them after their content.
    const std::string_view path = entry.name;
    for (size_t slash = path.find('/', 1); slash != path.npos; slash = path.find('/', slash + 1))
        TRY_VOID(ensure_directory(path.substr(0, slash), 0755));
    const auto type = static_cast<FileType>(entry.mode & kTypeMask);
    if (type == FileType::kDirectory) return ensure_directory(path, entry.mode);
    if (type != FileType::kRegular) return Errno::kEINVAL;
    Ref<OpenFile> file = TRY(open_file("/", path, kO_CREAT | kO_EXCL | kO_WRONLY, entry.mode));
    // A page at a time: the file is written with interrupts off.
    for (std::span<const std::byte> rest = entry.data; !rest.empty();)
        rest = rest.subspan(TRY(file->write(rest.first(std::min<size_t>(kPageSize, rest.size())))));
    return {};
}

const char* reason(Errno error) {
    switch (error) {
        case Errno::kENOMEM:
        case Errno::kENOSPC:
            return "memory is out";
        case Errno::kEEXIST:
            return "it is there twice";
        case Errno::kENOTDIR:
            return "a file is where its directory should be";
        case Errno::kENAMETOOLONG:
            return "its name is too long";
        case Errno::kEFBIG:
            return "it is too big";
        case Errno::kEINVAL:
            return "it is neither a file nor a directory";
        default:
            return "it cannot be unpacked there";
    }
}

}  // namespace

const char* mount_root(std::span<const std::byte> initramfs) {
    if (!make_root().ok()) return "root file system: memory is out";
    for (CpioEntry entry;;) {
        if (const char* error = next_cpio_entry(initramfs, entry)) {
            format_to(error_text, "initramfs: %s", error);
            return error_text.data();
        }
        if (entry.name.empty()) return nullptr;
        auto unpacked = unpack(entry);
        if (!unpacked.ok()) {
            const int shown = static_cast<int>(std::min<size_t>(entry.name.size(), 80));
            format_to(error_text, "initramfs: %.*s: %s", shown, entry.name.data(), reason(unpacked.error()));
            return error_text.data();
        }
    }
}
