# shellcheck shell=bash
# For record.sh and rewind.sh: what a recording consists of. It lies in FOLDER/recording, beside what it was made from:
#
#   replay.log    QEMU's: every input to the machine, each with the instruction count at which it came
#   serial.log    what the guest printed
#   options       QEMU's options, one a line, without those for the recording itself
#   facts         qemu=VERSION; end=panic, reset or time; instructions=COUNT unless it ends with a panic
#   sums          checksums of the kernel, the initramfs and replay.log

# recordable_qemu: fails, with one line, unless the QEMU in PATH can record and play backwards. Sets qemu_version.
recordable_qemu() {
    local number
    if ! command -v qemu-system-x86_64 >/dev/null; then
        echo "qemu-system-x86_64 is not installed; 'make setup' installs it." >&2
        return 1
    fi
    qemu_version=$(qemu-system-x86_64 --version | sed -n '1s/.*version \([^ ]*\).*/\1/p')
    IFS=. read -r -a number <<<"$qemu_version"
    if ((${number[0]:-0} * 100 + ${number[1]:-0} < 702)) || ! grep -q 'rr=record' < <(qemu-system-x86_64 -help); then
        echo "This QEMU (version ${qemu_version:-unknown}) can't record and replay; it takes 7.2 or newer, with TCG." >&2
        return 1
    fi
}

# check_recording FOLDER: fails, with one line, unless the recording there is whole, and of this build and QEMU.
check_recording() {
    local folder=$1 recording=$1/recording wrong recorded
    if [[ ! -e $recording/sums ]]; then
        echo "There is no recording of $folder yet: make record, with the same SOL=n or LAB=n, makes one." >&2
        return 1
    fi
    wrong=$(env -C "$folder" sha256sum --check --quiet recording/sums 2>/dev/null | sed -n '1s/: .*//p') || true
    case $wrong in
        "") ;;
        recording/*)
            echo "The recording in $recording is damaged: make record makes a new one." >&2
            return 1 ;;
        *)
            echo "The recording in $recording is of another build: ${wrong##*/} has changed since. Make record makes a new one." >&2
            return 1 ;;
    esac
    recorded=$(sed -n 's/^qemu=//p' "$recording/facts")
    if [[ $recorded != "$qemu_version" ]]; then
        echo "The recording in $recording is by QEMU $recorded; version $qemu_version can't replay it. Make record makes a new one." >&2
        return 1
    fi
}
