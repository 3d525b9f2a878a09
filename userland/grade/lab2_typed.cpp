/// @file
/// Started from the shell's prompt: keeps its first argument and all of its standard input in memory, for the
/// judge to look at where it ends.
#include <userland/lib/program.h>
#include <userland/lib/syscall.h>

extern "C" {
char argument[64];
char input[256];
uint64_t input_size;
[[noreturn]] void grade_done();
}

// Where it ends, and stays.
asm(R"(
    .text
    .globl grade_done
grade_done:
    jmp grade_done
)");

int main(int argc, char** argv) {
    if (argc > 1)
        for (size_t i = 0; i + 1 < sizeof argument && argv[1][i]; ++i) argument[i] = argv[1][i];
    while (input_size < sizeof input) {
        const long got = read(0, input + input_size, sizeof input - input_size);
        if (got <= 0) break;
        input_size += static_cast<uint64_t>(got);
    }
    grade_done();
}
