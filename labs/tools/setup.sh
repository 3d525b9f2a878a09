#!/bin/bash
# Finds or installs the Debian packages that the targets need.
#   setup.sh need GROUP...      installs what these groups lack (with SETUP=no: names it and fails)
#   setup.sh install all        the same for every group
# Environment: CXX, CROSS and HOSTCXX as in the Makefile; SETUP=no to install nothing.
set -euo pipefail

compiler=${CXX:-g++} host_compiler=${HOSTCXX:-${CXX:-g++}} cross=${CROSS:-}
native=yes
[[ $(uname -m) == x86_64 ]] || native=no

# GRUB's modules for PCs are foreign packages on any other machine.
pc=""
[[ $native == yes ]] || pc=":amd64"

# The package that a compiler comes from, by the compiler's name.
compiler_package() {
    local name=${1##*/}
    case $name in
        g++ | g++-*) echo "$name" ;;
        clang++ | clang++-*) echo "${name/clang++/clang}" ;;
        x86_64-linux-gnu-g++) if [[ $native == yes ]]; then echo g++; else echo g++-x86-64-linux-gnu; fi ;;
        *) echo "?" ;;
    esac
}

target_compiler=$compiler
[[ $compiler == *clang* ]] || target_compiler=$cross$compiler
binutils='binutils'
[[ -z $cross || $native == yes ]] || binutils='binutils-x86-64-linux-gnu'
gdb='gdb'
[[ $native == yes ]] || gdb='gdb-multiarch'

# group | program in PATH, or a file | Debian package | what for
table() {
    cat <<END
build|$target_compiler|$(compiler_package "$target_compiler")|compiles the kernel and its programs
build|${cross}ld.bfd|$binutils|links them
build|${cross}nm|$binutils|reads their symbols
build|awk|mawk|writes the symbol table
build|cpio|cpio|packs the initramfs
iso|grub-mkrescue|grub-common|makes the boot image
iso|/usr/lib/grub/i386-pc/moddep.lst|grub-pc-bin$pc|GRUB for a BIOS
iso|/usr/lib/grub/x86_64-efi/moddep.lst|grub-efi-amd64-bin$pc|GRUB for UEFI
iso|xorriso|xorriso|writes the boot image
iso|mformat|mtools|makes the UEFI part of the boot image
run|qemu-system-x86_64|qemu-system-x86|the machine that the kernel runs on
busybox|/bin/busybox|busybox-static$pc|other people's shell and tools
test|/bin/busybox|busybox-static$pc|other people's shell and tools
uefi|/usr/share/OVMF/OVMF_CODE_4M.fd|ovmf|the UEFI firmware
gdb|$gdb|$gdb|the debugger
rewind|qemu-img|qemu-utils|makes the file for the snapshots of a replay
explore|$host_compiler|$(compiler_package "$host_compiler")|compiles the explorer
explore|/usr/include/fmt/core.h|libfmt-dev|text formatting in the explorer
explore|/usr/include/nlohmann/json.hpp|nlohmann-json3-dev|talks to QEMU
explore|/usr/include/CLI/CLI.hpp|libcli11-dev|reads the explorer's command line
explore|${cross}objdump|$binutils|lists the kernel's instructions
test|$host_compiler|$(compiler_package "$host_compiler")|compiles the tests
test|/usr/include/gtest/gtest.h|libgtest-dev|the test framework
test|/usr/include/fmt/core.h|libfmt-dev|text formatting in the tests
test|/usr/include/nlohmann/json.hpp|nlohmann-json3-dev|talks to QEMU in the tests
test|/usr/include/CLI/CLI.hpp|libcli11-dev|reads the grader's command line
test|$gdb|$gdb|tests "make gdb"
test|qemu-img|qemu-utils|tests "make rewind"
test|ccache|ccache|compiles the programs of all states once
test|g++|g++|builds chapter 3 with both compilers
test|clang++|clang|builds chapter 3 with both compilers
test|doxygen|doxygen|tests "make docs"
test|dot|graphviz|tests "make docs"
test|/usr/share/doxygen-awesome-css/doxygen-awesome.css|doxygen-awesome-css|tests "make docs"
test|patch|patch|applies the variants of the kernel and what "make diff" prints
test|pgrep|procps|looks for processes left behind
test|shellcheck|shellcheck|checks the scripts
test|python3|python3|checks the pages, drives the browser
test|chromium|chromium|shows the pages in the tests
pictures|python3|python3|draws the pictures in the handouts
grade|bwrap|bubblewrap|keeps what is graded away from the rest of the machine
test|bwrap|bubblewrap|keeps what is graded away from the rest of the machine
test|clang-format|clang-format|checks the layout of the sources
model|spin|spin|searches the formal model
model|gcc|gcc|compiles what spin writes
model|python3|python3|drives both
test|spin|spin|searches the formal model
test|gcc|gcc|compiles what spin writes
bochs|bochs-bin|bochs|a second emulator
bochs|/usr/lib/$(uname -m)-linux-gnu/bochs/plugins/libbx_term_gui.so|bochs-term|its display in a terminal
bochs|script|bsdutils|gives it a terminal
bochs|patch|patch|applies the variants of the kernel
tidy|clang-tidy|clang-tidy|checks the sources for mistakes
docs|doxygen|doxygen|makes the documentation
docs|dot|graphviz|draws its graphs
docs|/usr/share/doxygen-awesome-css/doxygen-awesome.css|doxygen-awesome-css|its theme
docs|python3|python3|writes its pages
END
    # A machine has musl's compiler for its own processor only; on others those programs are left out.
    [[ $native == no ]] || printf '%s|musl-gcc|musl-tools|compiles for another C library\n' busybox test
}

present() {
    if [[ $1 == /* ]]; then [[ -e $1 ]]; else command -v "$1" >/dev/null; fi
}

# Fills `packages` and `reasons` with what the groups given lack.
find_missing() {
    packages=() reasons=()
    local group tool package reason
    while IFS='|' read -r group tool package reason; do
        [[ " $* " == *" $group "* || $* == all ]] || continue
        present "$tool" && continue
        [[ " ${packages[*]} " == *" $package "* ]] && continue
        packages+=("$package")
        reasons+=("$(printf '  %-22s %s (%s)' "$package" "$reason" "$tool")")
    done < <(table)
}

install_missing() {
    local as_root=()
    if ! command -v apt-get >/dev/null; then
        echo "This is not a Debian system: install the equivalents of these packages by hand." >&2
        exit 1
    fi
    if [[ $(id -u) != 0 ]]; then
        if ! command -v sudo >/dev/null; then
            echo "To install them run as root: apt-get install ${packages[*]}" >&2
            exit 1
        fi
        as_root=(sudo)
    fi
    if [[ " ${packages[*]} " == *:amd64* ]]; then
        "${as_root[@]}" dpkg --add-architecture amd64
        "${as_root[@]}" apt-get -qq update
    elif ! apt-cache show "${packages[@]}" >/dev/null 2>&1; then
        "${as_root[@]}" apt-get -qq update
    fi
    apt_install "${as_root[@]}" || { "${as_root[@]}" apt-get -qq update && apt_install "${as_root[@]}"; } || {
        echo "apt-get failed; build/setup.log has all it said." >&2
        exit 1
    }
}

# Shows of apt-get's output how much comes, the packages that were asked for, and errors.
apt_install() {
    "$@" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends \
        "${packages[@]}" 2>&1 | tee build/setup.log | awk -v wanted=" ${packages[*]} " '
            /^Need to get / { sub(/^Need to get/, "  to download:"); print }
            /^Setting up / { sub(/:.*/, "", $3); if (index(wanted, " " $3 " ") || index(wanted, " " $3 ":amd64 ")) print "  installed " $3 }
            /^[EW]:/ { print }
            { fflush() }'
}

# at_least NAME COMMAND MAJOR.MINOR: fails if the program says that it is older. Asked once per installed binary.
at_least() {
    local name=$1 command=$2 minimum=$3 binary stamp version
    binary=$(command -v "$command") || return 0
    stamp=build/.versions/${binary//\//_}
    [[ -e $stamp && ! $binary -nt $stamp ]] && return 0
    version=$("$command" --version | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1)
    if [[ $(printf '%s\n' "$minimum" "$version" | sort -V | head -n 1) != "$minimum" ]]; then
        echo "$command is $name $version; Trapline needs $minimum or newer." >&2
        exit 1
    fi
    mkdir -p build/.versions
    touch "$stamp"
}

check_versions() {
    if [[ " $* " == *" build "* ]]; then
        if [[ $target_compiler == *clang* ]]; then
            at_least clang "$target_compiler" 14.0
        else
            at_least g++ "$target_compiler" 12.0
        fi
    fi
    [[ " $* " != *" run "* ]] || at_least QEMU qemu-system-x86_64 7.2
}

action=$1
shift
find_missing "$@"
if [[ ${#packages[@]} -gt 0 ]]; then
    if [[ ${SETUP:-yes} == no && $action == need ]]; then
        echo "Missing, and SETUP=no forbids to install it; the Debian packages are:" >&2
        printf '%s\n' "${reasons[@]}" >&2
        exit 1
    fi
    echo "Missing; installing these Debian packages:"
    printf '%s\n' "${reasons[@]}"
    if [[ " ${packages[*]} " == *" ? "* ]]; then
        echo "There is no compiler $target_compiler here, and no known package for it." >&2
        exit 1
    fi
    mkdir -p build
    install_missing
    find_missing "$@"
    if [[ ${#packages[@]} -gt 0 ]]; then
        echo "Still missing after the installation:" >&2
        printf '%s\n' "${reasons[@]}" >&2
        exit 1
    fi
elif [[ $action == install ]]; then
    echo "Everything is installed."
fi
check_versions "$@"
