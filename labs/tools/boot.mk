# Booting a state: the ISO with GRUB, and QEMU by hand or under gdb.

#: BOOT=grub          boot by grub (BIOS), uefi, pvh (no loader, fastest; what gdb, watch, diagnose, record and timeline use) or seabios-pvh
#: APPEND="words"     kernel command line; panic=exit ends QEMU on a panic
#: CPUS=1             processors
#: MEM=128            MiB of memory
#: QEMU_EXTRA="..."   more options for QEMU
#: GDB_EXTRA="..."    more arguments for gdb
#: WAIT=10            seconds that `make watch`, `make diagnose`, `make record` and `make timeline` wait for the fault
#: REWIND="who-wrote saved-rcx; task"  what `make rewind` does by itself, in place of asking you
#: TYPE="words"       a line that `make timeline` types at the shell's prompt
#: ANSWERS=file       what `make diagnose` checks; default: the diagnosis.txt of the chosen state
#: ACCEL=kvm          KVM in place of QEMU's own emulation, at your own risk
BOOT ?= $(if $(filter gdb watch diagnose record rewind timeline,$(MAKECMDGOALS)),pvh,grub)
APPEND ?=
CPUS ?= 1
MEM ?= 128
ifneq ($(if $(CPUS),$(shell echo '$(subst ','\'',$(CPUS))' | grep -vxE '[1-9][0-9]{0,2}')),)
$(error CPUS=$(CPUS): give a number of processors, from 1)
endif
# Before anything is built for them.
ifneq ($(and $(filter record rewind,$(MAKECMDGOALS)),$(filter-out 1,$(CPUS))),)
$(error CPUS=$(CPUS): QEMU records one processor only; leave CPUS out)
endif
ifneq ($(filter-out sh busybox,$(GUEST_SHELL)),)
$(error SHELL=$(GUEST_SHELL): it is busybox, or left out for Trapline's own)
endif
ACCEL ?= tcg
QEMU_EXTRA ?=
GDB_EXTRA ?=
WAIT ?= 10
REWIND ?=
TYPE ?=
ANSWERS ?= $(firstword $(wildcard $(addsuffix /diagnosis.txt,$(LAYERS))))
GDB := $(if $(filter x86_64 amd64,$(MACHINE)),gdb,gdb-multiarch)
export WAIT ANSWERS REWIND TYPE GDB_EXTRA BOOT APPEND CPUS MEM ACCEL

.PHONY: run gdb watch diagnose record rewind timeline
NEEDS_run := run $(filter uefi,$(BOOT)) $(if $(filter grub uefi,$(BOOT)),iso) $(filter busybox,$(GUEST_SHELL))
NEEDS_gdb := run gdb $(filter busybox,$(GUEST_SHELL))
NEEDS_watch := run gdb
NEEDS_diagnose := run gdb
NEEDS_record := run
NEEDS_rewind := run gdb rewind
NEEDS_timeline := run gdb

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

# What is booted: the state as it is, or with another shell, which has a folder of its own.
BUSYBOX := $B/busybox
BOOTED := $(if $(filter busybox,$(GUEST_SHELL)),$(BUSYBOX),$B)
$B/trapline.iso $(BUSYBOX)/trapline.iso: %/trapline.iso: %/trapline.elf %/initramfs.cpio $B/grub.cfg labs/tools/iso.sh | need
	$(call say,ISO      $@)
	$(Q)labs/tools/iso.sh $@ $(filter-out %.sh,$^)

$(BUSYBOX)/trapline.elf: $B/trapline.elf
	$(Q)mkdir -p $(@D) && ln -sf ../trapline.elf $@

# For the tests, which boot it without a loader.
.PHONY: busybox
busybox: $(BUSYBOX)/initramfs.cpio
	@:
NEEDS_busybox := busybox

BOOT_FILES := $(addprefix $(BOOTED)/,$(if $(filter grub uefi,$(BOOT)),trapline.iso,trapline.elf initramfs.cpio))

# Only what chapter 6 brings starts further processors.
ONE_PROCESSOR = $(if $(filter-out 1,$(CPUS)),$(if $(filter arch/x86_64/processors.cpp,$(FILES)),,\
    @echo "CPUS=$(CPUS) has no effect on $(STATE): this kernel uses one processor"))

.PHONY: boot-files
boot-files: $(BOOT_FILES) | need
	@:

run: $(BOOT_FILES) | need ## boot the state in QEMU; this terminal is its console, Ctrl-A X leaves
	$(ONE_PROCESSOR)
	@echo "Ctrl-A X leaves QEMU"
	@labs/tools/qemu.sh $(BOOTED) $(QEMU_EXTRA)

gdb: $(BOOT_FILES) | need ## boot the state under gdb, stopped at kernel_main
	$(ONE_PROCESSOR)
	@labs/tools/gdb.sh $(BOOTED) $(GDB) $(QEMU_EXTRA)

watch: $(BOOT_FILES) | need ## chapter 3: show who writes to the shell's saved RCX, and which write is wrong
	@labs/tools/gdb/batch.sh $B $(GDB) watch.py $(QEMU_EXTRA)

diagnose: $(BOOT_FILES) | need ## chapter 3: check the answers in ANSWERS against a run of this build
	@labs/tools/gdb/batch.sh $B $(GDB) diagnose.py $(QEMU_EXTRA)

record: $(BOOT_FILES) | need ## record a run, until its panic or for WAIT seconds, so that make rewind can go back
	@labs/tools/record.sh $B $(QEMU_EXTRA)

# It must not build: a recording is of the build that it was made from.
rewind: | need $(filter record,$(MAKECMDGOALS)) ## gdb at the panic that make record has recorded, with commands that go back: who-wrote saved-rcx
	@labs/tools/rewind.sh $B $(GDB)

timeline: $(BOOT_FILES) | need ## record a run, with every system call, interrupt and switch, and write it as a page
	@TRAPLINE_STATE="$(STATE)" labs/tools/gdb/batch.sh $B $(GDB) timeline.py $(QEMU_EXTRA)
