#!/bin/bash
# Debugs a built state: gdb.sh FOLDER GDB [MORE QEMU OPTIONS]. QEMU waits at the first instruction; gdb has this
# terminal, and the guest's console is a pseudo-terminal and a log. QEMU ends with gdb. GDB_EXTRA holds more arguments
# for gdb.
set -euo pipefail

here=$(dirname "$0")
# shellcheck source=labs/tools/qemu_options.sh
source "$here/qemu_options.sh"
# shellcheck source=labs/tools/background_qemu.sh
source "$here/background_qemu.sh"
folder=$1 gdb=$2
shift 2
qemu_options "$folder"

start_qemu "${options[@]}" -chardev "pty,id=console,logfile=$folder/serial.log" -serial chardev:console "$@"
TRAPLINE_CONSOLE=$(sed -n 's/^char device redirected to \([^ ]*\).*/\1/p' "$private/out")
TRAPLINE_LOG=$folder/serial.log
export TRAPLINE_CONSOLE TRAPLINE_LOG
echo "The guest's console is $TRAPLINE_CONSOLE; in gdb, 'console' shows its last lines and 'type words' types a line."

# SC2086: GDB_EXTRA is meant to be split into arguments.
# shellcheck disable=SC2086
"$gdb" -q "$folder/trapline.elf" -ex "source $here/gdb.init" -ex "target remote $private/gdb" \
    -ex "thbreak kernel_main" -ex "continue" ${GDB_EXTRA:-}
