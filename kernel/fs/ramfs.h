/// @file
/// The file system in memory: directories and regular files that live as long as the machine runs, and whose
/// pages programs can map.
#pragma once

#include <kernel/fs/vfs.h>

/// A directory in memory. Inodes of any kind can be linked into it.
class RamDirectory final : public Inode {
  public:
    /// An empty directory; `permissions` are the low 12 bits of `st_mode`.
    explicit RamDirectory(uint32_t permissions);
    ~RamDirectory() override;

    /// Gives `inode` the name `name` in this directory; EEXIST, ENAMETOOLONG, ENOMEM, and ENOENT when this
    /// directory has been removed itself.
    Result<void> link(std::string_view name, Ref<Inode> inode);

    Result<Ref<Inode>> lookup(std::string_view name) override;
    Result<Ref<Inode>> create(std::string_view name, FileType type, uint32_t permissions) override;
    Result<void> unlink(std::string_view name) override;
    Result<void> rename(std::string_view name, Inode& target, std::string_view new_name) override;
    Result<void> prepare_unlink() override REQUIRES(names_lock_);
    Result<DirectoryEntry> entry(uint64_t position) override;

  protected:
    RamDirectory* as_ram_directory() override { return this; }

  private:
    struct Name;

    /// The link to the entry called `name`, or the empty one behind the last.
    Ref<Name>& find(std::string_view name) REQUIRES(names_lock_);

    /// One lock for the names in all directories: removing one looks into it and changes its parent.
    static SpinLock names_lock_;

    Ref<Name> names_ GUARDED_BY(names_lock_);  ///< in the order of their making: positions ascend
    uint64_t next_position_ GUARDED_BY(names_lock_) = 0;
    bool removed_ GUARDED_BY(names_lock_) = false;
};

/// A regular file in memory, up to kMaximumSize bytes; pages never written are holes and read as zeros.
class RamFile final : public Inode {
  public:
    static constexpr uint64_t kMaximumSize = uint64_t{1} << 30;  ///< bytes

    /// An empty file; `permissions` are the low 12 bits of `st_mode`.
    explicit RamFile(uint32_t permissions) : Inode(FileType::kRegular, permissions) {}
    ~RamFile() override;

    uint64_t size() override;
    Result<size_t> read(uint64_t offset, std::span<std::byte> out, uint32_t flags) override;
    /// ENOSPC when memory is out, EFBIG beyond kMaximumSize; less than asked for when that happens midway. A
    /// page that a program has mapped is replaced by a copy first: the program keeps what it was started
    /// from.
    Result<size_t> write(uint64_t offset, std::span<const std::byte> data, uint32_t flags) override;
    Result<void> truncate(uint64_t size) override;
    Result<PhysAddr> frame(uint64_t page) override;

  private:
    /// Page `page`'s entry in the table, or null where the table has a gap.
    PhysAddr* slot(uint64_t page) const REQUIRES(lock_);
    /// The frame of `page`, made if need be and held by nobody else, for changing it; ENOSPC.
    Result<std::byte*> writable_page(uint64_t page) REQUIRES(lock_);
    /// Frees the pages from `first_page` up to the end of the file.
    void free_pages_from(uint64_t first_page) REQUIRES(lock_);

    SpinLock lock_{"ramfs file", LockRank::kRamfsFile};  ///< guards what follows
    uint64_t size_ GUARDED_BY(lock_) = 0;
    /// Frame of up to 512 addresses of frames of up to 512 addresses of the file's pages; 0 is a gap.
    PhysAddr table_ GUARDED_BY(lock_);
};
