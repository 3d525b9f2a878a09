#!/bin/bash
# make reset: a chapter's files as at its start, with nothing of the learner's lost.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/tools/course_source.sh
source "$(dirname "$0")/course_source.sh"

unset FILE YES REF
source=$scratch/source
make_source "$source" || exit 1
cd "$source" || exit 1
lab=labs/01-gdt-tss
file=arch/x86_64/tss.cpp
mapfile -t files < <(awk '$1 == "file" { print $2 }' "$lab/lab.txt")

# clean: nothing differs from the sources, but for what is kept.
clean() {
    same "" "$(git status --porcelain)"
}

test_every_file_comes_back_and_yours_is_kept() {
    local path
    for path in "${files[@]}"; do echo "// my $path" >>"$lab/$path"; done
    make reset LAB=1 YES=1 >/dev/null
    clean
    for path in "${files[@]}"; do
        same "// my $path" "$(tail -n 1 "$lab/kept/$path.1")"
    done
    expect "Nothing to do" make reset LAB=1
    rm -r "$lab/kept"
}

test_one_file_by_either_of_its_names() {
    local name
    for name in "$file" "$lab/$file" "./$lab/$file"; do
        echo "// mine" >>"$lab/$file"
        echo "// mine too" >>"$lab/arch/x86_64/descriptors.h"
        expect "$lab/$file is as at the start" make reset LAB=1 FILE="$name" YES=1
        same " M $lab/arch/x86_64/descriptors.h" "$(git status --porcelain)"
        git checkout -q .
    done
    rm -r "$lab/kept"
}

test_what_is_kept_is_never_overwritten() {
    local n
    for n in 1 2 3; do
        echo "// attempt $n" >>"$lab/$file"
        expect "yours is $lab/kept/$file.$n" make reset LAB=1 YES=1
    done
    for n in 1 2 3; do same "// attempt $n" "$(tail -n 1 "$lab/kept/$file.$n")"; done
    # Neither git nor the compiler nor a published tree sees it.
    clean
    same "" "$(make where LAB=1 | grep kept || true)"
    make tree LAB=1 DIR="$scratch/written" >/dev/null
    same "" "$(find "$scratch/written" -name kept)"
    rm -r "$lab/kept"
}

test_a_file_that_is_missing_comes_back() {
    rm "$lab/$file"
    expect "$lab/$file is as at the start" make reset LAB=1 YES=1
    clean
    [[ ! -e $lab/kept ]]
}

# on_terminal ANSWER COMMAND...: the command with a terminal on which somebody types the answer.
on_terminal() {
    local answer=$1
    shift
    echo "$answer" | script -qec "$*" /dev/null
}

test_it_asks_on_the_terminal() {
    local answer
    for answer in n "" no x; do
        echo "// mine" >>"$lab/$file"
        cp "$lab/$file" "$scratch/mine"
        refuse "Nothing was changed" on_terminal "$answer" make reset LAB=1
        cmp "$scratch/mine" "$lab/$file"
        [[ ! -e $lab/kept ]]
        git checkout -q .
    done
    echo "// mine" >>"$lab/$file"
    expect "Put them back? [y/N]" on_terminal y make reset LAB=1
    clean
    rm -r "$lab/kept"
}

test_without_a_terminal_it_changes_nothing() {
    echo "// mine" >>"$lab/$file"
    refuse "say YES=1" make reset LAB=1
    same " M $lab/$file" "$(git status --porcelain)"
    git checkout -q .
}

test_bad_arguments_get_one_line() {
    refuse "FILE=kernel/main.cpp is none of this chapter's files: arch/" make reset LAB=1 FILE=kernel/main.cpp YES=1
    refuse "FILE=../01-gdt-tss/$file is none" make reset LAB=1 FILE="../01-gdt-tss/$file" YES=1
    refuse "FILE=tss is none" make reset LAB=1 FILE=tss
    refuse "Say of which chapter: make reset LAB=n" make reset
    refuse "Say of which chapter: make reset LAB=n" make reset SOL=1
    refuse 'There is no state "LAB=7"' make reset LAB=7
    refuse "git has it not in nowhere" make reset LAB=1 REF=nowhere
    clean
}

# Somebody who commits their work names the commit that has the start.
test_the_start_from_another_commit() {
    local before
    before=$(git rev-parse HEAD)
    echo "// mine" >>"$lab/$file"
    commit .
    expect "Nothing to do" make reset LAB=1
    expect "is as at the start" make reset LAB=1 REF="$before" YES=1
    same "$(git show "$before:$lab/$file")" "$(cat "$lab/$file")"
    git reset -q --hard "$before"
    rm -r "$lab/kept"
}

# What is published has no history to look in, and knows the start all the same.
test_a_tree_and_a_release_know_their_starts() {
    local tree=$scratch/plain class=$scratch/class
    make tree LAB=1 DIR="$tree" >/dev/null
    make release CLASS="$class" UPTO=1 >/dev/null
    cp "$tree/$file" "$scratch/start"
    echo "// mine" >>"$tree/$file"
    echo "// mine" >>"$class/$lab/$file"
    # As a learner keeps it, with their own commits.
    git -C "$tree" init -q
    commit "$tree"
    expect "$file is as at the start; yours is $lab/kept/$file.1" make -C "$tree" reset YES=1
    cmp "$scratch/start" "$tree/$file"
    same "// mine" "$(tail -n 1 "$tree/$lab/kept/$file.1")"
    same " M $file" "$(git -C "$tree" status --porcelain)"
    expect "$lab/$file is as at the start; yours is $lab/kept/$file.1" make -C "$class" reset LAB=1 YES=1
    cmp "$scratch/start" "$class/$lab/$file"
    rm -r "$class/$lab/start"
    echo "// mine" >>"$class/$lab/$file"
    refuse "is not known" make -C "$class" reset LAB=1 YES=1
}

run_tests
