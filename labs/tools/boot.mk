# Booting a state: the ISO with GRUB, and QEMU by hand or under gdb.

#: BOOT=grub          how `make run` boots: grub (BIOS), uefi, pvh (no loader, fastest), seabios-pvh
#: APPEND="words"     kernel command line; panic=exit ends QEMU on a panic
#: CPUS=1             processors
#: MEM=128            MiB of memory
#: QEMU_EXTRA="..."   more options for QEMU
#: ACCEL=kvm          KVM in place of QEMU's own emulation, at your own risk
BOOT ?= grub
APPEND ?=
CPUS ?= 1
MEM ?= 128
ACCEL ?= tcg
QEMU_EXTRA ?=
export BOOT APPEND CPUS MEM ACCEL

.PHONY: run gdb need-run
need-run:
	@labs/tools/setup.sh need run

BOOT_FILES := $(if $(filter grub uefi,$(BOOT)),$B/trapline.iso,$B/trapline.elf $B/initramfs.cpio)

run: $(BOOT_FILES) | need-run ## boot the state in QEMU; this terminal is its console, Ctrl-A X leaves
	@echo "Ctrl-A X leaves QEMU"
	@labs/tools/qemu.sh $B $(QEMU_EXTRA)
