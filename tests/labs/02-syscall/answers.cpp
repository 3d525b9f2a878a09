/// @file
/// Asks syscall_dispatch() with a table of system calls that only write down how they were called.
#include <arch/x86_64/syscall_frame.h>
#include <kernel/syscall/table.h>
#include <tests/grader/answers_main.h>

#include <cstring>

extern "C" void syscall_dispatch(SyscallFrame* frame);

namespace {

constexpr uint64_t kNobody = ~0ull;
/// Entries behind the end of the table, which nobody may call.
constexpr size_t kBeyond = 64;

uint64_t called = kNobody;
uint64_t arguments[6];
int64_t result;

template <size_t kNumber>
CallResult note(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    called = kNumber;
    const uint64_t all[] = {a, b, c, d, e, f};
    std::memcpy(arguments, all, sizeof all);
    return result;
}

template <size_t... kNumbers>
constexpr std::array<SystemCall*, sizeof...(kNumbers)> make_table(std::index_sequence<kNumbers...>) {
    return {note<kNumbers>...};
}

}  // namespace

extern "C" {
/// The table and more: a number that is too large calls something that tells.
extern constinit const std::array<SystemCall*, kSyscallCount + kBeyond> longer_table =
    make_table(std::make_index_sequence<kSyscallCount + kBeyond>());
}
// What dispatch.cpp takes for the table of kSyscallCount entries.
asm(".globl syscall_table\n.set syscall_table, longer_table");

/// "dispatch": the result that the system call shall have, and the 16 words of a frame from its lowest
/// address up. Answer: the number of the function that was called or ~0, its six arguments, and the frame
/// afterwards. "count": the number of entries of the table.
std::vector<uint64_t> answer(std::string_view question, std::span<const uint64_t> numbers) {
    if (question == "count") return {kSyscallCount};
    SyscallFrame frame;
    if (question != "dispatch" || numbers.size() != 1 + sizeof frame / 8) return {};
    called = kNobody;
    std::memset(arguments, 0, sizeof arguments);
    result = static_cast<int64_t>(numbers[0]);
    std::memcpy(&frame, numbers.data() + 1, sizeof frame);
    syscall_dispatch(&frame);
    std::vector<uint64_t> answer{called};
    answer.insert(answer.end(), arguments, arguments + 6);
    const auto* words = reinterpret_cast<const uint64_t*>(&frame);
    answer.insert(answer.end(), words, words + sizeof frame / 8);
    return answer;
}
