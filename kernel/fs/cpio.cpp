/// @file
/// The "newc" form: per entry a header of 110 ASCII characters, the name with its null, and the data; name
/// and data are each padded to a multiple of 4 bytes. An entry called TRAILER!!! ends the archive.

#include <kernel/fs/cpio.h>

#include <algorithm>
#include <array>
#include <charconv>

#include <kernel/libk/address.h>
#include <kernel/libk/bytes.h>
#include <kernel/libk/string.h>

namespace {

using HexField = std::array<char, 8>;

/// The fields are hexadecimal numbers: inode, mode, user, group, links, time, size of the file, device (two),
/// special device (two), size of the name with its terminating null, and a checksum, 0 in this form.
struct Header {
    std::array<char, 6> magic;
    std::array<HexField, 13> fields;
};
static_assert(sizeof(Header) == 110);
constexpr size_t kMode = 1;
constexpr size_t kFileSize = 6;
constexpr size_t kNameSize = 11;

/// More than any name the kernel can store; a bound against nonsense.
constexpr uint32_t kLongestName = 4096;

bool parse_hex(const HexField& field, uint32_t& value) {
    const char* const end = field.data() + field.size();
    const auto [stop, error] = std::from_chars(field.data(), end, value, 16);
    return error == std::errc{} && stop == end;
}

bool has_parent_component(std::string_view name) {
    for (std::string_view part = take_word(name, "/"); !part.empty(); part = take_word(name, "/")) {
        if (part == "..") return true;
    }
    return false;
}

}  // namespace

const char* next_cpio_entry(std::span<const std::byte>& archive, CpioEntry& entry) {
    Header header;
    if (archive.empty()) return "the cpio archive ends without its trailer";
    if (!read_at(archive, 0, header)) return "the cpio archive is cut off within a header";
    if (std::string_view(header.magic.data(), header.magic.size()) != "070701")
        return "a header in the cpio archive lacks the magic 070701 of the newc form";
    uint32_t mode, name_size, file_size;
    if (!parse_hex(header.fields[kMode], mode) || !parse_hex(header.fields[kNameSize], name_size) ||
        !parse_hex(header.fields[kFileSize], file_size))
        return "a header in the cpio archive has a field that is not hexadecimal";

    if (name_size == 0) return "a name in the cpio archive has no terminating null";
    if (name_size > kLongestName) return "a name in the cpio archive is longer than 4096 bytes";
    if (!range_fits(sizeof(Header), name_size, archive.size()))
        return "the cpio archive is cut off within a name";
    const auto* name_start = reinterpret_cast<const char*>(archive.data() + sizeof(Header));
    const std::string_view name(name_start, name_size - 1);
    if (name_start[name_size - 1] != '\0') return "a name in the cpio archive has no terminating null";
    if (name.empty()) return "a name in the cpio archive is empty";
    if (name.find('\0') != name.npos) return "a name in the cpio archive has a null within";
    if (name == "TRAILER!!!") {
        entry = {};
        return nullptr;
    }
    if (has_parent_component(name)) return "a name in the cpio archive has a component '..'";

    const uint64_t data_offset = align_up(sizeof(Header) + name_size, 4);
    if (!range_fits(data_offset, file_size, archive.size()))
        return "the cpio archive is cut off within a file's data";
    entry = {name, mode, archive.subspan(data_offset, file_size)};
    archive = archive.subspan(std::min(align_up(data_offset + file_size, 4), archive.size()));
    return nullptr;
}
