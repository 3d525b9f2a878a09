"""Complete searches of a model with spin, and what they found."""

import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import time

MODEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernel.pml")
MEMORY = 2000  # MiB that one search may take
SECONDS = 300  # that it may last

# Breadth first: the first counterexample is a shortest one, and there is no depth at which the search would stop.
COMPILE = ["gcc", "-w", "-O0", "-DBFS", "-DSAFETY", "-DNOREDUCE", f"-DMEMLIM={MEMORY}", "-o", "pan", "pan.c"]

Result = collections.namedtuple("Result", "violated states depth seconds unreached trail")
Result.__doc__ = """What a search found: the property that does not hold, or None when all reachable states were seen
and it always does; states, steps to the farthest (or to the violation), seconds; lines of the model never reached (of
use in a complete search only); the folder with the counterexample."""


class Failed(Exception):
    """Spin, the compiler or the search did not do what it should; the text is the one line that the user gets."""


def call(command, folder, log):
    """Runs a command in `folder`; its output goes to the file `log` there, and is returned with its exit status."""
    try:
        with open(os.path.join(folder, log), "w", encoding="utf-8") as out:
            status = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                    timeout=SECONDS, check=False).returncode
    except FileNotFoundError as error:
        raise Failed(f"{command[0]} is not installed; the Debian package is called {command[0]}.") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{command[0]} did not end within {SECONDS} s: {folder}/{log}") from error
    with open(os.path.join(folder, log), encoding="utf-8", errors="replace") as file:
        return status, file.read()


def what_is_violated(text):
    """The violated property in pan's output, in its own words; None when there is none."""
    found = re.search(r"^pan:\d+: (.*) \(at depth -?\d+\)", text, re.M)
    return found and found[1]


def unreached(text):
    """(file, line) of the statements that pan lists as never reached, but for the ends of processes without an end."""
    return [(name, int(line)) for name, line, what in re.findall(r'^\t(\S+):(\d+), state \d+, "(.*)"$', text, re.M)
            if what != "-end-"]


def search(model, defines, folder, dead_ends=False):
    """Searches all states of a model for a violated assertion, or for a state without a next step, unless `dead_ends`
    allows that."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    status, text = call(["spin", "-a", *defines, model], folder, "spin.log")
    if status != 0 or not os.path.exists(os.path.join(folder, "pan.c")):
        raise Failed(f"spin does not understand the model: {first_line(text)} ({folder}/spin.log)")
    status, text = call(COMPILE, folder, "gcc.log")
    if status != 0:
        raise Failed(f"gcc does not compile what spin wrote: {first_line(text)} ({folder}/gcc.log)")
    start = time.monotonic()
    _, text = call(["./pan", "-w20", *(["-E"] if dead_ends else [])], folder, "pan.log")
    seconds = time.monotonic() - start
    figures = re.search(r"depth reached (\d+), errors: (\d+)\n\s*(\d+) states, stored", text)
    if not figures:
        raise Failed(f"the search did not end as it should: {first_line(text)} ({folder}/pan.log)")
    depth, errors, states = map(int, figures.groups())
    violated = what_is_violated(text)
    if (errors > 0) != (violated is not None):
        raise Failed(f"the search contradicts itself: {errors} errors, but {violated} is violated ({folder}/pan.log)")
    # A search that found something stops there. One that found nothing must have been complete to mean anything.
    if not violated and re.search(r"Search not completed|too small|out of memory|limit|truncated", text):
        raise Failed(f"the search was not complete, so it says nothing: {folder}/pan.log")
    return Result(violated, states, depth, seconds, unreached(text), folder)


def replay(model, defines, result):
    """What the model prints along the counterexample, line by line."""
    trail = next(name for name in os.listdir(result.trail) if name.endswith(".trail"))
    _, text = call(["spin", "-t", "-k", trail, *defines, model], result.trail, "trail.log")
    return text.splitlines()


def first_line(text):
    return next((line.strip() for line in text.splitlines() if line.strip()), "it said nothing")


def main(action, arguments, usage):
    """Calls action(folder, ...) for the arguments of the command line, and ends the program with what it returns as the
    status. A failure is one line; told to end, it takes what it has started along."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    if len(arguments) != 1 + action.__code__.co_argcount:
        sys.exit(usage)
    try:
        sys.exit(0 if action(os.path.abspath(arguments[1]), *arguments[2:]) else 1)
    except (Failed, OSError) as failure:
        sys.exit(f"model: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
