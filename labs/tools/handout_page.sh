#!/bin/bash
# For doxygen, which takes a page from here: handout_page.sh FILE prints FILE, and behind a chapter's handout what
# `make chapter-diff` wrote for it.
set -euo pipefail

cat "$1"
folder=$(basename "$(dirname "$1")")
difference=build/docs/chapters/$folder.md
if [[ -e $difference ]]; then
    echo
    cat "$difference"
fi
