/// @file
/// Makes the calls of lab2_calls.h as /init with a pattern in every register, and keeps what came back in
/// `backs`, one row a call. `which` chooses the list: 0 the ordinary calls, 1 the bad pointers.
#include <userland/grade/lab2_calls.h>
#include <userland/lib/program.h>
#include <userland/tests/registers.h>

extern "C" {
uint64_t nonce = 1;
uint64_t which = 2;
/// Registers in the order of GradeRegister, and RFLAGS.
uint64_t backs[32][kGradeRegisterCount + 1];
[[noreturn]] void grade_done();
}

static_assert(kGradeCallCount <= 32 && kGradeBadPointerCount <= 32);

// Where it ends, and stays.
asm(R"(
    .text
    .globl grade_done
grade_done:
    jmp grade_done
)");

namespace {

SystemName buffer;

uint64_t value_of(uint64_t argument) {
    return argument == kBuffer ? reinterpret_cast<uint64_t>(&buffer) : argument;
}

void make(const GradeCall& call, size_t row) {
    auto* word = reinterpret_cast<uint64_t*>(&probe_in);
    for (size_t i = 0; i < kGradeRegisterCount; ++i) word[i] = grade_pattern(nonce, row, i);
    probe_in.rflags = grade_flags(row);
    probe_in.mxcsr = 0x1f80;
    word[kRax] = call.number;
    for (size_t i = 0; i < call.argument_count; ++i) word[kGradeArguments[i]] = value_of(call.arguments[i]);
    syscall_probe();
    const auto* back = reinterpret_cast<const uint64_t*>(&probe_out);
    for (size_t i = 0; i < kGradeRegisterCount; ++i) backs[row][i] = back[i];
    backs[row][kGradeRegisterCount] = probe_out.rflags;
}

}  // namespace

int main(int, char**) {
    size_t row = 0;
    if (which == 0)
        for (const GradeCall& call : kGradeCalls) make(call, row++);
    else
        for (const GradeCall& call : kGradeBadPointers) make(call, row++);
    grade_done();
}
