#!/bin/bash
# The explorer's text in the handouts: explore_handouts.sh write|check. It stands between a line
#   <!-- explore SOL=3 WINDOW=switch FORM=brief -->      what to explore, as for make
# and the next <!-- end -->. `write` puts there what the explorer prints now, `check` fails where that is something else. The
# addresses hold for g++ 12 -O2.
set -euo pipefail

cd "$(dirname "$0")/../.."
action=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong=0
# First what prints of building. One machine at a time is the least work for such short windows.
make explore-build COMPARE="SOL=3 SOL=4 SOL=5" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
export JOBS=1
for page in labs/0*/README.md; do
    grep -q '^<!-- explore ' "$page" || continue
    skipping=""
    while IFS= read -r line; do
        [[ $line != '<!-- end -->' ]] || skipping=""
        [[ -z $skipping ]] || continue
        echo "$line"
        [[ $line =~ ^'<!-- explore '(.*)' -->'$ ]] || continue
        echo
        # The words have quotes, as for a shell.
        xargs make -s explore <<<"${BASH_REMATCH[1]}" | sed 's/^./    &/'
        echo
        skipping=yes
    done <"$page" >"$work/page"
    if [[ $action == write ]]; then
        cp "$work/page" "$page"
    elif ! diff "$page" "$work/page"; then
        echo "$page has another map than the explorer; make explore-handouts writes it anew."
        wrong=1
    fi
done
exit "$wrong"
