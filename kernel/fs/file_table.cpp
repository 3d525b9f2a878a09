/// @file
/// A task's file descriptors.
#include <kernel/fs/vfs.h>

Result<Ref<OpenFile>> FileTable::get(int fd) const {
    OpenFile* file = find(static_cast<uint32_t>(fd));
    if (!file) return Errno::kEBADF;
    return Ref<OpenFile>(file);
}

Result<int> FileTable::install(Ref<OpenFile> file, bool close_on_exec, int lowest) {
    if (lowest < 0 || lowest >= kMaximum) return Errno::kEINVAL;
    for (int fd = lowest; fd < kMaximum; fd++)
        if (!files_[fd]) return install_at(fd, std::move(file), close_on_exec);
    return Errno::kEMFILE;
}

Result<int> FileTable::install_at(int fd, Ref<OpenFile> file, bool close_on_exec) {
    if (fd < 0 || fd >= kMaximum) return Errno::kEBADF;
    files_[fd] = std::move(file);
    uint32_t bit = uint32_t{1} << fd;
    close_on_exec_ = close_on_exec ? close_on_exec_ | bit : close_on_exec_ & ~bit;
    return fd;
}

Result<void> FileTable::close(int fd) {
    if (!find(static_cast<uint32_t>(fd))) return Errno::kEBADF;
    files_[fd] = Ref<OpenFile>();
    return {};
}

Result<bool> FileTable::close_on_exec(int fd) const {
    if (!find(static_cast<uint32_t>(fd))) return Errno::kEBADF;
    return (close_on_exec_ >> fd & 1) != 0;
}

Result<void> FileTable::set_close_on_exec(int fd, bool value) {
    if (!find(static_cast<uint32_t>(fd))) return Errno::kEBADF;
    uint32_t bit = uint32_t{1} << fd;
    close_on_exec_ = value ? close_on_exec_ | bit : close_on_exec_ & ~bit;
    return {};
}

void FileTable::close_all() {
    for (Ref<OpenFile>& file : files_) file = Ref<OpenFile>();
}

void FileTable::close_for_exec() {
    for (int fd = 0; fd < kMaximum; fd++)
        if (close_on_exec_ >> fd & 1) files_[fd] = Ref<OpenFile>();
    close_on_exec_ = 0;
}

void FileTable::copy_from(const FileTable& other) {
    files_ = other.files_;
    close_on_exec_ = other.close_on_exec_;
    umask = other.umask;
}
