#!/bin/bash
# Prints the targets ("target: ... ## what") and variables ("#: NAME=x what") of the given makefiles.
set -euo pipefail

echo "Targets:"
awk -F '[:#]' '/^[a-z-]+:.*## / { text = $0; sub(/.*## /, "", text); printf "  make %-18s %s\n", $1, text }' "$@"
echo
echo "Variables, as in \`make run SOL=2 BOOT=uefi\`:"
awk '/^#: / { sub(/^#: /, "  "); print }' "$@"
