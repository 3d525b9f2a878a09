/// @file
/// memtest: memory comes zeroed, goes when it is given back, and obeys its protection; the stack grows; the
/// SSE and x87 state of a process is its own.
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/check.h>

namespace {

constexpr size_t kPage = 4096;

bool all_zero(const char* from, size_t size) {
    for (size_t i = 0; i < size; ++i)
        if (from[i]) return false;
    return true;
}

/// The signal that an access of one byte ends in, or 0.
int signal_of_read(uint64_t address) {
    return run_in_child([=] {
               char value;
               asm volatile("movb (%1), %0" : "=r"(value) : "r"(address));
           }) &
           0x7f;
}
int signal_of_write(uint64_t address) {
    return run_in_child([=] { asm volatile("movb $1, (%0)" : : "r"(address) : "memory"); }) & 0x7f;
}
int signal_of_jump(uint64_t address) {
    return run_in_child([=] { asm volatile("call *%0" : : "r"(address) : "memory"); }) & 0x7f;
}

void check_brk() {
    constexpr size_t kSize = 1 << 20;
    const auto start = static_cast<uint64_t>(brk(0));
    CHECK(start >= 0x10000);
    const uint64_t end = start + kSize + 100;  // the break need not be a whole page
    CHECK_EQ(brk(end), static_cast<long>(end));
    CHECK_EQ(brk(0), static_cast<long>(end));
    char* const memory = reinterpret_cast<char*>(start);
    CHECK(all_zero(memory, kSize + 100));
    memset(memory, 0x55, kSize + 100);
    CHECK_EQ(run_in_child([=] { CHECK_EQ(memory[kSize], 0x55); }), exited(0));

    // Given back, it is gone; fetched again, it is zero.
    const uint64_t kept = (start + kPage - 1) / kPage * kPage + kPage;
    CHECK_EQ(brk(kept), static_cast<long>(kept));
    CHECK_EQ(memory[0], 0x55);
    CHECK_EQ(signal_of_read(kept + kPage), SIGSEGV);
    CHECK_EQ(brk(end), static_cast<long>(end));
    CHECK(all_zero(reinterpret_cast<char*>(kept), static_cast<size_t>(end - kept)));

    // Too much, or below the start: the break stays.
    CHECK_EQ(brk(1UL << 47), static_cast<long>(end));
    CHECK_EQ(brk(~0UL), static_cast<long>(end));
    CHECK_EQ(brk(1), static_cast<long>(end));
    CHECK_EQ(brk(start), static_cast<long>(start));
}

void check_mmap() {
    constexpr size_t kPages = 64;
    const long result = mmap_anonymous(kPages * kPage, PROT_READ | PROT_WRITE);
    CHECK(result > 0 && result % static_cast<long>(kPage) == 0);
    const auto start = static_cast<uint64_t>(result);
    char* const memory = reinterpret_cast<char*>(start);
    CHECK(all_zero(memory, kPages * kPage));
    for (size_t i = 0; i < kPages; ++i) memory[i * kPage + i] = static_cast<char>(i + 1);
    for (size_t i = 0; i < kPages; ++i) CHECK_EQ(memory[i * kPage + i], static_cast<char>(i + 1));

    // A hole in the middle takes nothing else with it.
    CHECK_EQ(munmap(start + 10 * kPage, 2 * kPage), 0);
    CHECK_EQ(signal_of_read(start + 10 * kPage), SIGSEGV);
    CHECK_EQ(signal_of_write(start + 12 * kPage - 1), SIGSEGV);
    CHECK_EQ(signal_of_write(start + 12 * kPage), 0);
    CHECK_EQ(memory[9 * kPage + 9], 10);
    CHECK_EQ(memory[12 * kPage + 12], 13);
    CHECK_EQ(munmap(start, kPages * kPage), 0);  // over the hole
    CHECK_EQ(signal_of_read(start), SIGSEGV);
    CHECK_EQ(signal_of_read(start + (kPages - 1) * kPage), SIGSEGV);

    // Two mappings do not overlap, and new memory is zero where old memory was.
    const long a = mmap_anonymous(3 * kPage, PROT_READ | PROT_WRITE);
    const long b = mmap_anonymous(1, PROT_READ | PROT_WRITE);  // one byte is one page
    CHECK(a > 0 && b > 0);
    CHECK(b >= a + 3 * static_cast<long>(kPage) || b + static_cast<long>(kPage) <= a);
    CHECK(all_zero(reinterpret_cast<char*>(a), 3 * kPage));
    CHECK(all_zero(reinterpret_cast<char*>(b), kPage));
    CHECK_EQ(munmap(static_cast<uint64_t>(a), 3 * kPage), 0);
    CHECK_EQ(munmap(static_cast<uint64_t>(b), 1), 0);

    CHECK_EQ(mmap_anonymous(0, PROT_READ), -EINVAL);
    CHECK_EQ(mmap_anonymous(1UL << 47, PROT_READ), -ENOMEM);
    CHECK_EQ(mmap_anonymous(~0UL, PROT_READ), -ENOMEM);
    CHECK_EQ(munmap(start + 1, kPage), -EINVAL);
    CHECK_EQ(munmap(start, 0), -EINVAL);
    CHECK_EQ(munmap(0xffff800000000000, kPage), -EINVAL);
}

void check_protection() {
    const long read_only = mmap_anonymous(kPage, PROT_READ);
    CHECK(read_only > 0);
    const auto address = static_cast<uint64_t>(read_only);
    CHECK_EQ(signal_of_read(address), 0);
    CHECK_EQ(signal_of_write(address), SIGSEGV);
    CHECK_EQ(munmap(address, kPage), 0);

    const long writable = mmap_anonymous(kPage, PROT_READ | PROT_WRITE);
    CHECK(writable > 0);
    *reinterpret_cast<char*>(writable) = static_cast<char>(0xc3);  // ret
    CHECK_EQ(signal_of_jump(static_cast<uint64_t>(writable)), SIGSEGV);
    CHECK_EQ(munmap(static_cast<uint64_t>(writable), kPage), 0);

    CHECK_EQ(signal_of_write(reinterpret_cast<uint64_t>(&main)), SIGSEGV);
    CHECK_EQ(signal_of_write(reinterpret_cast<uint64_t>("constant")), SIGSEGV);
    CHECK_EQ(signal_of_read(0), SIGSEGV);
    CHECK_EQ(signal_of_read(0xffff800000000000), SIGSEGV);
    CHECK_EQ(signal_of_read(0xffffffff80100000), SIGSEGV);
    CHECK_EQ(signal_of_read(0x800000000000), SIGSEGV);
}

/// Goes down the stack `pages` pages and checks on the way back that they kept what was put there.
[[gnu::noinline]] unsigned long descend(unsigned pages) {
    volatile unsigned char frame[kPage];
    frame[0] = static_cast<unsigned char>(pages);
    frame[kPage - 1] = static_cast<unsigned char>(pages >> 4);
    const unsigned long below = pages ? descend(pages - 1) : 0;
    CHECK_EQ(frame[0], static_cast<unsigned char>(pages));
    CHECK_EQ(frame[kPage - 1], static_cast<unsigned char>(pages >> 4));
    return below + 1;
}

void check_stack() {
    constexpr unsigned kPages = 128;  // 512 KiB
    CHECK_EQ(static_cast<long>(descend(kPages)), kPages + 1);
    // Far below lies nothing.
    uint64_t here;
    asm volatile("mov %%rsp, %0" : "=r"(here));
    CHECK_EQ(signal_of_write(here - (256UL << 20)), SIGSEGV);
}

/// The state of SSE and x87 as far as this test sets it.
struct FloatState {
    uint64_t xmm[16][2];
    int64_t x87[4];
    uint32_t mxcsr;
    uint16_t control;
    uint16_t unused;
};

extern "C" {
/// Loads `in`, yields `yields` times, stores to `out`.
void yield_with_float_state(const FloatState* in, FloatState* out, long yields);
/// Stores the state of SSE and x87 control as they are.
void store_float_state(FloatState* out);
}

asm(R"(
    .text
    .type yield_with_float_state, @function
    .globl yield_with_float_state
yield_with_float_state:
    push %rbx
    push %r12
    mov %rsi, %rbx
    mov %rdx, %r12
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqu 16*\n(%rdi), %xmm\n
    .endr
    ldmxcsr 288(%rdi)
    fninit
    fldcw 292(%rdi)
    .irp n, 3, 2, 1, 0
    fildll 256+8*\n(%rdi)
    .endr
1:  mov $24, %eax
    syscall
    dec %r12
    jnz 1b
    .irp n, 0, 1, 2, 3
    fistpll 256+8*\n(%rbx)
    .endr
    fnstcw 292(%rbx)
    stmxcsr 288(%rbx)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqu %xmm\n, 16*\n(%rbx)
    .endr
    fninit
    pop %r12
    pop %rbx
    ret
    .size yield_with_float_state, . - yield_with_float_state

    .type store_float_state, @function
    .globl store_float_state
store_float_state:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movdqu %xmm\n, 16*\n(%rdi)
    .endr
    stmxcsr 288(%rdi)
    fnstcw 292(%rdi)
    ret
    .size store_float_state, . - store_float_state
)");

void yield_with_pattern(uint64_t seed) {
    FloatState in{};
    for (uint64_t i = 0; i < 32; ++i) in.xmm[i / 2][i % 2] = (seed + i) * 0x9e3779b97f4a7c15;
    for (uint64_t i = 0; i < 4; ++i) in.x87[i] = static_cast<int64_t>((seed * 1'000'003 + i) * 77);
    in.mxcsr = 0x1f80 | (seed % 4) << 13;
    in.control = static_cast<uint16_t>(0x037f | (seed % 4) << 10);
    for (int round = 0; round < 20; ++round) {
        FloatState out{};
        yield_with_float_state(&in, &out, 500);
        if (memcmp(&in, &out, sizeof in) != 0) fail("SSE or x87 state changed over sched_yield");
    }
}

void check_float_state() {
    const long first = start_child([] { yield_with_pattern(1); });
    const long second = start_child([] { yield_with_pattern(6); });
    yield_with_pattern(3);
    CHECK_EQ(wait_for(first), exited(0));
    CHECK_EQ(wait_for(second), exited(0));
}

/// A new program finds the state that the ABI promises, and nothing that another one left.
void check_initial_float_state() {
    FloatState state{};
    store_float_state(&state);
    CHECK_EQ(state.mxcsr, 0x1f80);
    CHECK_EQ(state.control, 0x037f);
    for (auto& xmm : state.xmm) CHECK(xmm[0] == 0 && xmm[1] == 0);
}

}  // namespace

int main(int, char**) {
    test_name = "memtest";
    check_initial_float_state();  // first: what the program does itself changes registers
    check_brk();
    check_mmap();
    check_protection();
    check_stack();
    check_float_state();
    return passed();
}
