/// @file
/// Directories as lists of names, files as two-level tables of frames.
#include <kernel/fs/ramfs.h>

#include <algorithm>

#include <kernel/libk/string.h>
#include <kernel/mm/frame.h>

namespace {

constexpr uint64_t kTableEntries = kPageSize / sizeof(PhysAddr);
static_assert(kTableEntries * kTableEntries * kPageSize == RamFile::kMaximumSize);

PhysAddr* table_at(PhysAddr frame) {
    return static_cast<PhysAddr*>(physical_pointer(frame));
}

std::byte* page_at(PhysAddr frame) {
    return static_cast<std::byte*>(physical_pointer(frame));
}

/// Fills an empty `entry` with a new frame of zeros; false when memory is out.
bool fill(PhysAddr& entry) {
    if (entry.value) return true;
    auto frame = allocate_zeroed_frame();
    if (!frame.ok()) return false;
    entry = frame.value();
    return true;
}

void drop(PhysAddr& entry) {
    if (entry.value) unref_frame(entry);
    entry = {};
}

}  // namespace

struct RamDirectory::Name final : RefCounted {
    Ref<Name> next;
    uint64_t position = 0;
    Ref<Inode> inode;
    size_t length = 0;
    std::array<char, kNameMax + 1> text{};

    std::string_view view() const { return {text.data(), length}; }
};

constinit SpinLock RamDirectory::names_lock_("ramfs names", LockRank::kRamfsNames);

RamDirectory::RamDirectory(uint32_t permissions) : Inode(FileType::kDirectory, permissions) {}

RamDirectory::~RamDirectory() {
    // One by one: a long list would go down recursively, and the stack with it.
    while (names_) names_ = std::move(names_->next);
}

Ref<RamDirectory::Name>& RamDirectory::find(std::string_view name) {
    Ref<Name>* link = &names_;
    while (*link && (*link)->view() != name) link = &(*link)->next;
    return *link;
}

Result<void> RamDirectory::link(std::string_view name, Ref<Inode> inode) {
    if (name.empty()) return Errno::kENOENT;
    if (name.size() > kNameMax) return Errno::kENAMETOOLONG;
    Ref<Name> entry = TRY(make_ref<Name>());
    entry->inode = std::move(inode);
    entry->length = copy_string(entry->text, name);
    LockGuard guard(names_lock_);
    if (removed_) return Errno::kENOENT;
    Ref<Name>& end = find(name);
    if (end) return Errno::kEEXIST;
    entry->position = next_position_++;
    end = std::move(entry);
    return {};
}

Result<Ref<Inode>> RamDirectory::lookup(std::string_view name) {
    LockGuard guard(names_lock_);
    const Ref<Name>& entry = find(name);
    if (!entry) return Errno::kENOENT;
    return entry->inode;
}

Result<Ref<Inode>> RamDirectory::create(std::string_view name, FileType type, uint32_t permissions) {
    Ref<Inode> inode;
    if (type == FileType::kDirectory)
        inode = TRY(make_ref<RamDirectory>(permissions));
    else
        inode = TRY(make_ref<RamFile>(permissions));
    TRY_VOID(link(name, inode));
    return inode;
}

Result<void> RamDirectory::unlink(std::string_view name) {
    Ref<Name> removed;  // goes without the lock: the last reference to a long file takes a while to drop
    LockGuard guard(names_lock_);
    Ref<Name>& link = find(name);
    if (!link) return Errno::kENOENT;
    TRY_VOID(link->inode->prepare_unlink());
    removed = link;
    link = std::move(removed->next);
    return {};
}

Result<void> RamDirectory::rename(std::string_view name, Inode& target, std::string_view new_name) {
    RamDirectory* directory = target.as_ram_directory();
    if (!directory) return target.is_directory() ? Errno::kEXDEV : Errno::kENOTDIR;
    if (new_name.size() > kNameMax) return Errno::kENAMETOOLONG;
    Ref<Name> entry, replaced;  // gone without the lock, as above
    LockGuard guard(names_lock_);
    entry = find(name);
    replaced = directory->find(new_name);
    if (!entry || directory->removed_) return Errno::kENOENT;
    if (replaced) {
        if (replaced->inode.get() == entry->inode.get()) return {};
        if (replaced->inode->is_directory() != entry->inode->is_directory())
            return replaced->inode->is_directory() ? Errno::kEISDIR : Errno::kENOTDIR;
        TRY_VOID(replaced->inode->prepare_unlink());
        directory->find(new_name) = std::move(replaced->next);
    }
    find(name) = std::move(entry->next);
    entry->length = copy_string(entry->text, new_name);
    entry->position = directory->next_position_++;
    // The old name is nobody's now, so this leads to the end of the list.
    directory->find(new_name) = std::move(entry);
    return {};
}

Result<void> RamDirectory::prepare_unlink() {
    if (names_) return Errno::kENOTEMPTY;
    removed_ = true;
    return {};
}

Result<DirectoryEntry> RamDirectory::entry(uint64_t position) {
    LockGuard guard(names_lock_);
    const Name* name = names_.get();
    while (name && name->position < position) name = name->next.get();
    if (!name) return Errno::kENOENT;
    return DirectoryEntry{.next = name->position + 1,
                          .inode_number = name->inode->number(),
                          .type = name->inode->type(),
                          .name = name->text};
}

RamFile::~RamFile() {
    free_pages_from(0);
    drop(table_);
}

uint64_t RamFile::size() {
    LockGuard guard(lock_);
    return size_;
}

PhysAddr* RamFile::slot(uint64_t page) const {
    if (!table_.value) return nullptr;
    PhysAddr second = table_at(table_)[page / kTableEntries];
    return second.value ? &table_at(second)[page % kTableEntries] : nullptr;
}

Result<std::byte*> RamFile::writable_page(uint64_t page) {
    // From the top down: a table must be there before its entries are looked at.
    if (!fill(table_) || !fill(table_at(table_)[page / kTableEntries]) || !fill(*slot(page)))
        return Errno::kENOSPC;
    PhysAddr* entry = slot(page);
    if (frame_references(*entry) > 1) {
        auto copy = allocate_frame();
        if (!copy.ok()) return Errno::kENOSPC;
        memcpy(page_at(copy.value()), page_at(*entry), kPageSize);
        unref_frame(*entry);
        *entry = copy.value();
    }
    return page_at(*entry);
}

void RamFile::free_pages_from(uint64_t first_page) {
    if (!table_.value) return;
    for (uint64_t page = first_page; page < kTableEntries * kTableEntries;) {
        PhysAddr& second = table_at(table_)[page / kTableEntries];
        uint64_t next_table = align_down(page + kTableEntries, kTableEntries);
        if (second.value) {
            bool whole_table = page % kTableEntries == 0;
            for (; page < next_table; page++) drop(table_at(second)[page % kTableEntries]);
            if (whole_table) drop(second);
        }
        page = next_table;
    }
}

Result<size_t> RamFile::read(uint64_t offset, std::span<std::byte> out, uint32_t) {
    LockGuard guard(lock_);
    if (offset >= size_) return size_t{0};
    size_t count = std::min<uint64_t>(out.size(), size_ - offset);
    for (size_t done = 0; done < count;) {
        uint64_t in_page = (offset + done) % kPageSize;
        size_t piece = std::min<uint64_t>(count - done, kPageSize - in_page);
        PhysAddr* entry = slot((offset + done) / kPageSize);
        if (entry && entry->value)
            memcpy(&out[done], page_at(*entry) + in_page, piece);
        else
            memset(&out[done], 0, piece);
        done += piece;
    }
    return count;
}

Result<size_t> RamFile::write(uint64_t offset, std::span<const std::byte> data, uint32_t flags) {
    LockGuard guard(lock_);
    if (flags & kO_APPEND) offset = size_;
    if (data.empty()) return size_t{0};
    if (offset >= kMaximumSize) return Errno::kEFBIG;
    size_t count = std::min<uint64_t>(data.size(), kMaximumSize - offset);
    size_t done = 0;
    while (done < count) {
        auto page = writable_page((offset + done) / kPageSize);
        if (!page.ok()) {
            if (done == 0) return page.error();
            break;
        }
        uint64_t in_page = (offset + done) % kPageSize;
        size_t piece = std::min<uint64_t>(count - done, kPageSize - in_page);
        memcpy(page.value() + in_page, &data[done], piece);
        done += piece;
        size_ = std::max(size_, offset + done);
    }
    return done;
}

Result<void> RamFile::truncate(uint64_t size) {
    if (size > kMaximumSize) return Errno::kEFBIG;
    LockGuard guard(lock_);
    if (size < size_) {
        // What lies behind the end of the last page must read as zeros when the file grows again.
        PhysAddr* last = slot(size / kPageSize);
        if (size % kPageSize && last && last->value) {
            std::byte* page = TRY(writable_page(size / kPageSize));
            memset(page + size % kPageSize, 0, kPageSize - size % kPageSize);
        }
        free_pages_from(align_up(size, kPageSize) / kPageSize);
    }
    size_ = size;
    return {};
}

Result<PhysAddr> RamFile::frame(uint64_t page) {
    LockGuard guard(lock_);
    PhysAddr* entry = page < align_up(size_, kPageSize) / kPageSize ? slot(page) : nullptr;
    if (!entry || !entry->value) return Errno::kENOENT;
    ref_frame(*entry);
    return *entry;
}
