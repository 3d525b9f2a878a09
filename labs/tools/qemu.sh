#!/bin/bash
# Runs a built state in QEMU with this terminal as its serial console: qemu.sh FOLDER [MORE QEMU OPTIONS].
# qemu_options.sh names the variables. Exit status: 0 when the guest switched the machine off or the user left, 1 when
# it reported a panic (panic=exit) or crashed the machine.
set -euo pipefail

# shellcheck source=labs/tools/qemu_options.sh
source "$(dirname "$0")/qemu_options.sh"
folder=$1
shift
qemu_options "$folder"

# A monitor on the same line: Ctrl-A X leaves, Ctrl-A C talks to QEMU, Ctrl-C goes to the guest.
status=0
qemu-system-x86_64 "${options[@]}" -serial mon:stdio "$@" || status=$?

# The guest ends QEMU by writing v to the debug-exit port, which makes QEMU exit with 2v+1.
case $status in
    33) ;;
    35)
        echo "The kernel panicked." >&2
        exit 1 ;;
    0)
        if grep -q 'Triple fault' "$folder/qemu.log" 2>/dev/null; then
            look="QEMU_EXTRA=\"-d int,cpu_reset\" puts what led to it into $folder/qemu.log"
            ! grep -q ' v=' "$folder/qemu.log" || look="$folder/qemu.log has what led to it"
            echo "A triple fault reset the machine; $look." >&2
            exit 1
        fi ;;
    *)
        echo "QEMU ended with status $status." >&2
        exit 1 ;;
esac
