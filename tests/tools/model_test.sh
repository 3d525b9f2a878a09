#!/bin/bash
# `make model`: the verdicts, that they are not empty ones, and that a recorded run is followed and a false one is not.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
model=$root/labs/tools/model/kernel.pml
# A run of chapter 3 as make SOL=3 timeline recorded it, from the fifth of the system calls before the panic on.
recorded=tests/tools/model_events.json

# What one run of make model says.
modelled() {
    [[ -s $scratch/modelled ]] || make model EVENTS="$recorded" >"$scratch/modelled" || { cat "$scratch/modelled"; return 1; }
    cat "$scratch/modelled"
}

test_each_variant_gets_its_verdict() {
    modelled >/dev/null
    same "globals (chapters 2, 3) 1 counterexample
globals, RFLAGS saved (chapter 4) 1 none
globals, RFLAGS saved (chapter 4) 2 counterexample
PCR, RFLAGS not saved 1 counterexample
PCR, RFLAGS saved (chapter 5) 1 none
PCR, RFLAGS saved (chapter 6) 2 none" \
        "$(sed -n '2,/^$/p' "$scratch/modelled" | awk 'NF { $NF = $(NF - 1) = $(NF - 2) = ""; $1 = $1; print }' | sed 's/ *$//')"
    same "" "$(awk 'length > 128' "$scratch/modelled")"
}

# said TEXT...: make model says these, in this order. Its lines are filled, so they are one here.
said() {
    local text rest
    rest=$(modelled | tr -s ' \n' ' ')
    for text in "$@"; do
        [[ $rest == *"$text"* ]] || { echo "no \"$text\" behind what came before in:"; modelled; return 1; }
        rest=${rest#*"$text"}
    done
}

test_the_way_to_the_panic_is_told_as_in_the_story_of_the_bug() {
    said "The shortest way to the panic with one tick" \
        "switch_context gives the processor to sh, which goes on with IF=1, as klogd had it." \
        "sh (IF=1) calls schedule(), which publishes init's stack. sh still runs." \
        "A tick, in schedule() behind publish_kernel_stack(): IF is 1. Its handler runs on sh's kernel stack, while init's is published." \
        "The interrupted schedule() goes on where it was: switch_context(sh, init) gives the processor to init" \
        "with sh's stack still published." \
        "init calls sched_yield(): syscall_entry takes the published stack, sh's, and its pushes overwrite sh's frame." \
        "sysretq takes sh to ring 3 with the return address of init: the panic."
}

test_with_a_second_processor_it_takes_no_tick() {
    said "The shortest way to the panic with no tick at all" \
        "CPU 0: klogd (IF=1) calls schedule(), which publishes init's stack. klogd still runs." \
        "CPU 1: sh calls read(): syscall_entry takes the published stack, init's" \
        "CPU 0: iretq takes init to ring 3 with the return address of sh: the panic."
}

# searched FILE DEFINE...: what pan says of a model, by the commands of docs/model.md.
searched() {
    local file=$1
    shift
    rm -rf "$scratch/pan" && mkdir "$scratch/pan"
    (cd "$scratch/pan" && spin -a "$@" "$file" >spin.log && gcc -w -DBFS -DSAFETY -DMEMLIM=2000 -o pan pan.c && ./pan -w20)
}

# changed CHANGE DEFINE...: the verdict on the model with a change by sed.
changed() {
    local change=$1 said
    shift
    sed -E "$change" "$model" >"$scratch/changed.pml"
    [[ -z $change ]] || ! cmp -s "$model" "$scratch/changed.pml" || { echo "no change: $change"; return 1; }
    said=$(searched "$scratch/changed.pml" "$@")
    case $said in
        *"assertion violated (cpu[me].stack==cpu[me].cr3)"*"errors: 1"*) echo breaks ;;
        *"Search not completed"*) echo "not complete" ;;
        *"errors: 0"*) echo holds ;;
        *) echo "$said" ;;
    esac
}

chapter3=(-DCPUS=1 -DRFLAGS=0 -DPCR=0)
chapter4=(-DCPUS=1 -DRFLAGS=1 -DPCR=0)
chapter6=(-DCPUS=2 -DRFLAGS=1 -DPCR=1)

test_what_a_cure_consists_of_is_needed() {
    # nothing published; system calls with interrupts on; kernel threads preempted as well
    same breaks "$(changed 's/kernel_stack\[OWN\] = NEXT;//' "${chapter4[@]}")"
    same breaks "$(changed 's/(RIP == program ->) IF = 0;/\1/' "${chapter4[@]}")"
    same breaks "$(changed 's/(RIP == interrupt_dispatch) && is_user\(STACK\)/\1/' "${chapter4[@]}")"
    # prev given to others while the processor is still on its stack
    same breaks "$(changed 's/task\[PREV\]\.rsp = DEPTH;/task[PREV].running = 0; &/' "${chapter6[@]}")"
}

# As measured in boots: see the tests BugSensitivity.
test_what_takes_the_bug_away_does_so_here() {
    # no tick; klogd leaving its interrupts off; init before sh in the queue
    same holds "$(changed '' "${chapter3[@]}" -DTICKS=0)"
    same holds "$(changed 's/(RIP == irq_enable ->) IF = 1/\1 IF = 0/' "${chapter3[@]}")"
    same holds "$(changed 's/NEXT = \(STACK \+ 1\) % 3/NEXT = (STACK + 2) % 3/' "${chapter3[@]}")"
}

# seen NAME=CONDITION... -- DEFINE...: those of the conditions that hold in some reachable state. A claim that allows
# everything looks on; spin lists what it never came to say.
seen() {
    local condition
    {
        echo "#include \"$model\""
        echo "never { do"
        while [[ $1 != -- ]]; do
            condition=${1#*=}
            echo ":: $condition -> printf(\"<${1%%=*}>\")"
            all+=" ${1%%=*}"
            shift
        done
        echo ":: true od }"
    } >"$scratch/seen.pml"
    shift
    searched "$scratch/seen.pml" "$@" >"$scratch/seen"
    grep -q "errors: 0" "$scratch/seen"
    for condition in $all; do
        grep -q "printf('<$condition>')" "$scratch/seen" || printf '%s ' "$condition"
    done
}

full='cpu[0].iflag && cpu[0].rip != program && cpu[0].depth + 2 > ROOM'
window='cpu[0].rip == user_state && is_user(cpu[0].stack)'
test_a_tick_can_hit_a_program_in_the_window_only_without_the_cure() {
    local all=""
    # Nor is a tick left out because a stack has no room for it.
    same "window " "$(seen "window=$window" "tick=$window && cpu[0].iflag" "room=$full" -- "${chapter4[@]}")"
    same "window tick " "$(seen "window=$window" "tick=$window && cpu[0].iflag" -- "${chapter3[@]}" -DTICKS=0)"
}

# Every task gets everywhere, on both processors, and at once.
test_two_processors_meet_in_the_kernel() {
    local all="" both='is_user(cpu[0].cr3) && is_user(cpu[1].cr3)'
    same "both entering window other back key tick " "$(seen \
        "both=$both && cpu[0].rip != program && cpu[1].rip != program" \
        "entering=cpu[0].rip == load_stack && cpu[1].rip == load_stack" \
        "window=$window && cpu[1].rip == load_stack" \
        "other=cpu[0].cr3 == INIT && cpu[1].cr3 == SH && cpu[1].rip == program" \
        "back=cpu[0].cr3 == SH && cpu[1].cr3 == INIT && cpu[1].rip == program" \
        "key=cpu[1].cr3 == SH && cpu[1].rip == sysret" \
        "tick=cpu[0].rip == interrupt_dispatch && cpu[1].rip == interrupt_dispatch" \
        "room=$full || ${full//0]/1]}" \
        -- "${chapter6[@]}")"
}

test_a_search_that_is_not_complete_is_no_verdict() {
    refuse "the search was not complete" python3 -B -c 'import sys; sys.path.insert(0, "labs/tools/model")
import search
search.COMPILE = [word.replace("MEMLIM=2000", "MEMLIM=16") for word in search.COMPILE]
search.main(lambda folder: search.search(search.MODEL, sys.argv[2:], folder), sys.argv[:2], "")' "$scratch/short" "${chapter6[@]}"
    echo "nonsense" >"$scratch/nonsense.pml"
    refuse "spin does not understand the model" python3 -B -c 'import sys; sys.path.insert(0, "labs/tools/model")
import search
search.main(lambda folder: search.search(sys.argv[2], [], folder), sys.argv[:2], "")' "$scratch/short" "$scratch/nonsense.pml"
}

# false_run CHANGE: writes the recorded run, as changed by statements of Python about it and the list e of its events.
false_run() {
    python3 -c 'import json, sys
run = json.load(open(sys.argv[1]))
e = run["events"]
exec(sys.argv[3])
json.dump(run, open(sys.argv[2], "w"))' "$recorded" "$scratch/events.json" "$1"
}

# follow CHANGE: holds such a run against the model.
follow() {
    false_run "$1"
    labs/tools/model/follow.py "$scratch/follow" "$scratch/events.json"
}

test_the_recorded_run_is_followed_to_the_panic() {
    said "The recorded run $recorded" "the model can do all 24 events in this order" \
        "sh returns to ring 3 with the return address of init" "The shortest counterexample has the very same events."
    # The last one that was recorded here, if there is one.
    local last=$build/sol3+TRACE/events.json
    [[ ! -e $last ]] || expect "the model can do all" labs/tools/model/follow.py "$scratch/follow" "$last"
}

test_a_run_that_cannot_have_been_is_refused() {
    # two events in the other order; another culprit
    refuse "It gets as far as event 537, syscall-leave" follow 'i = [x["n"] for x in e].index(536); e[i], e[i + 1] = e[i + 1], e[i]'
    refuse "It gets as far as event 547, panic" follow 'run["corruption"] = 546'
    # no tick
    refuse "there is no tick that hit a task" follow 'e[:] = [x for x in e if x.get("vector") != 32]'
}

test_bad_recordings_get_one_line() {
    local case said
    for case in 'e[0].pop("published")|published of an event' 'run.pop("panic")|KeyError' \
        'run["panic"] = None|without a panic' 'run["corruption"] = None|no task entered on another' \
        'run["cpus"] = 2|on 2 processors' 'e.pop(); e.pop()|no recorded event shows the victim' \
        'e[-3]["kind"] = "reboot"|reboot, is none that the model has' \
        'run["panic"].pop("pid")|KeyError' 'next(x for x in e if x["n"] == 540).pop("to")|KeyError' \
        'run["tasks"].pop()|task 2 (not in the list of tasks)'; do
        ! said=$(follow "${case%%|*}" 2>&1) || { echo "did not fail: $case"; return 1; }
        [[ $said == *"${case##*|}"* && $(wc -l <<<"$said") == 1 ]] || { echo "$case: $said"; return 1; }
    done
    refuse "none.json can't be read" labs/tools/model/follow.py "$scratch/follow" "$scratch/none.json"
    refuse "is not an events.json" labs/tools/model/follow.py "$scratch/follow" Makefile
}

# It answers the questions of chapter 3.
test_a_class_gets_the_model_once_chapter_3_is_closed() {
    # shellcheck source=labs/tools/shared_files.sh
    source labs/tools/shared_files.sh
    copy_shared "$scratch/open" 3 2
    [[ ! -e $scratch/open/labs/tools/model ]]
    # Of the page the title is left, so that links to it hold.
    same "" "$(grep "kernel.pml" "$scratch/open/docs/model.md")"
    refuse "once chapter 3 is closed" make -C "$scratch/open" -f labs/tools/course.mk model
    copy_shared "$scratch/closed" 4 3
    [[ -x $scratch/closed/labs/tools/model/model.py && -e $scratch/closed/docs/model.md ]]
}

test_without_spin_its_package_is_named() {
    local tool
    mkdir "$scratch/bin"
    for tool in bash awk cat dirname env gcc id mkdir uname; do ln -s "$(command -v "$tool")" "$scratch/bin"; done
    ln -s "$(python3 -c 'import sys; print(sys.executable)')" "$scratch/bin/python3"
    PATH=$scratch/bin refuse "spin  " env SETUP=no labs/tools/setup.sh need model
    PATH=$scratch/bin refuse "spin is not installed" labs/tools/model/model.py "$scratch/none"
}

run_tests
