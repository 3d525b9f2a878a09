# The kernel: from the state's kernel/ and arch/ files to trapline.elf.

KERNEL_FLAGS := -ffreestanding -fno-exceptions -fno-rtti -fno-stack-protector -fno-pic -mno-red-zone -mno-sse \
    -mno-mmx -mcmodel=kernel -fno-omit-frame-pointer -fno-threadsafe-statics -fno-asynchronous-unwind-tables
# Clang checks which lock is held where (kernel/sync/thread_annotations.h).
KERNEL_CXXFLAGS := -std=c++20 $(WARNINGS) $(if $(IS_CLANG),-Wthread-safety) $(KERNEL_FLAGS) $(OPT) -g $(DEFINES) $(PREFIX_MAP) $(INCLUDES)
KERNEL_ASFLAGS := -x assembler-with-cpp -Wall -Werror -g $(DEFINES) $(PREFIX_MAP) $(INCLUDES)
DEPFLAGS = -MMD -MP -MF $@.d

ASM_OFFSETS := arch/x86_64/asm_offsets.cpp
KERNEL_SOURCES := $(filter-out $(ASM_OFFSETS),$(filter kernel/%.cpp kernel/%.S arch/%.cpp arch/%.S,$(FILES)))
# An object is named after the file it was really made from: when an override appears, that is another object.
KERNEL_OBJECTS := $(addprefix $B/obj/,$(addsuffix .o,$(call at,$(KERNEL_SOURCES)) asm_offsets_symbols.S))
KERNEL_LD := $(call at,arch/x86_64/kernel.ld)
$(call record,$B/kernel_objects.txt,$(KERNEL_OBJECTS))
$(call record,$B/kernel_flags.txt,$(subst $(CURDIR),,$(TARGET_CXX) $(KERNEL_CXXFLAGS)))
KERNEL_RECORDS := $B/overrides.txt $B/kernel_flags.txt

# The standard library's headers take the compiler longer than most of the kernel's sources do, so it reads them once. It
# takes standard.h.gch where it is told to include standard.h from the same folder. Each source includes what it uses all
# the same. Order-only: it changes how long compiling takes, not what comes of it.
STANDARD := $B/precompiled/standard.h
hash := \#
$(call record,$(STANDARD),$(foreach h,algorithm array bit compare cstdarg cstddef cstdint new span string_view type_traits utility,\
    $(hash)include <$h>$(newline)))
$(STANDARD).gch: $(STANDARD) $B/kernel_flags.txt | need
	$(Q)$(TARGET_CXX) $(KERNEL_CXXFLAGS) -x c++-header $< -o $@

$B/obj/%.cpp.o: %.cpp $(KERNEL_RECORDS) | need $B/include/arch/x86_64/asm_offsets.h $(STANDARD).gch
	$(call say,CXX      $<)
	$(Q)mkdir -p $(@D) && $(TARGET_CXX) $(KERNEL_CXXFLAGS) -include $(STANDARD) $(DEPFLAGS) -c $< -o $@

$B/obj/%.S.o: %.S $B/include/arch/x86_64/asm_offsets.h $(KERNEL_RECORDS) | need
	$(call say,AS       $<)
	$(Q)mkdir -p $(@D) && $(TARGET_CXX) $(KERNEL_ASFLAGS) $(DEPFLAGS) -c $< -o $@

$B/obj/%.S.o: $B/gen/%.S | need
	$(Q)mkdir -p $(@D) && $(TARGET_CXX) $(KERNEL_ASFLAGS) -c $< -o $@

# Structure offsets for assembly, computed by the compiler: OFFSETOF_Task_rsp and so on, as macros for our own
# assembly and as absolute symbols for tools that read the ELF file.
$B/gen/asm_offsets.s: $(call at,$(ASM_OFFSETS)) $(KERNEL_RECORDS) | need
	$(call say,OFFSETS  $<)
	$(Q)mkdir -p $(@D) && $(TARGET_CXX) $(KERNEL_CXXFLAGS) $(DEPFLAGS) -S $< -o $@

$B/include/arch/x86_64/asm_offsets.h: $B/gen/asm_offsets.s labs/tools/asm_offsets.awk
	$(Q)mkdir -p $(@D) && awk -v form=header -f labs/tools/asm_offsets.awk $< >$@

$B/gen/asm_offsets_symbols.S: $B/gen/asm_offsets.s labs/tools/asm_offsets.awk
	$(Q)awk -v form=symbols -f labs/tools/asm_offsets.awk $< >$@

# The kernel is linked twice: its symbol table for backtraces is made from the first link. The table lies behind
# .text, so the addresses in it hold for the second link as well; that is checked.
KERNEL_LINK = $(LINK) -Wl,-T,$(KERNEL_LD) -Wl,--no-undefined
TEXT_SYMBOLS = $(CROSS)nm -n --defined-only $1 | grep -i ' [tw] '

$B/gen/ksyms_empty.S: labs/tools/ksyms.awk
	$(Q)mkdir -p $(@D) && awk -f $< </dev/null >$@

$B/gen/first_pass.elf: $(KERNEL_OBJECTS) $B/obj/ksyms_empty.S.o $(KERNEL_LD) $B/kernel_objects.txt
	$(Q)$(KERNEL_LINK) -o $@ $(filter %.o,$^)

$B/gen/ksyms.S: $B/gen/first_pass.elf labs/tools/ksyms.awk
	$(Q)$(CROSS)nm -n -C --defined-only $< | awk -f labs/tools/ksyms.awk >$@

$B/trapline.elf: $(KERNEL_OBJECTS) $B/obj/ksyms.S.o $(KERNEL_LD) $B/kernel_objects.txt
	$(call say,LINK     $@)
	$(Q)$(KERNEL_LINK) -o $@ $(filter %.o,$^)
	$(Q)cmp -s <($(call TEXT_SYMBOLS,$B/gen/first_pass.elf)) <($(call TEXT_SYMBOLS,$@)) || \
	    { echo "$@: code moved between the two links: .ksyms must lie behind .text in $(KERNEL_LD)" >&2; exit 1; }

-include $(KERNEL_OBJECTS:=.d) $B/gen/asm_offsets.s.d
