#!/usr/bin/env python3
"""Writes what doxygen makes the site from: pages.py OUT PATH:FILE...

OUT/source has the state as one tree (links PATH to FILE) and the pages, each with an id, with links that doxygen
follows, and with the way to the next one. OUT/site.map is for source.awk, OUT/pages.doxy tells doxygen the pages, in order.
Pages link to one another as a code host understands it: [text](../docs/page.md#heading). A link to nothing is an error.
"""
import fnmatch
import glob
import html
import json
import os
import re
import sys

TOOLS = os.path.dirname(os.path.abspath(__file__))
HEADING = re.compile(r"^(#+) +(.*?)(?: +\{#([\w-]+)\})? *$")
LINK = re.compile(r"(?<!!)\[((?:[^\]`]|`[^`]*`)*)\]\(([^)\s]+)\)")
# What doxygen would take for a reference, unless it is in a code span: #GP.
EXCEPTION = re.compile(r"(`[^`]*`)|#[A-Z][A-Z]\b")
# A percent sign in a code span, which doxygen takes for "no reference here" and drops.
SPAN = re.compile(r"`[^`]*`")
# Code that is not the text of a link.
CODE = re.compile(r"(?<![\[`])`([^`]+)`(?![\]`])")
# A line of a code host's page that is not to be touched: what lies between fences, and indented code.
FENCE = re.compile(r"^ {0,3}(```|~~~)")
RAW = re.compile(r"^(@htmlonly)")

errors = []


def read(path):
    """The text of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def table(name):
    """The lines of a table beside this script, in columns."""
    lines = [line for line in read(os.path.join(TOOLS, name)).splitlines() if line and not line.startswith("#")]
    return [[column.strip() for column in line.split("|")] for line in lines]


def slug(heading, taken):
    """The anchor that a code host gives to a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    number = taken.get(text, -1) + 1
    taken[text] = number
    return f"{text}-{number}" if number else text


def prose(text):
    """Pairs of a line and whether it is prose, not code."""
    fence = ""
    after_blank = True
    code = False
    for line in text.splitlines():
        mark = FENCE.match(line) or RAW.match(line)
        if fence:
            yield line, False
            if line.lstrip().startswith(fence):
                fence = ""
            continue
        if mark:
            fence = mark[1].replace("@html", "@endhtml")
            yield line, False
            continue
        code = line.startswith("    ") and (after_blank or code)
        yield line, not code
        after_blank = not line.strip()


class Page:
    """A page of the site, by its path in the tree."""

    def __init__(self, path, text=None):
        self.path = path
        self.text = read(path) if text is None else text
        self.title = "?"
        self.id = None
        self.anchors = {}
        self.lead = ""
        taken = {}
        for line, is_prose in prose(self.text):
            heading = HEADING.match(line) if is_prose else None
            if heading and self.id is None:
                self.title = heading[2]
                self.id = heading[3] or default_id(path)
                slug(heading[2], taken)
                self.anchors[slug(heading[2], {})] = self.id
            elif heading:
                anchor = slug(heading[2], taken)
                self.anchors[anchor] = heading[3] or f"{self.id}-{anchor}"
            elif is_prose and self.id and not self.lead.endswith("\n"):
                self.lead += line.strip() + " " if line.strip() else "\n" if self.lead else ""
        if self.id is None:
            errors.append(f"{path}: has no title, a line that begins with #")
            self.id = default_id(path)

    def write(self, site, out):
        """Writes the page as doxygen is to read it."""
        lines = []
        taken = {}
        titled = False
        for number, (line, is_prose) in enumerate(prose(self.text), 1):
            heading = HEADING.match(line) if is_prose else None
            if heading:
                anchor = slug(heading[2], taken)
                if titled:
                    label = self.anchors[anchor]
                    # The front page's sections would stand above all chapters in the tree of pages.
                    line = f"@anchor {label}\n{line}" if self.id == "index" else f"{heading[1]} {heading[2]} {{#{label}}}"
                else:
                    titled = True
                    line = f"# {heading[2]} {{#{self.id}}}\n\n@tableofcontents{{HTML:2}}" if self.id != "index" else line
            elif is_prose:
                line = LINK.sub(lambda link, at=number: self.follow(site, link, at), line)
                line = CODE.sub(site.path_link, line)
                line = site.words.sub(lambda match: match[1] or f"%{match[0]}", line)
                line = literal(line)
            lines.append(line)
        text = "\n".join(lines) + "\n" + site.below(self)
        path = os.path.join(out, self.path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def sections(self):
        """What the search is to find: title, page, address and text of each section."""
        found, taken = [], {}
        for line, is_prose in prose(self.text):
            heading = HEADING.match(line) if is_prose else None
            if heading:
                anchor = slug(heading[2], taken)
                address = f"{self.id}.html" + (f"#{self.anchors[anchor]}" if found else "")
                found.append([plain(heading[2]), self.title if found else "page", address, ""])
            elif found:
                found[-1][3] += LINK.sub(r"\1", line).strip(" |").replace("`", "") + " "
        return found

    def follow(self, site, link, line):
        """What a link becomes on the site."""
        text, target = link[1], link[2]
        if re.match(r"[a-z]+:", target):
            return link[0]
        name, _, anchor = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(self.path), name)) if name else self.path
        if os.path.isdir(path) and os.path.exists(f"{path}/README.md"):
            path += "/README.md"
        page = site.by_path.get(path)
        if page:
            if anchor and anchor not in page.anchors:
                site.broken(f"{self.path}:{line}: {path} has no heading #{anchor}")
                return text
            return reference(text, page.anchors[anchor] if anchor else page.id)
        if not os.path.exists(path):
            site.broken(f"{self.path}:{line}: a link to {target}, which is not there")
            return text
        return site.source_link(text, path)


def default_id(path):
    """A page's id where its title has none."""
    folder, name = os.path.split(path)
    if path == "README.md":
        return "index"
    if name != "README.md":
        return name[:-3]
    folder = os.path.basename(folder)
    return f"chapter{int(folder[:2])}" if folder[:2].isdigit() else folder


class Site:
    """All pages, in order."""

    def __init__(self, files, chapters):
        self.files = files
        self.located = {file: path for path, file in files.items()}
        front = Page("README.md") if os.path.exists("README.md") else Page("README.md", "# Trapline\n")
        self.pages, self.children, self.parent = [front], {}, {}
        for title, patterns in table("contents.txt"):
            found = []
            for pattern in patterns.split():
                found += [path for path in sorted(glob.glob(pattern)) if path not in found]
            section = [Page(path) for path in found]
            if not section:
                continue
            if len(section) > 1:
                own = "labs" not in found[0] and os.path.basename(found[0]) == "README.md"
                head = section.pop(0) if own else Page(f"{slug(title, {})}.md", f"# {title}\n")
                self.add(head, front)
                for page in section:
                    self.add(page, head)
                    self.add_changes(page, chapters)
            else:
                self.add(section[0], front)
        self.by_path = {page.path: page for page in self.pages}
        self.groups = table("groups.txt")
        types = {name for path in files if path.endswith(".h")
                 for name in re.findall(r"(?m)^(?:struct|class) ([A-Z][a-z]+)\b", read(files[path]))}
        # Words that are types as well, and in prose hardly ever meant as such.
        self.words = re.compile(r"(`[^`]*`|\]\([^)]*\))|(?<![%\w:-])(?:" + "|".join(sorted(types)) + r")(?![\w:-])")

    @staticmethod
    def broken(message):
        """A link leads nowhere: an error, but for a tree or a release, which leave out parts of pages."""
        if not os.path.exists(".state") and not os.path.exists(".release"):
            errors.append(message)

    def add(self, page, parent=None):
        """Puts a page behind those that are there."""
        self.pages.append(page)
        if parent:
            self.children.setdefault(parent, []).append(page)
            self.parent[page] = parent

    def add_changes(self, page, chapters):
        """Puts what a chapter changes behind its handout."""
        name = os.path.basename(os.path.dirname(page.path))
        path = f"{chapters}/{name}.md"
        if page.path.startswith("labs/") and os.path.exists(path):
            self.add(Page(f"{page.id}-changes.md", collapsible(read(path))), page)

    def below(self, page):
        """What stands below a page: the pages of its section, and the ways on."""
        lines = [""]
        children = self.children.get(page, [])
        for child in children:
            lead = literal(LINK.sub(r"\1", child.lead.strip()))
            lines.append(f"- @subpage {child.id}" + (f" <br>{lead}" if page.id != "index" and "changes" not in child.id else ""))
        at = self.pages.index(page)
        lines += ["", '<div class="ways">']
        for other, text in ((at - 1, "← {}"), (at + 1, "{} →")):
            way = self.pages[other] if 0 <= other < len(self.pages) else None
            lines.append(f'<span>@ref {way.id} "{text.format(plain(way.title))}"</span>' if way else "<span></span>")
        lines.append("</div>")
        return "\n".join(lines) + "\n"

    def source_link(self, text, path):
        """A link to a source: to the file as it is in this state, if it is that one."""
        inside = self.located.get(path)
        if inside and re.search(r"\.(h|cpp|S)$", inside):
            return reference(text, inside)
        return text

    def path_link(self, code):
        """Code that names a source or a page, as a link to it."""
        page = self.by_path.get(code[1])
        if page or (code[1] in self.files and re.search(r"\.(h|cpp|S)$", code[1])):
            return reference(code[0], page.id if page else code[1])
        return code[0]

    def group_of(self, path):
        """The subsystem that a source belongs to."""
        for name, _, _, patterns in self.groups:
            if any(fnmatch.fnmatch(path, pattern) for pattern in patterns.split()):
                return name
        return None


def literal(line):
    """Prose with what doxygen would take for its own made harmless: #GP and, in code spans, %cr3."""
    line = SPAN.sub(lambda span: re.sub(r"%(?=\w)", "%%", span[0]), line)
    return EXCEPTION.sub(lambda match: match[1] or f"\\{match[0]}", line)


def reference(text, name):
    """A link of doxygen's, whose text can't be code itself."""
    link = f'@ref {name} "{plain(text)}"'
    return f"<code>{link}</code>" if text.startswith("`") and text.endswith("`") else link


def plain(title):
    """A title that may stand in quotes."""
    return title.replace('"', "'").replace("`", "")


def collapsible(text):
    """A page of `make chapter-diff` with a part to unfold for each file."""
    head, _, patch = text.partition("~~~~{.diff}\n")
    patch = patch.rpartition("~~~~")[0]
    remarks = dict(re.findall(r"^- `(.*)` \((.*)\)$", head, re.M))
    lines = [line for line in head.splitlines() if not line.startswith("- ")]
    for part in re.split(r"(?m)^(?=--- )", patch)[1:]:
        old, new, *body = part.splitlines()
        path = (old if new.endswith("/dev/null") else new)[6:]
        remark = remarks.get(path, "")
        lines += ["", "@htmlonly[block]", f'<details class="change"{" open" if "yours" in remark else ""}>'
                  f"<summary><code>{path}</code> {remark}</summary><pre>"]
        for line in body:
            kind = {"+": "ins", "-": "del", "@": "i"}.get(line[:1])
            line = html.escape(line).replace("*/", "*&#47;") or " "
            lines.append(f"<{kind}>{line}</{kind}>" if kind else line)
        lines += ["</pre></details>", "@endhtmlonly"]
    return "\n".join(lines) + "\n"


def main():
    """See above."""
    out, *entries = sys.argv[1:]
    source = os.path.join(out, "source")
    files = dict(entry.split(":", 1) for entry in entries)
    for path, file in files.items():
        link = os.path.join(source, path)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(os.path.abspath(file), link)
    site = Site(files, os.path.join(out, "chapters"))
    for page in site.pages:
        page.write(site, source)

    with open(os.path.join(out, "site.map"), "w", encoding="utf-8") as file:
        for path in files:
            group = site.group_of(path)
            if group:
                print("group", path, group, file=file)
            elif re.search(r"\.(h|cpp|S)$", path):
                errors.append(f"{path}: is in no subsystem: give it one in labs/tools/site/groups.txt")
        for page in site.pages:
            print("page", page.path, page.id, file=file)
    with open(os.path.join(source, "groups.dox"), "w", encoding="utf-8") as file:
        for name, title, text, _ in site.groups:
            print(f"/** @defgroup {name} {title}", f" * {site.words.sub(lambda word: f'%{word[0]}', text)} */", sep="\n", file=file)
    with open(os.path.join(out, "pages.doxy"), "w", encoding="utf-8") as file:
        print("INPUT =", *(os.path.join(source, page.path) for page in site.pages), file=file)
    with open(os.path.join(out, "sections.json"), "w", encoding="utf-8") as file:
        json.dump([section for page in site.pages if "-changes" not in page.id for section in page.sections()], file)
    for error in errors:
        print(error, file=sys.stderr)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
