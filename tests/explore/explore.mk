# The race explorer: a program of its own from the harness and a few of the system tests' helpers.

#: WINDOW=all         the part of the shell's read() that `make explore` looks at: all, entry, switch or exit
#: KIND=timer         the interrupt that it tries: timer or nmi
#: FORM=full          what it prints: a line for each instruction, `brief` one for each stretch with one outcome, `sum` the counts
#: COMPARE="SOL=3 SOL=4"  with `make explore`: up to three states side by side
WINDOW ?= all
KIND ?= timer
FORM ?= full
COMPARE ?=

EXPLORE_SOURCES := $(wildcard tests/explore/*.cpp tests/harness/*.cpp) $(addprefix tests/system/,race_explorer.cpp \
    shell_round.cpp interrupt_source.cpp kernel_view.cpp entry_paths.cpp code_listing.cpp)
EXPLORE_OBJECTS := $(patsubst %,$T/system/%.o,$(EXPLORE_SOURCES))

$T/explore: $(EXPLORE_OBJECTS)
	$(call say,LINK     $@)
	$(Q)$(HOSTCXX) $(SYSTEM_CXXFLAGS) -o $@ $^ -lfmt

-include $(addsuffix .d,$(EXPLORE_OBJECTS))

ifneq ($(filter explore,$(MAKECMDGOALS)),)
# $(call one_of,VARIABLE,VALUES)
one_of = $(if $(and $(filter 1,$(words $($1))),$(filter $2,$($1))),,$(error $1=$($1): it is one of $2))
$(call one_of,WINDOW,all entry switch exit)
$(call one_of,KIND,timer nmi)
$(call one_of,FORM,full brief sum)
$(if $(word 4,$(COMPARE)),$(error COMPARE takes up to three states))
endif

EXPLORE_STATES := $(if $(COMPARE),$(foreach s,$(COMPARE),$(call check_state,$s)),$(STATE))
explore_folder = $(if $(COMPARE),$(BUILD)/$(call state_names,$1),$B)
NEEDS_explore := run explore
NEEDS_explore-build := $(NEEDS_explore)
.PHONY: explore explore-build explore-handouts
explore: explore-build | need ## an interrupt at every instruction of a read() that waits, and what comes of each
	@$T/explore $(foreach s,$(EXPLORE_STATES),--state $s:$(call explore_folder,$s)) \
	    --window $(WINDOW) --kind $(KIND) --form $(FORM) --jobs $(JOBS)
# Each of several states is built by a make of its own.
explore-build: $T/explore $(if $(COMPARE),,$B/trapline.elf $B/initramfs.cpio) | need
	@+$(foreach s,$(COMPARE),$(MAKE) LAB= SOL= COMPARE= $s $(call explore_folder,$s)/trapline.elf \
	    $(call explore_folder,$s)/initramfs.cpio &&) :

explore-handouts: ## write what the explorer prints into the chapters' handouts; for g++ 12
	@tests/tools/explore_handouts.sh write
