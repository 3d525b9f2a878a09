/// @file
/// From an ELF file to an address space ready to run.
#include <algorithm>

#include <arch/x86_64/cpu.h>
#include <kernel/console/console.h>
#include <kernel/elf/elf.h>
#include <kernel/libk/string.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/heap.h>
#include <kernel/task/process.h>

namespace {

/// A program's stack: this much, made page by page as it is touched.
constexpr uint64_t kUserStackSize = 8 * 1024 * 1024;

/// Auxiliary vector types (System V ABI, 3.4.3; AT_RANDOM as in Linux).
enum AuxiliaryType : uint64_t {
    kAT_NULL = 0,
    kAT_PHDR = 3,
    kAT_PHENT = 4,
    kAT_PHNUM = 5,
    kAT_PAGESZ = 6,
    kAT_ENTRY = 9,
    kAT_UID = 11,
    kAT_EUID = 12,
    kAT_GID = 13,
    kAT_EGID = 14,
    kAT_SECURE = 23,
    kAT_RANDOM = 25,
};

/// One page from the kernel heap for as long as it is needed.
class Scratch {
  public:
    Scratch() : memory_(static_cast<std::byte*>(kmalloc(kPageSize))) {}
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { kfree(memory_); }
    bool ok() const { return memory_ != nullptr; }
    std::span<std::byte> bytes() { return {memory_, kPageSize}; }

  private:
    std::byte* memory_;
};

/// Copies kernel bytes into a space that is not in use yet.
Result<void> store(AddressSpace& space, uint64_t address, const void* data, size_t size) {
    const auto* from = static_cast<const std::byte*>(data);
    while (size > 0) {
        auto* page = static_cast<std::byte*>(TRY(space.writable_page(align_down(address, kPageSize))));
        const uint64_t offset = address % kPageSize;
        const size_t chunk = std::min<size_t>(size, kPageSize - offset);
        memcpy(page + offset, from, chunk);
        from += chunk;
        address += chunk;
        size -= chunk;
    }
    return {};
}

/// Maps one segment: whole pages of the file are shared with it until written, the page where the zero-filled
/// part begins is copied, the rest appears when touched.
Result<void> map_segment(AddressSpace& space, Inode& file, const ElfSegment& segment) {
    const uint64_t start = align_down(segment.vaddr, kPageSize);
    const uint64_t end = align_up(segment.vaddr + segment.memory_size, kPageSize);
    const uint64_t file_end = segment.vaddr + segment.file_size;
    TRY_VOID(space.add_region(start, end, {segment.writable, segment.executable}));
    for (uint64_t page = start; page < file_end; page += kPageSize) {
        const uint64_t file_page = (segment.file_offset - segment.vaddr + page) / kPageSize;
        auto frame = file.frame(file_page);
        if (!frame.ok()) {
            if (frame.error() == Errno::kENOENT) continue;  // a hole: zeros
            return frame.error();
        }
        TRY_VOID(space.map_shared(page, frame.value()));
        if (page + kPageSize > file_end && segment.memory_size > segment.file_size) {
            auto* content = static_cast<std::byte*>(TRY(space.writable_page(page)));
            memset(content + (file_end - page), 0, page + kPageSize - file_end);
        }
    }
    return {};
}

/// Builds what a program finds at RSP (System V ABI, 3.4.1): argc, argv[], 0, envp[], 0, auxiliary vector,
/// strings. Returns RSP.
Result<uint64_t> build_stack(AddressSpace& space, const ElfImage& image, const StringList& arguments,
                             const StringList& environment) {
    TRY_VOID(space.add_region(kUserLimit - kUserStackSize, kUserLimit, {.write = true}));

    const uint64_t random_seed[2] = {rdtsc(), rdtsc() ^ 0x9e3779b97f4a7c15};
    const uint64_t random_at = kUserLimit - sizeof(random_seed);
    const uint64_t environment_at = random_at - environment.bytes.size();
    const uint64_t arguments_at = environment_at - arguments.bytes.size();
    TRY_VOID(store(space, random_at, random_seed, sizeof(random_seed)));
    TRY_VOID(store(space, environment_at, environment.bytes.data(), environment.bytes.size()));
    TRY_VOID(store(space, arguments_at, arguments.bytes.data(), arguments.bytes.size()));

    const uint64_t auxiliary[][2] = {
        {kAT_PHDR, image.phdr_vaddr},
        {kAT_PHENT, image.phentsize},
        {kAT_PHNUM, image.phnum},
        {kAT_PAGESZ, kPageSize},
        {kAT_ENTRY, image.entry},
        {kAT_UID, 0},
        {kAT_EUID, 0},
        {kAT_GID, 0},
        {kAT_EGID, 0},
        {kAT_SECURE, 0},
        {kAT_RANDOM, random_at},
        {kAT_NULL, 0},
    };
    const uint64_t words = 1 + arguments.count + 1 + environment.count + 1;
    const uint64_t stack = align_down(arguments_at - words * 8 - sizeof(auxiliary), 16);

    uint64_t at = stack;
    const auto push = [&](uint64_t value) {
        at += 8;
        return store(space, at - 8, &value, 8);
    };
    TRY_VOID(push(arguments.count));
    for (const auto& [list, base] :
         {std::pair{&arguments, arguments_at}, std::pair{&environment, environment_at}}) {
        size_t offset = 0;
        for (size_t i = 0; i < list->count; i++) {
            TRY_VOID(push(base + offset));
            offset += strlen(&list->bytes[offset]) + 1;
        }
        TRY_VOID(push(0));
    }
    TRY_VOID(store(space, at, auxiliary, sizeof(auxiliary)));
    return stack;
}

/// Words of a script's first line: `#!`, the interpreter's path, and perhaps one argument.
struct ScriptLine {
    std::string_view interpreter, argument;
};

/// Reads it from the head of a file; the interpreter is empty when that is no script.
ScriptLine parse_script_line(std::string_view head) {
    if (!head.starts_with("#!")) return {};
    std::string_view line = head.substr(2, head.find('\n') - 2);
    const auto trim = [&] {
        while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
        while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    };
    trim();
    const std::string_view interpreter = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(interpreter.size());
    trim();
    return {interpreter, line};
}

/// Runs a script's interpreter with the script's path in place of the script's name.
Result<LoadedProgram> load_script(std::string_view cwd, std::string_view path, const ScriptLine& script,
                                  const StringList& arguments, const StringList& environment) {
    Scratch memory;
    if (!memory.ok()) return Errno::kENOMEM;
    auto* text = reinterpret_cast<char*>(memory.bytes().data());
    StringList list{{text, 0}, 0};
    const auto append = [&](std::string_view bytes, size_t count) {
        const size_t used = list.bytes.size();
        if (bytes.size() > memory.bytes().size() - used) return false;
        memcpy(text + used, bytes.data(), bytes.size());
        list = {{text, used + bytes.size()}, list.count + count};
        return true;
    };
    const auto append_word = [&](std::string_view word) { return append(word, 1) && append({"", 1}, 0); };
    const std::string_view all(arguments.bytes.data(), arguments.bytes.size());
    const std::string_view rest = all.substr(std::min(all.size(), all.find('\0') + 1));
    if (!append_word(script.interpreter) || (!script.argument.empty() && !append_word(script.argument)) ||
        !append_word(path) || !append(rest, arguments.count ? arguments.count - 1 : 0))
        return Errno::kE2BIG;
    // The interpreter can't be a script itself: its path must not lead back here.
    Ref<Inode> file = TRY(resolve(cwd, script.interpreter));
    std::array<std::byte, 2> magic{};
    static_cast<void>(TRY(file->read(0, magic, 0)));
    if (magic[0] == std::byte{'#'}) return Errno::kENOEXEC;
    return load_program(cwd, script.interpreter, list, environment);
}

}  // namespace

Result<LoadedProgram> load_program(std::string_view cwd, std::string_view path, const StringList& arguments,
                                   const StringList& environment) {
    Ref<Inode> file = TRY(resolve(cwd, path));
    if (file->type() != FileType::kRegular) return Errno::kEACCES;
    if (!(file->permissions() & 0111)) return Errno::kEACCES;

    Scratch head;
    Scratch image_memory;
    if (!head.ok() || !image_memory.ok()) return Errno::kENOMEM;
    const size_t head_size = TRY(file->read(0, head.bytes(), 0));
    const ScriptLine script =
        parse_script_line({reinterpret_cast<const char*>(head.bytes().data()), head_size});
    if (!script.interpreter.empty()) return load_script(cwd, path, script, arguments, environment);
    auto& image = *new (image_memory.bytes().data()) ElfImage{};
    if (const char* error = parse_elf(head.bytes().first(head_size), file->size(), image)) {
        // A text file is no surprise: shells try to run scripts this way.
        if (head_size >= 4 && memcmp(head.bytes().data(), "\177ELF", 4) == 0)
            kprintf("%.*s: %s\n", static_cast<int>(path.size()), path.data(), error);
        return Errno::kENOEXEC;
    }

    Ref<AddressSpace> space = TRY(AddressSpace::create());
    uint64_t program_end = 0;
    for (const ElfSegment& segment : image.loaded()) {
        TRY_VOID(map_segment(*space, *file, segment));
        program_end = std::max(program_end, segment.vaddr + segment.memory_size);
    }
    space->set_program_end(program_end);
    const uint64_t stack = TRY(build_stack(*space, image, arguments, environment));
    LoadedProgram program{std::move(space), std::move(file), {}, image.entry, stack};
    copy_string(program.arguments, {arguments.bytes.data(), arguments.bytes.size()});
    return program;
}
