# shellcheck shell=bash
# For scripts that run QEMU behind gdb: start_qemu OPTION... starts QEMU, stopped, with its
# debugger's socket in a folder of its own, so that several people can do this on one machine. Both are gone when the
# script ends, however it ends. Variables: private, the folder, made here; QEMU listens at $private/gdb, and what it
# says is in $private/out.

private=$(mktemp -d)
qemu=
clean_up() {
    trap '' HUP INT TERM  # timeout, for one, sends a signal twice: to its command, then to the whole group
    # KILL: there is nothing that QEMU could lose, and one that is stuck in a replay does not hear TERM. wait says that
    # it was killed, which everybody knows.
    [[ -z $qemu ]] || { kill -KILL "$qemu" && wait "$qemu"; } 2>/dev/null || true
    rm -rf "$private"
}
trap clean_up EXIT
trap 'exit 1' HUP TERM

start_qemu() {
    local tries
    # A session of its own, so that Ctrl-C in gdb does not reach QEMU.
    setsid qemu-system-x86_64 "$@" -S -chardev "socket,id=gdb,path=$private/gdb,server=on,wait=off" -gdb chardev:gdb \
        >"$private/out" 2>&1 </dev/null &
    qemu=$!
    # QEMU prints nothing when it is ready, but it answers at its socket.
    for ((tries = 0; tries < 100; ++tries)); do
        [[ -S $private/gdb ]] && break
        kill -0 "$qemu" 2>/dev/null || break
        sleep 0.1
    done
    if ! [[ -S $private/gdb ]] || ! kill -0 "$qemu" 2>/dev/null; then
        echo "QEMU did not start:" >&2
        cat "$private/out" >&2
        exit 1
    fi
}
