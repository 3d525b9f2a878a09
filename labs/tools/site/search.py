#!/usr/bin/env python3
"""Writes what the site's search looks through: search.py OUT. Doxygen's own search knows only how names begin; here are
the text of all pages, a section each, the comments of all sources, and every name that doxygen has a place for."""
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def names(tags):
    """An entry for each class and member in doxygen's tag file, and the page of each source."""
    entries, sources, seen = [], {}, set()
    for compound in ElementTree.parse(tags).getroot():
        kind, name = compound.get("kind"), compound.findtext("name")
        page = compound.findtext("filename")
        if kind == "file":
            sources[os.path.join(compound.findtext("path"), name)] = page
        elif kind in ("class", "struct"):
            entries.append([name, kind, page, ""])
        for member in compound.findall("member"):
            place = f"{member.findtext('anchorfile')}#{member.findtext('anchor')}"
            if place not in seen:
                seen.add(place)
                outer = name if kind in ("class", "struct") else ""
                entries.append([member.findtext("name"), f"{member.get('kind')} {outer}".strip(), place, ""])
    return entries, sources


def comments(path):
    """The text of the comments in a source."""
    with open(path, encoding="utf-8") as file:
        return " ".join(part.strip() for part in re.findall(r"//[/<]*(.*)", file.read())).replace("`", "")


def main():
    """See above."""
    out = sys.argv[1]
    with open(f"{out}/sections.json", encoding="utf-8") as file:
        entries = json.load(file)
    found, sources = names(f"{out}/site.tag")
    for path, page in sorted(sources.items()):
        if not path.endswith(".md"):
            entries.append([os.path.relpath(path, f"{out}/source"), "file", page, comments(path)])
    entries += found
    with open(f"{out}/html/search-index.js", "w", encoding="utf-8") as file:
        file.write("const searchIndex = " + json.dumps(entries, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
