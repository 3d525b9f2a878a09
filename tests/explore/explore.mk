# The race explorer: a program of its own from the harness and a few of the system tests' helpers.

#: WINDOW=all         what `make explore` looks at: all, entry, switch or exit
#: KIND=timer         the interrupt that `make explore` tries: timer or nmi
#: COMPARE="SOL=3 SOL=4"  with `make explore`: up to three states side by side
WINDOW ?= all
KIND ?= timer
COMPARE ?=

EXPLORE_SOURCES := $(wildcard tests/explore/*.cpp tests/harness/*.cpp) $(addprefix tests/system/,race_explorer.cpp \
    shell_round.cpp interrupt_source.cpp kernel_view.cpp entry_paths.cpp code_listing.cpp)
EXPLORE_OBJECTS := $(patsubst %,$T/system/%.o,$(EXPLORE_SOURCES))

$T/explore: $(EXPLORE_OBJECTS) tests/explore/explore.mk
	$(call say,LINK     $@)
	$(Q)$(HOSTCXX) $(SYSTEM_CXXFLAGS) -o $@ $(filter %.o,$^) -lfmt

-include $(addsuffix .d,$(EXPLORE_OBJECTS))

EXPLORE_STATES := $(or $(COMPARE),$(STATE))
explore_folder = $(BUILD)/$(call state_names,$1)$(if $(MINE),+mine)
NEEDS_explore := run explore
.PHONY: explore explore-states
explore: $T/explore explore-states | need ## an interrupt at every instruction of a read() and a switch, and what comes of it
	@$T/explore $(foreach s,$(EXPLORE_STATES),--state $s:$(if $(COMPARE),$(call explore_folder,$s),$B)) \
	    --window "$(WINDOW)" --kind "$(KIND)" --jobs $(JOBS)
explore-states: $(if $(COMPARE),,$B/trapline.elf $B/initramfs.cpio) | need
	@+$(foreach s,$(if $(COMPARE),$(foreach c,$(COMPARE),$(call check_state,$c))),$(MAKE) LAB= SOL= COMPARE= $s \
	    $(call explore_folder,$s)/trapline.elf $(call explore_folder,$s)/initramfs.cpio &&) :
