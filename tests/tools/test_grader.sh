#!/bin/bash
# The grader graded: test_grader.sh LAB... runs each chapter's mutants and cheaters and adds up. MAKE names make.
set -uo pipefail

log=build/grade/test-grader.log
mkdir -p build/grade
: >"$log"
failed=0
for lab in "$@"; do
    "${MAKE:-make}" SOL= LAB="$lab" test-mutants 2>&1 | tee -a "$log" || failed=1
    "${MAKE:-make}" SOL= LAB="$lab" test-cheaters 2>&1 | tee -a "$log" || failed=1
done
# Lines such as "lab 1: 22 of 22 mutants caught".
awk '/^lab [1-6]: [0-9]+ of [0-9]+ mutants caught$/ { caught += $3; mutants += $5 }
     /^lab [1-6]: [0-9]+ of [0-9]+ cheaters refused$/ { refused += $3; cheaters += $5 }
     END { printf "%d of %d mutants caught, %d of %d cheaters refused\n", caught, mutants, refused, cheaters }' "$log"
exit "$failed"
