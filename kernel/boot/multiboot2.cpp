/// @file
/// Reads what a multiboot2 loader (GRUB 2) says: a list of tags, each a type, a size and a body (Multiboot2
/// Specification 2.0, section 3.6). Nothing in it is trusted before its size has been checked.

#include <kernel/boot/boot_info.h>

#include <string_view>

#include <kernel/libk/bytes.h>
#include <kernel/libk/string.h>

namespace {

enum TagType : uint32_t {
    kEnd = 0,
    kCommandLine = 1,
    kModule = 3,
    kMemoryMap = 6,
    kRsdp1 = 14,  ///< copy of an ACPI 1.0 RSDP
    kRsdp2 = 15,  ///< copy of an ACPI 2.0 RSDP, which also leads to the XSDT
};

/// At the start of the structure; the tags follow.
struct Header {
    uint32_t total_size;  ///< of the structure, this header and the end tag included
    uint32_t reserved;
};
static_assert(sizeof(Header) == 8);

/// At the start of each tag. Tags start at multiples of 8 bytes.
struct TagHeader {
    uint32_t type;
    uint32_t size;  ///< of the tag, this header included, without the padding behind it
};
static_assert(sizeof(TagHeader) == 8);

/// Body of a module tag; its command line follows, which nobody needs.
struct ModuleBody {
    uint32_t start;
    uint32_t end;  ///< first byte behind the module
};
static_assert(sizeof(ModuleBody) == 8);

/// Body of a memory map tag; entries of `entry_size` bytes follow, each an E820Entry to which later versions
/// may only append.
struct MemoryMapBody {
    uint32_t entry_size;
    uint32_t entry_version;
};
static_assert(sizeof(MemoryMapBody) == 8);

constexpr size_t kRsdp1Size = 20;  ///< bytes of an RSDP of revision 0 (ACPI 6.5, 5.2.5.3)
constexpr size_t kRsdp2Size = 36;

BootError parse_command_line(std::span<const std::byte> body, BootInfo& out) {
    const std::string_view text(reinterpret_cast<const char*>(body.data()), body.size());
    const size_t length = text.find('\0');
    if (length == text.npos) return "the multiboot2 command line has no terminating null";
    copy_string(out.command_line, text.substr(0, length));
    return nullptr;
}

BootError parse_module(std::span<const std::byte> body, BootInfo& out) {
    ModuleBody module;
    if (!read_at(body, 0, module)) return "a multiboot2 module tag is too short";
    if (module.end < module.start) return "a multiboot2 module ends before it starts";
    return add_module(out, module.start, module.end - module.start);
}

BootError parse_memory_map(std::span<const std::byte> body, BootInfo& out) {
    MemoryMapBody map;
    if (!read_at(body, 0, map)) return "the multiboot2 memory map tag is too short";
    if (out.region_count > 0) return "the multiboot2 information has two memory maps";
    if (map.entry_size < sizeof(E820Entry) || map.entry_size % 8 != 0)
        return "the entries of the multiboot2 memory map have an impossible size";
    const auto entries = body.subspan(sizeof map);
    for (size_t offset = 0; offset < entries.size(); offset += map.entry_size) {
        E820Entry entry;
        if (!range_fits(offset, map.entry_size, entries.size()) || !read_at(entries, offset, entry))
            return "the multiboot2 memory map ends within an entry";
        if (BootError error = add_region(out, entry)) return error;
    }
    return nullptr;
}

BootError parse_tag(uint32_t type, std::span<const std::byte> body, uint64_t body_address, BootInfo& out) {
    switch (type) {
        case kCommandLine:
            return parse_command_line(body, out);
        case kModule:
            return parse_module(body, out);
        case kMemoryMap:
            return parse_memory_map(body, out);
        case kRsdp1:
            if (body.size() < kRsdp1Size) return "the multiboot2 copy of the ACPI 1.0 RSDP is too short";
            if (out.rsdp == 0) out.rsdp = body_address;
            return nullptr;
        case kRsdp2:
            if (body.size() < kRsdp2Size) return "the multiboot2 copy of the ACPI 2.0 RSDP is too short";
            out.rsdp = body_address;
            return nullptr;
        default:
            return nullptr;  // loaders give more tags than we asked for
    }
}

}  // namespace

BootError parse_multiboot2(std::span<const std::byte> data, uint64_t physical_address, BootInfo& out) {
    out = {.loader = "multiboot2"};
    if (physical_address % 8 != 0) return "the multiboot2 information is not aligned to 8 bytes";
    Header header;
    if (!read_at(data, 0, header)) return "the multiboot2 information is too short for its header";
    if (header.total_size < sizeof(Header) + sizeof(TagHeader))
        return "the multiboot2 information says it is shorter than its header and end tag";
    if (header.total_size > data.size())
        return "the multiboot2 information is longer than the memory it lies in";
    data = data.first(header.total_size);

    uint64_t offset = sizeof(Header);
    for (;;) {
        TagHeader tag;
        if (!read_at(data, offset, tag)) return "the multiboot2 information has no end tag";
        if (tag.size < sizeof(TagHeader)) return "a multiboot2 tag is smaller than its own header";
        if (!range_fits(offset, tag.size, data.size()))
            return "a multiboot2 tag runs past the end of the information";
        if (tag.type == kEnd) return nullptr;
        const uint64_t body = offset + sizeof(TagHeader);
        if (BootError error = parse_tag(tag.type, data.subspan(body, tag.size - sizeof(TagHeader)),
                                        physical_address + body, out))
            return error;
        offset = align_up(offset + tag.size, 8);
    }
}
