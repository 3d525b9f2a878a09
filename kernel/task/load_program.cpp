/// @file
/// From an ELF file to an address space ready to run.
#include <algorithm>

#include <arch/x86_64/cpu.h>
#include <arch/x86_64/idt.h>
#include <kernel/console/console.h>
#include <kernel/elf/elf.h>
#include <kernel/libk/string.h>
#include <kernel/mm/frame.h>
#include <kernel/mm/heap.h>
#include <kernel/task/process.h>

namespace {

/// A program's stack: this much, made page by page as it is touched.
constexpr uint64_t kUserStackSize = 8 * 1024 * 1024;

/// Maps one segment: whole pages of the file are shared with it until written, the page where the zero-filled
/// part begins is copied, the rest appears when touched.
Result<void> map_segment(AddressSpace& space, Inode& file, const ElfSegment& segment) {
    const uint64_t start = align_down(segment.vaddr, kPageSize);
    const uint64_t end = align_up(segment.vaddr + segment.memory_size, kPageSize);
    const uint64_t file_end = segment.vaddr + segment.file_size;
    TRY_VOID(space.add_region(start, end, {segment.writable, segment.executable}));
    for (uint64_t page = start; page < file_end; page += kPageSize) {
        const uint64_t file_page = (segment.file_offset - segment.vaddr + page) / kPageSize;
        auto found = file.frame(file_page);
        if (!found.ok() && found.error() == Errno::kENOENT) continue;  // a hole: zeros
        const PhysAddr frame = TRY(found);
        TRY_VOID(space.map_shared(page, frame));
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

    // The auxiliary vector: types (System V ABI, 3.4.3; AT_RANDOM and AT_SECURE as in Linux) and values.
    const uint64_t auxiliary[][2] = {
        {3, image.phdr_vaddr},  // AT_PHDR
        {4, image.phentsize},   // AT_PHENT
        {5, image.phnum},       // AT_PHNUM
        {6, kPageSize},         // AT_PAGESZ
        {9, image.entry},       // AT_ENTRY
        {11, 0},                // AT_UID
        {12, 0},                // AT_EUID
        {13, 0},                // AT_GID
        {14, 0},                // AT_EGID
        {23, 0},                // AT_SECURE
        {25, random_at},        // AT_RANDOM
        {0, 0},                 // AT_NULL
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

constexpr std::string_view kBlanks = " \t";

/// `text` without the blanks around it.
std::string_view trim(std::string_view text) {
    const size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Runs a script's interpreter: `line`, the script's first one behind `#!`, has its path and perhaps one
/// argument. The script's path follows, in place of its name in `arguments`.
Result<LoadedProgram> load_script(std::string_view cwd, std::string_view path, std::string_view line,
                                  const StringList& arguments, const StringList& environment) {
    const HeapPage page;
    if (!page.ok()) return Errno::kENOMEM;
    const std::span<char> text = page.bytes<char>();
    size_t used = 0;
    const auto append = [&](std::string_view bytes) {
        if (bytes.size() > text.size() - used) return false;
        memcpy(text.data() + used, bytes.data(), bytes.size());
        used += bytes.size();
        return true;
    };
    const std::string_view interpreter = take_word(line, kBlanks);
    const std::string_view argument = trim(line);
    if (interpreter.empty()) return Errno::kENOEXEC;
    size_t count = arguments.count ? arguments.count - 1 : 0;
    for (const std::string_view word : {interpreter, argument, path}) {
        if (word.empty()) continue;
        if (!append(word) || !append({"", 1})) return Errno::kE2BIG;
        count++;
    }
    if (!append(arguments.bytes.substr(arguments.bytes.find('\0') + 1))) return Errno::kE2BIG;
    return load_program(cwd, interpreter, {{text.data(), used}, count}, environment, true);
}

}  // namespace

Result<void> store(AddressSpace& space, uint64_t address, const void* data, size_t size) {
    const auto* from = static_cast<const std::byte*>(data);
    while (size > 0) {
        // As if the program stored it: what it may not write stays as it is.
        auto* page = static_cast<std::byte*>(
            TRY(space.writable_page(align_down(address, kPageSize), kPageFaultWrite)));
        const uint64_t offset = address % kPageSize;
        const size_t chunk = std::min<size_t>(size, kPageSize - offset);
        memcpy(page + offset, from, chunk);
        from += chunk;
        address += chunk;
        size -= chunk;
    }
    return {};
}

Result<LoadedProgram> load_program(std::string_view cwd, std::string_view path, const StringList& arguments,
                                   const StringList& environment, bool is_interpreter) {
    Ref<Inode> file = TRY(resolve(cwd, path));
    if (file->type() != FileType::kRegular || !(file->permissions() & 0111)) return Errno::kEACCES;

    const HeapPage page;
    if (!page.ok()) return Errno::kENOMEM;
    const size_t head_size = TRY(file->read(0, page.bytes(), 0));
    const std::string_view head(page.bytes<char>().data(), head_size);
    if (head.starts_with("#!") && !is_interpreter)
        return load_script(cwd, path, head.substr(2, head.find('\n') - 2), arguments, environment);
    ElfImage image;
    if (const char* error = parse_elf(page.bytes().first(head_size), file->size(), image)) {
        // A text file is no surprise: shells try to run scripts this way.
        if (head.starts_with("\177ELF"))
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
    copy_string(program.arguments, arguments.bytes);
    return program;
}
