#!/bin/bash
# Starts QEMU on a built state with this terminal as the serial console: qemu.sh FOLDER [MORE QEMU OPTIONS].
#   BOOT=grub          through GRUB under SeaBIOS; uefi: GRUB under OVMF; pvh: the kernel at once, under qboot;
#                      seabios-pvh: the kernel at once, under SeaBIOS
#   APPEND=text        kernel command line (GRUB has its own from the build)
#   CPUS=1 MEM=128     processors and MiB of memory
#   ACCEL=tcg          kvm only on request: a /dev/kvm that exists may still hang
#   SERIAL=mon:stdio   where the serial line goes
# Exit: 0 when the guest powered off, 1 when it reported a panic (panic=exit), else what QEMU said.
set -euo pipefail

folder=$1
shift
boot=${BOOT:-grub}
options=(-accel "${ACCEL:-tcg}" -M q35 -cpu max -nodefaults -no-user-config -display none -no-reboot
    -smp "${CPUS:-1}" -m "${MEM:-128}" -global apic.vapic=off -nic none
    -device "isa-debug-exit,iobase=0xf4,iosize=4"
    -serial "${SERIAL:-mon:stdio}" -d cpu_reset -D "$folder/qemu.log")

case $boot in
    grub) options+=(-cdrom "$folder/trapline.iso") ;;
    uefi)
        options+=(-cdrom "$folder/trapline.iso"
            -drive "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"
            -drive "if=pflash,unit=1,format=raw,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd") ;;
    pvh | seabios-pvh)
        options+=(-kernel "$folder/trapline.elf" -initrd "$folder/initramfs.cpio" -append "${APPEND:-}")
        [[ $boot == pvh ]] && options+=(-bios qboot.rom) ;;
    *)
        echo "BOOT=$boot is not known; it may be grub, uefi, pvh or seabios-pvh" >&2
        exit 2 ;;
esac

status=0
qemu-system-x86_64 "${options[@]}" "$@" || status=$?

# The guest ends QEMU by writing v to the debug-exit port, which makes QEMU exit with 2v+1.
case $status in
    33) exit 0 ;;
    35)
        echo "The kernel panicked." >&2
        exit 1 ;;
    0)
        if grep -q 'Triple fault' "$folder/qemu.log" 2>/dev/null; then
            echo "The machine was reset by a triple fault; $folder/qemu.log holds the registers." >&2
            exit 1
        fi ;;
    *)
        echo "QEMU ended with status $status." >&2
        exit "$status" ;;
esac
