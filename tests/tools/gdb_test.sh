#!/bin/bash
# The command `trapline` of make gdb and the printers of the kernel's types, in every solution: at the kernel's first
# instruction in C++, where most of what they show is not there yet, and later. What they say is compared with what QEMU
# says itself.
# The tests are called by their names, which shellcheck can't see; single quotes are for gdb and other shells.
# shellcheck disable=SC2317,SC2016

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"
for state in 0 1 2 3 4 5 6; do make SOL=$state >/dev/null || exit 1; done

own_tmpdir

# look STATE BREAK COMMAND...: what gdb says to the commands, at kernel_main up to one that is "--", then at BREAK, into
# $scratch/said; complaints with "error: " before them.
look() {
    local state=$1 break=$2 command
    shift 2
    printf 'define qemu\neval "monitor gva2gpa %%#lx", (unsigned long)($arg0)\nend\n' >"$scratch/look.gdb"
    for command in "$@"; do
        if [[ $command == -- ]]; then
            printf 'hbreak %s\ncontinue\ndelete\n' "$break"
            continue
        fi
        printf 'python\nprint("> %s")\ntry: gdb.execute("""%s""")\nexcept gdb.error as error: print("error:", error)\nend\n' \
            "$command" "$command"
    done >>"$scratch/look.gdb"
    BOOT=pvh GDB_EXTRA="-batch -x $scratch/look.gdb" timeout -k 1 60 labs/tools/gdb.sh "$build/sol$state" gdb \
        >"$scratch/said" 2>&1 </dev/null || { cat "$scratch/said"; return 1; }
}

# says COMMAND WANTED...: the answer to the last such command has a line that matches each.
says() {
    local command=$1 wanted
    shift
    awk -v command="> $command" '/^> / { if ($0 == command) text = ""; here = $0 == command; next } here { text = text $0 "\n" }
        END { printf "%s", text }' "$scratch/said" >"$scratch/answer"
    for wanted in "$@"; do
        grep -qE -- "$wanted" "$scratch/answer" || { echo "no $wanted in the answer to $command:"; cat "$scratch/said"; return 1; }
    done
}

# All that a state shows once it runs, as chapter 2 and later have it. The shell stands in its first read(); init waits for its end, or
# is still on its way there.
readonly everything=("trapline tasks" "trapline frame init" "trapline gdt" "trapline tss" "trapline pcr" "trapline vm \$rsp"
    "qemu \$rsp" "p *all_tasks->next_task")

walks_as_qemu_does() {
    local walked asked address
    for address in "$@"; do
        says "trapline vm $address" .
        walked=$(sed -n 's/.*physical address \(0x[0-9a-f]*\), in a page.*/\1/p' "$scratch/answer")
        says "qemu $address" .
        asked=$(sed -n 's/^gpa: \(0x[0-9a-f]*\).*/\1/p' "$scratch/answer")  # without the CR
        same "$asked" "$walked"
    done
}

test_0_the_tree_has_no_ring_3() {
    look 0 idle_loop "trapline tasks" "trapline gdt" -- "trapline" "trapline tasks" "trapline frame" "trapline gdt" "trapline tss" \
        "trapline pcr" "trapline vm schedule" "qemu schedule" "p *all_tasks"
    grep -q "error: There are no tasks yet" "$scratch/said"
    grep -q "error: Processor 0 has no GDT of the kernel's yet" "$scratch/said"
    says "trapline" "trapline vm ADDRESS"
    says "trapline tasks" "runs, in ring 0, at idle_loop"
    says "trapline gdt" "0x10 .* ring 0, code, 64-bit.*<- CS" "0x18 .* ring 0, data, writable.*SS"
    says "trapline tss" "error: Processor 0 has no TSS: TR holds no selector. Chapter 1 loads one."
    says "trapline pcr" "error: This kernel has no Processor Control Region: it comes with chapter 5."
    says "trapline vm schedule" "ring 0 only: read, execute" "the kernel's text, schedule"
    says "p *all_tasks" "= .* \(pid 0\), kRunnable, CR3 0x"
    walks_as_qemu_does schedule
}

test_1_a_program_in_ring_3() {
    look 1 force_signal "trapline tss" -- "trapline tasks" "trapline frame" "trapline gdt" "trapline tss" "trapline vm 0x10000" \
        "qemu 0x10000" "p tss" "p &tss"
    grep -q "error: Processor 0 has no TSS" "$scratch/said"
    says "trapline tasks" "cli .*runs, in ring 0, at force_signal" "ring3 +blocked .*goes on in WaitQueue::wait"
    says "trapline frame" "^cli \(pid 1\), kernel stack" "InterruptFrame: vector 0x[0-9a-f]* in ring 3, at 0x1"
    says "trapline gdt" "0x30 .* ring 3, code, 64-bit" "64-bit TSS, busy, base 0x[0-9a-f]*, limit 0x67    <- TR"
    says "trapline tss" "<tss>, limit 0x67" "rsp0 .* the top of cli \(pid 1\)'s" "ist 4 .*kIstDoubleFault"
    says "trapline vm 0x10000" "PTE .*read-only, user" "ring 3 and ring 0: read, execute" "region of cli \(pid 1\), 0x10000 to"
    says "p tss" "rsp0 0xffffc0000.*, ist 1 0xffffc"
    walks_as_qemu_does 0x10000
}

test_2_3_4_globals() {
    local state
    for state in 2 3 4; do
        look "$state" tty_read -- "${everything[@]}" "trapline vm 0x800000000000" "trapline vm nowhere" "trapline vm 0x10000000"
        says "trapline tasks" "init .*goes on in " "sh .*runs, in ring 0, at tty_read"
        says "trapline frame init" "Context: where init goes on" "rip" "(SyscallFrame: returns to|InterruptFrame: .* in ring 3)"
        says "trapline gdt" "<- TR"
        says "trapline tss" "rsp0 .* the top of sh \(pid 2\)'s"
        says "trapline pcr" "error: This kernel has no Processor Control Region"
        says "trapline vm \$rsp" "the kernel stack of sh \(pid 2\)" "writable, kernel, .*no execute"
        says "p *all_tasks->next_task" "init \(pid 1\), k[RB]"
        says "trapline vm 0x800000000000" "is not canonical"
        says "trapline vm nowhere" 'error: "nowhere" is not an address: No symbol "nowhere"'
        says "trapline vm 0x10000000" "nothing is mapped: a page fault" "no region of sh \(pid 2\)"
        walks_as_qemu_does '$rsp'
    done
}

test_5_the_control_region() {
    look 5 tty_read "trapline pcr" -- "${everything[@]}" "trapline frame sh" "p boot_pcr" "trapline pcr"
    grep -q "error: Processor 0 has no Processor Control Region yet" "$scratch/said"
    says "trapline pcr" "<boot_pcr>, by GS base" "current .* sh \(pid 2\)" "gdt .* in use" "tss .* in use" "rsp0 .* sh \(pid 2\)'s"
    says "trapline frame sh" "called from sys_read" "SyscallFrame: returns to" "rsp +0x7f"
    says "p boot_pcr" "tss = rsp0 0xffffc"
    walks_as_qemu_does '$rsp'
}

test_6_several_processors() {
    CPUS=3 look 6 tty_read "trapline gdt 2" -- "${everything[@]}" "trapline gdt 2" "trapline tss 2" "trapline pcr 2" \
        "trapline pcr 3" "trapline gdt two" "p processor_queues" "trapline frame sh"
    grep -q "error: Processor 2 has no GDT of the kernel's yet" "$scratch/said"
    says "trapline tasks" "idle/2 " "sh .*runs on processor [012], in ring 0, at tty_read" "init .*(goes on in|runs on processor) "
    says "trapline frame sh" "called from sys_read" "SyscallFrame: returns to"
    says "trapline gdt 2" "GDT of processor 2 at 0xffff8" "<- TR"
    says "trapline tss 2" "TSS of processor 2 at 0xffff8" "ist 1"
    says "trapline pcr 2" "PCR of processor 2" "cpu +2" "gdt .* in use" "tss .* in use"
    says "trapline pcr 3" "error: There is no processor 3: the machine has 3, from 0."
    says "trapline gdt two" 'error: "two" is not the number of a processor.'
    says "p processor_queues" "tasks = idle(,| -> )" "tasks = idle/2(,| -> )" "tasks = not in use yet"
    walks_as_qemu_does '$rsp'
}

test_help_and_mistakes() {
    look 2 tty_read "help trapline tasks" "help trapline vm" "trapline nothing" "trapline vm" -- "trapline frame nobody"
    says "help trapline tasks" "Every task, in the order of their making: trapline tasks"
    says "help trapline vm" "ADDRESS is anything that gdb can evaluate"
    says "trapline nothing" 'error: There is no "trapline nothing"; trapline alone lists what there is.'
    says "trapline vm" "error: Say which address: trapline vm ADDRESS."
    says "trapline frame nobody" 'error: There is no task "nobody" here; there are: idle'
    expect_nothing_left
}

run_tests
