# Turns `nm -n -C --defined-only` into the kernel's symbol table: an array of { u64 address, u64 name } sorted by
# address between ksyms_start and ksyms_end, and behind it the names. Without input the table is empty.

BEGIN {
    print ".section .ksyms, \"a\""
    print ".balign 8"
    print ".globl ksyms_start, ksyms_end"
    print "ksyms_start:"
}

# The linker script's own marks share their address with a function that should be named instead.
$3 ~ /^(kernel|text)_(start|end)$/ { next }

# One entry an address: the first name wins, as nm prints constructors twice.
$2 ~ /^[tTwW]$/ && $1 != last {
    last = $1
    name = $0
    sub(/^[0-9a-f]+ . /, "", name)
    gsub(/\(anonymous namespace\)::/, "", name)
    gsub(/operator\(\)/, "operator__", name)
    sub(/\(.*/, "", name)
    sub(/operator__/, "operator()", name)
    gsub(/["\\]/, "", name)
    names[++count] = name
    printf ".quad 0x%s, .Lname%d\n", $1, count
}

END {
    print "ksyms_end:"
    for (i = 1; i <= count; ++i) printf ".Lname%d: .asciz \"%s\"\n", i, names[i]
    print ".section .note.GNU-stack, \"\", @progbits"
}
