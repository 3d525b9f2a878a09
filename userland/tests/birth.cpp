/// @file
/// birth: what a new program finds in its registers, on its stack and in the auxiliary vector (System V
/// ABI, 3.4). A program that the C++ library has not touched is needed for that: it is written to a file
/// here, and started.
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/tests/check.h>

namespace {

/// Where that program lies in memory.
constexpr uint64_t kAddress = 0x400000;

extern "C" const char newborn[], newborn_end[];
/// Its exit status says what is wrong, by the numbers in main(); 0: nothing.
asm(R"(
    .section .rodata
newborn:
    or %rbx, %rax
    or %rcx, %rax
    or %rdx, %rax
    or %rsi, %rax
    or %rdi, %rax
    or %rbp, %rax
    or %r8, %rax
    or %r9, %rax
    or %r10, %rax
    or %r11, %rax
    or %r12, %rax
    or %r13, %rax
    or %r14, %rax
    or %r15, %rax
    mov $1, %edi
    jnz 9f
    .irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    por %xmm\n, %xmm0
    .endr
    movq %xmm0, %rax
    psrldq $8, %xmm0
    movq %xmm0, %rdx
    or %rdx, %rax
    mov $2, %edi
    jnz 9f
    mov $3, %edi
    mov %rsp, %rax
    test $15, %al
    jnz 9f
    mov $4, %edi
    cmpq $2, (%rsp)
    jne 9f
    cmpq $0, 24(%rsp)  # the end of argv
    jne 9f
    cmpq $0, 32(%rsp)  # the end of an empty environment
    jne 9f
    mov $5, %edi
    mov 8(%rsp), %rax
    cmpb $'n', (%rax)
    jne 9f
    mov $6, %edi
    mov %ds, %eax
    mov %es, %ecx
    or %ecx, %eax
    mov %fs, %ecx
    or %ecx, %eax
    mov %gs, %ecx
    or %ecx, %eax
    jnz 9f
    mov $7, %edi
    stmxcsr -8(%rsp)
    cmpl $0x1f80, -8(%rsp)
    jne 9f
    mov $8, %edi
    fnstcw -8(%rsp)
    cmpw $0x37f, -8(%rsp)
    jne 9f
    xor %edi, %edi
9:  mov $231, %eax  # exit_group
    syscall
newborn_end:
    .text
)");

/// The flags are looked at by a program of their own: the first one's OR has changed them.
extern "C" const char newborn_flags[], newborn_flags_end[];
asm(R"(
    .section .rodata
newborn_flags:
    pushfq
    popq %rdi
    xor $0x202, %rdi  # IF and the bit that is always 1
    mov %rdi, %rax
    shr $8, %rax
    or %rax, %rdi
    mov $231, %eax
    syscall
newborn_flags_end:
    .text
)");

/// A static ELF file with one segment, which is all of it.
struct ElfFile {
    uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    uint16_t type = 2, machine = 62;
    uint32_t version = 1;
    uint64_t entry = kAddress + 120, program_headers = 64, sections = 0;
    uint32_t flags = 0;
    uint16_t header_size = 64, entry_size = 56, entry_count = 1, section_size = 0, section_count = 0,
             names = 0;
    uint32_t segment_type = 1, segment_flags = 5;
    uint64_t offset = 0, address = kAddress, physical = kAddress, file_size = 0, memory_size = 0,
             alignment = 4096;
    char code[512] = {};
};
static_assert(offsetof(ElfFile, code) == 120);

/// The exit status of that code as a program, started with two arguments and no environment.
int run(const char* begin, const char* end) {
    ElfFile file;
    const auto size = static_cast<size_t>(end - begin);
    CHECK(size <= sizeof file.code);
    for (size_t i = 0; i < size; ++i) file.code[i] = begin[i];
    file.file_size = file.memory_size = offsetof(ElfFile, code) + size;
    char path[64];
    scratch_path(path, sizeof path);
    const long fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    CHECK(fd >= 0);
    CHECK_EQ(write(static_cast<int>(fd), &file, file.file_size), static_cast<long>(file.file_size));
    CHECK_EQ(close(static_cast<int>(fd)), 0);
    const int status = run_in_child([path]() mutable {
        char name[] = "newborn", word[] = "word";
        char* const arguments[] = {name, word, nullptr};
        char* const environment[] = {nullptr};
        execve(path, arguments, environment);
        exit(100);
    });
    CHECK_EQ(unlink(path), 0);
    return status;
}

}  // namespace

int main(int, char**) {
    test_name = "birth";
    static const char* const kWrong[] = {"",
                                         "a general register is not 0",
                                         "an XMM register is not 0",
                                         "RSP is not a multiple of 16",
                                         "the stack does not begin with argc, argv, 0, 0",
                                         "argv[0]",
                                         "a segment register is not 0",
                                         "MXCSR",
                                         "the x87 control word"};
    const int status = run(newborn, newborn_end);
    if (status != 0 && status >> 8 < 9) fail("%s", kWrong[status >> 8]);
    CHECK_EQ(status, 0);
    CHECK_EQ(run(newborn_flags, newborn_flags_end), 0);
    return passed();
}
