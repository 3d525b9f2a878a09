/// @file
/// The table of system calls, by number.
#include <utility>

#include <kernel/debug/trace.h>
#include <kernel/syscall/calls.h>
#include <kernel/syscall/table.h>

CallResult no_such_call(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
    return Errno::kENOSYS;
}

namespace {

constexpr auto kNumbers = std::make_integer_sequence<uint32_t, kSyscallCount>{};

template <uint32_t... number>
constexpr std::array<SystemCall*, kSyscallCount> make_table(std::integer_sequence<uint32_t, number...>) {
    return {system_call<number>...};
}

}  // namespace

#ifdef TRACE

/// By number, as debuggers show it: the functions behind those of syscall_table.
extern "C" constinit const std::array<SystemCall*, kSyscallCount> untraced_syscall_table =
    make_table(kNumbers);

namespace {

/// System call `number` with a record of its beginning and one of its end.
template <uint32_t number>
CallResult traced(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
    return trace_system_call(a, b, c, d, e, f, number, system_call<number>);
}

template <uint32_t... number>
constexpr std::array<SystemCall*, kSyscallCount> make_traced_table(
    std::integer_sequence<uint32_t, number...>) {
    return {traced<number>...};
}

}  // namespace

constinit const std::array<SystemCall*, kSyscallCount> syscall_table = make_traced_table(kNumbers);

#else

constinit const std::array<SystemCall*, kSyscallCount> syscall_table = make_table(kNumbers);

#endif
