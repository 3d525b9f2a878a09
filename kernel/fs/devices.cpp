/// @file
/// The devices that are nothing but a rule for reading and one for writing.
#include <kernel/fs/devices.h>

#include <kernel/console/tty.h>
#include <kernel/fs/random.h>
#include <kernel/libk/string.h>

namespace {

/// What the devices have in common: what is written to them is gone.
class Device : public Inode {
  public:
    Device() : Inode(FileType::kCharDevice, 0666) {}
    Result<size_t> write(uint64_t, std::span<const std::byte> data, uint32_t) override { return data.size(); }
};

class NullDevice final : public Device {
  public:
    Result<size_t> read(uint64_t, std::span<std::byte>, uint32_t) override { return size_t{0}; }
};

class ZeroDevice : public Device {
  public:
    Result<size_t> read(uint64_t, std::span<std::byte> out, uint32_t) override {
        memset(out.data(), 0, out.size());
        return out.size();
    }
};

/// Never has room, for trying out how programs take that.
class FullDevice final : public ZeroDevice {
  public:
    Result<size_t> write(uint64_t, std::span<const std::byte>, uint32_t) override { return Errno::kENOSPC; }
};

class RandomDevice final : public Device {
  public:
    Result<size_t> read(uint64_t, std::span<std::byte> out, uint32_t) override {
        fill_random(out);
        return out.size();
    }
};

template <class T>
Result<void> link_new(RamDirectory& directory, std::string_view name) {
    Ref<T> device = TRY(make_ref<T>());
    return directory.link(name, device);
}

}  // namespace

Result<void> link_devices(RamDirectory& directory) {
    TRY_VOID(link_new<NullDevice>(directory, "null"));
    TRY_VOID(link_new<ZeroDevice>(directory, "zero"));
    TRY_VOID(link_new<FullDevice>(directory, "full"));
    TRY_VOID(link_new<RandomDevice>(directory, "urandom"));
    Ref<Tty> tty = TRY(make_ref<Tty>());
    set_console_tty(tty);
    TRY_VOID(directory.link("console", tty));
    TRY_VOID(directory.link("tty", tty));
    return {};
}
