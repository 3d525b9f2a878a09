# shellcheck shell=bash
# For the tests of what is published: the tree under test as a repository of its own, and the search for lines of
# solutions, and grading what was published. Variables: root, build, scratch (lib.sh).

: "${root:?}" "${build:?}" "${scratch:?}"

# Git as it comes, whatever this machine's user has set.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

# make_source DIR: the sources as they are now, committed in a new repository. Nothing of this is what the tree's own
# repository knows: the tests hold for what is not committed yet, and for a tree that has no repository.
make_source() {
    mkdir -p "$1"
    tar -C "$root" -c --exclude=./build --exclude=./.git --exclude='./labs/*/kept' . | tar -C "$1" -x
    git -C "$1" init -q -b main
    commit "$1"
}

# commit DIR: everything in it.
commit() {
    git -C "$1" add -A
    git -C "$1" -c user.name=Test -c user.email=test@localhost commit -q -m "sources"
}

# distinctive_lines LEGITIMATE OPEN...: each line of the files below the folders OPEN, without the spaces around it, that
# has at least 20 characters, is no #include, and is not part of any file below LEGITIMATE.
distinctive_lines() {
    local legitimate=$1
    shift
    find "$legitimate" -name build -prune -o -type f -exec cat {} + >"$scratch/legitimate"
    # Not awk: mawk dies of a record as long as all sources.
    find "$@" -type f -exec cat {} + | python3 -c '
import sys
text = open(sys.argv[1], "rb").read()
for line in dict.fromkeys(line.strip(b" \t\n") for line in sys.stdin.buffer):
    if len(line) >= 20 and not line.replace(b" ", b"").startswith(b"#include") and line not in text:
        sys.stdout.buffer.write(line + b"\n")' "$scratch/legitimate"
}

# leaks LINES DIR: where a line of the file LINES stands in DIR, whatever stands around it. Fails if LINES has few lines:
# then there is nothing to look for, and nothing found would mean nothing.
leaks() {
    local count
    count=$(wc -l <"$1")
    ((count >= 20)) || { echo "only $count distinctive lines to look for"; return 1; }
    grep -rnF --exclude-dir=.git --exclude-dir=build -f "$1" "$2" || true
}

# Compiling the graders takes longer than all else, and their objects are the same in every tree. objects: the folder
# for what is built, as it is called in each tree.
objects=${build#"$root/"}

# make_graders: compiles them here.
make_graders() {
    local graders
    mapfile -t graders < <(cd "$root/tests/labs" && printf '%s\n' 0*)
    make -C "$root" LAB=1 "$objects/test/grade" "${graders[@]/#/$objects/test/grade-}" >"$scratch/graders.log" 2>&1 ||
        { cat "$scratch/graders.log"; return 1; }
}

# take_times TREE: of the files named on standard input each that is the same in TREE as here gets the time it has here.
take_times() {
    local file
    while read -r file; do
        ! cmp -s "$root/$file" "$1/$file" || touch -r "$root/$file" "$1/$file"
    done
}

# take_graders TREE: gives them to TREE. Whether they are still good is make's decision, by the times; a file that is gone
# is noticed by the dependencies of what used it.
take_graders() {
    local tree=$1
    (cd "$tree" && find tests -type f) | take_times "$tree"
    mkdir -p "$tree/$objects/test"
    cp -Rp "$build/test/system" "$build/test/"grade* "$tree/$objects/test/"
    cp -Rpl "$build/test/precompiled" "$tree/$objects/test/"  # large
    # The record of how they were compiled names this tree's layers, of which these objects use nothing.
    make -n -C "$tree" all >/dev/null
    touch -d 2000-01-01 "$tree/$objects/test/flags.txt"
}

# graded POINTS COMMAND...: the command, a `make grade`, gives so many of 100 points, and could judge every test.
graded() {
    local points=$1
    shift
    "$@" >"$scratch/grade.log" 2>&1 || true
    # Behind the comma is the time; with an infrastructure error "(not final)" stands before it.
    if ! grep -q "Total: $points of 100 points, " "$scratch/grade.log"; then
        echo "not $points of 100 points from: $*"
        cat "$scratch/grade.log"
        return 1
    fi
}

# start_score FOLDER: what the unchanged files of a chapter score.
start_score() {
    awk '$1 == "start-score" { print $2 }' "$1/lab.txt"
}
