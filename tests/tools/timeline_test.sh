#!/bin/bash
# `make timeline`: what it records of each chapter's kernel, its page in a browser, and that it leaves nothing behind.
# The screenshots stay in build/test/timeline-shots.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
tests/tools/trace_variants.sh "${build#"$root"/}" 3 4 5 6 >/dev/null || exit 1
shots=$build/test/timeline-shots
mkdir -p "$shots"

own_tmpdir
export PYTHONDONTWRITEBYTECODE=1

# value STATE EXPRESSION: of events.json, which is called d.
value() {
    python3 -c "import json, sys; d = json.load(open(sys.argv[1])); print($2)" "$build/$1+TRACE/events.json"
}

# browse STATE COMMAND...: the state's page in a browser, at a desktop's size.
browse() {
    local page=$build/$1+TRACE/timeline.html
    shift
    timeout -k 1 60 python3 tests/tools/browser.py "$TMPDIR" "size 1400 900" light "open $page" "$@"
}

test_chapter_3_shows_who_came_to_whose_stack() {
    expect "init enters the kernel on sh's kernel stack." make SOL=3 timeline
    same "" "$(python3 tests/tools/timeline_check.py "$build/sol3+TRACE")"
    same "True 2 6" "$(value sol3 'd["corruption"] < d["panic"]["n"], d["panic"]["pid"], d["panic"]["vector"]' | tr -d '(),')"
    # The tick lies between sh's publication of init and its switch, with IF on.
    same "the window opens, a tick in the window, the corruption, the panic" "$(value sol3 '", ".join(m["title"]
        for m in d["story"] if m["title"] in ("the window opens", "a tick in the window", "the corruption", "the panic"))')"
    same "[(2, 2, 1, True, 0)]" "$(value sol3 '[tuple(d["events"][m["n"]][k] for k in ("running", "on_stack_of", "published",
        "interrupted_if", "ring")) for m in d["story"] if m["title"] == "a tick in the window"]')"
    expect_nothing_left
}

test_the_page_shows_the_overlap() {
    local corruption panic
    corruption=$(value sol3 'd["corruption"]') panic=$(value sol3 'd["panic"]["n"]')
    browse sol3 'eval document.body.dataset.step' 'eval document.getElementById("verdict").textContent' \
        'eval [...document.querySelectorAll("#lanes [data-task]")].map(t => t.dataset.task).join()' \
        'eval document.querySelectorAll("#lanes [data-wrong]").length > 0' \
        'eval document.querySelector("[data-mark=corruption]") !== null' \
        'eval document.querySelector("[data-stack=sh]").dataset.foreign' "shot $shots/sol3-desktop-light.png" \
        'key ArrowRight' 'eval document.body.dataset.step' 'key ArrowLeft' 'key ArrowLeft' 'eval document.body.dataset.step' \
        'key p' 'eval document.body.dataset.step' 'key Home' 'eval document.body.dataset.step' 'key c' \
        'eval document.body.dataset.step' 'click #story li:last-child button' 'eval document.body.dataset.step' 'key t' \
        "shot $shots/sol3-desktop-tick.png" 'key c' dark "shot $shots/sol3-desktop-dark.png" 'size 390 844' \
        "shot! $shots/sol3-phone-dark.png" light "shot! $shots/sol3-phone-light.png" \
        'eval document.documentElement.scrollWidth' requests >"$scratch/said"
    same "$(cat <<END
$corruption
init entered the kernel on sh's kernel stack (step $corruption); $((panic - corruption)) steps later sh was at $(
        value sol3 'hex(d["panic"]["rip"])'), and the kernel panicked.
klogd,init,sh
true
true
init
$((corruption + 1))
$((corruption - 1))
$panic
0
$corruption
$panic
390
file://$build/sol3%2BTRACE/timeline.html
END
    )" "$(cat "$scratch/said")"
    expect_nothing_left
}

# nobody_on_a_wrong_stack STATE: it has been recorded; neither the events nor any part of the page show an overlap.
nobody_on_a_wrong_stack() {
    same "" "$(python3 tests/tools/timeline_check.py "$build/$1+TRACE")"
    same "None None []" "$(value "$1" 'd["corruption"], d["panic"], d["story"]' | tr -d '(),')"
    same $'No task entered the kernel on another task\'s kernel stack.\ntrue\nfalse\n0' "$(browse "$1" \
        'eval document.getElementById("verdict").textContent' 'eval events.length > 500' \
        'eval events.some(e => isEntry(e) && isWrong(e.running, e.on_stack_of))' \
        'eval document.querySelectorAll("[data-wrong]").length' "shot $shots/$1-desktop-light.png")"
    expect_nothing_left
}

test_chapter_4_shows_none() {
    expect "The ring is full" make SOL=4 timeline WAIT=1
    nobody_on_a_wrong_stack sol4
}

test_chapter_5_shows_real_work_and_none() {
    expect 'The shell has done "echo hello | cat"' make SOL=5 timeline TYPE="echo hello | cat"
    same "True True" "$(value sol5 '"cat" in [t["name"] for t in d["tasks"]],
        {"fork", "execve", "wait4"} <= {e.get("name") for e in d["events"]}' | tr -d '(),')"
    nobody_on_a_wrong_stack sol5
}

test_chapter_6_has_a_lane_for_each_processor() {
    expect 'on 2 CPUs' make SOL=6 CPUS=2 timeline TYPE="cat /proc/cpuinfo | wc"
    same "[0, 1]" "$(value sol6 'sorted({e["cpu"] for e in d["events"]})')"
    same "['cat', 'wc']" "$(value sol6 'sorted(t["name"] for t in d["tasks"] if t["pid"] > 2)')"
    same "2" "$(browse sol6 'eval document.querySelectorAll("#lanes [data-lane]").length')"
    nobody_on_a_wrong_stack sol6
}

test_an_ordinary_kernel_has_nothing_of_it() {
    same "" "$(nm "$build/sol3/trapline.elf" | grep -i trace_ || true)"
    BOOT=pvh refuse "This kernel keeps no trace: build it with TRACE=yes" labs/tools/gdb/batch.sh "$build/sol3" gdb timeline.py
}

test_what_goes_wrong_is_said_in_one_line() {
    local traced=$build/sol3+TRACE job status=0
    export BOOT=pvh TRAPLINE_STATE=SOL=3
    refuse 'There is no state "SOL=9" here' make SOL=9 timeline
    refuse "WAIT=soon: give a number of seconds" make SOL=3 timeline WAIT=soon
    refuse "The shell did not ask for a key within 0.02 s" make SOL=3 timeline WAIT=0.02
    refuse "QEMU did not start" labs/tools/gdb/batch.sh "$traced" gdb timeline.py -no-such-option
    # Without programs the kernel stops before anything is recorded.
    mkdir -p "$scratch/empty"
    cp "$traced/trapline.elf" "$scratch/empty"
    : >"$scratch/empty/initramfs.cpio"
    refuse 'The kernel stopped before it had a prompt. Its last words: "Trapline can'"'"'t start: ' labs/tools/gdb/batch.sh "$scratch/empty" gdb timeline.py
    # A QEMU that is killed while it records. (bash may say so as well.)
    rm -f "$build/sol5+TRACE/watch-serial.log"
    WAIT=60 labs/tools/gdb/batch.sh "$build/sol5+TRACE" gdb timeline.py >"$scratch/killed" 2>&1 &
    job=$!
    for ((tries = 0; tries < 100; ++tries)); do
        grep -q 'trapline\$' "$build/sol5+TRACE/watch-serial.log" 2>/dev/null && break
        sleep 0.05
    done
    kill -KILL "$(pgrep -f "qemu-system-x86_64.*$TMPDIR")"
    wait "$job" || status=$?
    # The prompt is there a little before the shell asks for a key, from where on it records; it stops at times to look.
    same "1 QEMU ended while recording." \
        "$status $(sed "/ Killed /d; s/waiting for the shell's prompt\|gdb looked at the guest/recording/" "$scratch/killed")"
    expect_nothing_left
}

# In a script's hands, between two runs.
test_a_qemu_that_dies_while_it_stands_still() {
    cat >"$scratch/kill.py" <<END
import subprocess, sys
sys.path.insert(0, "$root/labs/tools/gdb")
import hunt
from trapline import main, read_word

def body():
    hunt.connect()
    subprocess.run(["pkill", "-KILL", "-f", "qemu-system-x86_64.*$TMPDIR"], check=True)
    return read_word(0x1000)

main(body)
END
    BOOT=pvh refuse "QEMU ended while gdb looked at the guest." \
        labs/tools/gdb/batch.sh "$build/sol3+TRACE" gdb "$(realpath --relative-to=labs/tools/gdb "$scratch/kill.py")"
    expect_nothing_left
}

test_the_driver_reports_what_a_page_does_wrong() {
    echo '<body><script>setTimeout(() => nothing.there, 0)</script>' >"$scratch/bad.html"
    refuse "nothing is not defined" python3 tests/tools/browser.py "$TMPDIR" "open $scratch/bad.html" "eval 1"
    refuse "there is no such file" python3 tests/tools/browser.py "$TMPDIR" "open $scratch/none.html"
    CHROMIUM=no-such-browser refuse "no-such-browser is not installed" python3 tests/tools/browser.py "$TMPDIR" "eval 1"
    expect_nothing_left
}

run_tests
