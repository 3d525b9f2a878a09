/// @file
/// The "newc" form: per entry a header of 110 ASCII characters, the name with its null, and the data; name
/// and data are each padded to a multiple of 4 bytes. An entry called TRAILER!!! ends the archive.

#include <kernel/fs/cpio.h>

#include <array>

#include <kernel/fs/path.h>
#include <kernel/libk/address.h>
#include <kernel/libk/bytes.h>
#include <kernel/libk/string.h>

namespace {

using HexField = std::array<char, 8>;

/// All fields but the magic are hexadecimal numbers of 8 digits.
struct Header {
    std::array<char, 6> magic;
    HexField inode;
    HexField mode;
    HexField user;
    HexField group;
    HexField links;
    HexField modified;
    HexField file_size;
    HexField device_major;
    HexField device_minor;
    HexField special_major;
    HexField special_minor;
    HexField name_size;  ///< with the terminating null
    HexField checksum;   ///< 0 in this form
};
static_assert(sizeof(Header) == 110);

/// More than any name the kernel can store; a bound against nonsense.
constexpr uint32_t kLongestName = 4096;

bool parse_hex(const HexField& field, uint32_t& value) {
    value = 0;
    for (char digit : field) {
        if (digit >= '0' && digit <= '9')
            value = value * 16 + static_cast<uint32_t>(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            value = value * 16 + static_cast<uint32_t>(digit - 'a' + 10);
        else if (digit >= 'A' && digit <= 'F')
            value = value * 16 + static_cast<uint32_t>(digit - 'A' + 10);
        else
            return false;
    }
    return true;
}

bool has_parent_component(std::string_view name) {
    for (std::string_view part = next_component(name); !part.empty(); part = next_component(name)) {
        if (part == "..") return true;
    }
    return false;
}

}  // namespace

CpioReader::Status CpioReader::fail(const char* error) {
    error_ = error;
    return Status::kError;
}

CpioReader::Status CpioReader::next(CpioEntry& entry) {
    if (error_) return Status::kError;
    if (ended_) return Status::kEnd;

    Header header;
    if (offset_ >= archive_.size()) return fail("the cpio archive ends without its trailer");
    if (!read_at(archive_, offset_, header)) return fail("the cpio archive is cut off within a header");
    if (std::string_view(header.magic.data(), header.magic.size()) != "070701")
        return fail("a header in the cpio archive lacks the magic 070701 of the newc form");
    uint32_t mode, name_size, file_size;
    if (!parse_hex(header.mode, mode) || !parse_hex(header.name_size, name_size) ||
        !parse_hex(header.file_size, file_size))
        return fail("a header in the cpio archive has a field that is not hexadecimal");

    if (name_size == 0) return fail("a name in the cpio archive has no terminating null");
    if (name_size > kLongestName) return fail("a name in the cpio archive is longer than 4096 bytes");
    const uint64_t name_offset = offset_ + sizeof(Header);
    if (!range_fits(name_offset, name_size, archive_.size()))
        return fail("the cpio archive is cut off within a name");
    const auto* name_start = reinterpret_cast<const char*>(archive_.data() + name_offset);
    const std::string_view name(name_start, name_size - 1);
    if (name_start[name_size - 1] != '\0') return fail("a name in the cpio archive has no terminating null");
    if (name.empty()) return fail("a name in the cpio archive is empty");
    if (memchr(name.data(), '\0', name.size())) return fail("a name in the cpio archive has a null within");
    if (name == "TRAILER!!!") {
        ended_ = true;
        return Status::kEnd;
    }
    if (has_parent_component(name)) return fail("a name in the cpio archive has a component '..'");

    const uint64_t data_offset = align_up(name_offset + name_size, 4);
    if (!range_fits(data_offset, file_size, archive_.size()))
        return fail("the cpio archive is cut off within a file's data");

    entry = {name, mode, archive_.subspan(data_offset, file_size)};
    offset_ = align_up(data_offset + file_size, 4);
    return Status::kEntry;
}
