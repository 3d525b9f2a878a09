#!/bin/bash
# `make run` and `make gdb` as a person uses them, and what they say when QEMU ends in other ways.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
make SOL=2 >/dev/null || exit 1

# session TEXT COMMAND...: types TEXT at the first prompt of COMMAND, and ends as it does. Prints what came.
session() {
    local text=$1 output="" character status=0
    shift
    coproc GUEST { timeout -k 1 60 "$@" 2>&1; }
    local pid=$GUEST_PID
    while IFS= read -r -d '' -n 1 -t 60 -u "${GUEST[0]}" character; do
        output+=$character
        if [[ $output == *'trapline$ ' && -n $text ]]; then
            printf '%b' "$text" >&"${GUEST[1]}"
            text=""
        fi
    done
    wait "$pid" || status=$?
    printf '%s\n' "$output"
    return "$status"
}

test_run_ends_well_when_the_guest_switches_off() {
    local output
    output=$(session 'poweroff\n' make SOL=2 run)
    [[ $output == "Ctrl-A X leaves QEMU"*'trapline$ poweroff'* ]] || { echo "$output"; return 1; }
}

test_control_a_x_leaves() {
    session '\001x' make SOL=2 run BOOT=pvh >/dev/null
}

# A QEMU that only ends: with STATUS, after writing LOG into its log.
false_qemu() {
    mkdir -p "$scratch/bin" "$scratch/state"
    printf '#!/bin/bash\necho "%s" >%s\nexit %s\n' "$2" "$scratch/state/qemu.log" "$1" >"$scratch/bin/qemu-system-x86_64"
    chmod +x "$scratch/bin/qemu-system-x86_64"
}

test_other_ends_are_told_apart() {
    local run=(env "PATH=$scratch/bin:$PATH" labs/tools/qemu.sh "$scratch/state")
    false_qemu 33 ""
    expect "" "${run[@]}"
    false_qemu 35 ""
    refuse "The kernel panicked." "${run[@]}"
    false_qemu 0 "Triple fault"
    refuse "triple fault" "${run[@]}"
    false_qemu 0 "CPU Reset (CPU 0)"
    expect "" "${run[@]}"
    false_qemu 7 ""
    refuse "QEMU ended with status 7." "${run[@]}"
    refuse "BOOT=floppy is not known" env BOOT=floppy "${run[@]}"
}

test_gdb_stops_in_the_kernel_and_leaves_nothing_behind() {
    own_tmpdir
    expect "Temporary breakpoint 1, kernel_main" timeout -k 1 60 make SOL=2 gdb GDB_EXTRA=-batch
    expect_nothing_left
}

test_gdb_says_why_qemu_did_not_start() {
    refuse "QEMU did not start" timeout -k 1 60 make SOL=2 gdb QEMU_EXTRA=-no-such-option
}

run_tests
