#!/bin/bash
# What is rebuilt after a change: everything that must be, and nothing else.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"

# The folder of the highest solution, and the name of its build folder.
highest() {
    find solutions -mindepth 1 -maxdepth 1 -type d -name '0*' | sort | tail -n 1
}
highest_state() {
    highest | sed 's|solutions/0\([1-9]\)-.*|sol\1|'
}

# A copy of the tree, with what is built already.
make >/dev/null || exit 1
tree=$scratch/tree
mkdir "$tree"
tar -c --exclude=./build/test --exclude=./build/*/test --exclude=./.git . | tar -C "$tree" -x
cd "$tree" || exit 1
make >/dev/null

# built: what make does now, a line a step, without the folder of the state.
built() {
    make "$@" | sed 's|build/.*/||'
}


test_nothing_changed() {
    same "" "$(built)"
}

test_one_kernel_source() {
    touch kernel/main.cpp
    same "$(printf '  CXX      kernel/main.cpp\n  LINK     trapline.elf\n  ISO      trapline.iso')" "$(built)"
}

test_one_program() {
    touch userland/bin/ls.cpp
    same "$(printf '  CXX      userland/bin/ls.cpp\n  CPIO     initramfs.cpio\n  ISO      trapline.iso')" "$(built)"
}

test_the_command_line_of_the_kernel() {
    same "  ISO      trapline.iso" "$(built APPEND=panic=exit)"
    same "  ISO      trapline.iso" "$(built)"
}

test_another_optimisation_has_its_own_folder() {
    make OPT=-O1 "build/$CXX-O1/$(highest_state)/obj/kernel/main.cpp.o" >/dev/null
    same "" "$(built)"
}

# Sources and headers: a file that a layer gains or loses counts even when it is older than the objects.
test_an_override_of_a_source() {
    local layer
    layer=$(highest)
    mkdir -p "$layer/kernel"
    cp -p kernel/main.cpp "$layer/kernel/main.cpp"
    same "$(printf '  CXX      %s\n  LINK     trapline.elf\n  ISO      trapline.iso' "$layer/kernel/main.cpp")" "$(built)"
    rm "$layer/kernel/main.cpp"
    same "$(printf '  LINK     trapline.elf\n  ISO      trapline.iso')" "$(built)"
}

# A source that the highest layer gives back to the tree, and one that it no longer gives back.
test_a_source_that_goes_back_to_the_tree() {
    local layer lower
    layer=$(dirname "$(find labs -path 'labs/*/given/tree-again' | sort | tail -n 1)")
    lower=$(find solutions -path 'solutions/0*/kernel/idle.cpp')
    cp -p "$layer/tree-again" "$scratch/tree-again"
    grep -vx kernel/idle.cpp "$scratch/tree-again" >"$layer/tree-again"
    same "$(printf '  CXX      %s\n  LINK     trapline.elf\n  ISO      trapline.iso' "$lower")" "$(built)"
    cp -p "$scratch/tree-again" "$layer/tree-again"
    same "$(printf '  LINK     trapline.elf\n  ISO      trapline.iso')" "$(built)"
}

test_a_source_that_is_gone() {
    echo 'int only_for_a_moment() { return 1; }' >kernel/moment.cpp
    [[ $(built) == *"CXX      kernel/moment.cpp"* ]]
    rm kernel/moment.cpp
    same "$(printf '  LINK     trapline.elf\n  ISO      trapline.iso')" "$(built)"
}

# The last test: afterwards everything is to be rebuilt.
test_the_override_of_a_header() {
    local layer object
    layer=$(highest)
    object=${build#"$root/"}/$(highest_state)/obj/kernel/main.cpp.o
    mkdir -p "$layer/kernel/libk"
    cp -p kernel/libk/result.h "$layer/kernel/libk/result.h"
    [[ $(built "$object") == *"CXX      kernel/main.cpp" ]]
    same "" "$(built "$object")"
    rm "$layer/kernel/libk/result.h"
    [[ $(built "$object") == *"CXX      kernel/main.cpp" ]]
    same "" "$(built "$object")"
}

run_tests
