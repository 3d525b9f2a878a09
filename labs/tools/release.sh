#!/bin/bash
# Writes what a class gets when chapter UPTO opens: release.sh CLASS UPTO. The folder CLASS holds the layered tree with
# the labs 1 to UPTO and the solutions below UPTO; of open and later chapters nothing else. The file .release there
# lists what was written, so that the next week's release replaces that and nothing that the class has changed.
set -euo pipefail

# shellcheck source=labs/tools/committed.sh
source "$(dirname "$0")/committed.sh"
# shellcheck source=labs/tools/shared_files.sh
source "$(dirname "$0")/shared_files.sh"

class=$1 upto=$2
if [[ -z $class || ! $upto =~ ^[1-7]$ ]]; then
    echo "Say where to and how far: make release CLASS=folder UPTO=n, n from 1 to 6, or 7 when chapter 6 is closed as well" >&2
    exit 1
fi
if [[ -e $class && ! -d $class ]]; then
    echo "$class is not a folder." >&2
    exit 1
fi
if [[ ! -e $class/.release && -d $class && -n $(find "$class" -mindepth 1 -maxdepth 1 ! -name .git) ]]; then
    echo "$class is neither empty nor a release; its files would be mixed with the release's." >&2
    exit 1
fi
before=$(sed -n 's/^UPTO=//p' "$class/.release" 2>/dev/null || true)
if [[ -n $before ]] && ((before > upto)); then
    echo "$class has the release UPTO=$before already; UPTO=$upto would take chapters away." >&2
    exit 1
fi
[[ $class == /* ]] || class=$PWD/$class

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export_committed "$work/source"
cd "$work/source"
for ((n = 1; n <= upto && n <= 6; ++n)); do
    if [[ ! -e $(echo labs/0"$n"-*/lab.txt) ]]; then
        echo "There is no lab of chapter $n." >&2
        exit 1
    fi
done

# The release, as new/.
new=$work/new
copy_shared "$new" "$upto" $((upto - 1))
cp -Rp kernel arch userland "$new/"
for folder in labs/0*/ solutions/0*/; do
    n=$(chapter_of "$folder")
    [[ $folder != solutions/* ]] || n=$((n + 1))
    ((n <= upto)) || continue
    mkdir -p "$new/$folder"
    cp -Rp "$folder." "$new/$folder"
    [[ ! -e ${folder}lab.txt ]] || keep_starts "${folder%/}" "$new"
done
unlink_missing "$new"
find "$new" -type d -empty -delete
find "$new" -type f -exec chmod u+rw,go+r {} +
(cd "$new" && find . -type f -printf '%P\n' | sort | xargs sha1sum) >"$work/files"

# Each path, as the last release (old), the class (has) and this release (new) have it. What the class changed stays, if
# the release does not change it as well.
declare -A old=() new_sum=()
while read -r sum path; do [[ -z $path ]] || old[$path]=$sum; done < <(cat "$class/.release" 2>/dev/null || true)
while read -r sum path; do new_sum[$path]=$sum; done <"$work/files"
mapfile -t paths < <(printf '%s\n' "${!old[@]}" "${!new_sum[@]}" | grep . | sort -u)
declare -A has=()
while read -r sum path; do has[$path]=$sum; done < <(cd "$class" 2>/dev/null &&
    printf '%s\n' "${paths[@]}" | while read -r path; do [[ ! -e $path ]] || echo "$path"; done | xargs -r sha1sum)
write=() remove=() kept=() conflicts=()
for path in "${paths[@]}"; do
    was=${old[$path]:-} is=${has[$path]:-} becomes=${new_sum[$path]:-}
    if [[ $is == "$becomes" ]]; then
        continue
    elif [[ -z $is || $is == "$was" ]]; then
        if [[ -n $becomes ]]; then write+=("$path"); else remove+=("$path"); fi
    elif [[ $was == "$becomes" ]]; then
        kept+=("$path")
    else
        conflicts+=("$path")
    fi
done
if [[ ${#conflicts[@]} != 0 ]]; then
    echo "Both the class and this release have changed these files; nothing was written. Move the class's away:" >&2
    printf '  %s\n' "${conflicts[@]}" >&2
    exit 1
fi

# First all of them beside their places, then each to its place: after an interruption a file is the old or the new one.
part=$class/.release.part
rm -rf "$part"
mkdir -p "$part"
[[ ${#write[@]} == 0 ]] || (cd "$new" && cp --parents -t "$part" "${write[@]}")
(cd "$part" && find . -type d -printf '%P\n') | while read -r folder; do
    mkdir -p "$class/$folder"
    find "$part/$folder" -maxdepth 1 -type f -exec mv -f -t "$class/$folder" {} +
done
rm -rf "$part"
for path in "${remove[@]}"; do
    rm "$class/$path"
    (cd "$class" && rmdir -p --ignore-fail-on-non-empty "$(dirname "$path")")
done
{ echo "UPTO=$upto"; cat "$work/files"; } >"$work/release"
cp "$work/release" "$class/.release"

echo "$class has chapter 1 to $((upto < 7 ? upto : 6)), and the solutions below $upto: ${#write[@]} files written, ${#remove[@]} removed."
if [[ ${#kept[@]} != 0 ]]; then
    echo "Changed by the class, and left as they are:"
    printf '  %s\n' "${kept[@]}"
fi
