#!/usr/bin/env python3
"""make model: holds a recorded run against the model. Can the model do what the kernel did, event by event?

The events of make timeline from the leak of IF to the wrong return become a process that takes the model's own events
only in this order. A complete search then says whether the model can get to the panic that way.

    follow.py FOLDER EVENTS     FOLDER: for what spin writes; EVENTS: an events.json of make timeline"""

import json
import os
import sys

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from search import MODEL, Failed, main, search
from story import steps

KINDS = {"syscall-enter": "syscall_enter", "syscall-leave": "syscall_leave", "interrupt-enter": "interrupt_enter",
         "interrupt-leave": "interrupt_leave", "publish": "published", "switch": "switched", "panic": "panic"}
TIMER = 32
DEFINES = ["-DCPUS=1", "-DRFLAGS=0", "-DPCR=0", "-DTO_THE_END", "-DFOLLOW"]


def statement(kind, *rest):
    """A statement of Promela: receive exactly this event; _ stands for anything."""
    return f"event ? {kind}, {', '.join(str(part) for part in rest)};"


class Run:
    """What events.json holds, with the tasks called as in the model."""

    def __init__(self, path):
        try:
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
            self.events = content["events"]
            self.names = {task["pid"]: task["name"] for task in content["tasks"]}
            self.cpus, self.panic, self.corruption = content["cpus"], content["panic"], content["corruption"]
            self.culprit = next((event["running"] for event in self.events if event["n"] == self.corruption), None)
            for event in self.events:
                missing = {"n", "kind", "if", "running", "on_stack_of", "published"} - event.keys()
                if missing:
                    raise KeyError(f"{', '.join(sorted(missing))} of an event")
        except OSError as error:
            raise Failed(f"{path} can't be read: {error.strerror}; make SOL=3 timeline writes it") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Failed(f"{path} is not an events.json of make timeline: {type(error).__name__} {error}") from error
        if self.cpus != 1:
            raise Failed(f"{path} is of a run on {self.cpus} processors; the model follows runs on one")
        if not self.panic:
            raise Failed(f"{path} is of a run without a panic: there is nothing to follow the model to")
        if self.culprit is None:
            raise Failed(f"{path} is of a run in which no task entered on another's stack before the panic")

    def task(self, pid):
        """A task's number in the model, as it is written there."""
        name = self.names.get(pid)
        if name not in ("klogd", "sh", "init"):
            raise Failed(f"task {pid} ({name or 'not in the list of tasks'}) takes part, which the model does not have")
        return name.upper()

    def last_part(self):
        """The events from the leak of IF to the wrong return: from where klogd last gave the processor away before the
        tick, the last one before the corruption that hit a program's task between the publishing and the switch, to
        the first sign that the victim is at the wrong address: the panic's exception, or a tick just before it."""
        end = next((i for i, e in enumerate(self.events) if e["kind"] == "interrupt-enter" and e["n"] > self.corruption
                    and (e["running"], e.get("rip")) == (self.panic["pid"], self.panic["rip"])), None)
        if end is None:
            raise Failed("no recorded event shows the victim at the address of the panic")
        ticks = [i for i, e in enumerate(self.events[:end])
                 if e["kind"] == "interrupt-enter" and e.get("vector") == TIMER and e.get("ring") == 0
                 and e["n"] < self.corruption and self.names.get(e["on_stack_of"]) != "klogd"
                 and e["on_stack_of"] != e["published"]]
        leaks = [i for i, e in enumerate(self.events[:ticks[-1] if ticks else 0])
                 if e["kind"] == "publish" and self.names.get(e["running"]) == "klogd"]
        if not leaks:
            raise Failed("before the panic there is no tick that hit a task between the publishing and the switch")
        return [*self.events[leaks[-1]:end], self.events[end] | {"kind": "panic"}]

    def receive(self, event):
        """The event as a statement of Promela."""
        kind, iflag, about = event["kind"], event["if"], "_"
        if kind not in KINDS or kind.startswith("interrupt") and event.get("vector") != TIMER:
            raise Failed(f"event {event['n']}, {kind}, is none that the model has")
        if kind in ("publish", "switch"):
            about = self.task(event["to"])
        elif kind == "interrupt-enter":
            iflag, about = event["interrupted_if"], event["ring"]
        elif kind == "panic":
            about = self.task(self.culprit)  # the model must say that it is this one's address
        who = [self.task(event[key]) for key in ("running", "on_stack_of", "published")]
        return statement(KINDS[kind], *who, int(iflag), about)


def process(run, part):
    """The run as a process, a line an event."""
    return ["/* Written by `make model`: a recorded run, which takes the model's events in its own order only. */",
            "active proctype recorded_run() {",
            "    do                      /* whatever has led to the first of them */",
            "    :: event ? _, _, _, _, _, _",
            "    :: break",
            "    od;",
            *(f"    {run.receive(event):<60} /* event {event['n']} */" for event in part),
            "    assert(false)           /* here the model has done all that the kernel did */",
            "}"]


def told(folder):
    """What the counterexample of the same kernel, if make model has found it, tells: a statement an event."""
    tasks = ["KLOGD", "SH", "INIT", "IDLE"]
    try:
        with open(os.path.join(folder, "story1/trail.log"), encoding="utf-8") as file:
            found = [step for step in steps(file) if step.kind in KINDS.values()]
    except OSError:
        return []
    about = {"published": tasks, "switched": tasks, "panic": tasks, "interrupt_enter": range(4)}
    return [statement(step.kind, tasks[step.running], tasks[step.stack], tasks[step.published], step.iflag,
                      about[step.kind][step.about] if step.kind in about else "_") for step in found]


def refused(lines, part, result, path):
    """The event that the model can't do, of those that it gets to the last one. Spin lists the statements that were
    never executed; the one before them is that which waited for an event in vain."""
    missed = min(line for name, line in result.unreached if os.path.basename(name) == os.path.basename(path))
    first = next(number for number, line in enumerate(lines, 1) if "/* event" in line)
    return part[max(0, missed - first - 1)]


def follow(folder, path):
    """Says whether the model can do what the run did."""
    run = Run(path)
    try:
        part = run.last_part()
        lines = [f'#include "{MODEL}"', *process(run, part)]
    except (KeyError, TypeError) as error:
        raise Failed(f"{path} is not an events.json of make timeline: {type(error).__name__} {error}") from error
    ticks = sum(event["kind"] == "interrupt-enter" for event in part)
    model = os.path.join(folder, "run.pml")
    os.makedirs(folder, exist_ok=True)
    with open(model, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    result = search(model, [*DEFINES, f"-DTICKS={ticks}"], os.path.join(folder, "run"), dead_ends=True)
    print(f"The recorded run {path}, from event {part[0]['n']}, before the leak of IF, to event {part[-1]['n']}, "
          f"after the wrong return:")
    if not result.violated:
        event = refused(lines, part, result, model)
        print(f"the model can't do that. It gets as far as event {event['n']}, {event['kind']}, which it can't do "
              f"after those before.")
        return False
    if "assertion violated 0" not in result.violated:
        raise Failed(f"the search stopped at something else than the end of the run: {result.violated}")
    victim, culprit = run.names[part[-1]["running"]], run.names[run.culprit]
    print(f"the model can do all {len(part)} events in this order, and then {victim} returns to ring 3 with the return "
          f"address of {culprit}, there as here.")
    if told(folder)[-len(part):] == [run.receive(event) for event in part]:
        print("The shortest counterexample has the very same events.")
    return True


main(follow, sys.argv, __doc__)
