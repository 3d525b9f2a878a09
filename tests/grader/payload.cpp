/// @file
/// Programs with numbers in them, and the archives they are booted from.
#include <tests/grader/payload.h>

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <tests/grader/graded_test.h>
#include <tests/harness/elf_symbols.h>
#include <tests/harness/error.h>
#include <tests/system/states.h>
#include <userland/grade/digest.h>

namespace grader {

namespace {

namespace fs = std::filesystem;

std::vector<uint8_t> content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The header of an archive's entry: "newc" numbers are eight hexadecimal digits.
std::string header(const std::string& name, uint32_t number, uint32_t mode, size_t size) {
    return fmt::format("070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
                       number, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name.size() + 1, 0);
}

void append_entry(std::string& archive, const std::string& name, uint32_t number, uint32_t mode,
                  const std::vector<uint8_t>& content) {
    archive += header(name, number, mode, content.size()) + name + '\0';
    archive.resize((archive.size() + 3) & ~size_t{3});
    archive.append(content.begin(), content.end());
    archive.resize((archive.size() + 3) & ~size_t{3});
}

}  // namespace

Program::Program(const std::string& name)
    : name_(name), image_(content_of(built_file(state_under_test(), "programs/" + name))) {}

void Program::set(std::string_view symbol, uint64_t value) {
    const harness::ElfSymbols symbols(image_, name_);
    // The bytes lie within the copy that `symbols` has, at the same place as in ours.
    const auto bytes = symbols.bytes_at(symbols.value(symbol), sizeof value);
    const auto offset = static_cast<size_t>(bytes.data() - symbols.image().data());
    std::memcpy(image_.data() + offset, &value, sizeof value);
}

uint64_t Program::address(std::string_view symbol) const {
    return harness::ElfSymbols(image_, name_).value(symbol);
}

void BootModule::add(const std::string& path, std::vector<uint8_t> content, uint32_t mode) {
    for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
        files_.try_emplace(path.substr(0, slash), 040755u, std::vector<uint8_t>{});
    files_[path] = {mode, std::move(content)};
}

fs::path BootModule::write() {
    std::string archive;
    uint32_t number = 1;
    // In the order of the names a folder comes before what is in it.
    for (const auto& [name, file] : files_) append_entry(archive, name, number++, file.first, file.second);
    append_entry(archive, "TRAILER!!!", 0, 0, {});
    // Kept, if there is a place for it, so that the run can be repeated.
    const char* keep = std::getenv("TRAPLINE_KEEP");
    const fs::path path = (keep ? fs::path(keep) : folder_->path()) /
                          fmt::format("module-{:016x}.cpio", std::hash<std::string>{}(archive));
    std::ofstream file(path, std::ios::binary);
    file << archive;
    file.close();
    if (!file) throw harness::InfrastructureError("can't write " + path.string());
    return path;
}

BootModule as_init(const Program& program) {
    BootModule module;
    module.add("init", program.image());
    return module;
}

uint64_t digest(uint64_t nonce, uint64_t rounds) {
    return grade_digest(nonce, rounds);
}

}  // namespace grader
