# The user programs and the initramfs that holds them.
#
#   userland/lib/*            the user library, linked into every program written in C++
#   userland/bin/X.cpp        the program /bin/X (bin/init is also /init)
#   userland/X/*              further parts of the program /bin/X
#   userland/tests/X.cpp      the program /tests/X
#   userland/ring3/X.S        the program /ring3/X: a few instructions, without the library
#   userland/foreign/X.c     the program /foreign/X, for musl in place of the user library; with SHELL=busybox only
#   userland/grade/X          programs of the graders, which are not in the initramfs: .S like ring3/, .cpp like tests/
#   userland/files/           files copied into the initramfs as they are

USER_FLAGS := -ffreestanding -fno-exceptions -fno-rtti -fno-stack-protector -fno-pic -mno-sse -mno-mmx \
    -fno-threadsafe-statics -fno-asynchronous-unwind-tables
USER_CXXFLAGS := -std=c++20 $(WARNINGS) $(USER_FLAGS) $(OPT) -g $(DEFINES) $(DEBUG_PREFIX_MAP) $(INCLUDES)
USER_ASFLAGS := -x assembler-with-cpp -Wall -Werror -g $(DEFINES) $(DEBUG_PREFIX_MAP) $(INCLUDES)
USER_LD := $(call at,userland/program.ld)
USER_LINK = $(LINK) -Wl,-T,$(USER_LD)

USER_LIB := $(filter userland/lib/%.cpp userland/lib/%.S,$(FILES))
USER_SOURCES := $(filter userland/bin/%.cpp userland/tests/%.cpp userland/ring3/%.S userland/grade/%.cpp userland/grade/%.S,$(FILES))
USER_FILES := $(filter userland/files/%,$(FILES))
user_object = $(addprefix $B/user/,$(addsuffix .o,$(call at,$1)))
program = $(patsubst userland/%,$B/programs/%,$(basename $1))
PROGRAMS := $(call program,$(USER_SOURCES))
$(call record,$B/user_flags.txt,$(subst $(CURDIR),,$(TARGET_CXX) $(USER_CXXFLAGS)))
USER_PARTS := $(filter-out $(USER_LIB) $(USER_SOURCES),$(filter userland/%.cpp userland/%.S,$(FILES)))
$(call record,$B/user_objects.txt,$(call user_object,$(USER_LIB) $(USER_PARTS)))
USER_RECORDS := $B/overrides.txt $B/user_flags.txt

$B/user/%.cpp.o: %.cpp $(USER_RECORDS) | need
	$(call say,CXX      $<)
	$(Q)mkdir -p $(@D) && $(CCACHE) $(TARGET_CXX) $(USER_CXXFLAGS) $(DEPFLAGS) -c $< -o $@

$B/user/%.S.o: %.S $(USER_RECORDS) | need
	$(call say,AS       $<)
	$(Q)mkdir -p $(@D) && $(CCACHE) $(TARGET_CXX) $(USER_ASFLAGS) $(DEPFLAGS) -c $< -o $@

$B/user/lib.a: $(call user_object,$(USER_LIB)) $B/user_objects.txt
	$(Q)rm -f $@ && $(CROSS)ar rcs $@ $(filter %.o,$^)

# Each program depends on the object of its own source; the library comes behind it.
parts = $(if $(filter userland/bin/%,$1),$(filter $(1:userland/bin/%.cpp=userland/%)/%,$(USER_PARTS)))
$(foreach s,$(USER_SOURCES),$(eval $(call program,$s): $(call user_object,$s $(call parts,$s))))
$(call program,$(filter %.cpp,$(USER_SOURCES))): $B/user/lib.a
$(PROGRAMS): $(USER_LD) $B/user_objects.txt
	$(Q)mkdir -p $(@D) && $(USER_LINK) -o $@ $(filter %.o,$^) $(filter %.a,$^)

PACKED := $(filter-out $B/programs/grade/%,$(PROGRAMS))
# $(call pack,PROGRAMS): writes the target, with these programs and all files.
pack = labs/tools/initramfs.sh $@ $(foreach p,$1,$(p:$B/programs/%=%)=$p) \
    $(foreach f,$(USER_FILES),$(f:userland/files/%=%)=$(at_$f))
$(call record,$B/initramfs.txt,$(PACKED) $(call at,$(USER_FILES)))
$B/initramfs.cpio: $(PACKED) $(call at,$(USER_FILES)) $B/initramfs.txt labs/tools/initramfs.sh | need
	$(call say,CPIO     $@)
	$(Q)$(call pack,$(PACKED))

# The same with Debian's busybox-static, byte for byte, as the shell. It brings its own ls, cat, ps and so on, and prefers
# them. With it come programs for musl, whose compiler a machine has for its own processor only.
FOREIGN := $(if $(filter x86_64 amd64,$(MACHINE)),$(patsubst userland/%.c,$B/programs/%,$(filter userland/foreign/%.c,$(FILES))))
$(FOREIGN): $B/programs/%: userland/%.c | need
	$(call say,MUSL     $<)
	$(Q)mkdir -p $(@D) && musl-gcc -static -std=c11 -O2 -Wall -Wextra -Werror -o $@ $<

$B/busybox/initramfs.cpio: $B/initramfs.cpio /bin/busybox $(FOREIGN) | need
	$(call say,CPIO     $@)
	$(Q)mkdir -p $(@D) && $(call pack,$(PACKED) $(FOREIGN)) bin/sh=/bin/busybox
# need installs it, later than make looks.
/bin/busybox: | need ;

-include $(addsuffix .d,$(call user_object,$(USER_LIB) $(USER_PARTS) $(USER_SOURCES)))
