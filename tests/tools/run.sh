#!/bin/bash
# Runs the tests and ends with one line "N passed, N failed": run.sh FOLDER all|quick. FOLDER holds the programs
# unit-tests and system-tests; logs and JUnit files go to FOLDER/log. Fails if a test failed or none ran.
set -euo pipefail

folder=$1 extent=$2
here=$(dirname "$0")
log=$folder/log
rm -rf "$log"
mkdir -p "$log"

# The part of the system tests that is worth its time in `make check`: names that begin with Quick.
quick_filter='Quick*'

# run NAME COMMAND...: runs a program that reports as GoogleTest does, into NAME.log, with a line a test.
run() {
    local name=$1 status=0
    shift
    # A last resort, in seconds: tests have limits of their own, which are better at telling a hang from a slow machine.
    timeout -k 5 "${limit:-1500}" "$@" 2>&1 </dev/null | tee "$log/$name.log" | awk -v suite="$name" -v quiet="${quiet:-}" -f "$here/progress.awk" ||
        status=${PIPESTATUS[0]}
    # A program that dies has no result for the test it was in: progress.awk cannot tell that from slowness.
    awk -v suite="$name" -v status="$status" -f "$here/count.awk" "$log/$name.log" >"$log/$name.count"
}

run_unit() {
    echo "Unit tests"
    quiet=yes limit=300 run unit "$folder/unit-tests" --gtest_color=no --gtest_filter="$TESTS" --gtest_output="xml:$log/unit.xml"
}

run_system() {
    local shards index pids=()
    shards=$(nproc)
    ((shards <= 4)) || shards=4
    echo "System tests, $shards at a time"
    for ((index = 0; index < shards; ++index)); do
        GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$index run "system-$index" "$folder/system-tests" \
            --gtest_color=no --gtest_filter="$1" --gtest_output="xml:$log/system-$index.xml" &
        pids+=($!)
    done
    wait "${pids[@]}"
}

run_scripts() {
    local script
    echo "Tools and style"
    for script in "$@"; do
        run "$(basename "$script" .sh)" "$script"
    done
}

# The test of rebuilding changes the tree for moments, so it runs alone. That of the tags works in a copy, and takes as long as
# all others together.
run_all_scripts() {
    local script others=()
    for script in "$here"/*_test.sh; do
        [[ $script == */rebuild_test.sh || $script == */tags_test.sh ]] || others+=("$script")
    done
    run_scripts "$here/rebuild_test.sh"
    run tags_test "$here/tags_test.sh" &
    run_scripts "${others[@]}"
    wait $!
}

TESTS=${TESTS:-*}
SECONDS=0
run_unit
case $extent in
    quick)
        run_scripts "$here/style_test.sh"
        [[ $TESTS != '*' ]] || TESTS=$quick_filter
        run_system "$TESTS" ;;
    *)
        [[ $TESTS != '*' ]] || run_all_scripts
        run_system "$TESTS" ;;
esac

# Each count file: passed, failed, skipped; then the failures with what they printed.
passed=0 failed=0 skipped=0
for count in "$log"/*.count; do
    read -r p f s <"$count"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    tail -n +2 "$count"
done
echo
echo "Logs: $log; $SECONDS s"
summary="$passed passed, $failed failed"
((skipped == 0)) || summary+=", $skipped skipped"
echo "$summary"
((failed == 0 && passed > 0))
