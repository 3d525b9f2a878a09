/// @file
/// The devices that are nothing but a rule for reading and one for writing.
#include <kernel/fs/devices.h>

#include <kernel/console/tty.h>
#include <kernel/fs/random.h>
#include <kernel/libk/string.h>

namespace {

/// Fills `out` with what reading a device gives, and returns how much that is.
using Source = size_t (*)(std::span<std::byte> out);

size_t read_nothing(std::span<std::byte>) {
    return 0;
}

size_t read_zeros(std::span<std::byte> out) {
    memset(out.data(), 0, out.size());
    return out.size();
}

size_t read_random(std::span<std::byte> out) {
    fill_random(out);
    return out.size();
}

/// What is written to it is gone, unless it never has room, for trying out how programs take that.
class Device final : public Inode {
  public:
    Device(Source source, bool full) : Inode(FileType::kCharDevice, 0666), source_(source), full_(full) {}
    Result<size_t> read(uint64_t, std::span<std::byte> out, uint32_t) override { return source_(out); }
    Result<size_t> write(uint64_t, std::span<const std::byte> data, uint32_t) override {
        if (full_) return Errno::kENOSPC;
        return data.size();
    }

  private:
    Source source_;
    bool full_;
};

Result<void> link_device(RamDirectory& directory, std::string_view name, Source source, bool full = false) {
    return directory.link(name, TRY(make_ref<Device>(source, full)));
}

}  // namespace

Result<void> link_devices(RamDirectory& directory) {
    TRY_VOID(link_device(directory, "null", read_nothing));
    TRY_VOID(link_device(directory, "zero", read_zeros));
    TRY_VOID(link_device(directory, "full", read_zeros, true));
    TRY_VOID(link_device(directory, "urandom", read_random));
    Ref<Tty> tty = TRY(make_ref<Tty>());
    set_console_tty(tty);
    TRY_VOID(directory.link("console", tty));
    TRY_VOID(directory.link("tty", tty));
    return {};
}
