#!/bin/bash
# The grader from outside: whole gradings, classes, and what goes wrong on the machine that grades.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"

solution=$root/solutions/01-gdt-tss
unsolved=$root/labs/01-gdt-tss

# grade WORDS...: chapter 1's grading in the folder that all tests here share, so that only changes are compiled.
grade() {
    make grade GRADE_OUT="$scratch/lab1" "$@"
}

# copy_files FROM TO: the chapter's files.
copy_files() {
    mkdir -p "$2"
    sed -n 's/^file //p' "$unsolved/lab.txt" | while read -r file; do
        mkdir -p "$2/$(dirname "$file")"
        cp "$1/$file" "$2/$file"
    done
}

# points REPORT: "earned maximum final".
points() {
    sed -n 's/^ *"\(earned\|maximum\|final\)": *\([a-z0-9]*\),*$/\2/p' "$1" | tr '\n' ' '
}

test_a_what_can_be_graded_is_named() {
    refuse "Say what to grade: LAB=n" make grade
    refuse "Say what to grade: LAB=n" make grade SOL=0
    refuse "NONCE=zero: it is a number" grade SOL=1 NONCE=zero
    refuse 'there is no test "Nothing.*"' grade SOL=1 TESTS='Nothing.*'
    refuse "JOBS=0" grade SOL=1 JOBS=0
    refuse "Say which: make grade-class" make grade-class LAB=1
    refuse "there is no such folder" make grade-class LAB=1 SUBMISSIONS="$scratch/nowhere"
    mkdir "$scratch/empty"
    refuse "it holds no folders" make grade-class LAB=1 SUBMISSIONS="$scratch/empty"
}

test_b_every_form_of_the_report_is_written() {
    local file
    expect "Total: 100 of 100 points" grade SOL=1
    for file in report.json junit.xml results.json classroom.json report.html report.txt; do
        [[ -s $scratch/lab1/report-solution/$file ]] || { echo "$file is missing"; return 1; }
    done
    # A run can be repeated by its numbers.
    expect "Total: 12 of 12 points" grade SOL=1 TESTS='Descriptors.*' NONCE=0x1234
}

# Four times as many busy processes as processors: everything takes longer, and no verdict changes.
test_c_a_loaded_machine_changes_no_verdict() {
    local pids=() i
    for ((i = 0; i < 4 * $(nproc); i++)); do
        (while :; do :; done) &
        pids+=($!)
    done
    expect "Total: 100 of 100 points" grade SOL=1 || { kill "${pids[@]}"; return 1; }
    kill "${pids[@]}"
}

# Whatever kills QEMU is nobody's fault: no points, and no final score.
test_d_a_killed_qemu_costs_nothing() {
    local status=0
    (while :; do pkill -9 -f "qemu-system.*$scratch/lab1/work/" || sleep 0.02; done) &
    local killer=$!
    grade SOL=1 TESTS='Descriptors.* Gdt.*' >"$scratch/killed" 2>&1 || status=$?
    kill "$killer"
    same 2 "$status"
    [[ $(points "$scratch/lab1/report-solution/report.json") == *false* ]] || { cat "$scratch/killed"; return 1; }
}

# Of a folder of submissions each gets a report; what was graded before is not graded again.
test_e_a_class() {
    local class=$scratch/class out=$scratch/class-out before
    copy_files "$solution" "$class/ann"
    copy_files "$unsolved" "$class/bob/labs/01-gdt-tss"
    copy_files "$solution" "$class/cy"
    echo "int x = " >>"$class/cy/arch/x86_64/tss.cpp"
    copy_files "$solution" "$class/=dora"
    rm "$class/=dora/arch/x86_64/tss.cpp"
    make grade-class LAB=1 SUBMISSIONS="$class" CLASS_OUT="$out" >"$scratch/class.log" || { cat "$scratch/class.log"; return 1; }
    cut -d, -f1-4 "$out/grades.csv" >"$scratch/grades"
    same 'submission,points,maximum,status
"'"'"'=dora",0,100,not built
"ann",100,100,complete
"bob",0,100,graded
"cy",0,100,not built' "$(cat "$scratch/grades")"
    grep -q "tss.cpp is missing" "$out/=dora/report.txt"
    grep -q "error" "$out/cy/report.txt"

    # An interruption, between the reports and the note that they are complete.
    before=$(stat -c %Y.%y "$out/bob/report.json")
    rm "$out/ann/fingerprint"
    make grade-class LAB=1 SUBMISSIONS="$class" CLASS_OUT="$out" >"$scratch/class.log"
    same "$before" "$(stat -c %Y.%y "$out/bob/report.json")"
    [[ -e $out/ann/fingerprint ]]
    same "$(cat "$scratch/grades")" "$(cut -d, -f1-4 "$out/grades.csv")"
}

# The judge of the mutants: one is caught, a comment is harmless, and something that is not C++ is not a mistake.
test_f_what_escapes_is_told() {
    local mutants=$scratch/mutants
    mkdir -p "$mutants"
    cp "$(grep -l '^Caught-by: Descriptors.Code$' tests/mutants/01-gdt-tss/*.patch | head -n 1)" "$mutants/a-caught.patch"
    {
        printf 'Mistake: a comment\nCaught-by: Descriptors.Code\nHint: x\n--- a/arch/x86_64/tss.cpp\n+++ b/arch/x86_64/tss.cpp\n@@ -1,2 +1,3 @@\n'
        sed -n '1s/^/ /p' "$solution/arch/x86_64/tss.cpp"
        echo "+// nothing"
        sed -n '2s/^/ /p' "$solution/arch/x86_64/tss.cpp"
    } >"$mutants/b-harmless.patch"
    sed 's|^+// nothing|+int x =|' "$mutants/b-harmless.patch" >"$mutants/c-broken.patch"
    if make LAB=1 JOBS=1 test-mutants GRADE_OUT="$scratch/lab1" MUTANTS_DIR="$mutants" >"$scratch/mutants.log" 2>&1; then
        echo "All were caught:"
        cat "$scratch/mutants.log"
        return 1
    fi
    grep -q "caught a-caught" "$scratch/mutants.log"
    grep -A 1 "MISSED b-harmless" "$scratch/mutants.log" | grep -q "escaped: Descriptors.Code passes"
    grep -A 1 "MISSED c-broken" "$scratch/mutants.log" | grep -q "does not compile"
    grep -q "lab 1: 1 of 3 mutants caught" "$scratch/mutants.log"
}

test_g_the_solution_again_and_again() {
    expect "lab 1: 3 of 3 gradings had full marks, 0 to go" make SOL=1 test-flake N=3 GRADE_OUT="$scratch/lab1"
}

test_h_the_grader_needs_exactly_the_files_of_lab_txt() {
    local lab files
    for lab in labs/0[1-9]*/; do
        files=$(sed -n 's/^file //p' "$lab/lab.txt" | sort)
        same "$files" "$(cd "$lab" && find . -type f -printf '%P\n' | grep -vE '^(given|kept)/|^README.md$|^lab.txt$' | sort)"
        same "$files" "$(cd "solutions/$(basename "$lab")" && find . -type f -printf '%P\n' | grep -vE '^globals/|\.md$' | sort)"
    done
}

run_tests
