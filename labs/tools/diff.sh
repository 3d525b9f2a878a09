#!/bin/bash
# Prints one patch for two states: diff.sh PATH:OLD:NEW... where OLD and NEW are the files behind PATH, or nothing.
set -euo pipefail

for entry in "$@"; do
    IFS=: read -r path old new <<<"$entry"
    old_label=a/$path new_label=b/$path
    [[ -n $old ]] || old=/dev/null old_label=/dev/null
    [[ -n $new ]] || new=/dev/null new_label=/dev/null
    diff -u --label "$old_label" --label "$new_label" "$old" "$new" || [[ $? == 1 ]]
done
