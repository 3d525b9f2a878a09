/// @file
/// The archive reader, on archives as cpio(1) makes them and on broken ones.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <vector>

#include <kernel/fs/cpio.h>
#include <tests/unit/support/blob.h>

namespace {

/// Offsets of fields in a header.
constexpr size_t kMode = 14;
constexpr size_t kFileSize = 54;
constexpr size_t kNameSize = 94;
constexpr size_t kName = 110;

std::string hex(uint64_t number) {
    char text[9];
    std::snprintf(text, sizeof text, "%08llX", static_cast<unsigned long long>(number));
    return text;
}

/// Adds an entry; `name` may have nulls and is followed by one more.
Blob& add_entry(Blob& archive, std::string_view name, uint32_t mode, std::string_view data) {
    archive.add_text("070701").add_text(hex(archive.size())).add_text(hex(mode));
    for (int i = 0; i < 4; ++i) archive.add_text(hex(0));  // owner, group, links, time
    archive.add_text(hex(data.size()));
    for (int i = 0; i < 4; ++i) archive.add_text(hex(0));  // devices
    archive.add_text(hex(name.size() + 1)).add_text(hex(0));
    archive.add_text(name).add('\0').pad(4);
    return archive.add_text(data).pad(4);
}

Blob with_trailer(Blob archive) {
    return add_entry(archive, "TRAILER!!!", 0, "");
}

Blob single(std::string_view name, std::string_view data = "") {
    Blob archive;
    return with_trailer(add_entry(archive, name, 0100644, data));
}

Blob ordinary() {
    Blob archive;
    add_entry(archive, ".", 040755, "");
    add_entry(archive, "bin", 040755, "");
    add_entry(archive, "bin/sh", 0100755,
              "\x7f"
              "ELF");
    add_entry(archive, "etc/motd", 0100644, "Welcome.\n");
    add_entry(archive, "empty", 0100600, "");
    return with_trailer(archive);
}

struct File {
    std::string name;
    uint32_t mode;
    std::string data;
};

/// Reads everything; returns the error or "".
std::string read_all(const Blob& archive, std::vector<File>& files) {
    GuardedMemory memory(archive.size());
    std::span<const std::byte> rest = memory.place(archive.bytes(), true);
    for (;;) {
        CpioEntry entry;
        if (const char* error = next_cpio_entry(rest, entry)) return error;
        if (entry.name.empty()) return "";
        const auto* data = reinterpret_cast<const char*>(entry.data.data());
        files.push_back({std::string(entry.name), entry.mode, std::string(data, entry.data.size())});
    }
}
std::string read_all(const Blob& archive) {
    std::vector<File> files;
    return read_all(archive, files);
}

/// `archive` with the 8 digits at `offset` replaced.
Blob with_field(Blob archive, size_t offset, std::string_view digits) {
    for (size_t i = 0; i < digits.size(); ++i) archive.put(offset + i, digits[i]);
    return archive;
}

}  // namespace

TEST(Cpio, ReadsAnOrdinaryArchive) {
    std::vector<File> files;
    EXPECT_EQ(read_all(ordinary(), files), "");
    ASSERT_EQ(files.size(), 5u);
    EXPECT_EQ(files[0].name, ".");
    EXPECT_EQ(files[0].mode, 040755u);
    EXPECT_EQ(files[2].name, "bin/sh");
    EXPECT_EQ(files[2].mode, 0100755u);
    EXPECT_EQ(files[2].data,
              "\x7f"
              "ELF");
    EXPECT_EQ(files[3].data, "Welcome.\n");
    EXPECT_EQ(files[4].data, "");
}

TEST(Cpio, KeepsItsPlaceWhateverTheLengths) {
    for (size_t name_length = 1; name_length < 9; ++name_length) {
        for (size_t data_length = 0; data_length < 9; ++data_length) {
            Blob archive;
            add_entry(archive, std::string(name_length, 'n'), 0100644, std::string(data_length, 'd'));
            add_entry(archive, "last", 0100644, "data");
            std::vector<File> files;
            ASSERT_EQ(read_all(with_trailer(archive), files), "");
            ASSERT_EQ(files.size(), 2u);
            EXPECT_EQ(files[0].name, std::string(name_length, 'n'));
            EXPECT_EQ(files[0].data, std::string(data_length, 'd'));
            EXPECT_EQ(files[1].name, "last");
            EXPECT_EQ(files[1].data, "data");
        }
    }
}

TEST(Cpio, IgnoresWhatFollowsTheTrailer) {
    Blob archive = ordinary();
    EXPECT_EQ(read_all(archive.add_text("padding of any kind")), "");
}

TEST(Cpio, TakesDigitsOfEitherCase) {
    std::vector<File> files;
    EXPECT_EQ(read_all(with_field(single("f"), kMode, "000081Ed"), files), "");
    EXPECT_EQ(files.at(0).mode, 0x81edu);
}

TEST(Cpio, RefusesATruncatedArchive) {
    const Blob archive = single("name", "some data");
    const size_t data = kName + 6;  // "name" with its null ends at 115, padded to 116
    const size_t trailer = 128;
    const auto cut = [&](size_t size) { return read_all(Blob(archive).resize(size)); };
    EXPECT_EQ(cut(0), "the cpio archive ends without its trailer");
    for (size_t size = 1; size < kName; ++size)
        EXPECT_EQ(cut(size), "the cpio archive is cut off within a header");
    for (size_t size = kName; size < kName + 5; ++size)
        EXPECT_EQ(cut(size), "the cpio archive is cut off within a name");
    for (size_t size = kName + 5; size < data + 9; ++size)
        EXPECT_EQ(cut(size), "the cpio archive is cut off within a file's data");
    for (size_t size = data + 9; size <= trailer; ++size)
        EXPECT_EQ(cut(size), "the cpio archive ends without its trailer") << size;
    EXPECT_EQ(cut(trailer + 1), "the cpio archive is cut off within a header");
    EXPECT_EQ(cut(archive.size() - 4), "the cpio archive is cut off within a name");
}

TEST(Cpio, RefusesAnotherMagic) {
    const std::string magic = "a header in the cpio archive lacks the magic 070701 of the newc form";
    EXPECT_EQ(read_all(with_field(ordinary(), 0, "070702")), magic);
    EXPECT_EQ(read_all(with_field(ordinary(), 0, "070707")), magic);
    EXPECT_EQ(read_all(with_field(ordinary(), 0, "\x1f\x8b")), magic) << "compressed";
}

TEST(Cpio, RefusesFieldsThatAreNotHexadecimal) {
    const std::string field = "a header in the cpio archive has a field that is not hexadecimal";
    for (size_t offset : {kMode, kFileSize, kNameSize}) {
        for (const char* digits : {"0000000g", "       1", "0x000001", "-0000001", "0000000/", "0000000:"})
            EXPECT_EQ(read_all(with_field(ordinary(), offset, digits)), field) << digits;
    }
}

TEST(Cpio, RefusesBadNames) {
    EXPECT_EQ(read_all(with_field(ordinary(), kNameSize, hex(0))),
              "a name in the cpio archive has no terminating null");
    EXPECT_EQ(read_all(with_field(single("name"), kNameSize, hex(4))),
              "a name in the cpio archive has no terminating null");
    EXPECT_EQ(read_all(with_field(ordinary(), kNameSize, hex(4097))),
              "a name in the cpio archive is longer than 4096 bytes");
    EXPECT_EQ(read_all(with_field(ordinary(), kNameSize, hex(0xffffffff))),
              "a name in the cpio archive is longer than 4096 bytes");
    EXPECT_EQ(read_all(with_field(ordinary(), kNameSize, hex(4000))),
              "the cpio archive is cut off within a name");
    EXPECT_EQ(read_all(single("")), "a name in the cpio archive is empty");
    EXPECT_EQ(read_all(single(std::string_view("a\0b", 3))), "a name in the cpio archive has a null within");
}

TEST(Cpio, RefusesParentComponents) {
    const std::string parent = "a name in the cpio archive has a component '..'";
    for (const char* name : {"..", "../etc", "a/../../b", "a/..", "/..", "a//../b"})
        EXPECT_EQ(read_all(single(name)), parent) << name;
    for (const char* name : {"...", "a..", "..a", "a/..b/c", "./a"})
        EXPECT_EQ(read_all(single(name)), "") << name;
}

TEST(Cpio, RefusesSizesPastTheEnd) {
    const std::string data = "the cpio archive is cut off within a file's data";
    for (uint64_t size : {0x7fffffffull, 0xfffffffcull, 0xffffffffull, 0x1000ull})
        EXPECT_EQ(read_all(with_field(ordinary(), kFileSize, hex(size))), data);
}

TEST(Cpio, SurvivesEveryMutation) {
    int complete = 0, broken = 0;
    for_each_mutation(ordinary().bytes(), 50000, [&](std::span<const std::byte> bytes) {
        std::span<const std::byte> rest = bytes;
        CpioEntry entry;
        size_t entries = 0;
        const auto inside = [&](const void* start, size_t size) {
            const auto* first = static_cast<const std::byte*>(start);
            return first >= bytes.data() && size <= static_cast<size_t>(bytes.data() + bytes.size() - first);
        };
        const char* error;
        while (!(error = next_cpio_entry(rest, entry)) && !entry.name.empty()) {
            ASSERT_LT(++entries, 1000u) << "going round in circles";
            ASSERT_TRUE(inside(entry.name.data(), entry.name.size()));
            ASSERT_TRUE(inside(entry.data.data(), entry.data.size()));
        }
        ++(error ? broken : complete);
    });
    EXPECT_GT(complete, 1000);
    EXPECT_GT(broken, 1000);
}
