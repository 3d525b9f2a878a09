#!/bin/bash
# `make watch` and `make diagnose`: what they find in chapter 3, what they say when there is nothing to find, and that
# they leave nothing behind.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
make SOL=3 >/dev/null || exit 1
make SOL=4 >/dev/null || exit 1

own_tmpdir

# What one run of make watch says about chapter 3's kernel.
watched() {
    [[ -s $scratch/watched ]] || make SOL=3 watch >"$scratch/watched"
    cat "$scratch/watched"
}

# batch SCRIPT [QEMU OPTION]...: a tool on chapter 3's kernel, without the makefile around it.
batch() {
    BOOT=pvh timeout -k 1 60 labs/tools/gdb/batch.sh "$build/sol3" gdb "$@"
}

test_watch_names_the_culprit() {
    watched >/dev/null
    expect_nothing_left
    local wanted
    for wanted in '^1\.  written by sh (pid 2)' '^2\.  written by sh (pid 2)' '^3\.  written by init (pid 1)' \
        'written by init (pid 1), system call 24, sched_yield' \
        'CR3 is that of init: it is not sh' "the top of sh's stack, not of init's" 'init_yield+9:' \
        'ff 15 fc 1e 00 00  call' '\^ 0x100b9: sh goes on here' \
        "^Verdict: init's \"push %rcx\" in syscall_entry, running on sh's kernel stack,"; do
        grep -q "$wanted" "$scratch/watched" || { echo "no $wanted in:"; cat "$scratch/watched"; return 1; }
    done
    same "" "$(awk 'length > 80' "$scratch/watched")"
}

test_watch_finds_nobody_once_the_flags_are_saved() {
    expect "Verdict: no foreign writer came within 3 s" make SOL=4 watch WAIT=3
    refuse "there is nothing to diagnose" make SOL=4 diagnose WAIT=1 ANSWERS="$(right_answers)"
    expect_nothing_left
}

# instruction FUNCTION PATTERN: the address of the instruction whose disassembly matches.
instruction() {
    objdump -d --no-show-raw-insn --disassemble="$1" "$build/sol3/trapline.elf" |
        awk -v pattern="$2" '$0 ~ pattern { sub(/:/, "", $1); print "0x" $1; exit }'
}

# Writes the answers that are right for this build, found by other means than the tool's, and prints the file's name.
right_answers() {
    local published
    published=$(nm "$build/sol3/trapline.elf" | awk '$3 == "CURRENT_KERNEL_STACK" { sub(/^0*/, "", $1); print $1 }')
    cat >"$scratch/answers" <<END
victim_task = sh
culprit_task = init
slot_address = $(watched | sed -n 's/.*the "slot" *//p')
writing_instruction = $(instruction syscall_entry 'push +%rcx')
window_opens = $(instruction _Z8schedulev "mov +%r.*,.*$published")
window_closes = $(instruction switch_context 'mov .*,%rsp')
window_function = switch_user_state
why_if_was_on = D
END
    echo "$scratch/answers"
}

# try WANTED CHANGE: checks the right answers as changed by sed; WANTED are the keys that must be called wrong.
try() {
    local wanted=$1 change=$2 status=0
    sed -E "$change" "$(right_answers)" >"$scratch/tried"
    ANSWERS=$scratch/tried batch diagnose.py >"$scratch/judged" || status=$?
    same "$wanted" "$(awk '$2 == "wrong" || $2 == "no" { printf "%s ", $1 }' "$scratch/judged")" || {
        cat "$scratch/judged"; return 1; }
    same "$([[ -z $wanted ]] && echo 0 || echo 1)" "$status"
}

test_right_answers_are_right() {
    try "" ""
    try "" 's/= sh/= 2/; s/= init/= pid 1/; s/^(writing.*=).*/\1 syscall_entry + 14/; s/= sw.*/= schedule()/; s/= D/= d/'
    expect_nothing_left
}

# In a form that holds for every build; the default of SOL=3.
test_the_solution_is_right() {
    expect "All 8 answers are right" make SOL=3 diagnose
    try "slot_address " 's/^(slot.*=).*/\1 sh.kstack_top-16/'
    try "slot_address " 's/^(slot.*=).*/\1 init.kstack_top - 8/'
    try "" 's/^(slot.*=).*/\1 2.kstack_top - 0x8/'
    try "window_opens " 's/^(.*opens =).*/\1 store to USER_RSP_SCRATCH/'
    try "window_closes window_function " 's/^(.*(closes|function) =).*/\1 store to CURRENT_KERNEL_STACK/'
    malformed 'slot_address: "store to nowhere" is neither' 'slot_address = store to nowhere'
}

test_each_wrong_answer_is_called_wrong() {
    try "victim_task " 's/^(victim.*=).*/\1 init/'
    try "culprit_task " 's/^(culprit.*=).*/\1 klogd/'
    try "slot_address " 's/^(slot.*=).*/\1 0xffffc00000000ff8/'
    try "writing_instruction " 's/^(writing.*=).*/\1 syscall_entry+15/'
    try "window_opens " 's/^(.*opens =).*/\1 schedule/'
    try "window_closes " 's/^(.*closes =).*/\1 switch_context+18/'
    try "window_function " 's/^(.*function =).*/\1 tty_read/'
    try "window_function " 's/^(.*function =).*/\1 schedule+4/'
    try "why_if_was_on " 's/^(why.*=).*/\1 A/'
    try "why_if_was_on " 's/^(why.*=).*/\1/'
}

# malformed WANTED LINE: an answer file with this line gets this message.
malformed() {
    echo "$2" >"$scratch/malformed"
    ANSWERS=$scratch/malformed refuse "$1" batch diagnose.py
}

test_malformed_answers_are_named_by_line_and_key() {
    malformed 'malformed, line 1: there is no key "victim";' 'victim = sh'
    malformed 'line 1: "just words" is not of the form' 'just words'
    malformed 'line 1: slot_address: "somewhere" is neither a number nor a symbol' 'slot_address = somewhere'
    malformed 'line 1: why_if_was_on: "G" is not one of the letters' 'why_if_was_on = G'
    malformed 'line 1: victim_task: "the shell" is neither' 'victim_task = the shell'
    malformed 'line 2: victim_task is answered twice' $'victim_task = sh\nvictim_task = sh'
    malformed 'the key culprit_task is missing' 'victim_task = sh'
    ANSWERS=$scratch/none refuse "can't be read: No such file" batch diagnose.py
    ANSWERS="" refuse "Say which answers" batch diagnose.py
    ANSWERS=labs/03-globals-bug/diagnosis.txt refuse "0 of 8 answers are right" batch diagnose.py
    expect_nothing_left
}

test_what_is_missing_or_dies_is_said_in_one_line() {
    refuse "no-such-gdb is not installed" labs/tools/gdb/batch.sh "$build/sol3" no-such-gdb watch.py
    refuse "QEMU did not start" batch watch.py -no-such-option
    WAIT=soon refuse "WAIT=soon: give a number of seconds" batch watch.py
    # Without programs the kernel panics, which ends QEMU.
    mkdir -p "$scratch/sol3"
    cp "$build/sol3/trapline.elf" "$scratch/sol3"
    : >"$scratch/sol3/initramfs.cpio"
    BOOT=pvh refuse "QEMU ended while waiting for the shell to start." \
        labs/tools/gdb/batch.sh "$scratch/sol3" gdb watch.py
    expect_nothing_left
}

run_tests
