#!/bin/bash
# Measures a built state and prints two tables: bench.sh FOLDER. The first has the instructions that basic operations
# cost, counted by QEMU's -icount, which gives the same numbers every time. The second has how often they go through
# in a second with several processors at work at once, which depends on this machine and on what else it does: only
# the ratios say something about the kernel, and only on a machine that is otherwise idle. Environment: BENCH_CPUS,
# BENCH_SECONDS, BENCH_ROUNDS; what the guest printed is kept in FOLDER/bench.
set -euo pipefail

here=$(dirname "$0")
# shellcheck source=labs/tools/qemu_options.sh
source "$here/../../labs/tools/qemu_options.sh"
state=$1 folder=$1/bench
targets=$here/bench_targets.txt
read -ra cpus <<<"${BENCH_CPUS:-1 2 4}"
seconds=${BENCH_SECONDS:-1} rounds=${BENCH_ROUNDS:-3}

# prepare WORDS...: an initramfs whose first process is the program, with these arguments.
prepare() {
    mkdir -p "$folder"
    ln -sf ../trapline.elf "$folder/trapline.elf"
    echo "$*" >"$folder/arguments"
    "$here/../../labs/tools/initramfs.sh" "$folder/initramfs.cpio" "init=$state/programs/tests/bench" \
        "bin/true=$state/programs/bin/true" "etc/bench=$folder/arguments"
}

# boot LIMIT CPUS APPEND [OPTION...]: runs it and prints what it says; after LIMIT seconds it is stopped.
boot() {
    local limit=$1 options
    CPUS=$2 APPEND="panic=exit $3" BOOT=pvh ACCEL=${4:-tcg}
    shift $(($# < 4 ? 3 : 4))
    qemu_options "$folder"
    timeout -k 1 "$limit" qemu-system-x86_64 "${options[@]}" -serial stdio "$@" </dev/null || true
}

# Fails, with what the guest printed last, unless the program in FILE came to its end.
check_finished() {
    grep -q '^bench: ok$' "$1" && return
    echo "The program did not come to its end. What the machine said last:" >&2
    tail -n 15 "$1" >&2
    exit 1
}

count_instructions() {
    prepare
    # Few ticks, so that most batches have none.
    boot 120 1 hz=10 tcg -icount shift=0,sleep=off -rtc base=2024-01-01,clock=vm -seed 1 |
        tr -d '\r' >"$folder/counts.txt"
    check_finished "$folder/counts.txt"
    echo "Instructions of one operation"
    awk -v format='%-20s %12s %9s %7s  %s\n' '
        FNR == NR { if ($1 == "bench") cost[$2] = $3; next }
        /^#/ || !NF { next }
        !header++ { printf format, "operation", "instructions", "target", "floor", "" }
        { printf format, $1, cost[$1], "<= " $2, $3, cost[$1] <= $2 ? "met" : "NOT met" }
    ' "$folder/counts.txt" "$targets"
}

# Puts the time of its arrival, in microseconds, before each line of standard input.
stamp() {
    local line
    while IFS= read -r line; do echo "${EPOCHREALTIME/./} ${line%$'\r'}"; done
}

compare_processors() {
    local round count output load
    read -r load _ </proc/loadavg
    : >"$folder/scaling.txt"
    # In turns, so that a disturbance from outside hits all alike; the best round of each counts.
    for ((round = 1; round <= rounds; ++round)); do
        for count in "${cpus[@]}"; do
            output=$folder/scaling-$count.$round.txt
            prepare scaling "$seconds" "$count"
            boot $((60 + 10 * seconds)) "$count" "" tcg,thread=multi | stamp >"$output"
            check_finished <(cut -d ' ' -f 2- "$output")
            cat "$output" >>"$folder/scaling.txt"
        done
    done
    echo "Operations a second with as many workers as processors and the ratio to ${cpus[0]}"
    echo "(host: $(nproc) cores, load $load before the measurement; best of $rounds rounds of $seconds s)"
    awk -v counts="${cpus[*]}" '
        $2 == "scaling" && $3 == "start" { start[$4, $5] = $1; if (!($4 in seen)) { seen[$4]; names[++n] = $4 } }
        $2 == "scaling" && $3 == "end" {
            measured = $6 / ($1 - start[$4, $5]) * 1000000
            if (measured > rate[$4, $5]) rate[$4, $5] = measured
        }
        END {
            columns = split(counts, cpus, " ")
            printf "%-20s", "operation"
            for (i = 1; i <= columns; ++i) printf " %12s      ", cpus[i] (cpus[i] == 1 ? " processor" : " processors")
            print ""
            for (k = 1; k <= n; ++k) {
                printf "%-20s", names[k]
                for (i = 1; i <= columns; ++i)
                    printf " %12.0f %5.2f", rate[names[k], cpus[i]], rate[names[k], cpus[i]] / rate[names[k], cpus[1]]
                print ""
            }
        }' "$folder/scaling.txt"
}

count_instructions
echo
compare_processors
