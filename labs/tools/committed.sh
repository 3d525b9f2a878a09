# shellcheck shell=bash
# The sources as they are committed, for what is published: nothing half-written gets in.

# export_committed DIR: writes the files of HEAD to DIR. Refuses when there are changes that are not committed, unless
# DIRTY=yes, and where there is no history or no whole course.
export_committed() {
    local changes
    if [[ -e .state || -e .release ]]; then
        echo "This is only a part of the course; do it in the course's own repository." >&2
        return 1
    fi
    if [[ $(git rev-parse --show-prefix 2>/dev/null || echo none) != "" ]] || ! git rev-parse -q --verify HEAD >/dev/null; then
        echo "This folder is not a git repository of its own with a commit, and only what is committed is published." >&2
        return 1
    fi
    changes=$(git status --porcelain | cut -c 4-)
    if [[ -n $changes && ${DIRTY:-} != yes ]]; then
        echo "Not committed; commit it, or give DIRTY=yes to go without it:" >&2
        head -n 10 <<<"$changes" >&2
        return 1
    fi
    mkdir -p "$1"
    git -c core.autocrlf=false -c core.eol=lf archive HEAD | tar -x -C "$1"
}
