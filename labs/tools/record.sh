#!/bin/bash
# Records a built state: record.sh FOLDER [MORE QEMU OPTIONS]. It runs under QEMU's record/replay until it panics or
# WAIT seconds have passed; what the guest prints is shown. recording.sh says what is left in FOLDER/recording. A
# recording that is interrupted leaves the one that was there before.
set -euo pipefail

here=$(dirname "$0")
# shellcheck source=labs/tools/qemu_options.sh
source "$here/qemu_options.sh"
# shellcheck source=labs/tools/recording.sh
source "$here/recording.sh"
folder=$1
shift
seconds=${WAIT:-10}

refuse() {
    echo "$1" >&2
    exit 1
}
[[ $seconds =~ ^[0-9]{1,3}(\.[0-9]+)?$ && $seconds =~ [1-9] ]] || refuse "WAIT=$seconds: give a number of seconds above 0."
[[ ${CPUS:-1} == 1 ]] || refuse "CPUS=$CPUS: QEMU records one processor only; leave CPUS out."
[[ ${BOOT:-pvh} == pvh ]] || refuse "BOOT=$BOOT: a recording boots by pvh; leave BOOT out."
[[ ${ACCEL:-tcg} == tcg ]] || refuse "ACCEL=$ACCEL: only QEMU's own emulation can be recorded; leave ACCEL out."
recordable_qemu

# A guest that panics ends QEMU.
BOOT=pvh APPEND="${APPEND:-} panic=exit"
qemu_options "$folder"
options+=("$@")

recording=$folder/recording
private="" qemu=""
clean_up() {
    trap '' HUP INT TERM  # timeout, for one, sends a signal twice: to its command, then to the whole group
    # KILL: what is recorded is not wanted any more, or QEMU has ended.
    [[ -z $qemu ]] || { kill -KILL "$qemu" && wait "$qemu"; } 2>/dev/null || true
    rm -rf ${private:+"$private"} "$recording.part"
}
trap clean_up EXIT
trap 'trap "" INT; echo "Interrupted: nothing was recorded." >&2; exit 130' INT
trap 'exit 1' HUP TERM
private=$(mktemp -d)

rm -rf "$recording.part"
mkdir "$recording.part"
printf '%s\n' "${options[@]}" >"$recording.part/options"
: >"$recording.part/serial.log"

# What the guest prints goes to a file, as a terminal would be an input of the machine's. QMP tells of its end. A
# session of its own, so that Ctrl-C does not reach QEMU.
mkfifo "$private/commands" "$private/events"
setsid qemu-system-x86_64 "${options[@]}" -icount "shift=auto,rr=record,rrfile=$recording.part/replay.log" \
    -action shutdown=pause -serial "file:$recording.part/serial.log" -qmp stdio \
    <"$private/commands" >"$private/events" 2>"$private/errors" &
qemu=$!
exec 4>"$private/commands" 5<"$private/events"
trap '' PIPE  # a QEMU that has ended hears nothing
tail -f -s 0.1 --pid="$qemu" "$recording.part/serial.log" &
shown=$!

# event SECONDS WANTED: reads what QEMU says until a line holds WANTED; sets `line`. Fails when the time is over or QEMU
# has ended.
event() {
    local end=$((${EPOCHREALTIME/./} + $(awk "BEGIN { printf \"%d\", $1 * 1e6 }"))) left
    while left=$((end - ${EPOCHREALTIME/./})) && ((left > 0)); do
        IFS= read -r -t "$((left / 1000000)).$(printf '%06d' $((left % 1000000)))" -u 5 line || return 1
        [[ $line != *"$2"* ]] || return 0
    done
    return 1
}
# instructions: the count at which the machine, stopped, stands.
instructions() {
    say_to_qemu '{"execute": "query-replay"}'
    event 10 '"icount"' && [[ $line =~ '"icount": '([0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}
say_to_qemu() {
    echo "$1" >&4 2>/dev/null || true
}

end=time count=""
say_to_qemu '{"execute": "qmp_capabilities"}'
if event "$seconds" '"SHUTDOWN"'; then
    [[ $line != *'"guest-reset"'* ]] || end=reset
fi
if kill -0 "$qemu" 2>/dev/null; then
    say_to_qemu '{"execute": "stop"}'
    count=$(instructions || true)
    # The log is whole only if QEMU ends by itself.
    say_to_qemu '{"execute": "quit"}'
fi
status=0
wait "$qemu" || status=$?
qemu=
wait "$shown" 2>/dev/null || true
case $status in
    0) ;;
    35) end=panic count="" ;;
    *) refuse "QEMU ended with status $status: $(head -n 1 "$private/errors")" ;;
esac

printf '%s\n' "qemu=$qemu_version" "end=$end" "instructions=$count" >"$recording.part/facts"
(cd "$folder" && sha256sum trapline.elf initramfs.cpio recording.part/{replay.log,options,facts}) |
    sed 's| recording\.part/| recording/|' >"$recording.part/sums"
trap '' HUP INT TERM # the new one is whole: it takes the old one's place whoever interrupts
rm -rf "$recording"
mv "$recording.part" "$recording"

echo
case $end in
    panic) echo "The panic is recorded, in $recording; make rewind, with the same SOL=n or LAB=n, goes back from it." ;;
    reset) echo "The machine was reset without a panic (a triple fault), which is recorded, in $recording; make rewind goes back from there." ;;
    time) echo "No panic within $seconds s; what happened is recorded, in $recording, and make rewind goes back from its end. To wait longer: WAIT=n." ;;
esac
