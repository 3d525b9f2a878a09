#!/bin/bash
# The handouts and README.md: every command that they show is run as a learner runs it, and must show what they say; every
# picture is what the code says.
# The tests are called by their names, which shellcheck can't see; the backticks are Markdown's.
# shellcheck disable=SC2317,SC2016

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/tools/course_source.sh
source "$(dirname "$0")/course_source.sh"

# Everything happens in a copy, whose learner's files are solved further and further.
tree=$scratch/tree
make_source "$tree" || exit 1
mkdir -p "$tree/build/test"
export PYTHONDONTWRITEBYTECODE=1

# take STATE...: what the tree under test has built of a solution.
take() {
    local state
    for state in "$@"; do cp -Rp "$build/$state" "$tree/build/"; done
}

# seed FROM TO DIFFERENT LAB...: the build folder TO from FROM, which the tree under test has: all but what used a file
# whose path matches the regular expression DIFFERENT. LAB... are make's arguments that build in TO.
seed() {
    local from=$1 to=$tree/build/$2 different=$3
    shift 3
    cp -Rp "$build/$from" "$to"
    # Without these nobody would miss the objects that go.
    find "$to" \( -name '*.elf' -o -name initramfs.cpio \) -delete
    { grep -rlE --include='*.d' "$different" "$to" || true; } | sed 's/\.d$//' | xargs -r rm -f
    find "$to" -name '*.d' -exec sed -i "s|build/$from/|build/${to##*/}/|g" {} +
    # The records of the options name another folder, which changes nothing in the objects.
    make -n -C "$tree" "$@" all >/dev/null
    find "$to" -maxdepth 1 -name '*.txt' -exec touch -d 2000-01-01 {} +
}

# The files in which the macro FRAME_CHECKS makes a difference.
checked='/frame_check|/frame_report|/syscall_frame\.h|/interrupt_check\.h'

# sessions [CHAPTER:]DOCUMENT: a chapter's without GRUB, which takes longer and shows the same.
sessions() {
    local boot=()
    [[ $1 != *:* ]] || boot=(BOOT=pvh)
    (cd "$tree" && env "${boot[@]}" "$root/tests/handouts/run.py" "$tree" "$1")
}

test_the_pictures_are_what_the_code_says() {
    expect "are what the code says" make pictures CHECK=yes
}

test_a_picture_that_is_not_is_found() {
    make pictures CHECK=yes >/dev/null
    local draw=(tests/pictures/draw.py --check "$build") page=$scratch/page.md
    sed 's/rsp0 .*| the stack/rsp1        | the stack/' labs/01-gdt-tss/README.md >"$page"
    refuse "+         4 | rsp0 " "${draw[@]}" "$page"
    printf '<!-- picture: nothing -->\n<!-- end -->\n' >"$page"
    refuse "there is no picture nothing" "${draw[@]}" "$page"
    printf '<!-- picture: tss -->\n' >"$page"
    refuse 'needs an "<!-- end -->"' "${draw[@]}" "$page"
}

# shown TEXT: a document.
shown() {
    printf '%b' "$1" >"$scratch/shown.md"
}

test_what_differs_is_found() {
    local run=(tests/handouts/run.py "$tree")
    shown '    $ echo a; echo b\n    a\n    b\n\n    $ seq 9\n    1\n    …\n    9\n'
    expect "" "${run[@]}" "$scratch/shown.md"
    shown '    $ echo a; echo b\n    a\n'
    refuse '+b' "${run[@]}" "$scratch/shown.md"
    shown '    $ seq 9\n    …\n    8\n'
    refuse 'shown.md:1: $ seq 9' "${run[@]}" "$scratch/shown.md"
    shown '    $ echo from 1 to 2\n    from … to 3\n'
    refuse '+from 1 to 2' "${run[@]}" "$scratch/shown.md"
    shown 'Say `make LAB=1 run`.\n'
    refuse 'no comment says why' "${run[@]}" "1:$scratch/shown.md"
    shown 'Say `make LAB=1 run`.\n\n<!-- not run\nmake LAB=1 run: why\n-->\n'
    expect "" "${run[@]}" "1:$scratch/shown.md"
    shown '<!-- not run\nmake LAB=1 run: why\n-->\n'
    refuse 'the text has no such command' "${run[@]}" "1:$scratch/shown.md"
}

test_chapter_0() {
    take sol0
    sessions labs/00-tour/README.md
}

test_chapter_1() {
    take sol0
    seed sol1 lab1 solutions/01-gdt-tss/ LAB=1
    sessions 1:labs/01-gdt-tss/README.md
}

test_chapter_2() {
    seed sol2 lab2 solutions/02-syscall/ LAB=2
    sessions 2:labs/02-syscall/README.md
}

test_chapter_3() {
    seed sol3 lab3 solutions/03-globals-bug/ LAB=3
    seed sol3 lab3+FRAME_CHECKS "solutions/03-globals-bug/|$checked" LAB=3 INSTRUMENT=yes
    sessions 3:labs/03-globals-bug/README.md
}

test_chapter_4() {
    seed sol4 lab4 solutions/04-rflags/ LAB=4
    sessions 4:labs/04-rflags/README.md
}

test_chapter_5() {
    seed sol5 lab5 solutions/05-pcr-swapgs/ LAB=5
    sessions 5:labs/05-pcr-swapgs/README.md
}

test_chapter_6() {
    seed sol6 lab6 solutions/06-smp/ LAB=6
    sessions 6:labs/06-smp/README.md
}

test_the_other_documents() {
    local page
    take sol2 sol3
    for page in README.md docs/*.md; do
        [[ ! -e $page ]] || sessions "$page"
    done
}

run_tests
