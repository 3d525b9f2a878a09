#!/usr/bin/env python3
"""Draws the handouts' pictures: draw.py [--check] FOLDER FILE...

FOLDER holds the states' build folders, in each of which gen/picture_facts.s is facts.cpp compiled in that state. In
each FILE, what stands between the lines `<!-- picture: NAME -->` and `<!-- end -->` becomes the picture of that name.
With --check nothing is written: a picture that differs is printed as it should be, and the exit status is 1."""

import difflib
import re
import sys

from facts import Facts
from pictures import NEEDED, PICTURES, STATES


def redrawn(text, path):
    def draw(match):
        name = match.group(1)
        if name not in PICTURES:
            sys.exit(f"{path}: there is no picture {name}; there are: {', '.join(PICTURES)}")
        lines = ["    " + line if line else "" for line in PICTURES[name]()]
        return f"<!-- picture: {name} -->\n\n" + "\n".join(lines) + "\n\n<!-- end -->"
    text, count = re.subn(r"<!-- picture: ([\w-]+) -->\n.*?<!-- end -->", draw, text, flags=re.S)
    if count != text.count("<!-- picture:") or count != text.count("<!-- end -->"):
        sys.exit(f"{path}: each \"<!-- picture: NAME -->\" needs an \"<!-- end -->\" of its own")
    return text, count


def main():
    arguments = sys.argv[1:]
    check = arguments[0] == "--check"
    folder, *paths = arguments[check:]
    for name in NEEDED:
        STATES[name] = Facts(f"{folder}/{name}/gen/picture_facts.s")
    stale, pictures = False, 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            old = file.read()
        new, count = redrawn(old, path)
        pictures += count
        if new == old:
            continue
        if check:
            stale = True
            print(f"{path}: a picture is not what the code says; make pictures draws it anew:")
            print("\n".join(list(difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm=""))[2:]))
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(new)
            print(path)
    print(f"{pictures} pictures{' are what the code says' if check and not stale else ''}")
    sys.exit(stale)


if __name__ == "__main__":
    main()
