#!/usr/bin/env python3
"""Looks for links to nothing in a site: links.py FOLDER. Prints each with its page; other hosts are not asked."""
import json
import os
import re
import sys
import urllib.parse


def read(path):
    """The text of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    """See above."""
    root = os.path.realpath(sys.argv[1])
    pages, links = {}, {}
    for folder, _, names in os.walk(root):
        for name in names:
            # Doxygen's own mark refers to what it does not hold.
            if not name.endswith((".html", ".svg")) or name == "doxygen.svg":
                continue
            path = os.path.join(folder, name)
            text = read(path)
            # A tag may have several of them.
            found = [pair for tag in re.findall(r"<[^<>]*>", text)
                     for pair in re.findall(r'\b(href|src|id|name)="([^"]*)"', tag)]
            pages[path] = {value for kind, value in found if kind in ("id", "name")}
            links[path] = {value for kind, value in found if kind in ("href", "src")}
    index = read(os.path.join(root, "search-index.js")).partition("=")[2]
    links[os.path.join(root, "search-index.js")] = {entry[2] for entry in json.loads(index)}

    broken, count = set(), 0
    for page, targets in links.items():
        for target in targets:
            target = target.replace("&amp;", "&")
            if re.match(r"[a-z]+:|\$|#$|$", target):
                continue
            count += 1
            name, _, anchor = urllib.parse.unquote(target).partition("#")
            path = os.path.normpath(os.path.join(os.path.dirname(page), name)) if name else page
            if not os.path.exists(path):
                broken.add(f"{os.path.relpath(page, root)}: {target}: no such file")
            elif anchor and path in pages and anchor not in pages[path]:
                broken.add(f"{os.path.relpath(page, root)}: {target}: no such place")
    for line in sorted(broken):
        print(line)
    if not broken:
        print(f"{count} links in {len(pages)} pages lead somewhere")
    sys.exit(1 if broken or not count else 0)


if __name__ == "__main__":
    main()
