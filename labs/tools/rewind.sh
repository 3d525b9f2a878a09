#!/bin/bash
# Replays what record.sh has left in FOLDER/recording: rewind.sh FOLDER GDB. gdb has this terminal and stands at the
# panic; gdb/rewind.py has its commands. With REWIND="command; command" it does these and ends, successfully if all of
# them succeed. GDB_EXTRA holds more arguments for gdb.
set -euo pipefail

here=$(dirname "$0")
# shellcheck source=labs/tools/recording.sh
source "$here/recording.sh"
folder=$1 gdb=$2

for program in "$gdb" qemu-img; do
    command -v "$program" >/dev/null && continue
    echo "$program is not installed; 'make setup' installs it." >&2
    exit 1
done
recordable_qemu
check_recording "$folder"

# shellcheck source=labs/tools/background_qemu.sh
source "$here/background_qemu.sh"
mapfile -t options <"$folder/recording/options"
# Where QEMU keeps its snapshots; no device uses it.
qemu-img create -q -f qcow2 "$private/snapshots" 1M
start_qemu "${options[@]}" -icount "shift=auto,rr=replay,rrfile=$folder/recording/replay.log" \
    -drive "file=$private/snapshots,if=none,id=snapshots" -action shutdown=pause -serial null

export TRAPLINE_FOLDER=$folder TRAPLINE_LOG=$folder/recording/serial.log
export TRAPLINE_GDB_SOCKET=$private/gdb TRAPLINE_QEMU=$qemu PYTHONDONTWRITEBYTECODE=1
batch=()
[[ -z ${REWIND:-} ]] || batch=(-batch)
# SC2086: GDB_EXTRA is meant to be split into arguments.
# shellcheck disable=SC2086
"$gdb" -q "${batch[@]}" "$folder/trapline.elf" -ex "source $here/gdb.init" \
    -ex "source $here/gdb/rewind.py" ${GDB_EXTRA:-}
