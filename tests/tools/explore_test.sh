#!/bin/bash
# `make explore`: what it says, what it refuses, that it leaves nothing behind, and that the handouts say what it says.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
make SOL=3 explore-build >/dev/null || exit 1

own_tmpdir

test_a_map_has_a_line_for_each_instruction() {
    make SOL=3 explore WINDOW=entry >"$scratch/map"
    grep -qE '^    \+0x000  mov    %rsp,USER_RSP_SCRATCH.* IF=0  impossible$' "$scratch/map"
    grep -qE '^    \+0x[0-9a-f]{3}  call   syscall_dispatch .* IF=0  impossible$' "$scratch/map"
    local lines
    lines=$(grep -c ' IF=0  impossible$' "$scratch/map")
    same "SOL=3: 0 harmless, 0 corrupting, $lines impossible; $lines in all" "$(tail -n 1 "$scratch/map")"
    same "" "$(awk 'length > 100' "$scratch/map")"
    expect_nothing_left
}

test_the_handouts_have_what_it_prints() {
    [[ $CXX == g++ ]] || return 0
    tests/tools/explore_handouts.sh check
}

test_bad_input_gets_one_line() {
    refuse "WINDOW=entrance: it is one of all entry switch exit" make SOL=3 explore WINDOW=entrance
    refuse "KIND=smi: it is one of timer nmi" make SOL=3 explore KIND=smi
    refuse "FORM=long: it is one of" make SOL=3 explore FORM=long
    refuse 'There is no state "SOL=9"' make explore COMPARE="SOL=3 SOL=9"
    refuse "COMPARE takes up to three states" make explore COMPARE="SOL=2 SOL=3 SOL=4 SOL=5"
}

# The machine dies while it is explored.
test_a_killed_qemu_is_said() {
    local explorer qemu=""
    "$build/test/explore" --state "SOL=3:$build/sol3" --jobs 1 >"$scratch/out" 2>"$scratch/error" &
    explorer=$!
    until [[ -n $qemu ]]; do qemu=$(pgrep -f "qemu-system.*$TMPDIR" || true); sleep 0.05; done
    sleep 0.5
    kill -KILL "$qemu"
    if wait "$explorer"; then echo "did not fail"; return 1; fi
    grep -q "^explore: SOL=3: QEMU " "$scratch/error" || { cat "$scratch/error"; return 1; }
    same 1 "$(wc -l <"$scratch/error")"
    expect_nothing_left
}

# SIGTERM in place of Ctrl-C, which a shell's background jobs ignore.
test_an_interrupt_leaves_nothing_behind() {
    local explorer
    "$build/test/explore" --state "SOL=3:$build/sol3" --jobs 2 >/dev/null 2>"$scratch/error" &
    explorer=$!
    until pgrep -f "qemu-system.*$TMPDIR" >/dev/null; do sleep 0.05; done
    sleep 1
    kill -TERM "$explorer"
    if wait "$explorer"; then echo "did not fail"; return 1; fi
    same "explore: SOL=3: interrupted" "$(cat "$scratch/error")"
    expect_nothing_left
}

run_tests
