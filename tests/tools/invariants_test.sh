#!/bin/bash
# The pages of docs/: an invariant's page, the code that keeps it and the tests that check it name one another; a page that
# spoils a chapter is closed until the chapter is.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=labs/tools/shared_files.sh
source labs/tools/shared_files.sh

check=$root/tests/tools/invariants.py
copy=$scratch/copy

# wrong TEXT SED FILE: with FILE changed in a copy by SED the check fails and prints TEXT.
wrong() {
    if [[ ! -e $copy ]]; then
        mkdir -p "$copy/tests"
        cp -R docs kernel arch userland solutions labs "$copy/"
        cp -R tests/unit tests/system tests/labs "$copy/tests/"
    fi
    sed -i.before "$2" "$copy/$3"
    ! cmp -s "$copy/$3" "$copy/$3.before" || { echo "nothing to change in $3"; return 1; }
    (cd "$copy" && refuse "$1" "$check")
    mv "$copy/$3.before" "$copy/$3"
}

test_pages_code_and_tests_name_one_another() {
    expect "8 invariants" "$check"
}

test_what_does_not_fit_is_found() {
    local page=docs/invariants/w-xor-x.md switch
    switch=$(echo solutions/04-*/arch/x86_64/switch.S)
    wrong "has no test Elf.RefusesNothing" 's/Elf.RefusesWritableAndExecutable/Elf.RefusesNothing/' "$page"
    wrong "has no test Elf.RefusesWritableAndExecutable" 's/(Elf, RefusesWritableAndExecutable)/(Elf, Refuses)/' tests/unit/elf_test.cpp
    wrong "there is no kernel/elf/elves.cpp" 's|kernel/elf/elf.cpp|kernel/elf/elves.cpp|' "$page"
    wrong "$switch: no comment names docs/invariants/rflags-at-switches.md" '/Invariant:/d' "$switch"
    wrong "tests/unit/elf_test.cpp: no comment names $page" '/Checks/d' tests/unit/elf_test.cpp
    wrong "names docs/invariants/nothing.md, which does not name it" 's|Checks docs/.*|&, docs/invariants/nothing.md.|' tests/unit/elf_test.cpp
    wrong "does not list just the pages" '/w-xor-x/d' docs/invariants/README.md
    wrong "there is no test BugCure.Nothing" 's/BugCure\.[A-Za-z]*/BugCure.Nothing/' docs/evidence.md
    # And nothing is found without a mistake.
    (cd "$copy" && expect "8 invariants" "$check")
}

# What a release does in which chapter 3 is closed and chapter 4 is open.
test_pages_that_spoil_a_chapter_keep_their_titles() {
    local page number count=0
    cp -R docs "$scratch/docs"
    closed=3 close_pages "$scratch"
    while read -r page number; do
        ((++count))
        if ((number > 3)); then
            same "$(head -n 1 "$page")" "$(head -n 1 "$scratch/$page")"
            same "This page tells what chapter $number is about to find out. It comes with the release that closes that chapter." \
                "$(tail -n +3 "$scratch/$page")"
        else
            cmp "$page" "$scratch/$page"
        fi
    done < <(grep -rn '^<!-- spoils chapter [1-6] -->$' docs | sed 's/:.*chapter \(.\).*/ \1/')
    ((count >= 9))
    # A class may make a tree of a release in which all of them are closed already.
    closed=0 close_pages "$scratch"
    closed=0 close_pages "$scratch"
    same "$count" "$(grep -rl '^This page tells what chapter' "$scratch/docs" | wc -l)"
}

test_links_to_what_is_not_there_are_plain_text() {
    local folder=$scratch/links
    mkdir -p "$folder/docs"
    echo x >"$folder/there.h"
    echo 'A [b](../there.h), [c](../gone/c.h#d), [c](../gone/c.h) and [e](https://f.example/), [g](#h): array[1](2).' >"$folder/docs/page.md"
    unlink_missing "$folder"
    same 'A [b](../there.h), c, c and [e](https://f.example/), [g](#h): array[1](2).' "$(cat "$folder/docs/page.md")"
}

run_tests
