# shellcheck shell=bash
# Builds variants of a state for the tests that compare them. Variables: variants, the folder in which each variant has
# a folder of its own; cxx, the compiler; defines, if it is set, options that define macros.

: "${variants:?}" "${cxx:?}"

# make_tree STATE FOLDER: builds the kernel of a state, such as SOL=3, as a tree of its own in FOLDER/tree. Files that are
# the same as the last time keep their times, so that only what has changed is compiled.
make_tree() {
    local state=$1 tree=$2/tree new=$2/new file
    rm -rf "$new"
    make tree LAB= "$state" DIR="$new" >/dev/null
    if [[ -d $tree/build ]]; then
        (cd "$new" && find . -type f) | while read -r file; do
            if cmp -s "$tree/$file" "$new/$file"; then touch -r "$tree/$file" "$new/$file"; else touch "$new/$file"; fi
        done
        mv "$tree/build" "$new/build"
    fi
    rm -rf "$tree"
    mv "$new" "$tree"
    compile_tree "$tree"
}

compile_tree() {
    make --no-print-directory -C "$1" SOL= LAB= B=build CXX="$cxx" OPT=-O2 DEFINES="${defines:-}" INSTRUMENT= CHECK_LOCKS= build/trapline.elf
}

# ablate PATCH BASE: the kernel of a copy of BASE/tree with a patch. A patch that no longer fits is an error.
ablate() {
    local folder base=$2/tree
    folder=$variants/$(basename "$1" .patch)
    [[ ! $folder/trapline.elf -nt $base/build/trapline.elf || ! $folder/trapline.elf -nt $1 ]] || return 0
    rm -rf "$folder"
    mkdir -p "$folder"
    cp -Rp "$base" "$folder/tree"
    if ! patch -s -p1 -F0 -d "$folder/tree" <"$1" >"$folder/patch.log"; then
        echo "$1 does not fit the sources any more:" >&2
        cat "$folder/patch.log" >&2
        exit 1
    fi
    compile_tree "$folder/tree"
    mv "$folder/tree/build/trapline.elf" "$folder/trapline.elf"
    rm -rf "$folder/tree"
}
