# The course around the chapters: starting again, tags, what a class gets, what a chapter brings.

#: FILE=path          the one file that `make reset LAB=n` puts back; default: all of the chapter's
#: YES=1              answers the question that `make reset` asks
#: REF=commit         where `make reset` finds the start in git; default: HEAD
#: VERSION=1          the number in the tags that `make tags` writes, as in lab3-v1
#: DIRTY=yes          let `make tags` and `make release` leave out what is not committed
#: CLASS=folder UPTO=n  where `make release` writes, and the last chapter that is open
VERSION ?= 1
REF ?= HEAD
export FILE YES REF DIRTY

.PHONY: reset tags release chapter-diff
reset: ## put the files of LAB=n back to how they were at the start; yours are kept
	@labs/tools/reset.sh "$(if $(or $(LAB),$(PLAIN_STATE)),$(call chapter_dir,labs,$(STATE_NUMBER)))"

tags: ## write each state as a commit with a tag, chapter0-v1 lab1-v1 solution1-v1 ...
	@labs/tools/tags.sh "$(VERSION)"

release: ## write to CLASS what a class gets when chapter UPTO opens: no solution of an open chapter
	@labs/tools/release.sh "$(CLASS)" "$(UPTO)"

# What each chapter brings, which the site has behind its handout.
differences = labs/tools/chapter_diff.sh build/docs/chapters/$(notdir $1).md $1 \
    $(call changed,$(call layers,SOL=$(call minus_one,$2)),$(call layers,LAB=$2))
chapter-diff: ## write what each chapter brings to build/docs/chapters; make docs has it behind the handouts
	@rm -rf build/docs/chapters && mkdir -p build/docs/chapters
	$(foreach n,$(if $(PLAIN_STATE),,$(patsubst LAB=%,%,$(filter LAB=%,$(STATES)))),\
	    @$(call differences,$(call chapter_dir,labs,$n),$n)$(newline))

# What is published has the chapters' graders only.
WHOLE_COURSE := $(filter test check soak fuzz bochs test-grader,$(MAKECMDGOALS))
ifneq ($(and $(wildcard .release .state),$(WHOLE_COURSE)),)
$(error make $(firstword $(WHOLE_COURSE)) is for the whole course, which is not here; make grade tests a chapter)
endif

# It tells how the bug comes about, so a release has it once chapter 3 is closed.
ifneq ($(wildcard labs/tools/model/model.mk),)
include labs/tools/model/model.mk
else
.PHONY: model
model:
	@echo "make model is here once chapter 3 is closed: it tells what the chapter asks." >&2; exit 1
endif
