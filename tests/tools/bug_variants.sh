#!/bin/bash
# Builds the variants of chapter 3's kernel and programs that the tests compare: bug_variants.sh BUILD. Each lies in
# BUILD/variants/NAME as trapline.elf, initramfs.cpio or both:
#   instrument          the kernel with the frame checks
#   checked/cr3_before_rsp          the same with that patch
#   padding1 8 16       programs: so many bytes of nop before init's yield
#   O0 Os other         kernel and programs, optimised in other ways or made by the other compiler
#   the names in tests/ablations    the kernel with that patch. A patch that no longer fits is an error.
set -euo pipefail

variants=$1/variants
cxx=${CXX:-g++}
other=g++
[[ $cxx != g++ ]] || other=clang++
# shellcheck source=tests/tools/variants.sh
source "$(dirname "$0")/variants.sh"

# compile NAME CXX OPT DEFINES FILE...: has the Makefile build files of SOL=3 in some other way and place.
compile() {
    local folder=$variants/$1 compiler=$2 opt=$3 defines=$4
    shift 4
    make SOL=3 LAB= B="$folder" CXX="$compiler" OPT="$opt" DEFINES="$defines" INSTRUMENT= CHECK_LOCKS= "${@/#/$folder/}"
}

# The kernels with the frame checks.
checked() {
    local instrument=$variants/instrument
    # For the functions called here.
    # shellcheck disable=SC2034
    local variants=$variants/checked defines=-DFRAME_CHECKS
    make_tree SOL=3 "$variants/base"
    mkdir -p "$instrument"
    cp -p "$variants/base/tree/build/trapline.elf" "$instrument"
    ablate tests/ablations/cr3_before_rsp.patch "$variants/base"
}

for padding in 1 8 16; do compile "padding$padding" "$cxx" -O2 "-DYIELD_PADDING=$padding" initramfs.cpio; done
for opt in O0 Os; do compile "$opt" "$cxx" "-$opt" "" trapline.elf initramfs.cpio; done
compile other "$other" -O2 "" trapline.elf initramfs.cpio
make_tree SOL=3 "$variants/base"
for patch in tests/ablations/*.patch; do ablate "$patch" "$variants/base"; done
checked
