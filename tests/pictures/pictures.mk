# The handouts' pictures: what they show is asked of the compiler, in each state that has what a picture shows.

#: CHECK=yes          with `make pictures`: write nothing, and fail if a picture is not what the code says
PICTURE_STATES := sol1 sol2 sol3+FRAME_CHECKS sol5 sol6
.PHONY: pictures picture-facts $(addprefix picture-facts-,$(PICTURE_STATES))
NEEDS_pictures := pictures

$B/gen/picture_facts.s: tests/pictures/facts.cpp $(KERNEL_RECORDS) $B/include/arch/x86_64/asm_offsets.h | need
	$(Q)mkdir -p $(@D) && $(TARGET_CXX) $(KERNEL_CXXFLAGS) $(DEPFLAGS) -S $< -o $@
-include $B/gen/picture_facts.s.d

picture-facts: $B/gen/picture_facts.s
	@:
$(addprefix picture-facts-,$(PICTURE_STATES)): | need
	@+$(MAKE) LAB= SOL=$(patsubst picture-facts-sol%,%,$(@:+FRAME_CHECKS=)) INSTRUMENT=$(if $(findstring +FRAME_CHECKS,$@),yes) picture-facts

pictures: $(addprefix picture-facts-,$(PICTURE_STATES)) ## draw the pictures in the handouts anew, from the code
	@PYTHONDONTWRITEBYTECODE=1 tests/pictures/draw.py $(if $(filter yes,$(CHECK)),--check) $(BUILD) $(HANDOUTS)
