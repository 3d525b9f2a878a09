#!/bin/bash
# Builds the kernels that keep a trace, as `make SOL=n timeline` does, for the tests: trace_variants.sh BUILD STATE-NUMBER...
# A new one starts as a copy of what is built of the state without it: only what knows of the trace is compiled again.
set -euo pipefail

build=$1
shift
for number in "$@"; do
    plain=$build/sol$number traced=$build/sol$number+TRACE
    files=("$traced/trapline.elf" "$traced/initramfs.cpio")
    if [[ ! -e $traced ]]; then
        make SOL="$number" "$plain/trapline.elf" "$plain/initramfs.cpio"
        cp -Rp "$plain" "$traced"
        find "$traced" -name '*.d' -exec sed -i "s|$plain/|$traced/|g" {} +
        # Nothing else depends on the macro; objects that are missing are made.
        make -t SOL="$number" TRACE=yes "${files[@]}" >/dev/null
        find "$traced/obj" -name '*.d' -exec grep -l 'debug/trace\|/trace_around' {} + | sed 's/\.d$//' | xargs rm -f
        rm -f "$traced"/gen/{first_pass.elf,ksyms.S} "$traced/obj/ksyms.S.o" "$traced/trapline.elf"
    fi
    make SOL="$number" TRACE=yes "${files[@]}"
done
