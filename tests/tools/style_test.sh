#!/bin/bash
# The layout of the sources and the cleanliness of the scripts.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"

sources() {
    find kernel arch userland labs solutions tests -name '*.cpp' -o -name '*.h'
}

# Headers called ..._macros.h are assembly, which clang-format cannot read.
test_sources_are_formatted() {
    sources | grep -v '_macros\.h$' | xargs clang-format --dry-run -Werror 2>&1 | grep -o '^[^ ]*: error: .*' | sort -u -t: -k1,1 >"$scratch/format" || true
    same "" "$(cat "$scratch/format")"
}

test_scripts_are_clean() {
    find labs tests .ci \( -name '*.sh' -o -path '.ci/run' \) -exec shellcheck -x {} +
}

test_every_header_is_guarded_and_named_with_angle_brackets() {
    local unguarded quoted
    unguarded=$(sources | grep '\.h$' | xargs grep -L '^#pragma once$' || true)
    same "" "$unguarded"
    quoted=$(sources | grep -v '^tests/cheaters/' | xargs grep -n '^#include "' || true)
    same "" "$quoted"
}

test_no_two_layers_hold_the_same_file() {
    local twice
    twice=$(find kernel arch userland solutions labs -type f -size +0 -exec sha1sum {} + | sort | uniq -Dw40)
    same "" "$twice"
}

# What somebody can read in a week; docs/design.md says what counts.
test_the_kernel_is_short_enough_to_read() {
    local code
    code=$(make --no-print-directory SETUP=no SOL=6 lines | awk '$1 == "all" { print $3 }')
    [[ $code -gt 1000 && $code -le 9000 ]] || { echo "SOL=6's kernel has $code lines of code; the ceiling is 9000"; return 1; }
}

run_tests
