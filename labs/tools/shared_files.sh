# shellcheck shell=bash
# What every tree and release has besides a state's own files, and what of it would give a solution away.

# copy_shared DIR CHAPTER CLOSED: copies it for trees in which chapter CHAPTER is the highest, and the solutions up to
# chapter CLOSED may be seen.
copy_shared() {
    local dir=$1 chapter=$2 closed=$3 shared folder number page
    mkdir -p "$dir/labs"
    # Of the tests those of the graders: the course's own tests would need all of its states, and show too much.
    for shared in Makefile README.md LICENSE Doxyfile .clang-format .clang-tidy .editorconfig .gitignore docs labs/tools \
        tests/*.mk tests/explore tests/grader tests/harness tests/labs tests/system tests/tools/available_tests.awk tests/tools/bench*; do
        [[ ! -e $shared ]] || { mkdir -p "$dir/$(dirname "$shared")" && cp -Rp "$shared" "$dir/$shared"; }
    done
    rm -f "$dir"/tests/system/*_test.cpp
    # What the closed chapters' solutions say in words.
    for page in solutions/0*/*.md; do
        (($(chapter_of "$(dirname "$page")") > closed)) || { mkdir -p "$dir/$(dirname "$page")" && cp -p "$page" "$dir/$page"; }
    done
    for folder in labs/0*/ tests/labs/0*/; do
        number=$(chapter_of "$folder")
        if ((number > chapter)); then
            [[ $folder != tests/* ]] || rm -rf "${dir:?}/$folder"
            continue
        fi
        for page in "$folder"README.md "$folder"lab.txt; do
            [[ ! -e $page ]] || { mkdir -p "$dir/$folder" && cp -p "$page" "$dir/$page"; }
        done
    done
    ((closed >= 3)) || rm -rf "$dir/labs/tools/model"
    close_pages "$dir"
    for page in docs/design.md docs/debugging.md; do
        [[ ! -e $page ]] || closed_sections <"$page" >"$dir/$page"
    done
}

# chapter_of FOLDER: the number in a name such as labs/03-globals-bug/ or labs/00-tour/; 9 when there is none.
chapter_of() {
    local name
    name=$(basename "$1")
    [[ $name =~ ^0([0-9])- ]] && echo "${BASH_REMATCH[1]}" || echo 9
}

# For copy_shared: of a page that says "spoils chapter N" while N is open, the title alone is left, so that no link to it
# breaks.
close_pages() {
    local page number
    { grep -rl --include='*.md' '^<!-- spoils chapter [1-6] -->$' "$1/docs" || true; } | while read -r page; do
        number=$(sed -n 's/^<!-- spoils chapter \([1-6]\) -->$/\1/p;T;q' "$page")
        ((number > closed)) || continue
        sed -i '1!d' "$page"
        printf '\nThis page tells what chapter %s is about to find out. It comes with the release that closes that chapter.\n' "$number" >>"$page"
    done
}

# unlink_page TARGET PAGE: the texts of links to what begins so, without the links.
unlink_page() {
    sed -i "s|\[\([^]]*\)\]($1[^)]*)|\1|g" "$2"
}

# unlink_missing DIR: in all pages of DIR, the texts of links to what is not in it, without the links.
unlink_missing() {
    local link page target
    while IFS= read -r link; do
        page=${link%%:](*} target=${link#*:](}
        target=${target%)}
        [[ $target == *:* || $target == \#* || $target != *[./]* || -e ${page%/*}/${target%%#*} ]] || unlink_page "$target" "$page"
    done < <(grep -roE --include='*.md' '\]\([^) ]+\)' "$1" | sort -u)
}

# For copy_shared: a page without the sections whose titles name an open chapter.
closed_sections() {
    awk -v closed="$closed" '
        /^## / { hidden = match($0, /[Cc]hapter [1-9]/) && substr($0, RSTART + 8, 1) > closed }
        !hidden'
}

# lab_files FOLDER: the files that the learner of the chapter in FOLDER writes.
lab_files() {
    awk '$1 == "file" { print $2 }' "$1/lab.txt"
}

# start_of FOLDER FILE OUT: writes to OUT what FILE is at the start of the chapter in FOLDER: a tree or release has a
# copy, a git repository the committed one. Fails if there is neither.
start_of() {
    if [[ -e $1/start/$2 ]]; then
        cat "$1/start/$2" >"$3"
    elif [[ ! -e .state && ! -e .release ]]; then
        git show "${REF:-HEAD}:./$1/$2" >"$3" 2>/dev/null
    else
        false
    fi
}

# keep_starts FOLDER DIR: puts the start of the chapter in FOLDER into DIR/FOLDER/start, for `make reset`.
keep_starts() {
    local file start
    for file in $(lab_files "$1"); do
        start=$2/$1/start/$file
        mkdir -p "$(dirname "$start")"
        start_of "$1" "$file" "$start" || cat "$1/$file" >"$start"
    done
}
