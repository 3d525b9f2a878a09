"""A chapter's files on the way from its start to its solution: solved up to a section, and not further."""

import difflib
import pathlib
import re

PART = re.compile(r"TODO\(lab\d\.(\d)")
MESSAGE = re.compile(r'todo\("lab\d\.(\d)')


def solved_upto(start, solution, section):
    """The lines of a file with the parts up to `section` solved. Each difference between the two belongs to the section
    that it names in the start, by TODO(labN.K), else to the one before it in the file. What stands before the first of
    them is the solution's. A file with nothing solved is the start; while anything is missing, its #includes and what
    only says that it is missing stay."""
    everything = "\n".join(start)
    if max(PART.findall(everything) + MESSAGE.findall(everything), default="0") <= section:
        return solution
    result, taken = [], False
    own = ["0"]
    for kind, i, j, k, n in difflib.SequenceMatcher(None, start, solution, autojunk=False).get_opcodes():
        if kind == "equal":
            result += start[i:j]
            continue
        text = "\n".join(start[i:j])
        own = PART.findall(text) or own
        if max(own) <= section and (PART.search(text) or not MESSAGE.search(text)):
            result += solution[k:n]
            if own != ["0"]:
                taken = True
            elif i < j:
                result += [line for line in start[i:j] if line.startswith("#include")]
        else:
            result += start[i:j]
    return result if taken else start


def solve(tree, chapter, section):
    """Writes the learner's files of `chapter` in `tree`, solved up to `section` such as "1.3", or "start", "all". True
    if any of them was different."""
    changed = False
    lab = next(pathlib.Path(tree, "labs").glob(f"0{chapter}-*"))
    solutions = pathlib.Path(tree, "solutions", lab.name)
    for line in (lab / "lab.txt").read_text(encoding="utf-8").splitlines():
        word, _, path = line.partition(" ")
        if word != "file":
            continue
        pristine = lab / "handout-start" / path
        if not pristine.exists():
            pristine.parent.mkdir(parents=True, exist_ok=True)
            pristine.write_bytes((lab / path).read_bytes())
        start, solution = [file.read_text(encoding="utf-8").split("\n") for file in (pristine, solutions / path)]
        if section == "start":
            lines = start
        elif section == "all":
            lines = solution
        else:
            lines = solved_upto(start, solution, section.split(".")[1])
        text = "\n".join(lines)
        if (lab / path).read_text(encoding="utf-8") != text:
            (lab / path).write_text(text, encoding="utf-8")
            changed = True
    return changed
