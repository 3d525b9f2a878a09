/// @file
/// uname [-asnrvm]: writes names of the system: system, node, release, version, machine; -a all of them.
#include <userland/lib/error.h>
#include <userland/lib/options.h>
#include <userland/lib/print.h>
#include <userland/lib/program.h>
#include <userland/lib/string.h>
#include <userland/lib/syscall.h>

int main(int argc, char** argv) {
    static constexpr char kLetters[] = "snrvm";
    bool wanted[5] = {};
    bool any = false;
    Options options(argc, argv, "asnrvm");
    while (const int letter = options.next()) {
        if (letter == '?') return 2;
        for (size_t i = 0; i < 5; ++i) wanted[i] |= letter == 'a' || letter == kLetters[i];
        any = true;
    }
    if (!any) wanted[0] = true;

    SystemName name;
    const long error = uname(&name);
    if (error < 0) return complain("uname", "system call", error);
    const char* const texts[5] = {name.system, name.node, name.release, name.version, name.machine};
    const char* separator = "";
    for (size_t i = 0; i < 5; ++i) {
        if (!wanted[i]) continue;
        print("%s%s", separator, texts[i]);
        separator = " ";
    }
    print("\n");
    return 0;
}
