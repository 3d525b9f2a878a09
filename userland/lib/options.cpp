/// @file
/// Command line options.
#include <userland/lib/options.h>
#include <userland/lib/print.h>
#include <userland/lib/string.h>

int Options::next() {
    if (!*rest_) {
        if (index_ >= argc_ || argv_[index_][0] != '-' || !argv_[index_][1]) return 0;
        rest_ = argv_[index_++] + 1;
        if (same(rest_, "-")) {
            rest_ = "";
            return 0;
        }
    }
    const char letter = *rest_++;
    const char* found = letter == ':' ? nullptr : strchr(known_, letter);
    if (!found) {
        print_to(2, "%s: unknown option -%c\n", argv_[0], letter);
        return '?';
    }
    if (found[1] == ':') {
        if (!*rest_ && index_ >= argc_) {
            print_to(2, "%s: option -%c needs a value\n", argv_[0], letter);
            return '?';
        }
        value_ = *rest_ ? rest_ : argv_[index_++];
        rest_ = "";
    }
    return letter;
}
