# Counts the results in a log of GoogleTest: first a line "passed failed skipped", then each failed test with what it
# printed. A program that ended with a status other than 0 without a failed test counts as a failure too.

/^\[ RUN      \] / { running = substr($0, 14); lines = 0; next }
/^\[       OK \] / { ++passed; running = ""; next }
/^\[  SKIPPED \] .* \([0-9]+ ms\)$/ { ++skipped; running = ""; next }
/^\[  FAILED  \] .* \([0-9]+ ms\)$/ { fail(running); next }
running != "" { text[++lines] = $0 }

END {
    if (running != "") fail(running ": the program died in this test, with status " status)
    else if (status != 0 && !failed) fail("the program ended with status " status " although no test failed")
    print passed + 0, failed + 0, skipped + 0
    printf "%s", report
}

# Long output is cut in the middle; the log has all of it.
function fail(name,    i) {
    ++failed
    report = report "\n--- " suite ": " name "\n"
    for (i = 1; i <= lines; ++i) {
        if (lines > 80 && i == 21) { report = report "  [" lines - 80 " lines left out]\n"; i = lines - 59 }
        report = report "  " text[i] "\n"
    }
    running = ""
    lines = 0
}
