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

run_tests
