# Turns the compiled asm_offsets.cpp, with lines such as `.ascii "-> OFFSETOF_Task_rsp 16"`, into the C header (form=header)
# or the assembly source of absolute symbols (form=symbols) that the kernel's build uses.

BEGIN {
    if (form == "header") print "#pragma once"
}

match($0, /"-> [A-Za-z_][A-Za-z0-9_]* \$?-?[0-9]+"/) {
    split(substr($0, RSTART + 4, RLENGTH - 5), field, " ")
    sub(/^\$/, "", field[2])
    if (form == "header") printf "#define %s %s\n", field[1], field[2]
    else printf ".globl %s\n.set %s, %s\n", field[1], field[1], field[2]
}
