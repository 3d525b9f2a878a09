#!/bin/bash
# Runs a state in QEMU under a script for gdb: batch.sh FOLDER GDB SCRIPT [MORE QEMU OPTIONS]. SCRIPT is a Python file
# beside this one, which decides whether batch.sh succeeds. QEMU waits at its first instruction, with its debugger
# socket in a folder of its own, and ends with gdb. In FOLDER are left: watch-serial.log, what the guest printed, and
# watch-interrupts.log, each interrupt with all registers, as QEMU saw it.
set -euo pipefail

here=$(dirname "$0")
# shellcheck source=labs/tools/qemu_options.sh
source "$here/../qemu_options.sh"
folder=$1 gdb=$2 script=$here/$3
shift 3

for program in "$gdb" qemu-system-x86_64; do
    command -v "$program" >/dev/null && continue
    echo "$program is not installed; 'make setup' installs it." >&2
    exit 1
done

# A guest that panics ends QEMU, so that gdb hears of it.
APPEND="${APPEND:-} panic=exit"
qemu_options "$folder"
# shellcheck source=labs/tools/background_qemu.sh
source "$here/../background_qemu.sh"
trap 'exit 1' INT
start_qemu "${options[@]}" -d int,cpu_reset -D "$folder/watch-interrupts.log" \
    -chardev "socket,id=console,path=$private/console,server=on,wait=off,logfile=$folder/watch-serial.log" \
    -serial chardev:console "$@"

export TRAPLINE_FOLDER=$folder TRAPLINE_GDB_SOCKET=$private/gdb TRAPLINE_CONSOLE=$private/console PYTHONDONTWRITEBYTECODE=1
# The script speaks through descriptor 3, so that nothing that gdb says comes in between. It has time limits of its own;
# the one here is for a gdb that hangs.
status=0
timeout --foreground -k 1 300 "$gdb" -nx -q -batch -ex 'set confirm off' -ex 'set pagination off' \
    -ex 'set disassembly-flavor att' -ex 'set debuginfod enabled off' "$folder/trapline.elf" -x "$script" \
    3>&1 >"$private/chatter" 2>&1 </dev/null || status=$?
case $status in
    40) status=0 ;;
    41) ;;
    124 | 137) echo "gdb did not answer for 300 seconds." >&2 ;;
    *) echo "gdb ended with status $status:" >&2 && tail -n 5 "$private/chatter" >&2 && status=1 ;;
esac
[[ $status == 0 ]]
