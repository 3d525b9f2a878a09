#!/bin/bash
# Runs chapter 6's kernel in the emulator Bochs: bochs.sh BUILD. Bochs shows some faults that QEMU's TCG hides: a DF
# that SYSCALL lets through, SYSRET to an address that is not canonical, such an FS or GS base. The tests of flags,
# registers, bases and of the canonical edge must pass; without a precaution, as in each of the patches in
# tests/ablations/bochs, the same programs must bring the kernel down, or this run would show nothing. What the machine
# printed is kept in BUILD/bochs.
set -euo pipefail

here=$(dirname "$0")
tools=$here/../../labs/tools
state=$1/sol6 folder=$1/bochs
# For variants.sh.
# shellcheck disable=SC2034
variants=$folder/kernels cxx=${CXX:-g++}
# shellcheck source=tests/tools/variants.sh
source "$here/variants.sh"

# Seconds until Bochs is ended in any case, and for one command.
readonly limit=120 patience=60
failed=0 serial="" wrapper="" pid_file=""

report() {
    echo "$1: $2"
    [[ $1 == passed ]] || failed=1
}

prepare_programs() {
    local compiler
    read -ra compiler <<<"${TARGET_CXX:-$cxx}"
    "${compiler[@]}" -fuse-ld=bfd -nostdlib -static -no-pie -Wl,--build-id=none \
        -Wl,-T,"$here/../../userland/program.ld" -o "$folder/edge_call" "$here/../ablations/bochs/edge_call.S"
    "$tools/initramfs.sh" "$folder/initramfs.cpio" "bin/init=$state/programs/bin/init" "bin/sh=$state/programs/bin/sh" \
        "tests/edge=$state/programs/tests/edge" "tests/regs=$state/programs/tests/regs" \
        "tests/bases=$state/programs/tests/bases" "tests/flags=$state/programs/tests/flags" \
        "tests/edge_call=$folder/edge_call"
}

# Bochs's settings for the machine NAME. It has no q35: an i440FX, whose LAPIC, I/O APIC, PIT and UART are the same.
settings() {
    cat <<END
config_interface: textconfig
display_library: term
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
megs: 128
cpu: model=broadwell_ult, count=1, ips=100000000, reset_on_triple_fault=0
clock: sync=none
ata0-master: type=cdrom, path="$folder/$1.iso", status=inserted
boot: cdrom
com1: enabled=1, mode=socket-server, dev=127.0.0.1:$2
sound: driver=dummy
speaker: enabled=0
log: $folder/$1.log
panic: action=fatal
END
}

# start NAME: the machine, with descriptor 3 as its serial line; or fails. Bochs waits until somebody connects to that
# line's port. Its display needs a terminal, which `script` makes; Debian's Bochs has a debugger, which -rc tells to run.
start() {
    local attempt port
    echo c >"$folder/run.rc"
    for ((attempt = 0; attempt < 5; ++attempt)); do
        port=$((20000 + RANDOM % 10000))
        settings "$1" "$port" >"$folder/$1.bochsrc"
        pid_file=$folder/$1.pid
        rm -f "$pid_file"
        timeout -s KILL "$limit" script -qec "echo \$\$ >'$pid_file'
            TERM=vt100 exec bochs-bin -q -f '$folder/$1.bochsrc' -rc '$folder/run.rc'" "$folder/$1.screen" </dev/null >/dev/null 2>&1 &
        wrapper=$!
        while kill -0 "$wrapper" 2>/dev/null; do
            { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && return
            sleep 0.1
        done
    done
    wrapper=""
    echo "Bochs does not start; $folder/$1.log may say why." >&2
    return 1
}

# Ends the machine, if there is one.
stop() {
    [[ -n $wrapper ]] || return 0
    exec 3>&-
    kill -KILL "$(<"$pid_file")" 2>/dev/null || true
    wait "$wrapper" || true
    wrapper=""
}
trap stop EXIT

# Reads the serial line up to a prompt; fails if there comes none, or a panic. `serial` is what was read.
read_answer() {
    local character
    serial=""
    while IFS= read -r -t "$patience" -N 1 -u 3 character; do
        serial+=$character
        [[ $serial != *'$ ' ]] || return 0
        [[ $serial != *Backtrace:* ]] || return 1
    done
    return 1
}

# session NAME KERNEL COMMAND...: types the commands. Fails if one has no end.
session() {
    local name=$1 kernel=$2 command status=0
    shift 2
    "$tools/iso.sh" "$folder/$name.iso" "$kernel" "$folder/initramfs.cpio" "$state/grub.cfg"
    start "$name" || exit 1
    : >"$folder/$name.txt"
    read_answer || status=1
    printf %s "$serial" >>"$folder/$name.txt"
    for command in "$@"; do
        [[ $status == 0 ]] || break
        printf '%s\r' "$command" >&3
        read_answer || status=1
        printf %s "$serial" >>"$folder/$name.txt"
    done
    stop
    return $status
}

# passes COMMAND LINE: what the sound kernel's program must print.
passes() {
    if tr -d '\r' <"$folder/sound.txt" | grep -F -x -A 1 "trapline\$ $1" | grep -q -x "$2"; then
        report passed "$1"
    else
        report FAILED "$1, see $folder/sound.txt"
    fi
}

# breaks NAME COMMAND PATTERN: without a precaution the kernel must have an exception in ring 0, at an instruction like
# this.
breaks() {
    local text=$folder/$1.txt
    session "$1" "$variants/$1/trapline.elf" "$2" || true
    if grep -q '^EXCEPTION: .*in ring 0' "$text" && grep -E -q "^=> .*$3" "$text"; then
        report passed "$1 brings the kernel down: $(grep '^EXCEPTION: ' "$text" | tr -d '\r')"
    else
        report FAILED "$1 does not bring the kernel down as it should, see $text"
    fi
}

command -v bochs-bin >/dev/null || {
    echo "There is no Bochs here (bochs-bin); Debian's packages are bochs and bochs-term." >&2
    exit 1
}
[[ -e $state/grub.cfg ]] || {
    echo "Chapter 6's state is not built: there is no $state." >&2
    exit 1
}
mkdir -p "$folder" "$variants"
prepare_programs
make_tree SOL=6 "$variants/sound"
for patch in tests/ablations/bochs/*.patch; do ablate "$patch" "$variants/sound"; done

session sound "$variants/sound/tree/build/trapline.elf" /tests/edge /tests/edge_call /tests/regs "/tests/regs flags" \
    /tests/bases /tests/flags || true
passes /tests/edge 'edge: ok'
passes /tests/edge_call 'edge_call: refused'
passes /tests/regs 'regs: ok'
passes '/tests/regs flags' 'regs: ok'
passes /tests/bases 'bases: ok'
passes /tests/flags 'flags: ok'
breaks sysret_unchecked /tests/edge_call sysretq
breaks base_unchecked /tests/bases '(wrfsbase|wrmsr)'
# The entry path goes wrong somewhere in C++.
breaks df_unmasked '/tests/regs flags' ''
exit $failed
