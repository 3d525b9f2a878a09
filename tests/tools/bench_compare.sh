#!/bin/bash
# The same program here and on Linux: bench_compare.sh FOLDER [KERNEL] prints what operations cost in the state built in
# FOLDER, what they cost on Debian's Linux, or on the image KERNEL, and how the two compare. Both boot the same initramfs
# on the same machine under the same clock. Environment: BENCH_ROUNDS, SETUP; what the guests said is kept in FOLDER/bench.
#
# What is done so that Linux gets its due:
#   mitigations=off       Trapline has no such precautions
#   clearcpuid=erms       QEMU counts each round of a repeated string instruction; with this feature Linux clears a page
#                         in 4096 rounds, one for each byte, without it in 512, as Trapline does
#   no5lvl                QEMU has five levels of page tables, which most machines have not, and Trapline does not use
#   quiet                 nothing is printed while the program runs
# What is as Debian has it: the modules for security and accounting, and 250 ticks a second, where Trapline has ten. A
# tick takes some 3,500 instructions, and only the batches of forks, of four million, always have one.
set -euo pipefail

here=$(dirname "$0")
# shellcheck source=tests/tools/bench_run.sh
source "$here/bench_run.sh"
append="console=ttyS0 quiet panic=-1 mitigations=off clearcpuid=erms no5lvl"

# version_of IMAGE: what a kernel calls itself. The word at 0x20e says where, counted from 0x200.
version_of() {
    local version
    IFS= read -r -d '' version < <(tail -c "+$(($(od -An -t u2 -j $((0x20e)) -N 2 "$1") + 0x201))" "$1")
    echo "$version"
}

# The last -kernel counts.
compare_instructions() {
    prepare
    count_trapline
    count 600 "$folder/linux.txt" "$append" -kernel "$linux"
    echo "Instructions of one operation, by the same program on both"
    awk -f "$here/bench_table.awk" of=targets "$here/bench_targets.txt" of=trapline "$folder/counts.txt" \
        of=linux "$folder/linux.txt"
}

# start NAME APPEND [OPTION...]: measures once how long it takes from QEMU's start to the program's first line.
start() {
    local begin=${EPOCHREALTIME/./} output=$folder/start-$1.txt
    boot 120 "$output" 1 tcg "${@:2}"
    awk -v name="$1" -v begin="$begin" '$2 == "bench" { print name, $1 - begin; exit }' "$output" >>"$folder/starts.txt"
}

compare_starts() {
    local round load
    read -r load _ </proc/loadavg
    : >"$folder/starts.txt"
    prepare null-call
    for ((round = 1; round <= rounds; ++round)); do
        start trapline panic=exit
        start linux "$append" -kernel "$linux"
    done
    echo "Seconds from QEMU's start to the program's first line, without counting"
    echo "(host: $(nproc) cores, load $load before the measurement; best of $rounds rounds)"
    awk '
        !($1 in best) || $2 < best[$1] { best[$1] = $2 }
        END { printf "Trapline %.2f, Linux %.2f, ratio %.2f\n",
            best["trapline"] / 1e6, best["linux"] / 1e6, best["trapline"] / best["linux"] }' "$folder/starts.txt"
}

linux=$("$here/bench_linux.sh" build/linux "${2:-}")
echo "Linux $(version_of "$linux")"
echo
compare_instructions
echo
compare_starts
