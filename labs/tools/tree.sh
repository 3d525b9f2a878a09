#!/bin/bash
# Writes a state as a plain tree: tree.sh DIR STATE PATH:FILE... copies each FILE to PATH in DIR, and with them what
# all states share. The file .state there tells the Makefile which state it is.
set -euo pipefail

dir=$1 state=$2
shift 2
if [[ -z $dir ]]; then
    echo "Say where to: make tree DIR=folder" >&2
    exit 1
fi
if [[ -e $dir && ! -d $dir ]] || [[ -n $(ls -A "$dir" 2>/dev/null) ]]; then
    echo "$dir is not an empty folder; make tree would mix its files with what is there." >&2
    exit 1
fi

mkdir -p "$dir/labs"
for shared in Makefile README.md LICENSE Doxyfile .clang-format .clang-tidy .editorconfig .gitignore .ci .github docs tests; do
    [[ ! -e $shared ]] || cp -Rp "$shared" "$dir/"
done
cp -Rp labs/tools "$dir/labs/"
for page in labs/*/README.md labs/*/lab.txt; do
    [[ ! -e $page ]] || { mkdir -p "$dir/${page%/*}" && cp -p "$page" "$dir/$page"; }
done
for entry in "$@"; do
    mkdir -p "$dir/$(dirname "${entry%%:*}")"
    cp -p "${entry#*:}" "$dir/${entry%%:*}"
done
echo "$state" >"$dir/.state"
echo "$state is in $dir; make -C $dir run"
