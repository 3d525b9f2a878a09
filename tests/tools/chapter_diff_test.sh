#!/bin/bash
# What each chapter brings.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"

make chapter-diff >/dev/null || exit 1

test_each_page_has_the_patch_to_the_start_and_nothing_of_the_solution() {
    local n page file
    for n in 1 2 3 4 5 6; do
        page=$(echo build/docs/chapters/0"$n"-*.md)
        make diff FROM=SOL=$((n - 1)) TO=LAB="$n" >"$scratch/patch"
        [[ -s $scratch/patch ]]
        sed -n '/^~~~~{.diff}$/,/^~~~~$/p' "$page" | sed '1d;$d' | diff "$scratch/patch" -
        while read -r file; do
            grep -qF -- "- \`$file\` (" "$page" || { echo "$page does not list $file"; return 1; }
        done < <(sed -n 's|^--- a/||p; s|^+++ b/||p' "$scratch/patch" | sort -u)
        while read -r file; do
            grep -qxF "file $file" labs/0"$n"-*/lab.txt || { echo "$page: $file is not the learner's"; return 1; }
        done < <(grep 'yours to write)$' "$page" | cut -d '`' -f 2)
        grep -q 'yours to write)$' "$page"
    done
}

run_tests
