#!/bin/bash
# Writes a bootable ISO for BIOS and UEFI: iso.sh OUT KERNEL INITRAMFS GRUB_CFG. The kernel goes in without its
# debugging data, which GRUB would load into memory as well.
set -euo pipefail

out=$1 kernel=$2 initramfs=$3 config=$4
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

mkdir -p "$stage/boot/grub"
cp "$config" "$stage/boot/grub/grub.cfg"
cp "$initramfs" "$stage/boot/initramfs.cpio"
"${CROSS:-}objcopy" --strip-debug "$kernel" "$stage/boot/trapline.elf"

# Without fonts, themes and translations the image is half as big. The modules all stay: leaving some out makes GRUB
# slower, as it looks for them in vain.
if ! grub-mkrescue -o "$out.part" --fonts= --themes= --locales= "$stage" >"$out.log" 2>&1; then
    cat "$out.log" >&2
    exit 1
fi
mv "$out.part" "$out"
