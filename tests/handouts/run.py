#!/usr/bin/env python3
"""Runs what documents show: run.py [--show] TREE [CHAPTER:]DOCUMENT...

Each session in a DOCUMENT is run in the folder TREE, which may be changed, and what comes is compared with what is
shown. With CHAPTER the document is the handout of that chapter, whose files in TREE are solved as far as the document
says, and each command that its text names must be run in a session, or a comment must say why not. With --show
everything that comes is printed. The exit status is 1 if anything is wrong."""

import difflib
import re
import subprocess
import sys
import time

import solve
import terminal
from document import Document


def compare(place, command, shown, output):
    print(f"{place}: $ {command}\n  shows something else. - is the document, + is what came:")
    lines = difflib.unified_diff(shown, output.rstrip("\n").split("\n"), lineterm="", n=2)
    print("\n".join("    " + line for line in list(lines)[2:]))


def build(command, tree, built):
    """Before a command that boots: compiles, so that nothing of that comes in between. `built` are such commands of
    before, since when no file has changed."""
    files = re.sub(r" (run|gdb|watch|diagnose)(?= |$)", " boot-files", command)
    if command.startswith("make ") and files != command and files not in built:
        built.add(files)
        subprocess.run(["bash", "-c", files], cwd=tree, check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def run_document(tree, chapter, path, show):
    """The number of things that are wrong."""
    document, wrong, built = Document(path), 0, set()
    for session in document.sessions:
        if chapter and solve.solve(tree, chapter, session.solved):
            built.clear()
        for command, shown in session.commands:
            build(command, tree, built)
            start = time.monotonic()
            output, right = terminal.run(command, shown, tree)
            place = f"{path}:{session.line_number}"
            if show:
                verdict = f"{time.monotonic() - start:.1f} s{'' if right else ', differs'}"
                print(f"---- {place} ({session.solved}, {verdict})\n$ {command}\n{output}", flush=True)
            elif not right:
                compare(place, command, shown, output)
            wrong += not right
    unknown, needless = document.unaccounted() if chapter else ([], [])
    for command in unknown:
        print(f"{path}: `{command}` is in no session, and no comment says why")
    for command in needless:
        print(f"{path}: a comment says why `{command}` is not run, but the text has no such command, or it is run")
    return wrong + len(unknown) + len(needless)


def main():
    arguments = sys.argv[1:]
    show = arguments[0] == "--show"
    tree, *documents = arguments[show:]
    wrong = 0
    for argument in documents:
        chapter, _, path = argument.rpartition(":")
        wrong += run_document(tree, chapter, path, show)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
