#!/bin/bash
# `make compare` and `make bench` without their machines: the tables, where Linux comes from, and what can go wrong. A false QEMU
# says what a machine would; apt's programs are false ones as well.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"

# A built state, as far as it is looked at, and a kernel image, likewise.
state=$scratch/state
mkdir -p "$state/programs/tests" "$state/programs/bin"
touch "$state/trapline.elf" "$state/programs/tests/bench" "$state/programs/bin/true"
image=$scratch/image
{ head -c 514 /dev/zero; printf HdrS; head -c 8 /dev/zero; printf '\x10\x00'; printf '9.9 of nobody\0'; } >"$image"

# fake NAME: a program in front of the others that does what stdin says.
fake() {
    mkdir -p "$scratch/bin"
    { echo "#!/bin/bash"; cat; } >"$scratch/bin/$1"
    chmod +x "$scratch/bin/$1"
}
with_fakes() { env PATH="$scratch/bin:$PATH" "$@"; }

# costs NULL_CALL FRESH_PAGE: what the program says when all else costs 100.
costs() {
    local name
    while read -r name _; do
        case $name in null-call) echo "bench $name $1" ;; fresh-page) echo "bench $name $2" ;; *) echo "bench $name 100" ;; esac
    done < <(grep '^[a-z]' tests/tools/bench_targets.txt)
    echo "bench: ok"
}

# A machine whose last -kernel is the image says what FILE linux has, any other what trapline has; or it hangs.
false_qemu() {
    fake qemu-system-x86_64 <<'END'
says=$(dirname "$0")/../trapline
while [[ $# -gt 0 ]]; do
    [[ $1 != -kernel || $2 != */image ]] || says=$(dirname "$0")/../linux
    shift
done
[[ ! -e $says.hangs ]] || { echo $$ >"$says.pid"; exec sleep 20; }
sed 's/$/\r/; s/bench console/\r\rbench console/' "$says"
END
}

test_a_comparison_is_printed() {
    false_qemu
    costs 62 800 >"$scratch/trapline"
    { echo "[    0.1] a warning of the kernel's"; costs 310 3200; } >"$scratch/linux"
    BENCH_ROUNDS=1 with_fakes tests/tools/bench_compare.sh "$state" "$image" >"$scratch/printed"
    same "$(cat <<'END'
Linux 9.9 of nobody

Instructions of one operation, by the same program on both
operation              Trapline      Linux   ratio   floor   ratio     target  
null-call                    62        310    0.20      57    1.09      <= 65  met
yield-alone                 100        100    1.00       -       -     <= 150  met
yield-to-another            100        100    1.00      51    1.96     <= 250  met
pipe-one-process            100        100    1.00       -       -     <= 600  met
pipe-round-trip             100        100    1.00       -       -    <= 1500  met
fork-exit-wait              100        100    1.00       -       -   <= 20000  met
fork-exec-exit-wait         100        100    1.00       -       -   <= 50000  met
fresh-page                  800       3200    0.25     529    1.51     <= 800  met
console-byte                100        100    1.00       -       -     <= 600  met
END
)" "$(head -n 13 "$scratch/printed")"
    tail -n 1 "$scratch/printed" | grep -qE '^Trapline 0\.[0-9]{2}, Linux 0\.[0-9]{2}, ratio [0-9.]+$'
}

# table OURS [LINUX]: the table of what these files say.
table() {
    awk -f tests/tools/bench_table.awk of=targets tests/tools/bench_targets.txt of=trapline "$1" ${2:+of=linux "$2"}
}

test_what_is_above_its_target_or_missing_is_said() {
    costs 66 801 | sed 's/^/1 /' >"$scratch/ours"
    sed '/fresh-page/d' "$scratch/ours" >"$scratch/less"
    expect "null-call                      66      <= 65      57  NOT met" table "$scratch/ours"
    expect "fresh-page                    801     <= 800     529  NOT met" table "$scratch/ours"
    expect "fresh-page                  801        801    1.00     529    1.51     <= 800  NOT met" table "$scratch/ours" "$scratch/ours"
    refuse "fresh-page                      ?     <= 800     529  not measured" table "$scratch/less"
    refuse "fresh-page                    ?        801       -     529       -     <= 800  not measured" table "$scratch/less" "$scratch/ours"
    refuse "fresh-page                  801          ?       -     529    1.51     <= 800  NOT met" table "$scratch/ours" "$scratch/less"
    refuse "Not measured: fresh-page" table "$scratch/ours" "$scratch/less"
    # A machine that said nothing.
    refuse "Not measured: null-call yield-alone" table "$scratch/ours" /dev/null
}

test_a_system_that_does_not_come_to_its_end_is_said() {
    false_qemu
    costs 62 800 >"$scratch/trapline"
    echo "Kernel panic - not syncing" >"$scratch/linux"
    refuse "The program did not come to its end. What the machine said last:
Kernel panic - not syncing" with_fakes tests/tools/bench_compare.sh "$state" "$image"
}

test_ctrl_c_leaves_no_machine_behind() {
    false_qemu
    costs 62 800 >"$scratch/trapline"
    touch "$scratch/linux.hangs"
    local script status=0 tries
    # Bash has a command in the background ignore what Ctrl-C sends.
    env --default-signal=INT PATH="$scratch/bin:$PATH" tests/tools/bench_compare.sh "$state" "$image" >/dev/null 2>&1 &
    script=$!
    for ((tries = 0; tries < 200; ++tries)); do [[ ! -s $scratch/linux.pid ]] || break; sleep 0.05; done
    kill -INT "$script"
    wait "$script" || status=$?
    rm "$scratch/linux.hangs"
    same 130 "$status"
    ! kill -0 "$(cat "$scratch/linux.pid")" 2>/dev/null || { echo "QEMU is still there"; return 1; }
}

test_a_kernel_that_is_none_is_refused() {
    refuse "LINUX=/none: it is not there, or not a Linux kernel" make compare LINUX=/none
    refuse "LINUX=$0: it is not there, or not a Linux kernel" tests/tools/bench_linux.sh "$scratch/none" "$0"
    same "$image" "$(SETUP=no tests/tools/bench_linux.sh "$scratch/none" "$image")"
    BENCH_ROUNDS=0 refuse "BENCH_ROUNDS=0: give a number" tests/tools/bench_compare.sh "$state" "$image"
    [[ ! -e $scratch/none ]]
}

test_without_setup_nothing_is_downloaded() {
    SETUP=no refuse "SETUP=no forbids to download it: Debian's kernel, package linux-image-cloud-amd64" \
        tests/tools/bench_linux.sh "$scratch/none"
    [[ ! -e $scratch/none ]]
}

test_without_apt_that_is_said() {
    mkdir "$scratch/no_apt"
    ln -s /bin/{bash,env,uname,dirname} "$scratch/no_apt"
    refuse "This is not a Debian system" env PATH="$scratch/no_apt" tests/tools/bench_linux.sh "$scratch/none"
}

test_without_a_network_that_is_said() {
    fake apt-cache <<<"echo '  Depends: linux-image-6.1.0-1-cloud-amd64'"
    fake apt-get <<<"echo \"\$@\" >>$scratch/calls; echo 'E: no network'; exit 100"
    fake sudo <<<"exec \"\$@\""
    refuse "It could not be downloaded; $scratch/none/download.log has all that apt-get said." \
        with_fakes tests/tools/bench_linux.sh "$scratch/none"
    grep -q 'E: no network' "$scratch/none/download.log"
    same "download.log" "$(ls "$scratch/none")"
    rm -r "$scratch/none"
    grep -q 'update$' "$scratch/calls"
}

test_the_kernel_is_downloaded_once() {
    local package=$scratch/package
    mkdir -p "$package/DEBIAN" "$package/boot"
    cp "$image" "$package/boot/vmlinuz-6.1.0-1"
    printf '%s\n' "Package: linux" "Version: 1" "Architecture: amd64" "Maintainer: nobody" "Description: none" >"$package/DEBIAN/control"
    fake apt-cache <<<"[[ \$* == 'depends linux-image-cloud-amd64'* ]] && echo '  Depends: linux-image-6.1.0-1-cloud-amd64'"
    fake apt-get <<<"[[ \$* == *' download linux-image-6.1.0-1-cloud-amd64' ]] && dpkg-deb -b '$package' ."
    same "$scratch/images/vmlinuz-6.1.0-1" "$(with_fakes tests/tools/bench_linux.sh "$scratch/images" 2>/dev/null)"
    fake apt-get <<<"exit 100"
    same "$scratch/images/vmlinuz-6.1.0-1" "$(SETUP=no with_fakes tests/tools/bench_linux.sh "$scratch/images" 2>&1)"
    cmp "$image" "$scratch/images/vmlinuz-6.1.0-1"
    same "download.log vmlinuz-6.1.0-1" "$(cd "$scratch/images" && echo *)"
}

run_tests
