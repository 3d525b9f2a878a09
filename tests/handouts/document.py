"""The sessions in a document: indented blocks whose first line begins with "$ "."""

import re


class Session:
    """One block: its commands, each with the lines that are shown behind it."""

    def __init__(self, line_number, solved):
        self.line_number = line_number
        self.solved = solved
        self.commands = []


class Document:
    """What there is to run. Comments in the text say what a reader need not see:

        <!-- solved: 1.3 -->        from here on the chapter's files are solved up to section 1.3, or "start", "all"
        <!-- not run                a command that no session runs and that the text names, and why
        make grade LAB=1: it takes too long
        -->
    """

    def __init__(self, path):
        self.path = path
        self.sessions = []
        self.reasons = {}
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        self._read()

    def _read(self):
        solved, number, count = "start", 0, len(self.lines)
        while number < count:
            line = self.lines[number]
            if match := re.match(r"<!-- solved: (\S+) -->$", line):
                solved = match.group(1)
            elif line == "<!-- not run":
                while self.lines[number + 1] != "-->":
                    number += 1
                    command, _, reason = self.lines[number].partition(": ")
                    self.reasons[command] = reason
            elif match := re.match(r"( {4,})\$ ", line):
                indent, session = len(match.group(1)), Session(number + 1, solved)
                while number < count and not self.lines[number][:indent].strip():
                    text = self.lines[number][indent:].rstrip()
                    if text.startswith("$ "):
                        session.commands.append((text[2:], []))
                    else:
                        session.commands[-1][1].append(text)
                    number += 1
                for _, shown in session.commands:
                    while shown and not shown[-1]:
                        shown.pop()
                self.sessions.append(session)
                continue
            number += 1

    def commands(self):
        return {command for session in self.sessions for command, _ in session.commands}

    def unaccounted(self):
        """The commands in the text, `make ...`, that no session runs and for which no reason is given; and reasons for
        what is run or does not occur."""
        named = set()
        for line in self.lines:
            if not line.startswith("    "):
                named.update(re.findall(r"`(make [^`]+)`", line))
        known = self.commands()
        return sorted(named - known - set(self.reasons)), sorted(set(self.reasons) & known | set(self.reasons) - named)
