# Grading: the driver, each chapter's tests, and the targets that use them.
#
#   tests/grader/*.cpp           what the chapters' tests share
#   tests/grader/driver/*.cpp    the program that compiles submissions and runs the tests
#   tests/labs/NN-name/*_test.cpp    a chapter's tests: the program build/test/grade-NN-name

#: TESTS=pattern      with `make grade`: only the tests whose names match, and what they need
#: NONCE=0x...        with `make grade`: the numbers of an earlier run, to repeat it
#: JOBS=n             processes that grade at a time; default: one a processor
JOBS ?= $(shell nproc)

GRADED_NUMBER := $(STATE_NUMBER)
GRADED_FOLDER := $(notdir $(LAB_TESTS))
GRADED_LAB := $(wildcard labs/$(GRADED_FOLDER)/lab.txt)
GRADE_NAME := lab$(GRADED_NUMBER)$(if $(MINE),+mine)
GRADE_OUT := $(BUILD)/grade/$(GRADE_NAME)

# What the chapters' tests are linked with, compiled once for all: the harness and the system tests' helpers.
GRADER_SUPPORT := $(wildcard tests/harness/*.cpp) $(filter-out %_test.cpp,$(wildcard tests/system/*.cpp)) \
    $(addprefix tests/grader/,graded_test.cpp chapter_main.cpp evidence.cpp answers.cpp payload.cpp sandbox.cpp result.cpp)
DRIVER_SOURCES := $(wildcard tests/harness/*.cpp) $(wildcard tests/grader/driver/*.cpp tests/grader/*_report.cpp) \
    $(addprefix tests/grader/,sandbox.cpp result.cpp)
grader_objects = $(patsubst %,$T/system/%.o,$1)

$T/grader-support.a: $(call grader_objects,$(GRADER_SUPPORT))
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$T/grade: $(call grader_objects,$(DRIVER_SOURCES))
	$(call say,LINK     $@)
	$(Q)$(HOSTCXX) $(SYSTEM_CXXFLAGS) -o $@ $(filter %.o,$^) -lfmt

CHAPTER_TESTS := $(patsubst tests/labs/%/,%,$(sort $(dir $(wildcard tests/labs/*/*_test.cpp))))
chapter_sources = $(wildcard tests/labs/$1/*_test.cpp) $(filter-out %/answers.cpp %_test.cpp,$(wildcard tests/labs/$1/*.cpp))
$(foreach c,$(CHAPTER_TESTS),$(eval $T/grade-$c: $(call grader_objects,$(call chapter_sources,$c))))
# A file that came, went or changed its name changes the programs too.
$(call record,$T/grader-objects.txt,$(foreach c,$(CHAPTER_TESTS),$(call chapter_sources,$c)) $(GRADER_SUPPORT) $(DRIVER_SOURCES))
$T/grade $T/grader-support.a: $T/grader-objects.txt
$(addprefix $T/grade-,$(CHAPTER_TESTS)): $T/grader-support.a $T/grader-objects.txt
	$(call say,LINK     $@)
	$(Q)$(HOSTCXX) $(SYSTEM_CXXFLAGS) -o $@ $(filter %.o,$^) $T/grader-support.a -lgtest -lfmt

-include $(addsuffix .d,$(call grader_objects,$(sort $(GRADER_SUPPORT) $(DRIVER_SOURCES) $(foreach c,$(CHAPTER_TESTS),$(call chapter_sources,$c)))))

# What tests of whole gradings use.
test: $T/grade $(addprefix $T/grade-,$(CHAPTER_TESTS))

# The tree that submissions of this chapter are compiled in: the chapter's start, and of the tests only what asks.
GRADED_LAYERS := $(call layers,$(if $(PLAIN_STATE),$(STATE),LAB=$(GRADED_NUMBER)))
GRADED_SHARED := Makefile $(call files_under,labs/tools) $(wildcard tests/*.mk) tests/tools/available_tests.awk \
    $(wildcard $(LAB_TESTS)/answers.*) $(wildcard tests/grader/answers_main.*)
GRADED_FILES := $(filter-out $(filter-out userland/grade/lab$(GRADED_NUMBER)_% %.h,$(filter userland/grade/%,$(FILES))),\
    $(call files,$(GRADED_LAYERS)))

$(GRADE_OUT)/sources.txt: FORCE
	$(shell mkdir -p $(@D))$(file >$(@D)/.state,$(or $(PLAIN_STATE),LAB=$(GRADED_NUMBER)))
	$(file >$@,.state $(@D)/.state)
	$(foreach f,$(wildcard $(GRADED_SHARED)),$(file >>$@,$f $f))
	$(foreach f,$(GRADED_FILES),$(file >>$@,$f $(call locate,$(GRADED_LAYERS),$f)))
	$(if $(wildcard $(addsuffix /diagnosis.txt,$(firstword $(GRADED_LAYERS)))),$(file >>$@,diagnosis.txt $(firstword $(GRADED_LAYERS))/diagnosis.txt))

.PHONY: FORCE grade test-grader test-flake grade-class
FORCE:
NEEDS_grade := run test grade
NEEDS_test-grader := $(NEEDS_grade)
NEEDS_test-flake := $(NEEDS_grade)
NEEDS_grade-class := $(NEEDS_grade)

ifneq ($(filter grade test-mutants test-cheaters test-flake grade-class,$(MAKECMDGOALS)),)
ifeq ($(and $(GRADED_LAB),$(PLAIN_STATE)$(LAB)$(SOL)),)
$(error Say what to grade: LAB=n is your chapter n, SOL=n the reference solution; n is 1 to 6)
endif
ifeq ($(filter $(GRADED_FOLDER),$(CHAPTER_TESTS)),)
$(error There are no tests for this chapter: tests/labs/$(GRADED_FOLDER) is empty)
endif
endif
GRADE_COMMON = --lab $(GRADED_LAB) --sources $(GRADE_OUT)/sources.txt --program $T/grade-$(GRADED_FOLDER) --out $(GRADE_OUT) --jobs $(JOBS) \
    --make CXX=$(CXX) --make OPT=$(OPT)
GRADE_FILES = $T/grade $T/grade-$(GRADED_FOLDER) $(GRADE_OUT)/sources.txt

# Where the chapter's files are: the top layer.
grade: $(GRADE_FILES) | need ## grade LAB=n, your files, or SOL=n: points, hints, and reports in build/grade/
	@$T/grade lab $(GRADE_COMMON) --submission $(firstword $(LAYERS)) $(if $(filter-out *,$(TESTS)),--tests '$(TESTS)') \
	    $(if $(NONCE),--nonce $(NONCE)) --report $(GRADE_OUT)/report$(if $(filter SOL=%,$(STATE)),-solution)

# Every chapter's mutants and cheaters, or one chapter's.
GRADER_LABS := $(if $(LAB)$(SOL)$(PLAIN_STATE),$(STATE_NUMBER),$(patsubst LAB=%,%,$(filter LAB=%,$(STATES))))
test-grader: $T/grade | need ## the grader graded: known mistakes and kernels that cheat, LAB=n or all
	@MAKE="$(MAKE)" tests/tools/test_grader.sh $(GRADER_LABS)

#: MUTANTS=pattern    with `make test-grader`: only the mutants whose names match
MUTANTS ?= *
#: MUTANTS_DIR=folder where they are; default: the chapter's, in tests/mutants
MUTANTS_DIR ?= tests/mutants/$(GRADED_FOLDER)
.PHONY: test-mutants
NEEDS_test-mutants := $(NEEDS_grade)
test-mutants: $(GRADE_FILES) | need
	@$T/grade mutants $(GRADE_COMMON) --solution $(call chapter_dir,solutions,$(GRADED_NUMBER)) \
	    --start $(call chapter_dir,labs,$(GRADED_NUMBER)) --mutants $(MUTANTS_DIR) --only '$(MUTANTS)'

#: N=10               how often `make test-flake` grades the reference solution
N ?= 10
test-flake: $(GRADE_FILES) | need ## SOL=n: grade the reference solution N times; full marks each time
	@$T/grade flake $(GRADE_COMMON) --submission $(firstword $(LAYERS)) --times $(N)

#: CHEATERS=pattern   with `make test-grader`: only the cheaters whose names match
CHEATERS ?= *
.PHONY: test-cheaters
NEEDS_test-cheaters := $(NEEDS_grade)
test-cheaters: $(GRADE_FILES) | need
	@$T/grade cheaters $(GRADE_COMMON) --start $(call chapter_dir,labs,$(GRADED_NUMBER)) \
	    --solution $(call chapter_dir,solutions,$(GRADED_NUMBER)) --cheaters tests/cheaters --only '$(CHEATERS)'

#: CLASS_OUT=folder   where `make grade-class` writes; default: build/grade/class-labN
CLASS_OUT ?= $(BUILD)/grade/class-lab$(GRADED_NUMBER)
#: SUBMISSIONS=folder  what `make grade-class` grades: a folder in it for each submission
grade-class: $(GRADE_FILES) | need ## LAB=n: grade a folder of submissions; goes on where it was interrupted
	$(if $(SUBMISSIONS),,$(error Say which: make grade-class LAB=$(GRADED_NUMBER) SUBMISSIONS=folder))@$T/grade class \
	    $(subst --out $(GRADE_OUT),--out $(CLASS_OUT),$(GRADE_COMMON)) --submissions $(SUBMISSIONS)
