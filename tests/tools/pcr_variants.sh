#!/bin/bash
# Builds the variants of chapter 5's kernel that the tests compare: pcr_variants.sh BUILD. Each lies in
# BUILD/variants/NAME as trapline.elf; the names are those of the patches in tests/ablations/pcr.
set -euo pipefail

variants=$1/variants
# shellcheck disable=SC2034  # for variants.sh
cxx=${CXX:-g++}
# shellcheck source=tests/tools/variants.sh
source "$(dirname "$0")/variants.sh"

make_tree SOL=5 "$variants/pcr-base"
for patch in tests/ablations/pcr/*.patch; do ablate "$patch" "$variants/pcr-base"; done
