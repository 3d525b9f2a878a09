# Turns GoogleTest's output into a line a test as they finish; with quiet=yes only failures and the final count.

/^\[       OK \] / { ++passed; if (!quiet) print "  ok      " line(); fflush() }
/^\[  SKIPPED \] .* \([0-9]+ ms\)$/ { print "  skipped " line(); fflush() }
/^\[  FAILED  \] .* \([0-9]+ ms\)$/ { print "  FAILED  " line(); fflush() }
END { if (quiet) print "  " passed + 0 " ok" }

# The test's name and its time in seconds.
function line(    text, ms) {
    text = substr($0, 14)
    if (match(text, / \([0-9]+ ms\)$/)) {
        ms = substr(text, RSTART + 2, RLENGTH - 6)
        text = substr(text, 1, RSTART - 1)
        sub(/, where .*/, "", text)
        return sprintf("%s (%.2f s)", text, ms / 1000)
    }
    return text
}
