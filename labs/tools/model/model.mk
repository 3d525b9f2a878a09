# The formal twin: kernel.pml in this folder, and what spin finds in it.

#: EVENTS=file        the recorded run that `make model` looks at; default: the last one of chapter 3, if there is one
NEEDS_model := model
MODEL_EVENTS := $(or $(EVENTS),$(wildcard $(if $(filter LAB=3,$(STATE)),$B,$(BUILD)/sol3)+TRACE/events.json))

.PHONY: model
model: | need ## search every interleaving of entries, exits, switches and ticks; follow a recorded run
	@labs/tools/model/model.py build/model
	@echo
	@$(if $(MODEL_EVENTS),labs/tools/model/follow.py build/model $(MODEL_EVENTS),\
	    echo "There is no recorded run to hold against the model; make SOL=3 timeline makes one.")
