#!/bin/bash
# Builds the variants of chapter 3's kernel and programs that the tests compare: bug_variants.sh BUILD. Each lies in
# BUILD/variants/NAME as trapline.elf, initramfs.cpio or both:
#   instrument          the kernel with the frame checks
#   padding1 8 16       programs: so many bytes of nop before init's yield
#   O0 Os other         kernel and programs, optimised in other ways or made by the other compiler
#   the names in tests/ablations    the kernel with that patch. A patch that no longer fits is an error.
set -euo pipefail

variants=$1/variants
cxx=${CXX:-g++}
other=g++
[[ $cxx != g++ ]] || other=clang++

# compile NAME CXX OPT DEFINES FILE...: has the Makefile build files of SOL=3 in some other way and place.
compile() {
    local folder=$variants/$1 compiler=$2 opt=$3 defines=$4
    shift 4
    make SOL=3 LAB= B="$folder" CXX="$compiler" OPT="$opt" DEFINES="$defines" INSTRUMENT= "${@/#/$folder/}"
}

# make_tree FOLDER: builds the kernel of SOL=3 as a tree of its own in FOLDER/tree. Files that are the same as the last time
# keep their times, so that only what has changed is compiled.
make_tree() {
    local tree=$1/tree new=$1/new file
    rm -rf "$new"
    make tree SOL=3 LAB= DIR="$new" >/dev/null
    if [[ -d $tree/build ]]; then
        (cd "$new" && find . -type f) | while read -r file; do
            if cmp -s "$tree/$file" "$new/$file"; then touch -r "$tree/$file" "$new/$file"; else touch "$new/$file"; fi
        done
        mv "$tree/build" "$new/build"
    fi
    rm -rf "$tree"
    mv "$new" "$tree"
    compile_tree "$tree"
}

compile_tree() {
    make --no-print-directory -C "$1" SOL= LAB= B=build CXX="$cxx" OPT=-O2 DEFINES= INSTRUMENT= build/trapline.elf
}

# ablate PATCH: the kernel of a copy of that tree with a patch.
ablate() {
    local folder base=$variants/base/tree
    folder=$variants/$(basename "$1" .patch)
    [[ ! $folder/trapline.elf -nt $base/build/trapline.elf || ! $folder/trapline.elf -nt $1 ]] || return 0
    rm -rf "$folder"
    mkdir -p "$folder"
    cp -Rp "$base" "$folder/tree"
    if ! patch -s -p1 -F0 -d "$folder/tree" <"$1" >"$folder/patch.log"; then
        echo "$1 does not fit the sources of SOL=3 any more:" >&2
        cat "$folder/patch.log" >&2
        exit 1
    fi
    compile_tree "$folder/tree"
    mv "$folder/tree/build/trapline.elf" "$folder/trapline.elf"
    rm -rf "$folder/tree"
}

compile instrument "$cxx" -O2 -DFRAME_CHECKS trapline.elf
for padding in 1 8 16; do compile "padding$padding" "$cxx" -O2 "-DYIELD_PADDING=$padding" initramfs.cpio; done
for opt in O0 Os; do compile "$opt" "$cxx" "-$opt" "" trapline.elf initramfs.cpio; done
compile other "$other" -O2 "" trapline.elf initramfs.cpio
make_tree "$variants/base"
for patch in tests/ablations/*.patch; do ablate "$patch"; done
