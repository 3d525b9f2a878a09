/// @file
/// The learner's side: reads questions, prints answers, and judges nothing.
#include <tests/grader/answers_main.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

/// What the kernel's code calls when it gives up.
[[noreturn]] void panic(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vfprintf(stderr, format, arguments);
    va_end(arguments);
    std::fputc('\n', stderr);
    std::exit(1);
}

/// Usage: answers FILE, with a question in each line: a word and hexadecimal numbers.
int main(int argc, char** argv) {
    if (argc != 2) return 2;
    std::ifstream questions(argv[1]);
    for (std::string line; std::getline(questions, line);) {
        std::istringstream words(line);
        std::string question, word;
        words >> question;
        std::vector<uint64_t> numbers;
        while (words >> word) numbers.push_back(std::stoull(word, nullptr, 16));
        std::printf("=");
        for (const uint64_t number : answer(question, numbers))
            std::printf(" %llx", static_cast<unsigned long long>(number));
        std::printf("\n");
    }
    return 0;
}
