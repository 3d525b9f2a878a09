#!/bin/bash
# Missing and outdated tools, with a PATH that holds links to this machine's programs and a few false ones.
# The tests are called by their names, which shellcheck can't see.
# shellcheck disable=SC2317

# shellcheck source=tests/tools/lib.sh
source "$(dirname "$0")/lib.sh"

# machine NAME: a folder to be used as PATH.
machine() {
    bin=$scratch/$1
    mkdir "$bin"
    find /bin/ /usr/bin/ -mindepth 1 -maxdepth 1 -exec ln -s -f -t "$bin" {} +
}

# fake NAME: a program that does what stdin says.
fake() {
    rm -f "$bin/$1"
    { echo "#!/bin/bash"; cat; } >"$bin/$1"
    chmod +x "$bin/$1"
}

test_nothing_is_said_when_nothing_is_missing() {
    same "" "$(labs/tools/setup.sh need build iso run)"
    expect "Everything is installed." labs/tools/setup.sh install build
}

test_without_setup_the_tool_and_its_package_are_named() {
    machine no_qemu
    rm "$bin/qemu-system-x86_64" "$bin/cpio"
    refuse "qemu-system-x86 " env PATH="$bin" make run SETUP=no
    refuse "cpio " env PATH="$bin" make SETUP=no
    # What the goal does not need is not asked for.
    expect "" env PATH="$bin" SETUP=no labs/tools/setup.sh need iso
}

test_a_missing_package_is_installed() {
    machine installs
    rm "$bin/cpio"
    fake apt-cache <<<"exit 0"
    fake id <<<"echo 0"
    fake apt-get <<<"echo \"\$@\" >>$scratch/apt; ln -s /usr/bin/cpio $bin/cpio; echo 'Setting up cpio (1.0) ...'"
    expect "installed cpio" env PATH="$bin" labs/tools/setup.sh need build
    grep -q 'install -y --no-install-recommends cpio$' "$scratch/apt"
}

test_an_installation_that_fails_is_said() {
    machine fails
    rm "$bin/cpio"
    fake apt-cache <<<"exit 0"
    fake id <<<"echo 0"
    fake apt-get <<<"echo 'E: no network'; exit 100"
    refuse "E: no network" env PATH="$bin" labs/tools/setup.sh need build
    refuse "apt-get failed" env PATH="$bin" labs/tools/setup.sh need build
}

test_without_root_and_sudo_the_command_is_named() {
    machine nobody
    rm -f "$bin/cpio" "$bin/sudo"
    fake id <<<"echo 1000"
    refuse "apt-get install cpio" env PATH="$bin" labs/tools/setup.sh need build
}

test_without_apt_that_is_said() {
    machine other
    rm "$bin/cpio" "$bin/apt-get"
    refuse "not a Debian system" env PATH="$bin" labs/tools/setup.sh need build
}

test_old_tools_are_refused() {
    machine old
    fake qemu-system-x86_64 <<<"echo 'QEMU emulator version 6.2.0 (Debian)'"
    refuse "QEMU 6.2.0; Trapline needs 7.2 or newer" env PATH="$bin" labs/tools/setup.sh need run
    fake g++ <<<"echo 'g++ (Debian 10.2.1-6) 10.2.1 20210110'"
    refuse "g++ 10.2.1; Trapline needs 12.0" env PATH="$bin" CXX=g++ labs/tools/setup.sh need build
    fake clang++ <<<"echo 'Debian clang version 11.0.1-2'"
    refuse "clang 11.0.1; Trapline needs 14.0" env PATH="$bin" CXX=clang++ labs/tools/setup.sh need build
}

test_another_processor_gets_the_cross_compiler() {
    machine arm
    rm "$bin/x86_64-linux-gnu-g++"
    fake uname <<<"echo aarch64"
    refuse "g++-x86-64-linux-gnu" env PATH="$bin" make SETUP=no CXX=g++
}

run_tests
