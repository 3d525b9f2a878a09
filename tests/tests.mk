# The tests: host unit tests, system tests that boot each state in QEMU, tests of the make targets, style.
#
#   tests/unit/*_test.cpp and support/*.cpp, with the kernel sources that sources.txt lists and the harness: one program
#   tests/system/*.cpp with the harness: one program, which finds the built states by TRAPLINE_BUILD
#   tests/harness/*.cpp: linked into both
#   tests/tools/*_test.sh: scripts that test the make targets, the tools and the style of the sources

#: TESTS=pattern      run only the GoogleTests whose names match, as in TESTS='Shell.*'
TESTS ?= *
.PHONY: test check tidy lines
NEEDS_test := iso run uefi test
NEEDS_check := $(NEEDS_test)
NEEDS_tidy := tidy

# A state's programs are those of any other, but for a few: what these goals start compiles each of them once. A sandbox does
# not inherit it, so what is graded is compiled there.
ifneq ($(filter test check,$(MAKECMDGOALS)),)
export CCACHE ?= ccache
export CCACHE_DIR ?= $(CURDIR)/build/ccache
endif

T := $(BUILD)/test
# Compiling takes longer than running: no optimisation, and debug information for backtraces only.
TEST_CXXFLAGS := -std=c++20 $(WARNINGS) -O0 -g1 -pthread
# The tree first: what a chapter replaces is there to be seen in QEMU, what it adds is found behind.
UNIT_LAYERS := . $(filter-out .,$(call layers,$(DEFAULT_STATE)))
UNIT_CXXFLAGS := $(TEST_CXXFLAGS) -fsanitize=address,undefined -fno-sanitize-recover=all \
    -DLOCK_CHECKS -Itests/unit/support/include $(addprefix -I,$(UNIT_LAYERS))
SYSTEM_CXXFLAGS := $(TEST_CXXFLAGS) -I.

UNIT_TESTS := $(wildcard tests/unit/*_test.cpp)
UNIT_TESTED := $(foreach f,$(file <tests/unit/sources.txt),$(or $(call locate,$(UNIT_LAYERS),$f),$(if $(PLAIN_STATE),,\
    $(error tests/unit/sources.txt: there is no $f in $(DEFAULT_STATE)))))
# A tree of an early state lacks what the later chapters have tests for.
ifneq ($(PLAIN_STATE),)
UNIT_TESTS := $(shell awk -f tests/tools/available_tests.awk /dev/null $(UNIT_TESTS))
endif
UNIT_SOURCES := $(UNIT_TESTS) $(wildcard tests/unit/support/*.cpp) $(UNIT_TESTED)
SYSTEM_SOURCES := $(wildcard tests/harness/*.cpp tests/system/*.cpp)
HARNESS_OBJECTS := $(patsubst %,$T/system/%.o,$(wildcard tests/harness/*.cpp))
# The grader's own parts, but for its main programs and what needs a chapter's state.
UNIT_GRADER := $(patsubst %,$T/system/%.o,$(wildcard tests/grader/*_report.cpp tests/grader/result.cpp tests/grader/sandbox.cpp \
    $(addprefix tests/grader/driver/,lab_info.cpp work_tree.cpp apply_patch.cpp schedule.cpp grading.cpp)))
UNIT_OBJECTS := $(UNIT_SOURCES:%=$T/unit/%.o)
SYSTEM_OBJECTS := $(SYSTEM_SOURCES:%=$T/system/%.o)
$(call record,$T/flags.txt,$(HOSTCXX) $(UNIT_CXXFLAGS))
$(call record,$T/objects.txt,$(UNIT_OBJECTS) $(SYSTEM_OBJECTS))

# The libraries' headers, precompiled as the standard ones are for the kernel.
LIBRARIES := $T/precompiled/libraries.h
UNIT_LIBRARIES := $T/precompiled/unit/libraries.h
$(LIBRARIES).gch: FLAGS = $(SYSTEM_CXXFLAGS)
$(UNIT_LIBRARIES).gch: FLAGS = $(UNIT_CXXFLAGS)
$(LIBRARIES).gch $(UNIT_LIBRARIES).gch: tests/harness/libraries.h $T/flags.txt | need
	$(call say,TESTCXX  $<)
	$(Q)mkdir -p $(@D) && echo '#include <$<>' >$(@:.gch=) && $(HOSTCXX) $(FLAGS) -x c++-header $(@:.gch=) -o $@

$T/unit/%.o: % $T/flags.txt | need $(UNIT_LIBRARIES).gch
	$(call say,TESTCXX  $<)
	$(Q)mkdir -p $(@D) && $(HOSTCXX) $(UNIT_CXXFLAGS) -include $(UNIT_LIBRARIES) $(DEPFLAGS) -c $< -o $@

$T/system/%.o: % $T/flags.txt | need $(LIBRARIES).gch
	$(call say,TESTCXX  $<)
	$(Q)mkdir -p $(@D) && $(HOSTCXX) $(SYSTEM_CXXFLAGS) -include $(LIBRARIES) $(DEPFLAGS) -c $< -o $@

$T/unit-tests: $(UNIT_OBJECTS) $(HARNESS_OBJECTS) $(UNIT_GRADER) $T/objects.txt
	$(call say,LINK     $@)
	$(Q)$(HOSTCXX) $(UNIT_CXXFLAGS) -o $@ $(filter %.o,$^) -lgtest -lgtest_main -lfmt

$T/system-tests: $(SYSTEM_OBJECTS) $T/objects.txt
	$(call say,LINK     $@)
	$(Q)$(HOSTCXX) $(SYSTEM_CXXFLAGS) -o $@ $(filter %.o,$^) -lgtest -lgtest_main -lfmt

-include $(addsuffix .d,$(UNIT_OBJECTS) $(SYSTEM_OBJECTS))

# Every solution, each built by a make of its own. Starts are built, and graded, by the test of the tags.
BUILD_STATES := $(addprefix build-,$(call state_names,$(or $(filter SOL=%,$(STATES)),$(STATES))))
.PHONY: $(BUILD_STATES)
$(BUILD_STATES): | need
	@+$(MAKE) SOL= LAB= $(patsubst sol%,SOL=%,$(patsubst lab%,LAB=%,$(@:build-%=%))) all $(if $(filter test,$(MAKECMDGOALS)),busybox)

# Variants of chapter 3's kernel: other compilers and options, its instrument, and what takes the bug away.
BUG_VARIANTS := $(if $(filter SOL=3,$(STATES)),build-bug-variants)
.PHONY: build-bug-variants
build-bug-variants: build-sol3
	@+CXX=$(CXX) tests/tools/bug_variants.sh $(BUILD)

# Variants of chapter 5's kernel: with one of its precautions left out.
PCR_VARIANTS := $(if $(filter SOL=5,$(STATES)),build-pcr-variants)
.PHONY: build-pcr-variants
build-pcr-variants: build-sol5
	@+CXX=$(CXX) tests/tools/pcr_variants.sh $(BUILD)

# Chapter 4's kernel on two processors, which chapter 6's tests need to see break.
GLOBALS_DEMO := $(if $(and $(filter SOL=4,$(STATES)),$(wildcard solutions/06-smp/globals)),build-globals-demo)
.PHONY: build-globals-demo
build-globals-demo: | need
	@+$(MAKE) LAB= SOL=4 CPUS=2 all

# Chapter 6's kernel with the check of its locks, and with mistakes that the check must find.
LOCK_VARIANTS := $(if $(filter SOL=6,$(STATES)),build-lock-variants)
.PHONY: build-lock-variants
build-lock-variants: build-sol6
	@+CXX=$(CXX) tests/tools/lock_variants.sh $(BUILD)

RUN_TESTS = TRAPLINE_ROOT=$(CURDIR) TRAPLINE_BUILD=$(CURDIR)/$(BUILD) \
    TRAPLINE_STATES="$(call state_names,$(STATES))" TESTS='$(TESTS)' tests/tools/run.sh $T

test: $(BUILD_STATES) $(BUG_VARIANTS) $(PCR_VARIANTS) $(LOCK_VARIANTS) $(GLOBALS_DEMO) $T/unit-tests $T/system-tests ## build and test every state; takes some minutes
	@$(RUN_TESTS) all

check: $(BUILD_STATES) $T/unit-tests $T/system-tests ## the quick part of the tests, under a minute
	@$(RUN_TESTS) quick

#: MINUTES=5          how long `make soak` lasts; with CPUS=n, 4 if it is not given
MINUTES ?= 5
.PHONY: soak
NEEDS_soak := run test
soak: $B/trapline.elf $B/initramfs.cpio $T/system-tests | need ## everything at once, for minutes, and nothing may be lost
	@TRAPLINE_ROOT=$(CURDIR) TRAPLINE_BUILD=$(CURDIR)/$(patsubst %/,%,$(dir $B)) TRAPLINE_STATES=$(notdir $B) \
	    TRAPLINE_SOAK_SECONDS=$$((60 * $(MINUTES))) TRAPLINE_SOAK_CPUS=$(if $(filter file,$(origin CPUS)),4,$(CPUS)) \
	    $T/system-tests --gtest_filter='SmpSoak.*'

#: CALLS=10000000     how many system calls `make fuzz` makes, with CPUS=n on so many processors
#: SEED=1             what they follow from
#: FIRST=0            the number of the first one, to go on from where a run failed
CALLS ?= 10000000
SEED ?= 1
FIRST ?= 0
$(foreach v,$(if $(filter fuzz,$(MAKECMDGOALS)),CALLS SEED FIRST),\
    $(if $(shell echo '$(subst ','\'',$($v))' | grep -xE '[0-9]{1,12}'),,$(error $v=$($v): give a number)))
.PHONY: fuzz
NEEDS_fuzz := run test
fuzz: $B/trapline.elf $B/initramfs.cpio $T/system-tests | need ## system calls that nobody would make, 10 million of them, and every register and frame as before
	@TRAPLINE_ROOT=$(CURDIR) TRAPLINE_BUILD=$(CURDIR)/$(patsubst %/,%,$(dir $B)) TRAPLINE_STATES=$(notdir $B) \
	    TRAPLINE_FUZZ_CALLS=$(CALLS) TRAPLINE_FUZZ_SEED=$(SEED) TRAPLINE_FUZZ_FIRST=$(FIRST) TRAPLINE_FUZZ_CPUS=$(CPUS) \
	    $T/system-tests --gtest_filter='Fuzz.CallsKeepTheAbiAndLeaveNothing'

#: BENCH_CPUS="1 2 4"  numbers of processors that `make bench` compares
#: BENCH_SECONDS=1     how long it lets each operation run then
#: BENCH_ROUNDS=3      how often; the best counts
BENCH_CPUS ?= 1 2 4
BENCH_SECONDS ?= 1
BENCH_ROUNDS ?= 3
.PHONY: bench
NEEDS_bench := run
BENCH_PROGRAMS := $(addprefix $B/programs/,tests/bench bin/true)
bench: $B/trapline.elf $(BENCH_PROGRAMS) tests/tools/bench.sh | need ## what the kernel's operations cost, in instructions, and how they scale
	@BENCH_CPUS="$(BENCH_CPUS)" BENCH_SECONDS=$(BENCH_SECONDS) BENCH_ROUNDS=$(BENCH_ROUNDS) \
	    tests/tools/bench.sh $B

#: LINUX=file          the kernel (bzImage) that `make compare` compares with; default: Debian's, which is downloaded
.PHONY: compare
NEEDS_compare := run
compare: $B/trapline.elf $(BENCH_PROGRAMS) | need ## the same program here and on Linux: what operations cost on both
	@BENCH_ROUNDS=$(BENCH_ROUNDS) tests/tools/bench_compare.sh $B "$(LINUX)"

# Not part of `make test`: nothing else needs this second emulator, whose Debian package brings a desktop's libraries.
.PHONY: bochs
NEEDS_bochs := iso bochs
bochs: $(if $(filter SOL=6,$(STATES)),build-sol6) | need ## what QEMU hides: chapter 6 in Bochs, sound and without a precaution
	@+CXX=$(CXX) TARGET_CXX="$(TARGET_CXX)" tests/tools/bochs.sh $(BUILD)

lines: ## lines of code of the state's kernel by folder, without comments, and what the instruments add
	@awk -f tests/tools/lines.awk $(call at,$(filter kernel/% arch/%,$(filter %.h %.cpp %.S %.ld,$(FILES))))

tidy: $B/compile_commands.json $B/include/arch/x86_64/asm_offsets.h | need ## clang-tidy over the state's kernel
	@echo $(filter %.cpp,$(call at,$(KERNEL_SOURCES))) | xargs -n 4 -P $(shell nproc) clang-tidy --quiet -p $B
