"""A command in a terminal of its own, as a person uses it: what it is shown to be asked is typed at its prompts."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

# What a person would see: no escape sequences; of make's progress nothing, which depends on what was built before.
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\a]")
PROGRESS = re.compile(r"^  [A-Z]{2,8} +\S+\n", re.M)
PROMPTS = ("trapline$", "~ #", "(gdb)")


def pattern_of(shown):
    """What is shown as a regular expression: "…" is anything in a line, and alone in a line any number of lines."""
    text = ""
    for line in shown:
        text += r"(?:.*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.split("…"))) + r" *\n"
    return re.compile(text)


def inputs_of(shown):
    """What is to be typed, as (prompt to wait for, text); ^C has no prompt."""
    typed = []
    for line in shown:
        if line == "^C":
            typed.append((None, "\x03"))
        for prompt in PROMPTS:
            if line.startswith(prompt + " "):
                typed.append((prompt, line[len(prompt) + 1:] + "\n"))
    return typed


class Terminal:
    """Runs `command` in `folder`. `output` is what has come, cleaned."""

    def __init__(self, command, folder):
        self.raw = b""
        self.child, self.descriptor = pty.fork()
        if self.child == 0:
            os.chdir(folder)
            os.environ.update(TERM="dumb")
            os.execvp("bash", ["bash", "-c", command])
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 500, 0, 0))

    @property
    def output(self):
        return PROGRESS.sub("", ESCAPES.sub("", self.raw.decode(errors="replace")))

    def read(self, seconds):
        """Waits so long for more. None when the command has ended, else whether something came."""
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:
            return None
        self.raw += data
        return True if data else None

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def close(self):
        """Ends the command if it has not ended: its terminal goes away, then by force."""
        os.close(self.descriptor)
        for _ in range(50):
            if os.waitpid(self.child, os.WNOHANG)[0]:
                return
            time.sleep(0.1)
        os.killpg(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)


# Seconds: without a sign of life, after which a command is given up; and after which what has come is taken for all.
PATIENCE = 60
QUIET = 0.4


def run(command, shown, folder):
    """Runs the command and types what is shown as typed. Returns what it printed, and whether that is what is shown.
    The prompt at the end need not be shown."""
    pattern, typed = pattern_of(shown), inputs_of(shown)
    stays = re.search(r"^make .*\b(run|gdb|rewind)\b", command)

    def seen_by_a_person(output):
        output = output.rstrip() + "\n"
        for prompt in PROMPTS:
            if output.endswith("\n" + prompt + "\n") and (not shown or shown[-1] != prompt):
                output = output[:-len(prompt) - 1]
        return output if output.strip() else ""

    terminal = Terminal(command, folder)
    try:
        seen, quiet, ended = 0, 0.0, False
        while not ended and quiet < PATIENCE:
            came = terminal.read(0.1)
            ended = came is None
            quiet = 0.0 if came else quiet + 0.1
            fresh = terminal.output[seen:]
            if typed:
                prompt, text = typed[0]
                if fresh.rstrip(" ").endswith(prompt) if prompt else quiet > QUIET and fresh.strip():
                    seen = len(terminal.output)
                    terminal.type(text)
                    typed.pop(0)
            elif stays and quiet > QUIET and pattern.fullmatch(seen_by_a_person(terminal.output)):
                break
        output = terminal.output
        if not ended:
            terminal.type("quit\n" if output.endswith("(gdb) ") else "\x01x")
            while terminal.read(2):
                pass
        output = seen_by_a_person(output)
        return output, bool(pattern.fullmatch(output)) and not typed
    finally:
        terminal.close()
