#!/bin/bash
# Writes each state of HEAD as a commit of a linear history with a tag: tags.sh VERSION. The same sources give the same
# hashes anywhere. A tag that exists is never moved. Index, work tree and branches are left alone.
set -euo pipefail

# shellcheck source=labs/tools/committed.sh
source "$(dirname "$0")/committed.sh"

version=$1
if [[ ! $version =~ ^[1-9][0-9]*$ ]]; then
    echo "VERSION=$version: give a number, from 1" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source=$work/source
export_committed "$source"

# Whatever git is set up to: the same author, dates, bytes.
export GIT_AUTHOR_NAME="Trapline" GIT_AUTHOR_EMAIL="trapline@localhost"
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL

# The states in their order, as their names in tags: chapter0 lab1 solution1 ...
names() {
    local n
    echo chapter0
    for n in 1 2 3 4 5 6; do
        [[ ! -e $(echo "$source/labs/0$n"-*/lab.txt) ]] || echo "lab$n"
        [[ ! -d $(echo "$source/solutions/0$n"-*) ]] || echo "solution$n"
    done
}

# write_tree DIR: stores the files in DIR as a git tree and prints its hash.
write_tree() {
    local index=$work/index
    rm -f "$index"
    (cd "$1" && find . -type f -printf '%P\n' | sort) >"$work/paths"
    (cd "$1" && while read -r path; do
        [[ -x $path ]] && echo 100755 || echo 100644
    done) <"$work/paths" >"$work/modes"
    sed "s|^|$1/|" "$work/paths" | git hash-object -w --no-filters --stdin-paths >"$work/hashes"
    paste -d ' ' "$work/modes" "$work/hashes" | paste - "$work/paths" | GIT_INDEX_FILE=$index git update-index --index-info
    GIT_INDEX_FILE=$index git write-tree
}

# title NAME: the commit's message.
title() {
    local n=${1//[a-z]/} text=""
    [[ $n == 0 ]] || text=$(awk '$1 == "title" { $1 = ""; print; exit }' "$source/labs/0$n"-*/lab.txt 2>/dev/null || true)
    case $1 in
        chapter*) echo "Chapter 0: the tree" ;;
        lab*) echo "Lab $n:${text:- where chapter $n starts}" ;;
        *) echo "Solution $n:${text:- chapter $n}" ;;
    esac
}

parent=() seconds=946684800
commands="" moved="" count=0 new=0
for name in $(names); do
    state=${name/solution/SOL=}
    state=${state/lab/LAB=}
    state=${state/chapter/SOL=}
    tree=$work/$name
    env -i PATH="$PATH" make -s -C "$source" tree "$state" DIR="$tree" >/dev/null
    export GIT_AUTHOR_DATE="$seconds +0000" GIT_COMMITTER_DATE="$seconds +0000"
    commit=$(title "$name" | git -c i18n.commitEncoding=UTF-8 commit-tree "${parent[@]}" "$(write_tree "$tree")")
    rm -rf "$tree"
    tag=$name-v$version
    there=$(git rev-parse -q --verify "refs/tags/$tag^{commit}" || true)
    if [[ -z $there ]]; then
        commands+="create refs/tags/$tag $commit"$'\n'
        remark=new new=$((new + 1))
    elif [[ $there == "$commit" ]]; then
        remark="there already"
    else
        moved+=" $tag" remark="differs from the tag"
    fi
    echo "$commit  $tag  $remark"
    parent=(-p "$commit") seconds=$((seconds + 60)) count=$((count + 1))
done

if [[ -n $moved ]]; then
    last=$(git tag -l '*-v*' | sed -n 's/^\(chapter\|lab\|solution\)[0-9]-v\([0-9]\+\)$/\2/p' | sort -n | tail -n 1)
    echo "These tags exist with another content, and a tag is never moved:$moved" >&2
    echo "No tag was written. Give the next version: make tags VERSION=$((last + 1))" >&2
    exit 1
fi
printf '%s' "$commands" | git update-ref --stdin
if ((new == 0)); then
    echo "All $count tags were there already, with the same hashes."
else
    echo "$count tags, $new of them new."
fi
