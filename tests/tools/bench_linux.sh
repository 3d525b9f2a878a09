#!/bin/bash
# Debian's Linux for `make compare`: bench_linux.sh FOLDER [FILE] prints the path of a kernel image. FILE is one that the user
# chose; otherwise it is FOLDER's, and if there is none yet, Debian's package is downloaded, with apt's checks of where
# it comes from, and the image taken out. Nothing is installed: the package's scripts would write to this machine's /boot,
# and to its boot menu. Environment: SETUP=no to download nothing.
set -euo pipefail

folder=$1 chosen=${2:-} log=$1/download.log
# A small configuration for virtual machines; the metapackage depends on the newest kernel of the release.
metapackage=linux-image-cloud-amd64
[[ $(uname -m) == x86_64 ]] || metapackage+=:amd64
otherwise="or name a kernel of your own: LINUX=/path/to/vmlinuz."

refuse() {
    echo "$1" >&2
    exit 1
}

# The magic number of a bzImage (Linux, Documentation/arch/x86/boot.rst).
is_kernel() {
    [[ -f $1 && -r $1 && $(dd if="$1" bs=1 skip=514 count=4 status=none | tr -d '\0') == HdrS ]]
}

# The package that the metapackage stands for; nothing if apt does not know it.
resolve() {
    apt-cache depends "$metapackage" | awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ { name = $2 } END { print name }'
}

download() {
    local package
    package=$(resolve) && [[ $package ]] && (cd "$part" && apt-get -qq -o APT::Sandbox::User=root download "$package")
}

# Lists that are out of date name packages that are gone.
update_and_download() {
    local as_root=()
    [[ $(id -u) == 0 ]] || as_root=(sudo)
    "${as_root[@]}" apt-get -qq update && download
}

if [[ $chosen ]]; then
    is_kernel "$chosen" || refuse "LINUX=$chosen: it is not there, or not a Linux kernel for x86 (bzImage)."
    echo "$chosen"
    exit
fi
shopt -s nullglob
images=("$folder"/vmlinuz-*)
if [[ ${#images[@]} == 0 ]]; then
    [[ ${SETUP:-yes} != no ]] ||
        refuse "Missing, and SETUP=no forbids to download it: Debian's kernel, package $metapackage; allow it, $otherwise"
    command -v apt-get >/dev/null ||
        refuse "This is not a Debian system: there is no apt-get to download $metapackage with; $otherwise"
    mkdir -p "$folder"
    part=$(mktemp -d "$folder/part.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    trap 'exit 130' INT
    trap 'exit 1' HUP TERM
    echo "Downloading Debian's kernel, package $metapackage, to $folder; it is not installed" >&2
    { download || update_and_download; } >"$log" 2>&1 || refuse \
        "It could not be downloaded; $log has all that apt-get said. Try again with a network, $otherwise"
    dpkg-deb --fsys-tarfile "$part"/*.deb | tar -x -C "$part" --strip-components 2 --wildcards './boot/vmlinuz-*'
    mv "$part"/vmlinuz-* "$folder"
    images=("$folder"/vmlinuz-*)
fi
echo "${images[0]}"
