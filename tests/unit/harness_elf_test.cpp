/// @file
/// The harness's ELF reader, on a small file made here and on broken variants of it.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include <tests/harness/elf_symbols.h>

namespace {

using harness::ElfError;
using harness::ElfSymbols;

constexpr uint64_t kTextAddress = 0xffffffff80100000;
constexpr uint64_t kTextOffset = 0x200;
constexpr uint64_t kTextSize = 0x40;
constexpr uint64_t kSectionsOffset = 0x800;

/// A file with one segment, a text section, and symbols.
class ElfFile {
  public:
    ElfFile() {
        header_.e_ident[EI_CLASS] = ELFCLASS64;
        header_.e_ident[EI_DATA] = ELFDATA2LSB;
        std::memcpy(header_.e_ident, ELFMAG, SELFMAG);
        header_.e_entry = kTextAddress;
        header_.e_phoff = sizeof(Elf64_Ehdr);
        header_.e_phentsize = sizeof(Elf64_Phdr);
        header_.e_phnum = 1;
        header_.e_shoff = kSectionsOffset;
        header_.e_shentsize = sizeof(Elf64_Shdr);
        header_.e_shnum = 4;
        header_.e_shstrndx = 3;
        add_symbol("syscall_entry", kTextAddress, 0x10, 1, STT_FUNC);
        add_symbol("_ZN9Scheduler8scheduleEv", kTextAddress + 0x10, 0x10, 1, STT_FUNC);
        add_symbol("_ZN4Task4nameEi", kTextAddress + 0x20, 4, 1, STT_FUNC);
        add_symbol("_ZN4Task4nameEj", kTextAddress + 0x24, 4, 1, STT_FUNC);
        add_symbol("local_label", kTextAddress + 0x30, 0, 1, STT_NOTYPE);
        add_symbol("OFFSETOF_Task_pid", 0x1c8, 0, SHN_ABS, STT_NOTYPE);
        add_symbol("undefined", 0, 0, SHN_UNDEF, STT_NOTYPE);
    }

    Elf64_Ehdr header_{};

    void add_symbol(const std::string& name, uint64_t value, uint64_t size, uint16_t section,
                    unsigned char type) {
        Elf64_Sym symbol{};
        symbol.st_name = static_cast<uint32_t>(strings_.size());
        symbol.st_value = value;
        symbol.st_size = size;
        symbol.st_shndx = section;
        symbol.st_info = type;
        symbols_.push_back(symbol);
        strings_ += name + '\0';
    }

    std::vector<uint8_t> image() const {
        std::vector<uint8_t> bytes(kSectionsOffset + 4 * sizeof(Elf64_Shdr));
        const auto put = [&](uint64_t offset, const void* data, size_t size) {
            std::memcpy(bytes.data() + offset, data, size);
        };
        Elf64_Phdr segment{};
        segment.p_type = PT_LOAD;
        segment.p_offset = kTextOffset;
        segment.p_vaddr = kTextAddress;
        segment.p_filesz = kTextSize;
        segment.p_memsz = 2 * kTextSize;
        Elf64_Shdr sections[4]{};
        sections[1] = {
            1, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, kTextAddress, kTextOffset, kTextSize, 0, 0, 1, 0};
        sections[2] = {7, SHT_SYMTAB,       0, 0, 0x300, symbols_.size() * sizeof(Elf64_Sym), 3, 0,
                       8, sizeof(Elf64_Sym)};
        sections[3] = {15, SHT_STRTAB, 0, 0, 0x600, strings_.size(), 0, 0, 1, 0};
        put(0, &header_, sizeof header_);
        put(sizeof header_, &segment, sizeof segment);
        std::memset(bytes.data() + kTextOffset, 0x90, kTextSize);
        put(0x300, symbols_.data(), symbols_.size() * sizeof(Elf64_Sym));
        put(0x600, strings_.data(), strings_.size());
        put(kSectionsOffset, sections, sizeof sections);
        return bytes;
    }

  private:
    std::vector<Elf64_Sym> symbols_{1};
    std::string strings_ = std::string("\0.text\0.symtab\0.strtab\0", 23);
};

ElfSymbols parse(std::vector<uint8_t> image) {
    return ElfSymbols(std::move(image), "test.elf");
}

std::string error_of(std::vector<uint8_t> image) {
    try {
        parse(std::move(image));
    } catch (const ElfError& error) {
        return error.what();
    }
    return "no error";
}

TEST(HarnessElf, FindsSymbolsByName) {
    const ElfSymbols elf = parse(ElfFile().image());
    EXPECT_EQ(elf.entry(), kTextAddress);
    EXPECT_EQ(elf.all().size(), 6u);
    EXPECT_EQ(elf.value("syscall_entry"), kTextAddress);
    EXPECT_EQ(elf.value("_ZN9Scheduler8scheduleEv"), kTextAddress + 0x10);
    EXPECT_EQ(elf.value("Scheduler::schedule"), kTextAddress + 0x10);
    EXPECT_EQ(elf.symbol("Scheduler::schedule").size, 0x10u);
    EXPECT_EQ(elf.value("OFFSETOF_Task_pid"), 0x1c8u);
    EXPECT_EQ(elf.find("nothing"), nullptr);
    EXPECT_EQ(elf.find("undefined"), nullptr);
    EXPECT_THROW(elf.value("nothing"), ElfError);
    EXPECT_THROW(elf.value("Task::name"), ElfError);  // two overloads
    EXPECT_EQ(elf.value("_ZN4Task4nameEj"), kTextAddress + 0x24);
}

TEST(HarnessElf, DescribesAddresses) {
    const ElfSymbols elf = parse(ElfFile().image());
    EXPECT_EQ(elf.describe(kTextAddress + 0xf), "syscall_entry+0xf");
    EXPECT_EQ(elf.describe(kTextAddress + 0x10), "Scheduler::schedule+0x0");
    EXPECT_EQ(elf.describe(kTextAddress + 0x28), "0xffffffff80100028");  // between two functions
    EXPECT_EQ(elf.describe(kTextAddress + 0x33), "local_label+0x3");
    EXPECT_EQ(elf.describe(kTextAddress + kTextSize), "0xffffffff80100040");
    EXPECT_EQ(elf.describe(0x1d0), "0x1d0");  // absolute symbols cover nothing
    EXPECT_EQ(elf.describe(~0ull), "0xffffffffffffffff");
}

TEST(HarnessElf, GivesLoadedBytes) {
    const ElfSymbols elf = parse(ElfFile().image());
    EXPECT_EQ(elf.bytes_at(kTextAddress + 4, 3)[0], 0x90);
    EXPECT_EQ(elf.bytes_at(kTextAddress, kTextSize).size(), kTextSize);
    EXPECT_THROW(elf.bytes_at(kTextAddress, kTextSize + 1), ElfError);
    EXPECT_THROW(elf.bytes_at(kTextAddress + 8, ~0ull), ElfError);
    EXPECT_THROW(elf.bytes_at(0, 1), ElfError);
    EXPECT_EQ(elf.section_bytes(".text").size(), kTextSize);
    EXPECT_THROW(elf.section_bytes(".data"), ElfError);
    EXPECT_EQ(elf.sections()[1].flags, uint64_t{SHF_ALLOC | SHF_EXECINSTR});
}

TEST(HarnessElf, SaysWhatIsWrong) {
    EXPECT_EQ(error_of({}), "test.elf: the ELF header at 0x0, 0x40 bytes, lies beyond the end of the file");
    EXPECT_EQ(error_of(std::vector<uint8_t>(1000)), "test.elf: not an ELF file");

    ElfFile file;
    file.header_.e_ident[EI_CLASS] = ELFCLASS32;
    EXPECT_EQ(error_of(file.image()), "test.elf: not a little-endian ELF64 file");

    file = ElfFile();
    file.header_.e_shoff = ~0ull - 8;
    EXPECT_NE(error_of(file.image()).find("the section header table at 0xfffffffffffffff7"),
              std::string::npos);

    file = ElfFile();
    file.header_.e_shstrndx = 4;
    EXPECT_EQ(error_of(file.image()), "test.elf: the section names' table does not exist");

    file = ElfFile();
    file.header_.e_phentsize = 8;
    EXPECT_EQ(error_of(file.image()), "test.elf: program headers of a strange size");

    EXPECT_THROW(ElfSymbols("/no/such/file"), ElfError);
}

TEST(HarnessElf, DamageNeverGetsThrough) {
    const std::vector<uint8_t> whole = ElfFile().image();
    for (size_t size = 0; size < whole.size(); ++size) {
        const std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
        EXPECT_THROW(parse(cut), ElfError) << size;
    }
    // Any one byte changed: a clear error, or a file that still makes sense. Run under sanitizers this would
    // show a read out of bounds.
    for (size_t at = 0; at < whole.size(); ++at) {
        for (const int value : {0x00, 0x7f, 0xff}) {
            std::vector<uint8_t> damaged = whole;
            damaged[at] = static_cast<uint8_t>(value);
            try {
                const ElfSymbols elf = parse(damaged);
                EXPECT_LE(elf.all().size(), 7u);
                elf.describe(kTextAddress);
            } catch (const ElfError& error) {
                EXPECT_EQ(std::string(error.what()).find("test.elf: "), 0u);
            }
        }
    }
}

TEST(HarnessElf, StripsArguments) {
    EXPECT_EQ(harness::without_arguments("f(int, char)"), "f");
    EXPECT_EQ(harness::without_arguments("A::g(int (*)(char)) const"), "A::g");
    EXPECT_EQ(harness::without_arguments("operator()(int)"), "operator()");
    EXPECT_EQ(harness::without_arguments("(anonymous namespace)::queue"), "(anonymous namespace)::queue");
    EXPECT_EQ(harness::without_arguments("(anonymous namespace)::f(int)"), "(anonymous namespace)::f");
    EXPECT_EQ(harness::without_arguments("f(int) [clone .cold]"), "f");
    EXPECT_EQ(harness::without_arguments("plain"), "plain");
}

}  // namespace
