/// @file
/// Four processes in a ring of pipes pass on a token, yield and sleep, all with patterns in their registers:
/// each system call ends while another process has made some of its own. At its end each calls report() once,
/// with what it has seen in memory.
#include <userland/grade/lab2_switch.h>
#include <userland/lib/program.h>
#include <userland/tests/registers.h>

extern "C" {
uint64_t nonce = 1;
uint64_t rounds = 1;

uint64_t who;             ///< 0 for init, 1 to 3 for the children
uint64_t calls_made;      ///< so far
uint64_t token;           ///< as last seen
uint64_t first_bad_call;  ///< 1 for the first; 0: all registers came back as they should
uint64_t bad_register;    ///< of that call: a GradeRegister, or 16 for RFLAGS
uint64_t bad_value;       ///< what it held
uint64_t expected_value;  ///< what it should have held
void report();
}

// Each process comes here once, when it is done.
asm(R"(
    .text
    .globl report
report:
    ret
)");

namespace {

constexpr uint64_t kAnyResult = 0x7fff'ffff;
Timespec short_time{0, 50'000};

void note(uint64_t index, uint64_t value, uint64_t expected) {
    if (first_bad_call != 0 || value == expected) return;
    first_bad_call = calls_made;
    bad_register = index;
    bad_value = value;
    expected_value = expected;
}

/// One system call with patterns in all other registers, and a look at all of them: `result` is what must
/// come back. Returns what did.
uint64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t result) {
    auto* in = reinterpret_cast<uint64_t*>(&probe_in);
    for (size_t i = 0; i < kGradeRegisterCount; ++i)
        in[i] = grade_pattern(nonce + (who << 40), calls_made, i);
    probe_in.rflags = RFLAGS_ALWAYS | (calls_made & 1 ? uint64_t{RFLAGS_STATUS} : 0);
    probe_in.mxcsr = 0x1f80;
    probe_in.rax = number;
    probe_in.rdi = a;
    probe_in.rsi = b;
    probe_in.rdx = c;
    ++calls_made;
    syscall_probe();
    const auto* out = reinterpret_cast<const uint64_t*>(&probe_out);
    for (size_t i = 0; i < kGradeRegisterCount; ++i) {
        if (i == kRax || i == kRcx || i == kR11) continue;
        note(i, out[i], in[i]);
    }
    note(kRcx, probe_out.rcx, reinterpret_cast<uint64_t>(probe_return));
    note(kGradeRegisterCount, probe_out.rflags, probe_in.rflags);
    if (result != kAnyResult) note(kRax, probe_out.rax, result);
    return probe_out.rax;
}

int ring[kSwitchProcesses][2];

}  // namespace

int main(int, char**) {
    for (auto& ends : ring) call(SYS_pipe2, reinterpret_cast<uint64_t>(ends), 0, 0, 0);
    for (uint64_t i = 1; i < kSwitchProcesses && who == 0; ++i)
        if (call(SYS_fork, 0, 0, 0, kAnyResult) == 0) who = i;
    const auto from = static_cast<uint64_t>(ring[who][0]);
    const auto to = static_cast<uint64_t>(ring[(who + 1) % kSwitchProcesses][1]);
    const auto here = reinterpret_cast<uint64_t>(&token);
    for (uint64_t i = 0; i < rounds; ++i) {
        if (who == 0 && i == 0)
            token = nonce;
        else
            call(SYS_read, from, here, sizeof token, sizeof token);
        token = grade_digest_round(token);
        if (i % 3 == who % 3) call(SYS_sched_yield, 0, 0, 0, 0);
        if (i % 8 == who) call(SYS_nanosleep, reinterpret_cast<uint64_t>(&short_time), 0, 0, 0);
        call(SYS_write, to, here, sizeof token, sizeof token);
    }
    // The last one's token goes round to where it began.
    if (who == 0) call(SYS_read, from, here, sizeof token, sizeof token);
    report();
    for (;;) sched_yield();
}
