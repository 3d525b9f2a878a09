#!/bin/bash
# `make record` and `make rewind`: back from chapter 3's panic to the write that caused it, what they say when there is
# nothing to go back from, and that they leave nothing behind.
# The tests are called by their names, which shellcheck can't see; single quotes are for gdb and other shells.
# shellcheck disable=SC2317,SC2016

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
make SOL=3 >/dev/null || exit 1
make SOL=4 >/dev/null || exit 1

own_tmpdir
expect_no_part_left() {
    expect_nothing_left
    same "" "$(ls -d "$build"/sol?/recording.part 2>/dev/null || true)"
}

# rewound COMMANDS: what make rewind says about chapter 3's recording, without the makefile around it.
rewound() {
    REWIND=$1 timeout -k 1 100 labs/tools/rewind.sh "$build/sol3" gdb
}

# has WANTED...: each is a regular expression that a line of $scratch/said matches.
has() {
    local wanted
    for wanted in "$@"; do
        grep -qE -- "$wanted" "$scratch/said" || { echo "no $wanted in:"; cat "$scratch/said"; return 1; }
    done
}

# In the order of their names: the later tests use what the first has recorded.
test_1_record_says_what_it_recorded() {
    expect "The panic is recorded, in ${build#"$root/"}/sol3/recording; make rewind" timeout -k 1 60 make SOL=3 record
    grep -q "INVALID OPCODE" "$build/sol3/recording/serial.log"
    same "end=panic" "$(grep end "$build/sol3/recording/facts")"
    expect_no_part_left
}

test_2_who_wrote_names_the_culprit() {
    local push user system TIMEFORMAT='%U %S'
    push=$(objdump -d --no-show-raw-insn --disassemble=syscall_entry "$build/sol3/trapline.elf" |
        awk '/push +%rcx/ { sub(/:/, "", $1); print "0x" $1 }')
    # The processor itself wrote the slot last: SS, on its way to the panic. Before that it was init, before that sh.
    # A tick may have come between: then init waits in that, not in its system call.
    { time make SOL=3 rewind REWIND="goto panic; stepi 3; who-wrote saved-rcx; who-wrote; task; who-wrote; frames init" \
        >"$scratch/said"; } 2>"$scratch/times"
    # In less than 30 seconds, of which the ones that others have on a busy machine don't count.
    read -r user system < <(tail -n 1 "$scratch/times")
    echo "user $user s, system $system s"
    ((${user%.*} + ${system%.*} < 30))
    sed -n '/^(gdb) who-wrote$/,/^(gdb) task$/p' "$scratch/said" >"$scratch/culprit"
    has "The panic: EXCEPTION: INVALID OPCODE" "stands right before it: at 0x100b9, which is \(bad\)" \
        "by no instruction: the processor itself, delivering an interrupt or exception at 0x100b9" \
        "0x100b9 -> 0x2b" "(SyscallFrame: returns to 0x100b9|InterruptFrame: vector 0x20) in ring 3"
    mv "$scratch/said" "$scratch/all"
    cp "$scratch/culprit" "$scratch/said"
    has "push %rcx +at $push, syscall_entry\+[0-9]+, solutions/02-syscall/arch/x86_64/syscall_entry.S:[0-9]+" \
        "value +0x[0-9a-f]+ -> 0x100b9" "instruction count +[0-9]+, [0-9]+ before the panic" \
        "address space \(CR3\) .* init \(pid 1\)" "stack \(RSP\) .* sh \(pid 2\)'s kernel stack" \
        "CURRENT_KERNEL_STACK .* the top of sh \(pid 2\)'s" "CR3 and RSP disagree: init runs, on the kernel stack of sh."
    sed -n '/^(gdb) frames/q; /^(gdb) who-wrote$/,$p' "$scratch/all" | sed '1,/^(gdb) task$/d' >"$scratch/said"
    has "push %rcx +at $push" "-> 0x1" "address space \(CR3\) .* sh \(pid 2\)"
    if grep -q disagree <(sed '/^(gdb) who-wrote/,$!d' "$scratch/said"); then cat "$scratch/said"; return 1; fi
    expect_no_part_left
}

test_3_the_replay_can_be_walked() {
    local panic
    # The first command that fails is the last.
    if rewound "back; back 10; goto 1000; goto panic; reverse-stepi; task; who-wrote CURRENT_KERNEL_STACK; who-wrote;
        hbreak schedule; reverse-continue; p \$rip == schedule; frames nobody; p 12345" >"$scratch/said" 2>&1; then return 1; fi
    panic=$(sed -n 's/^at instruction \([0-9]*\)\.$/\1/p' "$scratch/said")
    has "^instruction $((panic - 1)): syscall_exit\+.*sysretq" "^instruction $((panic - 11)): " "^instruction 1000: " \
        "^instruction $panic: 0x100b9" '\$1 = (1|true)' 'There is no task "nobody" here'
    # The store to rsp0 right before it, which QEMU 7.2 reports as well, is none of them.
    same 2 "$(grep -c "mov .*<\?CURRENT_KERNEL_STACK\|mov %r.*# 0x$(nm "$build/sol3/trapline.elf" |
        awk '$3 == "CURRENT_KERNEL_STACK" { print $1 }')" "$scratch/said")"
    if grep -q "= 12345" "$scratch/said"; then return 1; fi
    expect_no_part_left
}

# One session tries them all; REWIND would end with the first.
test_4_wrong_commands_are_one_line() {
    local command wanted
    cat >"$scratch/wrong" <<'END'
who-wrote|Say which word: who-wrote ADDRESS, or who-wrote saved-rcx.
who-wrote nowhere|"nowhere" is neither an address nor a variable: No symbol "nowhere" in current context.
who-wrote 0x10|There is no memory at 0x10, where the machine stands.
who-wrote saved-rcx nobody|There is no task "nobody" here; there are: klogd (pid 0), init (pid 1), sh (pid 2).
who-wrote schedule|Nothing writes to 0xffffffff8
back far|back far: give a number of instructions.
back 999999999|That is before the beginning of the recording.
goto 999999999|goto 999999999: the recording ends at instruction
goto|Say where to: goto COUNT, a number of instructions, or goto panic.
type hello|A recording takes no input.
END
    while IFS='|' read -r command _; do
        printf 'python\ntry: gdb.execute("""%s""")\nexcept gdb.error as e: print("error:", e)\nend\n' "$command"
    done <"$scratch/wrong" >"$scratch/wrong.gdb"
    GDB_EXTRA="-batch -x $scratch/wrong.gdb" labs/tools/rewind.sh "$build/sol3" gdb >"$scratch/said"
    while IFS='|' read -r _ wanted; do
        grep -qF "error: $wanted" "$scratch/said" || { echo "no $wanted in:"; cat "$scratch/said"; return 1; }
    done <"$scratch/wrong"
    same "$(wc -l <"$scratch/wrong")" "$(grep -c ^error: "$scratch/said")"
    expect_no_part_left
}

test_5_a_run_without_a_panic() {
    expect "No panic within 0.6 s" make SOL=4 record WAIT=0.6
    # However far a slow machine has come by then.
    if make SOL=4 rewind REWIND="task; back 3; continue; p 1234; who-wrote saved-rcx" >"$scratch/said" 2>&1; then return 1; fi
    has "There was no panic in this recording: the machine stands at its end" "address space \(CR3\)" '\$1 = 1234' \
        "There was no panic, so there is no victim: say whose"
    rm -rf "$build/sol4/recording"
    refuse "There is no recording of ${build#"$root/"}/sol4 yet: make record" make SOL=4 rewind
    expect_no_part_left
}

test_6_recordings_that_do_not_fit() {
    mkdir -p "$scratch/sol3"
    cp -r "$build"/sol3/{trapline.elf,initramfs.cpio,recording} "$scratch/sol3"
    local state=("$scratch/sol3" gdb) part=$scratch/sol3/recording
    truncate -s -1000 "$part/replay.log"
    refuse "is damaged: make record makes a new one" labs/tools/rewind.sh "${state[@]}"
    # Even if nobody noticed, it comes to an end.
    truncate -s 500000 "$part/replay.log"
    (cd "$scratch/sol3" && sha256sum trapline.elf initramfs.cpio recording/replay.log >recording/sums)
    REPLAY_LIMIT=3 REWIND=task refuse "is the recording damaged? Make record makes a new one." timeout -k 1 30 labs/tools/rewind.sh "${state[@]}"
    echo >>"$scratch/sol3/initramfs.cpio"
    refuse "is of another build: initramfs.cpio has changed since" labs/tools/rewind.sh "${state[@]}"
    echo >>"$scratch/sol3/trapline.elf"
    refuse "is of another build: trapline.elf has changed since" labs/tools/rewind.sh "${state[@]}"
    expect_no_part_left
}

# A QEMU that only says what it is: VERSION, and HELP.
false_qemu() {
    mkdir -p "$scratch/bin"
    printf '#!/bin/bash\n[[ $1 != --version ]] || echo "QEMU emulator version %s"\n[[ $1 != -help ]] || echo "%s"\n' "$1" "$2" \
        >"$scratch/bin/qemu-system-x86_64"
    chmod +x "$scratch/bin/qemu-system-x86_64"
}

test_7_what_can_not_be_recorded() {
    local record=(labs/tools/record.sh "$build/sol3") false=(env "PATH=$scratch/bin:$PATH")
    refuse "CPUS=2: QEMU records one processor only; leave CPUS out" make SOL=4 CPUS=2 record
    CPUS=2 refuse "CPUS=2: QEMU records one processor only" "${record[@]}"
    BOOT=grub refuse "BOOT=grub: a recording boots by pvh" "${record[@]}"
    ACCEL=kvm refuse "ACCEL=kvm: only QEMU's own emulation can be recorded" "${record[@]}"
    WAIT=soon refuse "WAIT=soon: give a number of seconds" "${record[@]}"
    refuse "QEMU ended with status 1" "${record[@]}" -no-such-option
    false_qemu 6.2.0 "rr=record"
    refuse "This QEMU (version 6.2.0) can't record and replay" "${false[@]}" "${record[@]}"
    false_qemu 8.0.0 "-icount [shift=N|auto]"
    refuse "This QEMU (version 8.0.0) can't record and replay" "${false[@]}" "${record[@]}"
    false_qemu 9.9.9 "rr=record"
    refuse "version 9.9.9 can't replay it" "${false[@]}" labs/tools/rewind.sh "$build/sol3" gdb
    refuse "no-such-gdb is not installed" labs/tools/rewind.sh "$build/sol3" no-such-gdb
    expect_no_part_left
}

test_8_an_interrupted_recording_leaves_the_old_one() {
    local folder=$scratch/sol4 before output status=0
    mkdir "$folder"
    cp -r "$build"/sol4/{trapline.elf,initramfs.cpio} "$build/sol3/recording" "$folder"
    before=$(sha256sum "$folder"/recording/*)
    # Chapter 4's kernel runs on until it is interrupted, however fast the machine is.
    output=$(timeout -s INT 0.5 labs/tools/record.sh "$folder" 2>&1) || status=$?
    [[ $status != 0 && $output == *"Interrupted: nothing was recorded."* ]] || { echo "$status $output"; return 1; }
    same "$before" "$(sha256sum "$folder"/recording/*)"
    same "" "$(ls -d "$folder"/recording.part 2>/dev/null || true)"
    expect_no_part_left
}

run_tests
