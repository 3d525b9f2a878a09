# Trapline's build. `make help` lists every target and variable.
#
# A state is one of the kernels of the course: SOL=n is the reference solution up to chapter n, LAB=n is where the
# learner starts chapter n. Each file of a state comes from the first layer that has it, and each state builds in a
# folder of its own, so that switching between states or compilers rebuilds nothing.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += -rR --no-print-directory
# To make, SHELL is the path of what runs its commands; to those who say `make run SHELL=busybox` it is what runs in the guest.
GUEST_SHELL := $(or $(if $(filter command line,$(origin SHELL)),$(if $(findstring /,$(SHELL)),,$(SHELL))),sh)
override SHELL := /bin/bash
export LC_ALL := C

ifneq ($(words $(CURDIR)),1)
$(error The path "$(CURDIR)" contains a space, which make cannot handle: move the tree)
endif

# ---- Variables: each line that starts with "#:" is shown by `make help` ----------------------------------------

#: SOL=n              the reference solution up to chapter n (0 is the bare tree); default: the highest there is
#: LAB=n              the learner's start of chapter n
#: BASE=mine          with LAB=n: stand on your own earlier chapters, not on the reference solutions
#: CXX=clang++        build with clang in place of g++
#: OPT=-O0            optimisation of kernel and programs in place of -O2
#: INSTRUMENT=yes     compile chapter 3's frame checks into the kernel
#: TRACE=yes          compile a ring of records of what the kernel does into it; `make timeline` does by itself
#: CHECK_LOCKS=yes    compile a check of every spin lock's use into the kernel
#: SHELL=busybox      `make run` with Debian's busybox-static as the shell in place of Trapline's own
#: DEFINES=-DX=1      macros for kernel and programs; the tests use it
#: V=1                show whole commands
#: SETUP=no           install nothing: name what is missing and stop
#: CROSS=prefix-      prefix of the x86_64 compiler and binutils; set by itself on other machines
#: CCACHE=ccache      compile the programs by way of it; the tests do
#: HOSTCXX=g++        compiler for the tests, which run on this machine; default: CXX
ifeq ($(origin CXX),default)
CXX := g++
endif
OPT ?= -O2
TRACE ?= $(if $(filter timeline,$(MAKECMDGOALS)),yes)
override DEFINES += $(if $(filter yes,$(INSTRUMENT)),-DFRAME_CHECKS) $(if $(filter yes,$(CHECK_LOCKS)),-DLOCK_CHECKS) \
    $(if $(filter yes,$(TRACE)),-DTRACE)
SETUP ?= yes
MACHINE := $(shell uname -m)
CROSS ?= $(if $(filter x86_64 amd64,$(MACHINE)),,x86_64-linux-gnu-)
HOSTCXX ?= $(CXX)
IS_CLANG := $(findstring clang,$(notdir $(CXX)))
TARGET_CXX := $(if $(IS_CLANG),$(CXX) --target=x86_64-linux-gnu,$(CROSS)$(CXX))
export SETUP CXX CROSS HOSTCXX

# One command a processor at a time; a -j on the command line wins.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

Q := $(if $(V),,@)
empty :=
define newline


endef
# $(call say,text): one short line for a command that is not shown itself.
say = $(if $(V),,$(info $(empty)  $1))

# ---- States and layers -----------------------------------------------------------------------------------------

# A tree written by `make tree` holds one state with plain paths; this file says which one.
PLAIN_STATE := $(file <.state)

reverse = $(if $1,$(call reverse,$(wordlist 2,9,$1)) $(firstword $1))
# $(call chapter_dir,labs|solutions,n): the folder of chapter n, if there is one.
chapter_dir = $(patsubst %/,%,$(wildcard $1/0$2-*/))
# $(call chapter,labs|solutions,n): its layers: what was written for it, and below that what its lab has ready-made.
chapter = $(call chapter_dir,$1,$2) $(wildcard $(call chapter_dir,labs,$2)/given)
# $(call chapters_upto,labs|solutions,n): the layers of the chapters n, n-1, ... 1.
chapters_upto = $(foreach n,$(call reverse,$(wordlist 1,$2,1 2 3 4 5 6)),$(call chapter,$1,$n))
minus_one = $(words $(wordlist 2,$1,1 2 3 4 5 6))

STATES := $(strip $(or $(PLAIN_STATE),SOL=0 $(foreach n,1 2 3 4 5 6,\
    $(if $(wildcard $(call chapter_dir,labs,$n)/lab.txt),LAB=$n) $(if $(call chapter_dir,solutions,$n),SOL=$n))))
DEFAULT_STATE := $(lastword $(or $(filter SOL=%,$(STATES)),$(STATES)))

# $(call layers,STATE): where its files are looked for, in order. "." is the tree: kernel/, arch/, userland/ here.
layers = $(strip $(if $(PLAIN_STATE),,$(if $(filter SOL=%,$1),$(call chapters_upto,solutions,$(patsubst SOL=%,%,$1)),\
    $(call chapter,labs,$(patsubst LAB=%,%,$1)) \
    $(call chapters_upto,$(if $(MINE),labs,solutions),$(call minus_one,$(patsubst LAB=%,%,$1))))) .)
check_state = $(if $(filter $1,$(STATES)),$1,$(error There is no state "$1" here; there are: $(STATES)))

files_under = $(foreach f,$(wildcard $1/*),$(if $(wildcard $f/.),$(call files_under,$f),$f))
# $(call files,LAYERS): the paths that a state consists of, as they are named in it.
files = $(sort $(foreach l,$1,$(patsubst $l/%,%,$(foreach d,kernel arch userland,$(call files_under,$l/$d)))))
# $(call locate,LAYERS,PATH): the file behind a path: the first layer's that has it. A layer whose list "tree-again"
# names the path gives up what the layers below it say, and the tree's own file counts again. Not for headers: the compiler
# goes by the order of the layers.
locate = $(patsubst ./%,%,$(or $(wildcard $(firstword $1)/$2),$(if $(filter $2,$(file <$(firstword $1)/tree-again)),$2,\
    $(if $(word 2,$1),$(call locate,$(wordlist 2,99,$1),$2)))))

ifneq ($(and $(SOL),$(LAB)),)
$(error Give SOL=$(SOL) or LAB=$(LAB), not both)
endif
ifneq ($(filter-out mine reference,$(BASE)),)
$(error BASE=$(BASE): it is "mine" (your own earlier chapters) or "reference")
endif
MINE := $(if $(filter mine,$(BASE)),$(if $(LAB),yes,$(error BASE=mine goes with LAB=n: it says what your chapter n stands on)))
STATE := $(call check_state,$(strip $(if $(LAB),LAB=$(LAB),$(if $(SOL),SOL=$(SOL),$(DEFAULT_STATE)))))
# Chapter 4's kernel with more than one processor is a demonstration: what chapter 6 has to start processors, below
# chapter 4's own entry path, and a scheduler that is shared like everything else there.
GLOBALS_SMP := $(if $(filter-out 1,$(CPUS)),$(if $(filter SOL=4,$(STATE)),$(wildcard solutions/06-smp/globals)))
LAYERS := $(if $(GLOBALS_SMP),$(GLOBALS_SMP) $(filter-out .,$(call layers,$(STATE))) $(call chapter,solutions,6) .,$(call layers,$(STATE)))
FILES := $(call files,$(LAYERS))
$(foreach f,$(FILES),$(eval at_$f := $(call locate,$(LAYERS),$f)))
# $(call at,PATHS): where each of them really is.
at = $(foreach f,$1,$(at_$f))

# ---- Build folders ---------------------------------------------------------------------------------------------

# build/sol2 with the usual compiler and optimisation, else build/clang++/sol2, build/g++-O0/sol2, ...
BUILD := build$(if $(filter-out g++-O2,$(notdir $(CXX))$(OPT)),/$(notdir $(CXX))$(filter-out -O2,$(OPT)))
state_names = $(patsubst SOL=%,sol%,$(patsubst LAB=%,lab%,$1))
# Macros make a state a variant of itself, beside it: build/sol3+FRAME_CHECKS.
B := $(BUILD)/$(call state_names,$(STATE))$(if $(MINE),+mine)$(if $(GLOBALS_SMP),+smp)$(subst =,-,$(subst $(empty) ,,$(patsubst -D%,+%,$(DEFINES))))

# $(call record,FILE,TEXT): rewrites FILE while the Makefile is read, if it does not hold TEXT already. Whatever
# depends on FILE is remade when the text changes, and only then. (Make 4.3 may read a file with its last newline.)
record = $(if $(or $(READ_ONLY),$(and $(wildcard $1),$(call same,$(strip $(file <$1)),$(strip $2)))),,\
    $(shell mkdir -p $(dir $1))$(file >$1,$2))
same = $(if $(subst x$1,,x$2)$(subst x$2,,x$1),,same)
# These goals write nothing below build/.
READ_ONLY := $(if $(MAKECMDGOALS),$(if $(filter-out help where lines diff tree reset tags release clean setup,$(MAKECMDGOALS)),,yes))

# An override that appears or vanishes must rebuild what included the other file; depfiles alone cannot see that.
several = $(word 2,$(wildcard $(addsuffix /$1,$(LAYERS))))
$(call record,$B/overrides.txt,headers: $(foreach f,$(filter %.h,$(FILES)),$(if $(call several,$f),$(at_$f))))

# ---- What the parts of the tree add ----------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror
# How both kernel and programs are linked: GNU ld whatever the compiler, and warnings are errors here too. noexecstack speaks for
# all objects, so no source in assembly has to say that its stack holds no code.
LINK := $(TARGET_CXX) -nostdlib -static $(if $(IS_CLANG),,-no-pie) -fuse-ld=bfd -Wl,--build-id=none \
    -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--fatal-warnings
INCLUDES := -I$B/include $(addprefix -I,$(LAYERS))
# No path of this machine gets into the output, and __FILE__, which programs do not use, is the path within the state.
DEBUG_PREFIX_MAP := -fdebug-prefix-map=$(CURDIR)=.
PREFIX_MAP := $(foreach l,$(LAYERS),-fmacro-prefix-map=$l/=) $(DEBUG_PREFIX_MAP)

include kernel/kernel.mk
include userland/userland.mk
include labs/tools/boot.mk
include tests/tests.mk
include tests/graded.mk
-include $(wildcard tests/grader/grader.mk tests/explore/explore.mk)
include labs/tools/course.mk
include labs/tools/site.mk
-include $(wildcard tests/pictures/pictures.mk)

.PHONY: all help setup where diff tree clean
all: $B/trapline.elf $B/initramfs.cpio $B/trapline.iso $B/compile_commands.json ## build the state: kernel, initramfs and ISO
	@:

help: ## this list
	@labs/tools/help.sh $(MAKEFILE_LIST)

setup: ## install every Debian package that any target needs
	@labs/tools/setup.sh install all

# What is made waits for this: it installs the packages that the goals need, or names them and stops.
NEEDS = build $(foreach g,$(or $(MAKECMDGOALS),all),$(NEEDS_$g))
NEEDS_all := iso
.PHONY: need
need:
	@labs/tools/setup.sh need $(NEEDS)

where: ## print each file of the state and the layer it comes from
	$(foreach f,$(FILES),$(info $f  $(if $(filter $f,$(at_$f)),(tree),$(patsubst %/$f,%,$(at_$f)))))@:

#: FROM=SOL=1 TO=LAB=2   the states that `make diff` compares; default: the chosen state and the one below it
TO ?= $(STATE)
FROM ?= SOL=$(call minus_one,$(patsubst SOL=%,%,$(patsubst LAB=%,%,$(TO))))
changed = $(foreach f,$(sort $(call files,$1) $(call files,$2)),\
    $(if $(call same,x$(call locate,$1,$f),x$(call locate,$2,$f)),,$f:$(call locate,$1,$f):$(call locate,$2,$f)))
diff: ## print what changes between two states, as one patch with plain paths
	@labs/tools/diff.sh $(call changed,$(call layers,$(call check_state,$(FROM))),$(call layers,$(call check_state,$(TO))))

#: DIR=folder         where `make tree` writes
tree: ## write the state to DIR as a tree of its own, without layers
	@labs/tools/tree.sh "$(DIR)" $(STATE) $(foreach f,$(FILES),$f:$(at_$f)) \
	    $(addprefix diagnosis.txt:,$(call locate,$(LAYERS),diagnosis.txt))

# For clangd and clang-tidy: how each source of the state is compiled; the state built last is the one at the top.
command = {"directory": "$(CURDIR)", "file": "$1", "command": "$2 -c $1"},
$B/compile_commands.json: $B/kernel_objects.txt $B/kernel_flags.txt $B/user_objects.txt $B/initramfs.txt $T/objects.txt
	$(file >$@,[)
	$(foreach f,$(call at,$(filter %.cpp,$(KERNEL_SOURCES))),$(file >>$@,$(call command,$f,$(TARGET_CXX) $(KERNEL_CXXFLAGS))))
	$(foreach f,$(call at,$(filter userland/%.cpp,$(FILES))),$(file >>$@,$(call command,$f,$(TARGET_CXX) $(USER_CXXFLAGS))))
	$(foreach f,$(filter tests/unit/%,$(UNIT_SOURCES)),$(file >>$@,$(call command,$f,$(HOSTCXX) $(UNIT_CXXFLAGS))))
	$(foreach f,$(SYSTEM_SOURCES),$(file >>$@,$(call command,$f,$(HOSTCXX) $(SYSTEM_CXXFLAGS))))
	$(Q)sed -i '$$s/,$$/]/' $@
	$(Q)cp $@ compile_commands.json

clean: ## remove everything that was built
	rm -rf build compile_commands.json
