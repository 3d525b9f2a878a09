#!/bin/bash
# Writes a state as a plain tree: tree.sh DIR STATE PATH:FILE... copies each FILE to PATH in DIR, and with them what
# all states share. The file .state there tells the Makefile which state it is.
set -euo pipefail

# shellcheck source=labs/tools/shared_files.sh
source "$(dirname "$0")/shared_files.sh"

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

chapter=${state#*=}
closed=$chapter
[[ $state != LAB=* ]] || closed=$((chapter - 1))
copy_shared "$dir" "$chapter" "$closed"
# One cp for each layer; a process for each of 300 files would take a second.
declare -A layers=()
for entry in "$@"; do
    path=${entry%%:*} file=${entry#*:}
    layer=${file%"$path"}
    layers[${layer:-.}]+=" $path"
done
target=$(realpath "$dir")
for layer in "${!layers[@]}"; do
    # shellcheck disable=SC2086  # words
    (cd "$layer" && cp -p --parents ${layers[$layer]} "$target/")
done
for lab in "labs/0$chapter"-*; do
    [[ ! -e $lab/lab.txt ]] || keep_starts "$lab" "$dir"
done
unlink_missing "$dir"
echo "$state" >"$dir/.state"
echo "$state is in $dir; make -C $dir run"
