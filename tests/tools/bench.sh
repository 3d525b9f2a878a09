#!/bin/bash
# Measures a built state and prints two tables: bench.sh FOLDER. The first has the instructions that basic operations
# cost, counted by QEMU's -icount, which gives the same numbers every time. The second has how often they go through
# in a second with several processors at work at once, which depends on this machine and on what else it does: only
# the ratios say something about the kernel, and only on a machine that is otherwise idle. Environment: BENCH_CPUS,
# BENCH_SECONDS, BENCH_ROUNDS; what the guest printed is kept in FOLDER/bench.
set -euo pipefail

here=$(dirname "$0")
# shellcheck source=tests/tools/bench_run.sh
source "$here/bench_run.sh"
read -ra cpus <<<"${BENCH_CPUS:-1 2 4}"
seconds=${BENCH_SECONDS:-1}

count_instructions() {
    prepare
    count_trapline
    echo "Instructions of one operation"
    awk -f "$here/bench_table.awk" of=targets "$here/bench_targets.txt" of=trapline "$folder/counts.txt"
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
            boot $((60 + 10 * seconds)) "$output" "$count" tcg,thread=multi panic=exit
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
