# shellcheck shell=bash
# For the tests of what is published: the tree under test as a repository of its own, and the search for lines of
# solutions. Variables: root, scratch (lib.sh).

: "${root:?}" "${scratch:?}"

# Git as it comes, whatever this machine's user has set.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

# make_source DIR: the sources as they are now, committed in a new repository. Nothing of this is what the tree's own
# repository knows: the tests hold for what is not committed yet, and for a tree that has no repository.
make_source() {
    mkdir -p "$1"
    tar -C "$root" -c --exclude=./build --exclude=./.git --exclude='./labs/*/kept' . | tar -C "$1" -x
    git -C "$1" init -q -b main
    commit "$1"
}

# commit DIR: everything in it.
commit() {
    git -C "$1" add -A
    git -C "$1" -c user.name=Test -c user.email=test@localhost commit -q -m "sources"
}

# distinctive_lines LEGITIMATE OPEN...: each line of the files below the folders OPEN, without the spaces around it, that
# has at least 20 characters, is no #include, and is not part of any file below LEGITIMATE.
distinctive_lines() {
    local legitimate=$1
    shift
    find "$legitimate" -type f -exec cat {} + >"$scratch/legitimate"
    # The first file as one record: a byte that no source has ends it.
    find "$@" -type f -exec cat {} + | awk '
        FILENAME != "-" { text = $0; next }
        { gsub(/^[ \t]+|[ \t]+$/, "") }
        length($0) >= 20 && !/^#[ ]*include/ && !seen[$0]++ && !index(text, $0)' RS='\001' "$scratch/legitimate" RS='\n' -
}

# leaks LINES DIR: where a line of the file LINES stands in DIR, whatever stands around it. Fails if LINES has few lines:
# then there is nothing to look for, and nothing found would mean nothing.
leaks() {
    local count
    count=$(wc -l <"$1")
    ((count >= 20)) || { echo "only $count distinctive lines to look for"; return 1; }
    grep -rnF --exclude-dir=.git --exclude-dir=build -f "$1" "$2" || true
}
