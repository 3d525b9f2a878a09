#!/usr/bin/env python3
"""make model: searches all states of each variant of kernel.pml, and tells the counterexamples in the kernel's terms.

    model.py FOLDER     FOLDER: for what spin writes"""

import collections
import os
import sys
import textwrap

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import story
from search import MODEL, main, replay, search

Variant = collections.namedtuple("Variant", "name cpus rflags pcr breaks")
Variant.__doc__ = """A kernel: its entry path and switch, its processors, and whether it breaks, as measured (docs/the-bug.md)."""

VARIANTS = [
    Variant("globals (chapters 2, 3)", 1, 0, 0, True),
    Variant("globals, RFLAGS saved (chapter 4)", 1, 1, 0, False),
    Variant("globals, RFLAGS saved (chapter 4)", 2, 1, 0, True),
    Variant("PCR, RFLAGS not saved", 1, 0, 1, True),
    Variant("PCR, RFLAGS saved (chapter 5)", 1, 1, 1, False),
    Variant("PCR, RFLAGS saved (chapter 6)", 2, 1, 1, False),
]
# What is told: to the end, with as few ticks as the panic takes.
STORIES = [(VARIANTS[0], 1, "one tick"), (VARIANTS[2], 0, "no tick at all")]


def defines(variant, *more):
    return [f"-DCPUS={variant.cpus}", f"-DRFLAGS={variant.rflags}", f"-DPCR={variant.pcr}", *more]


def say(text=""):
    print(text, flush=True)


def check(folder, variant):
    """Searches one variant and prints its line of the table. Returns whether the verdict is the one that is known."""
    result = search(MODEL, defines(variant), os.path.join(folder, f"{variant.cpus}{variant.rflags}{variant.pcr}"))
    verdict = "counterexample" if result.violated else "none"
    say(f"{variant.name:<36} {variant.cpus:>4}  {verdict:<15} {result.states:>8,} {result.depth:>6} {result.seconds:>8.2f}")
    complaints = []
    if (result.violated is not None) != variant.breaks:
        complaints.append("not the verdict that is known of the kernel")
    if result.violated and not result.violated.startswith("assertion violated"):
        complaints.append(f"not by a property, but: {result.violated}")
    if not result.violated:
        complaints += [f"line {line} of the model is never reached" for _, line in result.unreached]
    for complaint in complaints:
        say(f"    {complaint}")
    return not complaints


def table(folder):
    say(f"{'variant':<36} {'CPUs':>4}  {'counterexample?':<15} {'states':>8} {'depth':>6} {'seconds':>8}")
    return all([check(folder, variant) for variant in VARIANTS])  # a list: every line is printed


def tell(folder, variant, ticks, words):
    """Prints the shortest way to the panic as a story."""
    options = defines(variant, "-DTO_THE_END", f"-DTICKS={ticks}")
    result = search(MODEL, options, os.path.join(folder, f"story{variant.cpus}"), dead_ends=True)
    say()
    if not result.violated:
        say(f"{variant.name} on {variant.cpus}: no way to the panic with {words}.")
        return False
    say(f"{variant.name}, CPUs: {variant.cpus}. The shortest way to the panic with {words}, {result.depth} steps:")
    say()
    for line in story.tell(story.steps(replay(MODEL, options, result)), variant.cpus):
        say(textwrap.fill(line, 110, subsequent_indent="     "))
    return True


def model(folder):
    good = [table(folder), *(tell(folder, *what) for what in STORIES)]
    return all(good)


main(model, sys.argv, __doc__)
