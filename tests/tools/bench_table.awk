# Prints what operations cost, beside their targets and floors: awk -f bench_table.awk of=targets FILE of=trapline FILE, where
# the first is bench_targets.txt, and the second what the program bench said, with the time before each line. With
# of=linux FILE behind them, what it said there, and the ratios. Fails if an operation was not measured.

/^#/ || !NF { next }
of == "targets" { names[++operations] = $1; target[$1] = $2; floor[$1] = $3; next }
$2 == "bench" && NF == 4 { cost[of, $3] = $4; measured[of] = 1 }

# What is known of a number, and of a ratio.
function shown(number) { return number == "" ? "?" : number }
function ratio(number, of_what) { return number == "" || of_what + 0 == 0 ? "-" : sprintf("%.2f", number / of_what) }

END {
    if (of == "linux") print_row("operation", "Trapline", "Linux", "ratio", "floor", "ratio", "target", "")
    else print_row("operation", "instructions", "", "", "floor", "", "target", "")
    for (i = 1; i <= operations; ++i) {
        name = names[i]
        ours = cost["trapline", name]
        linux = cost["linux", name]
        if (ours == "" || (of == "linux" && linux == "")) missing = missing " " name
        print_row(name, shown(ours), shown(linux), ratio(ours, linux), floor[name], ratio(ours, floor[name]),
            "<= " target[name], ours == "" ? "not measured" : ours <= target[name] + 0 ? "met" : "NOT met")
    }
    if (missing) {
        print "Not measured:" missing > "/dev/stderr"
        exit 1
    }
}

function print_row(name, ours, linux, to_linux, least, to_least, wanted, verdict) {
    if (of == "linux")
        printf "%-20s %10s %10s %7s %7s %7s %10s  %s\n", name, ours, linux, to_linux, least, to_least, wanted, verdict
    else
        printf "%-20s %12s %10s %7s  %s\n", name, ours, wanted, least, verdict
}
