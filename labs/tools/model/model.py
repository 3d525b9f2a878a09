#!/usr/bin/env python3
"""make model: searches all states of each variant of kernel.pml, and tells the counterexamples in the kernel's terms.

    model.py FOLDER     FOLDER: for what spin writes"""

import collections
import concurrent.futures
import os
import sys
import textwrap

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import story
from search import MODEL, main, replay, search

Variant = collections.namedtuple("Variant", "name cpus rflags pcr breaks")
Variant.__doc__ = """A kernel: its processors, its switch and entry path, and whether it breaks (docs/the-bug.md)."""

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


def say(text=""):
    print(text, flush=True)


def job(folder, variant, name, *more):
    """The arguments of a search: of all states, or with more options of the way to the panic."""
    options = [f"-DCPUS={variant.cpus}", f"-DRFLAGS={variant.rflags}", f"-DPCR={variant.pcr}", *more]
    return MODEL, options, os.path.join(folder, name), bool(more)


def check(variant, result):
    """Prints the line of the table for one variant. Returns whether the verdict is the one that is known."""
    verdict = "counterexample" if result.violated else "none"
    say(f"{variant.name:<36} {variant.cpus:>4}  {verdict:<15} {result.states:>8,} {result.depth:>6} "
        f"{result.seconds:>8.2f}")
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


def tell(variant, words, result, options):
    """Prints the shortest way to the panic as a story."""
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
    """Searches everything, on all processors, and prints what is found in the order of the table."""
    jobs = [job(folder, variant, f"variant{number}") for number, variant in enumerate(VARIANTS, 1)]
    jobs += [job(folder, variant, f"story{variant.cpus}", "-DTO_THE_END", f"-DTICKS={ticks}")
             for variant, ticks, _ in STORIES]
    say(f"{'variant':<36} {'CPUs':>4}  {'counterexample?':<15} {'states':>8} {'depth':>6} {'seconds':>8}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda arguments: search(*arguments), jobs)
        good = [check(variant, next(results)) for variant in VARIANTS]
        good += [tell(variant, words, next(results), options)
                 for (variant, _, words), (_, options, _, _) in zip(STORIES, jobs[len(VARIANTS):])]
    return all(good)


main(model, sys.argv, __doc__)
