#!/bin/bash
# Puts the files of a chapter back to how they were at its start: reset.sh FOLDER, the chapter's folder below labs/.
# FILE names one of them, YES=1 answers the question, REF is the commit that has the start where git has to know it.
# What was there is kept in FOLDER/kept, numbered; nothing there is ever overwritten.
set -euo pipefail

# shellcheck source=labs/tools/shared_files.sh
source "$(dirname "$0")/shared_files.sh"

lab=$1 file=${FILE:-}
if [[ -z $lab ]]; then
    echo "Say of which chapter: make reset LAB=n" >&2
    exit 1
fi
# In a plain tree the learner's files are at their own paths, else below the chapter's folder.
place=$lab/
[[ ! -e .state ]] || place=""

mapfile -t files < <(lab_files "$lab")
if [[ -n $file ]]; then
    file=${file#./}
    file=${file#"$lab"/}
    if [[ " ${files[*]} " != *" $file "* ]]; then
        echo "FILE=$FILE is none of this chapter's files: ${files[*]}" >&2
        exit 1
    fi
    files=("$file")
fi

starts=$(mktemp -d)
trap 'rm -rf "$starts"' EXIT
changed=()
for file in "${files[@]}"; do
    mkdir -p "$(dirname "$starts/$file")"
    if ! start_of "$lab" "$file" "$starts/$file"; then
        echo "The start of $place$file is not known: there is no $lab/start here, and git has it not in ${REF:-HEAD}." >&2
        exit 1
    fi
    cmp -s "$starts/$file" "$place$file" || changed+=("$file")
done
if [[ ${#changed[@]} == 0 ]]; then
    echo "Nothing to do: as at the start: ${files[*]/#/$place}"
    exit
fi

if [[ ${YES:-} != 1 ]]; then
    if [[ ! -t 0 ]]; then
        echo "There is no terminal to ask on: say YES=1 to put back ${changed[*]/#/$place}" >&2
        exit 1
    fi
    echo "As at the start again: ${changed[*]/#/$place}"
    read -r -p "Yours go to $lab/kept. Put them back? [y/N] " answer || answer=""
    if [[ $answer != [yY]* ]]; then
        echo "Nothing was changed."
        exit 1
    fi
fi

for file in "${changed[@]}"; do
    kept=""
    if [[ -e $place$file ]]; then
        number=1
        while [[ -e $lab/kept/$file.$number ]]; do number=$((number + 1)); done
        kept=$lab/kept/$file.$number
        mkdir -p "$(dirname "$kept")"
        cp -p "$place$file" "$kept"
    fi
    mkdir -p "$(dirname "$place$file")"
    # By a second name, so that an interruption leaves one or the other.
    cp "$starts/$file" "$place$file.part"
    mv "$place$file.part" "$place$file"
    echo "$place$file is as at the start${kept:+; yours is $kept}"
done
