#!/usr/bin/env python3
"""Checks the pages of docs/invariants in the folder it is started in: what they name is there, and what they name leads back to
them. Prints a line for each thing that is wrong; the exit status is 1 if there is any."""

import glob
import os
import re
import sys

TEST = re.compile(r"\b(?:TEST|TEST_F|TEST_P|GRADED)\(\s*(\w+),\s*(\w+)")
MARK = re.compile(r"/// .*?(Invariant:|Checks) (docs/invariants/.*)")
wrong = []


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def tests_in(path):
    """The tests of a file, as Suite.Name."""
    return {".".join(match) for match in TEST.findall(read(path))}


def sources():
    """The files that may name a page."""
    for folder in ("kernel", "arch", "userland", "solutions", "labs", "tests/unit", "tests/system", "tests/labs"):
        for directory, _, names in os.walk(folder):
            yield from (os.path.join(directory, name) for name in names if name.endswith((".h", ".cpp", ".S")))


def check_page(page):
    """Returns the files that it links to."""
    text = read(page)
    links = {os.path.normpath(os.path.join(os.path.dirname(page), link)) for link in re.findall(r"\]\(([^)#:]+)[)#]", text)}
    wrong.extend(f"{page}: there is no {link}" for link in sorted(links) if not os.path.exists(link))
    links = {link for link in links if os.path.exists(link) and not link.endswith(".md")}
    for kind in ("tests/", ""):
        if not any(link.startswith("tests/") == bool(kind) for link in links):
            wrong.append(f"{page}: names no {'test' if kind else 'code'}")
    for path, names in re.findall(r"^- \[.*?\]\(\.\./\.\./(tests/.*?)\)(.*)", text, re.M):
        known = tests_in(path) if os.path.exists(path) else set()
        named = re.findall(r"`([A-Z]\w+\.[A-Z]\w+)`", names)
        wrong.extend(f"{page}: {path} has no test {test}" for test in named if test not in known)
        if not named:
            wrong.append(f"{page}: which tests of {path}?")
    return links


def main():
    pages = sorted(set(glob.glob("docs/invariants/*.md")) - {"docs/invariants/README.md"})
    links = {page: check_page(page) for page in pages}
    marks = set()
    for path in sources():
        for word, named in MARK.findall(read(path)):
            if (word == "Checks") != path.startswith("tests/"):
                wrong.append(f"{path}: \"{word}\" is for {'code' if word != 'Checks' else 'tests'}")
            marks |= {(path, page) for page in re.findall(r"docs/invariants/[\w-]+\.md", named)}
    wanted = {(path, page) for page in pages for path in links[page]}
    wrong.extend(f"{path}: no comment names {page}, which names it" for path, page in sorted(wanted - marks))
    wrong.extend(f"{path}: names {page}, which does not name it" for path, page in sorted(marks - wanted))
    index = re.findall(r"^\| \[.*?\]\(([\w-]+\.md)\)", read("docs/invariants/README.md"), re.M)
    if sorted(index) != [os.path.basename(page) for page in pages]:
        wrong.append("docs/invariants/README.md: does not list just the pages that are there")
    # Tests that other pages name, in whatever file.
    known = {test for path in sources() if path.endswith("_test.cpp") for test in tests_in(path)}
    for page in glob.glob("docs/*.md"):
        wrong.extend(f"{page}: there is no test {test}" for test in re.findall(r"`([A-Z]\w+\.[A-Z]\w+)`", read(page)) if test not in known)
    print("\n".join(wrong) if wrong else f"{len(pages)} invariants, {len(wanted)} files that name them")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
