# shellcheck shell=bash
# A small test framework for scripts: every function called test_... is a test. Reports as GoogleTest does, so that
# run.sh counts both alike. A test fails when a command in it fails. Variables: root, the tree under test;
# scratch, an empty folder for each script.
set -uo pipefail

root=${TRAPLINE_ROOT:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${TRAPLINE_BUILD:-$root/build}
scratch=$build/test/$(basename "$0" .sh)
# The makes started here are independent of the one that runs the tests.
unset MAKEFLAGS MFLAGS MAKELEVEL SOL LAB SETUP APPEND BOOT CROSS HOSTCXX WAIT ANSWERS REWIND TYPE GDB_EXTRA CPUS MEM ACCEL
export CXX=${CXX:-g++}
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$root" || exit 1

# expect TEXT COMMAND...: the command succeeds and prints TEXT.
expect() {
    local text=$1 output
    shift
    output=$("$@" 2>&1 </dev/null) || { echo "failed: $*"; echo "$output"; return 1; }
    [[ $output == *"$text"* ]] || { echo "no \"$text\" from: $*"; echo "$output"; return 1; }
}

# refuse TEXT COMMAND...: the command fails and prints TEXT.
refuse() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null); then echo "did not fail: $*"; echo "$output"; return 1; fi
    [[ $output == *"$text"* ]] || { echo "no \"$text\" from: $*"; echo "$output"; return 1; }
}

# same WANTED GOT: two texts are equal.
same() {
    [[ $1 == "$2" ]] || { echo "expected:"; echo "$1"; echo "got:"; echo "$2"; return 1; }
}

# own_tmpdir: what is started from here on makes its temporary files in an empty folder of this script's.
own_tmpdir() {
    export TMPDIR=$scratch/tmp
    mkdir "$TMPDIR"
}

# expect_nothing_left: whatever the tools made in $TMPDIR is gone, with every process that has it on its command line.
expect_nothing_left() {
    same "" "$(ls "$TMPDIR")"
    sleep 0.2
    same "" "$(pgrep -f "$TMPDIR" || true)"
}

run_tests() {
    local name status start failed=0
    for name in $(declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p'); do
        echo "[ RUN      ] tools.$name"
        start=${EPOCHREALTIME/./}
        (set -e; "$name")
        status=$?
        if [[ $status == 0 ]]; then echo -n "[       OK ]"; else echo -n "[  FAILED  ]" && failed=1; fi
        echo " tools.$name ($(((${EPOCHREALTIME/./} - start) / 1000)) ms)"
    done
    rm -rf "$scratch"
    exit "$failed"
}
