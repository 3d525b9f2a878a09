#!/bin/bash
# Writes what a chapter brings: chapter_diff.sh PAGE FOLDER PATH:OLD:NEW... The files that differ between the solution
# before it, OLD, and its start, NEW. FOLDER is the chapter's below labs/.
set -euo pipefail

# shellcheck source=labs/tools/shared_files.sh
source "$(dirname "$0")/shared_files.sh"

page=$1 lab=$2
shift 2
{
    echo "# What chapter $(chapter_of "$lab") brings"
    echo
    echo "From the solution of the chapter before to where this one starts:"
    echo
    mine=$(lab_files "$lab")
    for entry in "$@"; do
        IFS=: read -r path old new <<<"$entry"
        remark=changed
        [[ -n $old ]] || remark=new
        [[ -n $new ]] || remark=gone
        ! grep -qxF "$path" <<<"$mine" || remark+=", yours to write"
        echo "- \`$path\` ($remark)"
    done
    echo
    # No line of a source begins with a tilde.
    echo "~~~~{.diff}"
    "$(dirname "$0")/diff.sh" "$@"
    echo "~~~~"
} >"$page"
echo "$page"
