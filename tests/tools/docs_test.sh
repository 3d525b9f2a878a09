#!/bin/bash
# The site that `make docs` makes: no warning, no link to nothing, and what a browser makes of it.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/tools/course_source.sh
source "$(dirname "$0")/course_source.sh"

html=$root/build/docs/html
# Screenshots stay, to be looked at.
shots=$root/build/docs/screenshots
mkdir -p "$shots"
# A copy to make mistakes in.
copy=$scratch/copy
make_source "$copy"

make docs >"$scratch/docs.log" 2>&1 || { cat "$scratch/docs.log"; exit 1; }

# browse COMMAND...: what browser.py prints; it fails when a page reports an error.
browse() {
    timeout 60 python3 tests/tools/browser.py "$scratch" "$@"
}

test_every_link_leads_somewhere() {
    python3 tests/tools/links.py "$html"
    # That it would find them.
    mkdir "$scratch/broken"
    echo '<a href="gone.html">x</a> <a href="#gone">x</a> <a id="here" href="a.html#here">x</a>' >"$scratch/broken/a.html"
    echo 'const searchIndex = [["x","page","a.html#gone",""]]' >"$scratch/broken/search-index.js"
    same "a.html: #gone: no such place
a.html: gone.html: no such file
search-index.js: a.html#gone: no such place" "$(python3 tests/tools/links.py "$scratch/broken")"
}

test_every_page_has_a_place() {
    local page
    while read -r page; do
        grep -qF " build/docs/source/$page" build/docs/pages.doxy || { echo "$page is not in labs/tools/site/contents.txt"; return 1; }
    done < <(find README.md docs labs userland tests -name '*.md' -printf '%p\n' | sort)
}

test_pages_named_in_sources_exist() {
    local found=0 path
    while read -r path; do
        found=$((found + 1))
        # Stands for any chapter's: labs/05-*/README.md.
        compgen -G "$path" >/dev/null || { echo "$path is named, and is not there"; return 1; }
    done < <(grep -rhoE '\b(docs|labs|tests|userland)/[][A-Za-z0-9_/*-]+\.md\b' Makefile kernel arch labs solutions userland tests \
        --include=Makefile --include='*.h' --include='*.cpp' --include='*.S' --include='*.txt' --include='*.mk' --exclude=contents.txt | grep -v 'labs/NN-name' | sort -u)
    ((found >= 5))
}

# "States are layers" in docs/design.md
test_headings_named_in_sources_exist() {
    local name page found=0
    while IFS='|' read -r name page; do
        found=$((found + 1))
        grep -qE "^#+ $name( \{#.*)?$" "$page" || { echo "$page has no heading \"$name\""; return 1; }
    done < <(grep -rhoE '"[^"]+" in docs/[a-z/-]+\.md' kernel arch labs solutions userland tests docs | sed 's/^"\(.*\)" in /\1|/' | sort -u)
    ((found >= 1))
}

test_sections_that_hints_name_are_in_the_handout() {
    local lab n section found
    for lab in labs/0[1-9]*/; do
        n=${lab:6:1} found=0
        while read -r section; do
            found=$((found + 1))
            grep -qE "^##+ ${section}[ .:]" "${lab}README.md" || { echo "${lab}README.md has no section $section"; return 1; }
            grep -q "id=\"chapter$n-${section/./}[-\"]" "$html/chapter$n.html" || { echo "chapter$n.html has no section $section"; return 1; }
        done < <({
            grep -rhoE '\.section = "[0-9.]+"' "tests/$lab" | grep -oE '[0-9]+\.[0-9]+'
            grep -rhoE "TODO\(lab$n\.[0-9]+\)" "$lab" | grep -oE '[0-9]+\.[0-9]+'
        } | sort -u)
        ((found >= 2)) || { echo "$lab: hardly any section is named"; return 1; }
    done
}

test_mistakes_are_named() {
    cd "$copy"
    echo "See [it](gone.md), [this](design.md#gone)." >>docs/grader.md
    sed 's|^boot |&nothing/*|; s| kernel/fs/\* | |' labs/tools/site/groups.txt >"$scratch/groups" && cp "$scratch/groups" labs/tools/site/groups.txt
    refuse "a link to gone.md, which is not there" make docs
    refuse "docs/design.md has no heading #gone" make docs
    refuse "kernel/fs/vfs.h: is in no subsystem" make docs
    git checkout -q docs labs
    sed -i 's|^/// The root directory\. .*||' kernel/fs/vfs.h
    refuse "root_inode() (function) of group files is not documented" make docs
    git checkout -q kernel
}

test_the_site_of_a_release() {
    cd "$copy"
    make release CLASS="$scratch/class" UPTO=3 >/dev/null
    cd "$scratch/class"
    expect "build/docs/html/index.html" make docs LAB=3 GRAPHS=NO
    [[ -e build/docs/html/chapter3.html && ! -e build/docs/html/chapter4.html ]]
    # What it would spoil has its title only.
    grep -q "It comes with the release that closes that chapter" build/docs/html/the_bug.html
    python3 "$root/tests/tools/links.py" build/docs/html
    # The learner's start, with its tasks, is what is shown.
    grep -q "TODO(lab3" build/docs/html/idle_8cpp_source.html
}

test_in_a_browser() {
    local wait="eval new Promise(done => setTimeout(done, 300))" output
    # Is the page as wide as the screen, and no wider?
    local fits="eval document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth"
    local hits="eval new Promise(done => setTimeout(() => done([...document.querySelectorAll('#site-results a')].map(a => a.textContent).join(' | ')), 400))"
    browse "size 1400 900" "open $html/index.html" "$wait" "eval document.querySelector('.title').textContent.trim()" "shot $shots/front.png" \
        "eval [...document.querySelectorAll('#nav-tree .label a')].map(a => a.textContent).join(' | ')" \
        "open $html/chapter5.html" "$wait" "shot $shots/chapter5.png" "eval document.querySelectorAll('.interactive-toc a, .toc a').length > 8" \
        "key /" "key s" "key w" "key a" "key p" "key g" "key s" "$hits" "shot $shots/search.png" \
        "key ArrowDown" "key Enter" "$wait" "eval location.pathname.split('/').pop()" \
        "open $html/structProcessorControlRegion.html" "$wait" "shot $shots/class.png" "eval document.body.textContent.includes('rsp0 serves SYSCALL')" \
        "dark" "open $html/chapter5-changes.html" "$wait" "shot $shots/changes-dark.png" "eval document.documentElement.classList.contains('dark-mode')" \
        "eval document.querySelectorAll('details.change').length > 5" "open $html/chapter3.html" "$wait" "shot $shots/chapter3-dark.png" \
        "light" "size 390 800" "open $html/index.html" "$wait" "shot $shots/front-phone.png" "$fits" "open $html/chapter1.html" "$wait" "shot $shots/chapter1-phone.png" "$fits" \
        "open $html/structProcessorControlRegion.html" "$wait" "shot $shots/class-phone.png" "$fits" \
        "open $html/chapter5-changes.html" "$fits" "open $html/group__tasks.html" "$fits" "open $html/switch_8S_source.html" "$fits" >"$scratch/browser.log"
    mapfile -t output < <(grep -v '^null$' "$scratch/browser.log")
    same "Trapline" "${output[0]}"
    [[ ${output[1]} == "Trapline | The course | "*" | Subsystems | "* ]] || { echo "tree: ${output[1]}"; return 1; }
    same "true" "${output[2]}"
    [[ ${output[3]} == "SWAPGS parity"*"Chapter 5"* && ${output[3]} == *"arch/x86_64/interrupt_entry.S"* ]] || { echo "found: ${output[3]}"; return 1; }
    same "swapgs_parity.html" "${output[4]}"
    same "true true true true true true true true true" "${output[*]:5}"
}

test_serving() {
    local port=$((20000 + RANDOM % 20000)) pid status=0
    refuse "PORT=many: give a number from 1 to 65535" labs/tools/site/serve.py "$html" many
    labs/tools/site/serve.py "$html" "$port" >"$scratch/serve.log" 2>&1 &
    pid=$!
    for _ in {1..50}; do
        grep -q "http://127.0.0.1:$port/" "$scratch/serve.log" && break
        sleep 0.1
    done
    expect "Trapline" python3 -c "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:$port/').read().decode())"
    refuse "Port $port can't be used (Address already in use)" labs/tools/site/serve.py "$html" "$port"
    kill -TERM "$pid"
    wait "$pid" || status=$?
    same "0" "$status"
}

run_tests
