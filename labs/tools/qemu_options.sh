# shellcheck shell=bash
# For qemu.sh and gdb.sh: qemu_options FOLDER sets the array `options` to QEMU's options for the state built there.
#   BOOT=grub          through GRUB under SeaBIOS; uefi: GRUB under OVMF; pvh: the kernel at once, under qboot;
#                      seabios-pvh: the kernel at once, under SeaBIOS
#   APPEND=words       kernel command line (GRUB has it from the build already)
#   CPUS=1 MEM=128     processors and MiB of memory
#   ACCEL=tcg          kvm only on request: a /dev/kvm that exists may still hang

qemu_options() {
    local folder=$1
    options=(-accel "${ACCEL:-tcg}" -M q35 -cpu max -nodefaults -no-user-config -display none -no-reboot
        -smp "${CPUS:-1}" -m "${MEM:-128}" -global apic.vapic=off -nic none
        -device "isa-debug-exit,iobase=0xf4,iosize=4" -d cpu_reset -D "$folder/qemu.log")
    case ${BOOT:-grub} in
        grub) options+=(-cdrom "$folder/trapline.iso") ;;
        uefi)
            options+=(-cdrom "$folder/trapline.iso"
                -drive "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"
                -drive "if=pflash,unit=1,format=raw,snapshot=on,file=/usr/share/OVMF/OVMF_VARS_4M.fd") ;;
        pvh | seabios-pvh)
            options+=(-kernel "$folder/trapline.elf" -initrd "$folder/initramfs.cpio" -append "${APPEND:-}")
            if [[ $BOOT == pvh ]]; then options+=(-bios qboot.rom); fi ;;
        *)
            echo "BOOT=$BOOT is not known; it may be grub, uefi, pvh or seabios-pvh." >&2
            exit 2 ;;
    esac
}
