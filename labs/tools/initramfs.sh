#!/bin/bash
# Writes an initramfs: initramfs.sh OUT PATH=FILE... puts each FILE at PATH of a cpio "newc" archive. The same files
# give the same bytes: names sorted, inodes renumbered, owner root, all times zero. Debugging data is left out.
set -euo pipefail

out=$1
shift
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

mkdir -p "$stage/tmp" "$stage/bin"
programs=()
for entry in "$@"; do
    path=${entry%%=*} file=${entry#*=}
    if [[ -x $file ]]; then
        install -D -m 755 "$file" "$stage/$path"
        # A program without debugging data stays as it is, byte for byte.
        grep -q '\.debug_info' "$file" && programs+=("$stage/$path")
    else
        install -D -m 644 "$file" "$stage/$path"
    fi
done
[[ ${#programs[@]} == 0 ]] || "${CROSS:-}strip" --strip-debug "${programs[@]}"
[[ ! -e $stage/bin/init ]] || cp "$stage/bin/init" "$stage/init"
find "$stage" -type d -exec chmod 755 {} +
chmod 1777 "$stage/tmp"
find "$stage" -exec touch -h -d @0 {} +
(cd "$stage" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort |
    cpio --quiet -o -H newc --reproducible -R +0:+0) >"$out.part"
mv "$out.part" "$out"
