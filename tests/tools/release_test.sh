#!/bin/bash
# What a class gets: the states it has to work with, no line of an open chapter's solution, and no loss of its own work.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/tools/course_source.sh
source "$(dirname "$0")/course_source.sh"

source=$scratch/source
make_source "$source" || exit 1
cd "$source" || exit 1

# release N: the class's folder of week N, for the tests that only look at it.
release() {
    local class=$scratch/class-$1
    [[ -e $class ]] || make release CLASS="$class" UPTO="$1" >"$scratch/release.log" || { cat "$scratch/release.log"; return 1; }
    echo "$class"
}

# open_lines N: the distinctive lines of the solutions of chapters N and above: what is in the tree, the labs up to N and
# the solutions below N may be seen.
open_lines() {
    local n=$1 k legitimate=$scratch/legitimate-$1 open=()
    mkdir -p "$legitimate"
    cp -R kernel arch userland "$legitimate/"
    for k in 1 2 3 4 5 6; do
        ((k > n)) || cp -R labs/0"$k"-* "$legitimate/"
        if ((k < n)); then
            mkdir -p "$legitimate/solutions"
            cp -R solutions/0"$k"-* "$legitimate/solutions/"
        else
            open+=(solutions/0"$k"-*)
        fi
    done
    distinctive_lines "$legitimate" "${open[@]}"
}

test_no_release_has_a_line_of_an_open_solution() {
    local n class
    for n in 1 2 3 4 5 6; do
        class=$(release "$n")
        open_lines "$n" >"$scratch/lines"
        same "" "$(leaks "$scratch/lines" "$class")"
    done
}

# The search above finds what it has to: a line of each open chapter, added to a page, a lab's file or a new patch.
test_the_search_finds_a_line_of_each_open_solution() {
    local n file line class=$scratch/leaky
    cp -R "$(release 2)" "$class"
    open_lines 2 >"$scratch/lines"
    same "" "$(leaks "$scratch/lines" "$class")"
    for n in 2 3 4 5 6; do
        distinctive_lines "$class" solutions/0"$n"-* >"$scratch/lines-$n"
        line=$(sed -n 2p "$scratch/lines-$n")
        [[ -n $line ]] || { echo "no line to look for in chapter $n"; return 1; }
        for file in docs/design.md labs/01-gdt-tss/lab.txt some.patch; do
            printf '+    %s\n' "$line" >>"$class/$file"
            same "$class/$file" "$(leaks "$scratch/lines" "$class" | cut -d : -f 1)"
            sed -i '$d' "$class/$file"
        done
    done
    : >"$scratch/nothing"
    refuse "only 0 distinctive lines" leaks "$scratch/nothing" "$class"
}

test_a_release_has_the_labs_up_to_its_chapter_and_nothing_of_later_ones() {
    local n k class
    for n in 1 3 6; do
        class=$(release "$n")
        for k in 1 2 3 4 5 6; do
            if ((k <= n)); then ls "$class"/labs/0"$k"-*/lab.txt; else same "" "$(find "$class" -path "*/0$k-*" -type f)"; fi
            if ((k < n)); then ls -d "$class"/solutions/0"$k"-*; else same "" "$(find "$class/solutions" -path "*/0$k-*" 2>/dev/null)"; fi
        done >/dev/null
        same "" "$(find "$class/tests" -name mutants -o -name cheaters -o -name ablations -o -name unit)"
    done
}

# Each lab in the last release is, file by file, what it is here.
test_the_labs_of_a_release_are_those_of_the_course() {
    local k class part
    class=$(release 6)
    for k in 1 2 3 4 5 6; do
        make tree LAB="$k" DIR="$scratch/here" >/dev/null
        make -C "$class" tree LAB="$k" DIR="$scratch/there" >/dev/null
        for part in kernel arch userland; do diff -r "$scratch/here/$part" "$scratch/there/$part"; done
        rm -r "$scratch/here" "$scratch/there"
        make -n -C "$class" LAB="$k" run grade >/dev/null
    done
    for part in labs grader harness; do diff -r "tests/$part" "$class/tests/$part"; done
    refuse 'There is no state "SOL=6"' make -C "$class" SOL=6 where
    refuse 'which is not here' make -C "$class" test
    refuse 'only a part of the course' make -C "$class" tags
}

test_a_lab_of_a_release_is_graded_there() {
    local class=$scratch/graded
    cp -R "$(release 2)" "$class"
    make_graders
    take_graders "$class"
    graded "$(start_score labs/02-*)" make -C "$class" LAB=2 grade
}

test_the_next_week_keeps_what_the_class_has_changed() {
    local class=$scratch/growing mine=labs/01-gdt-tss/arch/x86_64/tss.cpp own=labs/01-gdt-tss/notes.txt
    make release CLASS="$class" UPTO=1 >/dev/null
    echo "// my work" >>"$class/$mine"
    cp "$class/$mine" "$scratch/mine"
    echo "my notes" >"$class/$own"
    expect "  $mine" make release CLASS="$class" UPTO=3
    same "" "$(diff "$scratch/mine" "$class/$mine")"
    same "my notes" "$(cat "$class/$own")"
    # But for that it is what a class gets that starts in that week.
    rm "$class/$own"
    cp "$(release 3)/$mine" "$class/$mine"
    diff -r "$(release 3)" "$class"
    expect "0 files written, 0 removed" make release CLASS="$class" UPTO=3
}

test_what_both_have_changed_is_refused_before_anything_is_written() {
    local class=$scratch/both
    make release CLASS="$class" UPTO=1 >/dev/null
    echo "// the class's" >>"$class/kernel/main.cpp"
    cp -R "$class" "$scratch/both-before"
    cp -R . "$scratch/newer"
    echo "// the course's" >>"$scratch/newer/kernel/main.cpp"
    commit "$scratch/newer"
    refuse "  kernel/main.cpp" make -C "$scratch/newer" release CLASS="$class" UPTO=2
    diff -r "$scratch/both-before" "$class"
}

test_a_file_that_is_no_longer_released_goes() {
    local class=$scratch/less
    cp -R . "$scratch/more"
    echo "int moment = 1;" >"$scratch/more/kernel/moment.cpp"
    commit "$scratch/more"
    make -C "$scratch/more" release CLASS="$class" UPTO=1 >/dev/null
    [[ -e $class/kernel/moment.cpp ]]
    expect "1 removed" make release CLASS="$class" UPTO=1
    [[ ! -e $class/kernel/moment.cpp ]]
}

test_bad_arguments_get_one_line() {
    mkdir "$scratch/full"
    echo mine >"$scratch/full/file"
    refuse "Say where to and how far" make release UPTO=1
    refuse "Say where to and how far" make release CLASS="$scratch/x"
    refuse "Say where to and how far" make release CLASS="$scratch/x" UPTO=8
    refuse "neither empty nor a release" make release CLASS="$scratch/full" UPTO=1
    refuse "is not a folder" make release CLASS="$scratch/full/file" UPTO=1
    refuse "would take chapters away" make release CLASS="$(release 3)" UPTO=2
    same file "$(ls "$scratch/full")"
    echo "// not committed" >>kernel/main.cpp
    refuse "Not committed" make release CLASS="$scratch/x" UPTO=1
    git checkout -q kernel/main.cpp
    [[ ! -e $scratch/x ]]
}

run_tests
