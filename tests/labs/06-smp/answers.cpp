/// @file
/// What the learner's parse_madt() makes of a table.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <kernel/acpi/madt.h>
#include <tests/grader/answers_main.h>

namespace {

constexpr size_t kPage = 4096;
constexpr size_t kMostPages = 16;

/// The bytes where reading past their end crashes.
std::span<const std::byte> place_before_guard(std::span<const uint64_t> numbers) {
    void* memory =
        mmap(nullptr, (kMostPages + 1) * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || numbers.size() > kMostPages * kPage) throw std::runtime_error("too large");
    auto* end = static_cast<std::byte*>(memory) + kMostPages * kPage;
    if (mprotect(end, kPage, PROT_NONE) != 0) throw std::runtime_error("mprotect");
    std::byte* start = end - numbers.size();
    for (size_t i = 0; i < numbers.size(); ++i) start[i] = static_cast<std::byte>(numbers[i]);
    return {start, numbers.size()};
}

}  // namespace

/// "madt" and the table's bytes: 0, or 1 for an error; how many were left out; the ids.
std::vector<uint64_t> answer(std::string_view question, std::span<const uint64_t> numbers) {
    if (question != "madt") return {};
    const auto table = place_before_guard(numbers);
    ProcessorList list{.apic_ids = {9, 9, 9}, .count = 3, .left_out = 7};  // something to be forgotten
    const BootError error = parse_madt(table, list);
    munmap(const_cast<std::byte*>(table.data() + table.size()) - kMostPages * kPage,
           (kMostPages + 1) * kPage);
    std::vector<uint64_t> result{error ? 1u : 0u, list.left_out};
    for (size_t i = 0; i < std::min(list.count, list.apic_ids.size()); ++i)
        result.push_back(list.apic_ids[i]);
    return result;
}
