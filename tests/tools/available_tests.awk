# Of the unit tests named on the command line, those whose headers of the kernel are all here, or have a stand-in.

function exists(path,    line, result) {
    result = getline line <path
    close(path)
    return result >= 0
}

FNR == 1 { names[++count] = FILENAME }

/^#include <(kernel|arch)\// {
    gsub(/[<>]/, "", $2)
    if (!exists($2) && !exists("tests/unit/support/include/" $2)) lacks[FILENAME] = 1
}

END {
    for (i = 1; i <= count; i++)
        if (!(names[i] in lacks)) print names[i]
}
