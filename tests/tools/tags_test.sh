#!/bin/bash
# The tags: the same hashes anywhere, never moved, and each of them, checked out alone, builds, boots and is graded as it
# should be.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/tools/course_source.sh
source "$(dirname "$0")/course_source.sh"

unset DIRTY VERSION
source=$scratch/source
tags=(chapter0-v1)
for n in 1 2 3 4 5 6; do tags+=("lab$n-v1" "solution$n-v1"); done
make_source "$source" || exit 1
cd "$source" || exit 1
make tags >"$scratch/tags.log" 2>&1 || { cat "$scratch/tags.log"; exit 1; }

# ---- The history -------------------------------------------------------------------------------------------------

test_there_are_thirteen_in_a_line() {
    local tag parent=""
    same "$(printf '%s\n' "${tags[@]}" | sort)" "$(git tag)"
    for tag in "${tags[@]}"; do
        same "$parent" "$(git rev-list --parents -n 1 "$tag" | cut -s -d ' ' -f 2-)"
        parent=$(git rev-parse "$tag")
    done
}

test_each_says_its_state() {
    local n
    same "SOL=0" "$(git show chapter0-v1:.state)"
    for n in 1 2 3 4 5 6; do
        same "LAB=$n" "$(git show "lab$n-v1:.state")"
        same "SOL=$n" "$(git show "solution$n-v1:.state")"
    done
}

test_again_gives_the_same_hashes() {
    git show-ref --tags >"$scratch/before"
    expect "All 13 tags were there already, with the same hashes." make tags
    same "" "$(git show-ref --tags | diff "$scratch/before" -)"
}

# Another folder, umask, time, locale, user and way of ending lines; and nothing of the repository is touched.
test_another_machine_gives_the_same_hashes() {
    local other=$scratch/other
    git show-ref --tags >"$scratch/before"
    (
        umask 077
        make_source "$other"
        cd "$other"
        printf '[user]\nname = Somebody\nemail = else@localhost\n[core]\nautocrlf = true\nfileMode = false\n[i18n]\ncommitEncoding = latin1\n[tar]\numask = user\n' >"$scratch/gitconfig"
        find . -name '*.cpp' -exec touch -d 2001-02-03 {} +
        git update-index -q --refresh
        sha1sum .git/index .git/HEAD >"$scratch/index"
        GIT_CONFIG_GLOBAL=$scratch/gitconfig GIT_AUTHOR_DATE="1234567890 +0200" TZ=Asia/Tokyo GIT_AUTHOR_NAME=Nobody make tags >/dev/null
        git show-ref --tags | diff "$scratch/before" -
        sha1sum --quiet -c "$scratch/index"
        same "" "$(git status --porcelain)"
        same main "$(git branch --format '%(refname:short)')"
    )
}

test_a_tag_is_never_moved() {
    local changed=$scratch/changed solution
    git clone -q "$source" "$changed"
    cd "$changed"
    git show-ref --tags >"$scratch/before"
    solution=$(echo solutions/06-*/kernel/acpi/madt.cpp)
    echo "// changed" >>"$solution"
    commit .
    refuse "never moved: solution6-v1
No tag was written. Give the next version: make tags VERSION=2" make tags
    git show-ref --tags | diff "$scratch/before" -
    expect "13 tags, 13 of them new." make tags VERSION=2
    expect "All 13 tags were there already" make tags VERSION=2
    git show-ref --tags | grep -- '-v1$' | diff "$scratch/before" -
    # What has not changed is the same commit.
    same "$(git rev-parse lab6-v1)" "$(git rev-parse lab6-v2)"
    [[ $(git rev-parse solution6-v1) != $(git rev-parse solution6-v2) ]]
    refuse "make tags VERSION=3" make -s tags
}

test_what_is_not_committed_is_not_published() {
    local dirty=$scratch/dirty
    git clone -q "$source" "$dirty"
    cd "$dirty"
    echo "// half-written" >>kernel/main.cpp
    echo "// half-written" >kernel/new.cpp
    refuse "kernel/new.cpp" make tags
    expect "All 13 tags were there already" make tags DIRTY=yes
    refuse "VERSION=one: give a number" make tags VERSION=one DIRTY=yes
    rm -rf .git
    # Not even when the folder lies in somebody else's repository.
    refuse "not a git repository of its own" make tags
}

# A chapter's start has no line of its solution or of a later one, but for what is in its own sources.
test_no_start_has_a_line_of_its_solution() {
    local n tree=$scratch/start open=(solutions/0*)
    for n in 1 2 3 4 5 6; do
        mkdir "$tree"
        git archive "lab$n-v1" | tar -x -C "$tree"
        mkdir "$tree-files"
        cp -R "$tree/kernel" "$tree/arch" "$tree/userland" "$tree-files"
        distinctive_lines "$tree-files" "${open[@]:n - 1}" >"$scratch/lines"
        same "" "$(leaks "$scratch/lines" "$tree")"
        rm -r "$tree" "$tree-files"
    done
}

# ---- Each tag by itself ------------------------------------------------------------------------------------------

# All in one clone, one after the other: compiling thirteen kernels from nothing would take minutes. That nothing but
# build/ is left over from the tag before is checked.
tree=$scratch/alone

# check_out TAG: in $tree, with the graders from here.
check_out() {
    local before
    if [[ ! -e $tree ]]; then
        git clone -q --depth 1 --branch "$1" "file://$source" "$tree" 2>/dev/null
        take_graders "$tree"
    else
        before=$(git -C "$tree" rev-parse HEAD)
        git -C "$tree" fetch -q --depth 1 origin "refs/tags/$1:refs/tags/$1"
        git -C "$tree" checkout -q "$1"
        git -C "$tree" diff --name-only "$before" HEAD -- tests | take_times "$tree"
    fi
    rm -f "$tree/compile_commands.json"
    same HEAD "$(git -C "$tree" rev-parse --abbrev-ref HEAD)"
    same '!! build/' "$(git -C "$tree" status --porcelain --ignored)"
}

# boots TREE: the kernel, started directly by QEMU, gets as far as its first line, or to where it says what is still to
# be written. Ctrl-A X ends QEMU.
boots() {
    local output=$scratch/boot sign='^Trapline on' tenths=0
    ! grep -q LAB "$1/.state" || sign+='\|^PANIC: TODO(lab'
    : >"$output"
    # shellcheck disable=SC2094  # it watches what is written
    { until grep -q "$sign" "$output" || ((++tenths > 300)); do sleep 0.1; done; printf '\001x'; } |
        timeout -k 1 60 make --no-print-directory -C "$1" run BOOT=pvh B="$objects/kernel" >"$output" 2>&1 || true
    grep -q "$sign" "$output" || { cat "$output"; return 1; }
}

# give_work TREE N: the grader compiles in a folder of its own, which gets this one's sources and what was made of them.
give_work() {
    local work=$1/$objects/grade/lab$2/work
    [[ ! -e $work ]] || return 0
    mkdir -p "$work"
    tar -C "$1" -c --exclude=./build --exclude=./.git . "./$objects/kernel" | tar -C "$work" -x
    mkdir -p "$work/build"
    [[ $objects == build ]] || mv "$work/$objects/kernel" "$work/build/kernel"
}

# check_tag TAG N: builds, boots and grades it.
check_tag() {
    local points
    check_out "$1"
    make -C "$tree" all B="$objects/kernel" >"$scratch/make.log" 2>&1 || { cat "$scratch/make.log"; return 1; }
    boots "$tree"
    if [[ $1 == chapter* ]]; then
        refuse "Say what to grade" make -C "$tree" grade
    else
        points=100
        [[ $1 == solution* ]] || points=$(start_score "$tree"/labs/0"$2"-*)
        give_work "$tree" "$2"
        graded "$points" make -C "$tree" grade B="$objects/kernel"
        # Who has not begun a part is not told how it goes.
        [[ $1 != lab5-* ]] || grep -q "Likely cause: Part 5.1 is still to be written" "$scratch/grade.log"
    fi
    # Nothing of what was built is taken for a source.
    same "" "$(git -C "$tree" status --porcelain)"
}

make_graders || exit 1
for index in "${!tags[@]}"; do
    eval "test_z$(printf %02d "$index")_${tags[index]//-/_}_alone() { check_tag ${tags[index]} $(((index + 1) / 2)); }"
done

run_tests
