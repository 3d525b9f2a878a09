#!/bin/bash
# What doxygen takes for dot: dot.sh FILE OPTION... Graphs grow to the right, so that many files beside one another become a
# list, and what is local to a source has its plain name.
set -euo pipefail

sed -i -E 's/anonymous_namespace(\\l)?\\\{[^}]*\\\}(\\l)?:://' "$1"
exec dot -Grankdir=LR "$@"
