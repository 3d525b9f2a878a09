/// @file
/// A task's file descriptors.
#include <kernel/fs/vfs.h>

Result<int> FileTable::install(Ref<OpenFile> file, bool close_on_exec, int lowest) {
    if (lowest < 0 || lowest >= kMaximum) return Errno::kEINVAL;
    for (int fd = lowest; fd < kMaximum; fd++)
        if (!files_[fd]) return install_at(fd, std::move(file), close_on_exec);
    return Errno::kEMFILE;
}

Result<int> FileTable::install_at(int fd, Ref<OpenFile> file, bool close_on_exec) {
    if (fd < 0 || fd >= kMaximum) return Errno::kEBADF;
    files_[fd] = std::move(file);
    set_close_on_exec(fd, close_on_exec);
    return fd;
}

Result<void> FileTable::close(int fd) {
    if (!find(static_cast<uint32_t>(fd))) return Errno::kEBADF;
    files_[fd] = {};
    return {};
}

void FileTable::close_for_exec() {
    for (int fd = 0; fd < kMaximum; fd++)
        if (close_on_exec(fd)) files_[fd] = {};
    close_on_exec_ = 0;
}
