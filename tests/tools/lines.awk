# Counts the lines of code of a kernel's files, without comments and blank lines: by folder, and apart what only an
# instrument needs (TRACE=yes, CHECK_LOCKS=yes, INSTRUMENT=yes), which no kernel has unless it is asked for.
FNR == 1 {
    folder = FILENAME
    sub(/.*arch\//, "arch/", folder)
    sub(/.*kernel\//, "kernel/", folder)
    sub(/\/[^\/]*$/, "", folder)
    depth = instrument = comment = 0
}
{
    raw[folder]++
    line = $0
    gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
    if (comment && !sub(/.*\*\//, "", line)) next
    comment = sub(/\/\*.*/, "", line)
    sub(/\/\/.*/, "", line)
    if (line !~ /[^ \t]/) next

    # depth: how many #if the line is in; instrument: which of them is an instrument's, while in its first branch.
    if (line ~ /^ *#if/) {
        depth++
        if (!instrument && line ~ /ifdef (TRACE|LOCK_CHECKS|FRAME_CHECKS)/) instrument = depth
    }
    if (instrument) extra[folder]++; else code[folder]++
    if (line ~ /^ *#else/ && depth == instrument) instrument = 0
    if (line ~ /^ *#endif/ && depth-- == instrument) instrument = 0
}
END {
    row = "%-16s %8s %8s %12s\n"
    printf row, "folder", "lines", "code", "instruments"
    for (f in raw) {
        printf row, f, raw[f], code[f] + 0, extra[f] + 0 | "sort"
        raw_all += raw[f]; code_all += code[f]; extra_all += extra[f]
    }
    close("sort")
    printf row, "all", raw_all, code_all, extra_all
}
