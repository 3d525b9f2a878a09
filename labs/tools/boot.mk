# Booting a state: the ISO with GRUB, and QEMU by hand or under gdb.

#: BOOT=grub          boot by grub (BIOS), uefi, pvh (no loader, fastest; what gdb, watch and diagnose use) or seabios-pvh
#: APPEND="words"     kernel command line; panic=exit ends QEMU on a panic
#: CPUS=1             processors
#: MEM=128            MiB of memory
#: QEMU_EXTRA="..."   more options for QEMU
#: GDB_EXTRA="..."    more arguments for gdb
#: WAIT=10            seconds that `make watch` and `make diagnose` wait for the fault
#: ANSWERS=file       what `make diagnose` checks; default: the diagnosis.txt of the chosen state
#: ACCEL=kvm          KVM in place of QEMU's own emulation, at your own risk
BOOT ?= $(if $(filter gdb watch diagnose,$(MAKECMDGOALS)),pvh,grub)
APPEND ?=
CPUS ?= 1
MEM ?= 128
ifneq ($(if $(CPUS),$(shell echo '$(subst ','\'',$(CPUS))' | grep -vxE '[1-9][0-9]{0,2}')),)
$(error CPUS=$(CPUS): give a number of processors, from 1)
endif
ACCEL ?= tcg
QEMU_EXTRA ?=
GDB_EXTRA ?=
WAIT ?= 10
ANSWERS ?= $(firstword $(wildcard $(addsuffix /diagnosis.txt,$(LAYERS))))
GDB := $(if $(filter x86_64 amd64,$(MACHINE)),gdb,gdb-multiarch)
export WAIT ANSWERS GDB_EXTRA BOOT APPEND CPUS MEM ACCEL

.PHONY: run gdb watch diagnose
NEEDS_run := run $(filter uefi,$(BOOT)) $(if $(filter grub uefi,$(BOOT)),iso)
NEEDS_gdb := run gdb
NEEDS_watch := run gdb
NEEDS_diagnose := run gdb

# GRUB says nothing on the serial line unless it cannot start the kernel; then it shows why and gives its own prompt.
define GRUB_CFG
set timeout=0
set gfxpayload=text
if multiboot2 /boot/trapline.elf $(APPEND); then
  if module2 /boot/initramfs.cpio initramfs; then
    boot
  fi
fi
serial --unit=0 --speed=115200
terminal_input serial
terminal_output serial
echo "GRUB could not start the kernel."
endef
ifneq ($(findstring ;,$(APPEND))$(findstring $$,$(APPEND))$(findstring ",$(APPEND))$(findstring ',$(APPEND)),)
$(error APPEND may not hold quotes, $$ or ;)
endif
$(call record,$B/grub.cfg,$(GRUB_CFG))

$B/trapline.iso: $B/trapline.elf $B/initramfs.cpio $B/grub.cfg labs/tools/iso.sh | need
	$(call say,ISO      $@)
	$(Q)labs/tools/iso.sh $@ $(filter-out %.sh,$^)

BOOT_FILES := $(if $(filter grub uefi,$(BOOT)),$B/trapline.iso,$B/trapline.elf $B/initramfs.cpio)

.PHONY: boot-files
boot-files: $(BOOT_FILES) | need
	@:

run: $(BOOT_FILES) | need ## boot the state in QEMU; this terminal is its console, Ctrl-A X leaves
	@echo "Ctrl-A X leaves QEMU"
	@labs/tools/qemu.sh $B $(QEMU_EXTRA)

gdb: $(BOOT_FILES) | need ## boot the state under gdb, stopped at kernel_main
	@labs/tools/gdb.sh $B $(GDB) $(QEMU_EXTRA)

watch: $(BOOT_FILES) | need ## chapter 3: show who writes to the shell's saved RCX, and which write is wrong
	@labs/tools/gdb/batch.sh $B $(GDB) watch.py $(QEMU_EXTRA)

diagnose: $(BOOT_FILES) | need ## chapter 3: check the answers in ANSWERS against a run of this build
	@labs/tools/gdb/batch.sh $B $(GDB) diagnose.py $(QEMU_EXTRA)
