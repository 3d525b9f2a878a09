/// @file
/// Builds the root file system and unpacks the initramfs into it.
#include <algorithm>

#include <kernel/fs/cpio.h>
#include <kernel/fs/devices.h>
#include <kernel/fs/path.h>
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

/// The directory called `name`, made if need be: some archives leave them out or name them after their
/// content.
Result<Ref<Inode>> enter_directory(Inode& parent, std::string_view name, uint32_t permissions) {
    auto found = parent.lookup(name);
    if (!found.ok() && found.error() == Errno::kENOENT)
        return parent.create(name, FileType::kDirectory, permissions);
    if (found.ok() && !found.value()->is_directory()) return Errno::kENOTDIR;
    return found;
}

Result<void> write_all(Inode& file, std::span<const std::byte> data) {
    uint64_t offset = 0;
    while (offset < data.size()) {
        // A page at a time: the file is written with interrupts off.
        const size_t length = std::min<uint64_t>(kPageSize, data.size() - offset);
        offset += TRY(file.write(offset, data.subspan(offset, length), 0));
    }
    return {};
}

/// The next component of `path` that is not `.`; empty when nothing is left.
std::string_view next_name(std::string_view& path) {
    std::string_view name = next_component(path);
    while (name == ".") name = next_component(path);
    return name;
}

Result<void> unpack(const CpioEntry& entry) {
    Ref<Inode> directory(&root_inode());
    std::string_view rest = entry.name;
    std::string_view name = next_name(rest);
    if (name.empty()) return {};  // the root itself
    for (std::string_view next = next_name(rest); !next.empty(); next = next_name(rest)) {
        directory = TRY(enter_directory(*directory, name, 0755));
        name = next;
    }
    switch (static_cast<FileType>(entry.mode & kTypeMask)) {
        case FileType::kDirectory:
            TRY(enter_directory(*directory, name, entry.mode));
            return {};
        case FileType::kRegular: {
            Ref<Inode> file = TRY(directory->create(name, FileType::kRegular, entry.mode));
            return write_all(*file, entry.data);
        }
        default:
            return Errno::kEINVAL;
    }
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
