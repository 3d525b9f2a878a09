#!/bin/bash
# Debugs a built state: gdb.sh FOLDER GDB [MORE QEMU OPTIONS]. QEMU waits at the first instruction with its debugger
# socket in a folder of its own, so that several people can do this on one machine; gdb has this terminal, and the
# guest's console is a pseudo-terminal and a log. QEMU ends with gdb. GDB_EXTRA holds more arguments for gdb.
set -euo pipefail

# shellcheck source=labs/tools/qemu_options.sh
source "$(dirname "$0")/qemu_options.sh"
folder=$1 gdb=$2
shift 2
qemu_options "$folder"

private=$(mktemp -d)
qemu=
clean_up() {
    [[ -z $qemu ]] || kill "$qemu" 2>/dev/null || true
    rm -rf "$private"
}
trap clean_up EXIT
trap 'exit 1' HUP TERM

# A session of its own, so that Ctrl-C in gdb does not reach QEMU.
setsid qemu-system-x86_64 "${options[@]}" -S \
    -chardev "socket,id=gdb,path=$private/gdb,server=on,wait=off" -gdb chardev:gdb \
    -chardev "pty,id=console,logfile=$folder/serial.log" -serial chardev:console \
    "$@" >"$private/out" 2>&1 </dev/null &
qemu=$!

for ((tries = 0; tries < 100; ++tries)); do
    [[ -S $private/gdb ]] && grep -q '^char device redirected' "$private/out" && break
    kill -0 "$qemu" 2>/dev/null || break
    sleep 0.1
done
if ! [[ -S $private/gdb ]] || ! kill -0 "$qemu" 2>/dev/null; then
    echo "QEMU did not start:" >&2
    cat "$private/out" >&2
    exit 1
fi
TRAPLINE_CONSOLE=$(sed -n 's/^char device redirected to \([^ ]*\).*/\1/p' "$private/out")
TRAPLINE_LOG=$folder/serial.log
export TRAPLINE_CONSOLE TRAPLINE_LOG
echo "The guest's console is $TRAPLINE_CONSOLE; in gdb, 'console' shows its last lines and 'type words' types a line."

# SC2086: GDB_EXTRA is meant to be split into arguments.
# shellcheck disable=SC2086
"$gdb" -q "$folder/trapline.elf" -ex "source labs/tools/gdb.init" -ex "target remote $private/gdb" \
    -ex "thbreak kernel_main" -ex "continue" ${GDB_EXTRA:-}
