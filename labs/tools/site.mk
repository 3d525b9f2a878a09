# The documentation as a site: the state's sources, the handouts and docs/, by doxygen.

#: PORT=8000          where `make docs-serve` serves the site, on this machine only
#: GRAPHS=NO          `make docs` without graphs, which take most of its time
PORT ?= 8000
GRAPHS ?= YES
ifneq ($(if $(filter docs-serve,$(MAKECMDGOALS)),$(shell echo '$(subst ','\'',$(PORT))' | grep -vxE '[1-9][0-9]{0,4}')),)
$(error PORT=$(PORT): give a number from 1 to 65535)
endif
SITE := build/docs
SITE_TOOLS := labs/tools/site
AWESOME := /usr/share/doxygen-awesome-css
# What the site is about: the kernel.
SITE_FILES := $(filter kernel/%.h kernel/%.cpp kernel/%.S arch/%.h arch/%.cpp arch/%.S,$(FILES))

# The settings of doxygen that depend on this state and this machine.
define SITE_SETTINGS
OUTPUT_DIRECTORY = $(SITE)
STRIP_FROM_PATH = $(SITE)/source
STRIP_FROM_INC_PATH = $(SITE)/source
INCLUDE_PATH = $(SITE)/source $B/include
HAVE_DOT = $(GRAPHS)
endef
define SITE_CHECK
INPUT = $(addprefix $(SITE)/source/,groups.dox $(filter %.h,$(SITE_FILES)))
WARN_IF_UNDOCUMENTED = YES
GENERATE_HTML = NO
GENERATE_PERLMOD = YES
HAVE_DOT = NO
# No page is read here, so no comment can lead to one.
FILTER_PATTERNS = "*.h=awk -f $(SITE_TOOLS)/source.awk $(SITE)/check.map"
endef
define SITE_MAKE
INPUT += $(SITE)/source/groups.dox $(addprefix $(SITE)/source/,kernel arch)
USE_MDFILE_AS_MAINPAGE = $(SITE)/source/README.md
EXTRACT_ALL = YES
GENERATE_TAGFILE = $(SITE)/site.tag
LAYOUT_FILE = $(SITE)/layout.xml
HTML_HEADER = $(SITE)/header.html
HTML_EXTRA_STYLESHEET = $(AWESOME)/doxygen-awesome.css $(AWESOME)/doxygen-awesome-sidebar-only.css \
    $(AWESOME)/doxygen-awesome-sidebar-only-darkmode-toggle.css $(SITE_TOOLS)/style.css
HTML_EXTRA_FILES = $(wildcard $(AWESOME)/*.js) $(SITE_TOOLS)/site.js
endef
export SITE_SETTINGS SITE_CHECK SITE_MAKE

.PHONY: docs docs-serve
NEEDS_docs := docs
NEEDS_docs-serve := docs
docs: $B/include/arch/x86_64/asm_offsets.h chapter-diff | need ## make build/docs/html: the course, the story and the kernel as a site
	@rm -rf $(SITE)/html $(SITE)/source
	@$(SITE_TOOLS)/pages.py $(SITE) $(foreach f,$(SITE_FILES),$f:$(at_$f))
	@grep ^group $(SITE)/site.map >$(SITE)/check.map
	@$(if $(filter SOL=%,$(STATE)),{ cat Doxyfile; echo "$$SITE_SETTINGS"; echo "$$SITE_CHECK"; } | doxygen -)
	@$(SITE_TOOLS)/templates.sh $(SITE)
	@{ cat Doxyfile $(SITE)/pages.doxy; echo "$$SITE_SETTINGS"; echo "$$SITE_MAKE"; } | doxygen -
	@$(SITE_TOOLS)/search.py $(SITE)
	@echo "$(SITE)/html/index.html"

docs-serve: docs ## make the site, serve it at http://127.0.0.1:PORT, and open it
	@exec $(SITE_TOOLS)/serve.py $(SITE)/html "$(PORT)"
