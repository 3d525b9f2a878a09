# What the graders need of a state besides the kernel: their programs, and the learner's code as a program that answers
# questions on this machine.
#
#   tests/labs/NN-name/answers.cpp    answers by means of the chapter's code
#   tests/labs/NN-name/answers.txt    the kernel's sources that are linked with it

STATE_NUMBER := $(patsubst LAB=%,%,$(patsubst SOL=%,%,$(STATE)))
LAB_TESTS := $(call chapter_dir,tests/labs,$(STATE_NUMBER))
ANSWERS_SOURCES := $(if $(wildcard $(LAB_TESTS)/answers.cpp),$(LAB_TESTS)/answers.cpp tests/grader/answers_main.cpp \
    $(call at,$(file <$(LAB_TESTS)/answers.txt)))
ANSWERS_OBJECTS := $(ANSWERS_SOURCES:%=$B/answers_obj/%.o)
ANSWERS_CXXFLAGS := -std=c++20 $(WARNINGS) -O1 -g1 $(INCLUDES) -I.

$B/answers_obj/%.o: % $(KERNEL_RECORDS) $B/include/arch/x86_64/asm_offsets.h | need
	$(call say,HOSTCXX  $<)
	$(Q)mkdir -p $(@D) && $(HOSTCXX) $(ANSWERS_CXXFLAGS) $(DEPFLAGS) -c $< -o $@

$B/answers: $(ANSWERS_OBJECTS)
	$(Q)$(HOSTCXX) -o $@ $^

-include $(ANSWERS_OBJECTS:=.d)

.PHONY: graded
graded: $B/trapline.elf $B/initramfs.cpio $(filter $B/programs/grade/%,$(PROGRAMS)) $(if $(ANSWERS_SOURCES),$B/answers)
	@:
