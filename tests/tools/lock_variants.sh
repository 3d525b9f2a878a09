#!/bin/bash
# Builds the variants of chapter 6's kernel that check their locks: lock_variants.sh BUILD. Each lies in
# BUILD/variants/NAME as trapline.elf: lock_checks as it is, the others with the patch of that name in
# tests/ablations/locks, or in tests/ablations/fuzz for the mistakes that the fuzzer must find.
set -euo pipefail

variants=$1/variants
# For variants.sh.
# shellcheck disable=SC2034
cxx=${CXX:-g++} defines=-DLOCK_CHECKS
# shellcheck source=tests/tools/variants.sh
source "$(dirname "$0")/variants.sh"

make_tree SOL=6 "$variants/lock_checks"
ln -sf tree/build/trapline.elf "$variants/lock_checks/trapline.elf"
for patch in tests/ablations/{locks,fuzz}/*.patch; do ablate "$patch" "$variants/lock_checks"; done
