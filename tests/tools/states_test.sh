#!/bin/bash
# Choosing a state, and the targets that show or write out states.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"

test_a_state_that_does_not_exist_gets_one_line() {
    refuse 'There is no state "SOL=99" here; there are: SOL=0' make SOL=99
    refuse 'There is no state "LAB=0"' make LAB=0
    refuse 'There is no state "SOL=one"' make SOL=one
    refuse 'not both' make SOL=0 LAB=1
    same 1 "$(make SOL=99 2>&1 | wc -l)"
}

test_help_lists_every_target() {
    local target
    make help >"$scratch/help"
    for target in all run gdb watch diagnose record rewind timeline model test check bench compare setup where diff tree docs docs-serve tidy clean help; do
        grep -q "^  make $target " "$scratch/help" || { echo "not in make help: $target"; return 1; }
    done
}

test_where_names_the_first_layer_that_has_the_file() {
    expect "kernel/main.cpp  (tree)" make where SOL=0
    same "" "$(make where SOL=0 | grep -v '(tree)$' || true)"
    local highest
    highest=$(basename "$(find solutions -mindepth 1 -maxdepth 1 -type d -name '0*' | sort | tail -n 1)")
    expect "  solutions/$highest" make where
}

# A layer's list "tree-again" names sources that a lower layer replaces and that count again as they are in the tree.
test_what_goes_back_to_the_tree_is_there() {
    local list layer state file count=0
    for list in solutions/*/tree-again labs/*/given/tree-again; do
        [[ -e $list ]] || continue
        layer=$(dirname "$list")
        state=${layer#*/0}
        state=SOL=${state%%-*}
        make where "$state" >"$scratch/where"
        while read -r file; do
            [[ $file != *.h ]] || { echo "$list: $file: the compiler finds headers without the list"; return 1; }
            [[ -f $file ]] || { echo "$list: $file is not in the tree"; return 1; }
            [[ ! -e $layer/$file ]] || { echo "$list: $file is in $layer itself"; return 1; }
            find solutions labs -path "*/0*/$file" | grep -q . || { echo "$list: no layer replaces $file"; return 1; }
            grep -qxF "$file  (tree)" "$scratch/where" || { echo "$state: $file is not the tree's"; return 1; }
            count=$((count + 1))
        done <"$list"
    done
    ((count > 0))
}

test_processors_that_a_state_does_not_use_are_named() {
    local state
    expect "CPUS=2 has no effect on SOL=3" make -n SOL=3 CPUS=2 run
    for state in SOL=3 "SOL=4 CPUS=2" "SOL=6 CPUS=2"; do
        # shellcheck disable=SC2086  # two words
        same "" "$(make -n $state run | grep "has no effect")"
    done
}

# Chapter 4 with several processors: chapter 6's way to start them, below chapter 4's entry path.
test_chapter_4_with_several_processors_is_a_state_of_its_own() {
    local globals=solutions/06-smp/globals file
    make where SOL=4 CPUS=2 >"$scratch/where"
    for file in $(cd "$globals" && find . -type f -printf '%P\n'); do
        grep -qxF "$file  $globals" "$scratch/where" || { echo "$file is not $globals's"; return 1; }
        [[ -e $file || -e solutions/06-smp/$file || -e labs/06-smp/given/$file ]] || { echo "$globals/$file replaces nothing"; return 1; }
    done
    grep -qF "  solutions/06-smp" "$scratch/where"
    grep -qxF "arch/x86_64/syscall_entry.S  solutions/02-syscall" "$scratch/where"
    for state in SOL=4 "SOL=4 CPUS=1" "SOL=6 CPUS=2"; do
        # shellcheck disable=SC2086  # two words
        make where $state >"$scratch/where"
        same "" "$(grep -F "$globals" "$scratch/where" || true)"
    done
    same "" "$(diff <(make where SOL=6) <(make where SOL=6 CPUS=4))"
}

# built_files FOLDER: checksums of the kernel, without its debugging data, and of the initramfs built there.
built_files() {
    objcopy --strip-debug "$1/trapline.elf" "$scratch/kernel"
    sha1sum <"$scratch/kernel"
    sha1sum <"$1/initramfs.cpio"
}

# The tree of one state, with the patch between the two, is the tree of the other. (What the chapters up to it have besides,
# such as their handouts, is not part of the state.)
test_diff_and_tree_agree() {
    local from part
    for from in 0 5; do
        make tree SOL="$from" DIR="$scratch/from-$from" >/dev/null
        make tree SOL=$((from + 1)) DIR="$scratch/to-$from" >/dev/null
        make diff FROM=SOL="$from" TO=SOL=$((from + 1)) >"$scratch/patch"
        [[ -s $scratch/patch ]]
        patch -s -d "$scratch/from-$from" -p1 <"$scratch/patch"
        for part in kernel arch userland Makefile; do diff -r "$scratch/from-$from/$part" "$scratch/to-$from/$part"; done
    done
}

test_diff_of_a_state_with_itself_is_empty() {
    same "" "$(make diff FROM=SOL=1 TO=SOL=1)"
}

test_tree_refuses_a_folder_with_something_in_it() {
    mkdir "$scratch/full"
    echo mine >"$scratch/full/file"
    refuse "is not an empty folder" make tree DIR="$scratch/full"
    refuse "Say where to" make tree
    same file "$(ls "$scratch/full")"
}

test_a_written_tree_builds_without_layers() {
    make tree SOL=1 DIR="$scratch/plain" >/dev/null
    same "SOL=1" "$(cat "$scratch/plain/.state")"
    # Of the solutions there are the answers to the handouts' questions.
    same "" "$(find "$scratch/plain/solutions" -type f ! -name answers.md)"
    make -C "$scratch/plain" >/dev/null
    refuse 'there are: SOL=1' make -C "$scratch/plain" SOL=0
    same "" "$(make -C "$scratch/plain" where | grep -v '(tree)$' | grep -v '^make' || true)"
    # The layers leave no trace in what is built: it is the same from here.
    make SOL=1 >/dev/null
    same "$(built_files "$build/sol1")" "$(built_files "$scratch/plain/${build#"$root/"}/sol1")"
}

test_append_is_checked() {
    refuse "APPEND may not hold" make APPEND='a;b'
    refuse "APPEND may not hold" make APPEND="it's"
}

test_the_guest_s_shell_is_checked() {
    refuse "SHELL=zsh: it is busybox" make SHELL=zsh run
    # The commands of the Makefile are bash's whatever the guest's shell is.
    same "$(make where SOL=1)" "$(make SHELL=busybox where SOL=1)"
    same "$(make where SOL=1)" "$(make SHELL=/bin/false where SOL=1)"
}

run_tests
