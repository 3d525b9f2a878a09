#!/bin/bash
# The pages of docs/: what they name is there, and the code and the tests that an invariant's page names lead back to it.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"

mapfile -t invariants < <(ls docs/invariants/*.md | grep -v README)

# links PAGE: the files of the tree that it links to, as paths from the top.
links() {
    sed 's|](|\n](|g' "$1" | sed -n 's|^](\.\./\.\./\([^)#]*\).*|\1|p' | sort -u
}

# tests_in FILE: the tests that it has, as Suite.Name.
tests_in() {
    tr '\n' ' ' <"$1" | grep -oE '\b(TEST|TEST_F|TEST_P|GRADED)\( *\w+, *\w+' | sed -E 's/^[A-Z_]+\( *(\w+), */\1./'
}

# rows PAGE: of its table of tests, each row as FILE TEST...
rows() {
    sed -n '/^## What checks it/,/^## How/s/^| *\(`.*`\) |.*](\.\.\/\.\.\/\([^)]*\)).*/\2 \1/p' "$1" | tr -d '`,'
}

test_every_test_named_by_an_invariant_is_in_its_file() {
    local page file names name
    for page in "${invariants[@]}"; do
        rows "$page" | grep -q . || { echo "$page: names no test"; return 1; }
        while read -r file names; do
            for name in $names; do
                tests_in "$file" | grep -qxF "$name" || { echo "$page: $file has no test $name"; return 1; }
            done
        done < <(rows "$page")
    done
}

test_the_files_that_an_invariant_names_lead_back_to_it() {
    local page file word
    for page in "${invariants[@]}"; do
        for word in Invariant: Checks; do
            links "$page" | grep "$([[ $word == Checks ]] && echo ^tests/ || echo -v ^tests/)" | while read -r file; do
                grep -qE "(///|//) .*$word .*$page" "$file" || { echo "$file: no comment \"$word $page\""; return 1; }
            done
        done
        links "$page" | grep -q ^tests/ && links "$page" | grep -qv ^tests/ || { echo "$page: no code or no test"; return 1; }
    done
}

# The other way: a comment that names a page is in a file that the page names.
test_every_mention_of_an_invariant_is_of_a_page_that_knows_the_file() {
    local file page
    grep -rnoE '(Invariant:|Checks) docs/invariants/.*' kernel arch userland solutions labs tests/unit tests/system tests/labs |
        while IFS=: read -r file _ text; do
            for page in $(grep -oE 'docs/invariants/[a-z-]+\.md' <<<"$text"); do
                [[ -e $page ]] && links "$page" | grep -qxF "$file" || { echo "$file: $page is not there or does not name it"; return 1; }
            done
        done
}

test_the_index_has_every_invariant() {
    same "$(printf '%s\n' "${invariants[@]##*/}")" "$(grep -oE '^\| \[[^]]*\]\([a-z-]+\.md' docs/invariants/README.md | sed 's/.*(//' | sort)"
}

# The tests that other pages name: `Suite.Name`, in whatever file.
test_every_test_named_in_a_page_is_there() {
    local file name
    for file in tests/system/*_test.cpp tests/unit/*_test.cpp tests/labs/*/*_test.cpp; do tests_in "$file"; done | sort -u >"$scratch/tests"
    grep -ohE '`[A-Z][A-Za-z0-9]+\.[A-Z][A-Za-z0-9]+`' docs/*.md docs/invariants/*.md | tr -d '`' | sort -u |
        while read -r name; do
            grep -qxF "$name" "$scratch/tests" || { echo "no test $name"; return 1; }
        done
}

# A page that spoils an open chapter keeps its title, and what it says from the next line on is gone; links to files that are left out
# are plain text.
test_pages_that_spoil_a_chapter_are_closed_until_it_is() {
    local page number closed
    # shellcheck source=labs/tools/shared_files.sh
    source labs/tools/shared_files.sh
    cp -R docs "$scratch/docs"
    closed=3 close_pages "$scratch"
    for page in $(grep -rl 'spoils chapter' docs --include='*.md'); do
        same "$(head -n 1 "$page")" "$(head -n 1 "$scratch/$page")"
        number=$(sed -n 's/^<!-- spoils chapter \([1-6]\) -->$/\1/p' "$page")
        [[ $page == docs/course.md ]] || [[ -n $number ]] || { echo "$page: which chapter?"; return 1; }
        if [[ -n $number ]] && ((number > 3)); then
            same 3 "$(wc -l <"$scratch/$page")"
        else
            cmp "$page" "$scratch/$page"
        fi
    done
    unlink_missing "$scratch"
    grep -qF '[The bug](../labs/03-globals-bug/README.md)' docs/case-file.md
    same "" "$(grep -rF '](../labs' "$scratch/docs")"
    grep -qF '[the mechanism](the-bug.md)' "$scratch/docs/case-file.md"
}

run_tests
