# shellcheck shell=bash
# For bench.sh and bench_compare.sh, which have the folder of a built state as their first argument: runs its program
# bench as the first process of a machine. Variables: state, that folder; folder, where what the machine says is kept;
# rounds, how often what needs a clock is measured.

state=$1 folder=$1/bench rounds=${BENCH_ROUNDS:-3}
[[ $rounds =~ ^[1-9][0-9]?$ ]] || { echo "BENCH_ROUNDS=$rounds: give a number from 1 to 99." >&2 && exit 1; }
# shellcheck source=labs/tools/qemu_options.sh
source "$(dirname "$0")/../../labs/tools/qemu_options.sh"

# Nothing is left running, however the script ends. timeout hands the signal on to QEMU.
running=""
clean_up() {
    trap '' HUP INT TERM
    [[ -z $running ]] || { kill "$running" && wait "$running"; } 2>/dev/null || true
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 1' HUP TERM

# prepare WORDS...: an initramfs whose first process is the program, with these arguments.
prepare() {
    mkdir -p "$folder"
    ln -sf ../trapline.elf "$folder/trapline.elf"
    echo "$*" >"$folder/arguments"
    "$(dirname "$0")/../../labs/tools/initramfs.sh" "$folder/initramfs.cpio" "init=$state/programs/tests/bench" \
        "bin/true=$state/programs/bin/true" "etc/bench=$folder/arguments"
}

# Puts the time of its arrival, in microseconds, before each line of standard input, and leaves out carriage returns.
stamp() {
    local line
    while IFS= read -r line; do echo "${EPOCHREALTIME/./} ${line//$'\r'/}"; done
}

# boot LIMIT OUTPUT CPUS ACCEL APPEND [OPTION...]: runs the machine; what it says goes to the file OUTPUT, stamped. After
# LIMIT seconds it is stopped. Fails, with what it said last, unless the program came to its end.
boot() {
    local limit=$1 output=$2 options stamped stamper
    CPUS=$3 ACCEL=$4 APPEND=$5 BOOT=pvh
    shift 5
    qemu_options "$folder"
    exec {stamped}> >(stamp >"$output")
    stamper=$!
    timeout -k 1 "$limit" qemu-system-x86_64 "${options[@]}" -serial stdio "$@" </dev/null >&"$stamped" &
    running=$!
    wait "$running" || true
    running=""
    exec {stamped}>&-
    wait "$stamper"
    grep -q '^[0-9]* bench: ok$' "$output" && return
    echo "The program did not come to its end. What the machine said last:" >&2
    tail -n 15 "$output" | cut -d ' ' -f 2- >&2
    exit 1
}

# count LIMIT OUTPUT APPEND [OPTION...]: the same with the clock that counts instructions, so that a tick of the time stamp
# counter is one, and everything happens at the same instruction every time.
count() {
    local limit=$1 output=$2 append=$3
    shift 3
    boot "$limit" "$output" 1 tcg "$append" -icount shift=0,sleep=off -rtc base=2024-01-01,clock=vm -seed 1 "$@"
}

# Counts what the state's operations cost. Few ticks, so that most batches have none.
count_trapline() {
    count 120 "$folder/counts.txt" "panic=exit hz=10"
}
