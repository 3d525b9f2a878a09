"""The kernel's trace ring (kernel/debug/trace.h) as events: who ran, on whose stack, and whose stack was published."""

import collections
import statistics
import struct

PAGE = 4096
STACK_SIZE = 16 * 1024
RECORD = struct.Struct("<IiQQQQQQBBBBi")
NOBODY = -(2**31)  # kNoTask
NO_VECTOR = 0xFF
KINDS = {1: "syscall-enter", 2: "syscall-leave", 3: "interrupt-enter", 4: "interrupt-leave", 5: "publish", 6: "switch",
         7: "task", 8: "panic"}
TIMER_VECTOR = 32

Record = collections.namedtuple(
    "Record", "stamp owner time rsp cr3 published scratch value kind cpu vector flags pid")


def records(ring, count):
    """The records of a ring, oldest first, given its bytes and how many records there have been; and how many of them
    were incomplete, such as one that another processor was just writing."""
    slots = len(ring) // RECORD.size
    found, torn = [], 0
    for number in range(max(0, count - slots), count):
        record = Record(*RECORD.unpack_from(ring, number % slots * RECORD.size))
        if record.stamp == (number + 1) & 0xFFFFFFFF and record.kind in KINDS:
            found.append(record)
        else:
            torn += 1
    return found, torn


class Tasks:
    """Who is who at each moment: pids by CR3 and by kernel stack change as programs begin, exec and end."""

    def __init__(self, known, kernel_cr3):
        self.all = {}  # pid -> the task as events.json shows it: its last name and address space
        self.cr3 = {}  # pid -> what it has at this moment
        self.top = {}  # top of a kernel stack -> pid of its owner at this moment
        self.kernel_cr3 = kernel_cr3
        for pid, name, cr3, top in known:
            self.note(pid, name, cr3, top)

    def note(self, pid, name, cr3, top):
        """A task that has come, or has got another name or address space."""
        self.cr3[pid] = cr3
        if top is not None:
            self.top[top] = pid
        task = self.all.setdefault(pid, {"pid": pid, "name": f"pid {pid}", "cr3": cr3, "stack_base": None,
                                         "stack_top": None, "kernel_thread": pid <= 0})
        task["name"] = name or task["name"]
        if cr3 != self.kernel_cr3 or pid <= 0:  # one that ends has lost its address space: show the one it had
            task["cr3"] = cr3
        if top is not None:
            task["stack_base"], task["stack_top"] = top - STACK_SIZE, top

    def running(self, cr3, stack_owner):
        """The pid of the task with this CR3: that of the stack if it may be, since threads share one."""
        if stack_owner is not None and self.cr3.get(stack_owner) == cr3:
            return stack_owner
        return next((pid for pid, space in self.cr3.items() if space == cr3), None)


def pid_or_none(pid):
    return None if pid == NOBODY else pid


def words(record, tasks, names):
    """What is particular to this kind of event."""
    match KINDS[record.kind]:
        case "syscall-enter":
            return {"number": record.value, "name": names.get(record.value, "no such call")}
        case "syscall-leave":
            return {"result": record.value - (record.value >> 63 << 64)}
        case "interrupt-enter":
            return {"vector": record.vector, "rip": record.value, "ring": record.flags >> 2 & 3,
                    "interrupted_if": bool(record.flags & 2)}
        case "interrupt-leave":
            return {"vector": record.vector}
        case "publish":
            return {"to": record.pid}
        case "switch":
            tasks.note(record.pid, None, record.value & -PAGE, None)
            return {"from": pid_or_none(record.owner), "to": record.pid}
        case "panic":
            return {"rip": record.value, "vector": None if record.vector == NO_VECTOR else record.vector}
    raise ValueError(record.kind)


def task_event(record, tasks, last):
    """A task has begun, has become another program, or has ended."""
    name = struct.pack("<QQ", record.scratch, record.value).split(b"\0")[0].decode(errors="replace")
    cr3 = record.cr3 & -PAGE
    before = tasks.cr3.get(record.pid) if tasks.top.get(record.rsp) == record.pid else None
    tasks.note(record.pid, name, cr3, record.rsp)
    change = "begins" if before is None else "ends" if cr3 == tasks.kernel_cr3 else "execs"
    # The record's own place was needed for the task's; a processor's very first record leaves RSP unknown.
    return {"rsp": last.get("rsp"), "running": pid_or_none(record.owner), "scratch": last.get("scratch"),
            "pid": record.pid, "name": name, "change": change}


def decode(found, known, kernel_cr3, names):
    """(tasks, events) as in events.json. `known` are the tasks that live, as (pid, name, cr3, top), `names` those of
    the system calls by number."""
    named = {r.pid for r in found if KINDS[r.kind] == "task"}
    tasks = Tasks([], kernel_cr3)
    # What is known from the end holds from the beginning for those of whom no record tells when it changed; of the
    # others the stack.
    for pid, name, cr3, top in known:
        tasks.note(pid, name, cr3 if pid not in named else None, top)
    events, last = [], {}
    for record in found:
        owner = pid_or_none(record.owner)
        kind = KINDS[record.kind]
        event = {"n": 0, "time": record.time, "cpu": record.cpu, "kind": kind,
                 "running": tasks.running(record.cr3 & -PAGE, owner), "on_stack_of": owner, "rsp": record.rsp,
                 "if": bool(record.flags & 1), "published": tasks.top.get(record.published), "scratch": record.scratch}
        if kind == "task":
            event |= task_event(record, tasks, last.get(record.cpu, {}))
        else:
            event |= words(record, tasks, names)
        events.append(event)
        last[record.cpu] = event
    events = settle_publications(settle_switches(events))
    for n, event in enumerate(events):
        event["n"] = n
    for pid, name, _, _ in known:
        tasks.all[pid]["name"] = name
    return sorted(tasks.all.values(), key=lambda task: task["pid"]), events


def settle_switches(events):
    """Puts each switch where it happened. It is recorded when it is about to happen; an interrupt that comes then is
    before it, although it was recorded later, and so is all that happens until that interrupt is over."""
    settled, waiting = [], []  # waiting: (switch, interrupts that are to end on its stack first)
    for i, event in enumerate(events):
        stack, kind = event["on_stack_of"], event["kind"]
        if kind == "switch" and event["if"] and is_interrupted(events, i):
            waiting.append([event, 0])
            continue
        settled.append(event)
        for entry in [w for w in waiting if w[0]["from"] == stack]:
            entry[1] += {"interrupt-enter": 1, "interrupt-leave": -1}.get(kind, 0)
            if kind == "interrupt-leave" and entry[1] == 0:
                waiting.remove(entry)
                # IF is again what it was: the interrupt's return brings it back.
                now = {key: event[key] for key in ("time", "cpu", "published", "scratch")}
                settled.append(entry[0] | now | {"recorded": entry[0]["time"]})
    return settled


def settle_publications(events):
    """Puts each publication where it happened. It is recorded right after it; an interrupt that comes in between is
    recorded first, and the words may be others by the time of the record."""
    settled = []
    for event in events:
        place = None
        if event["kind"] == "publish" and event["if"] and event["published"] != event["to"]:
            place = interrupt_before(settled, event)
        if place is None:
            settled.append(event)
            continue
        then = {key: settled[place][key] for key in ("time", "cpu", "published", "scratch")}
        settled.insert(place, event | then | {"recorded": event["time"]})
    return settled


def interrupt_before(events, publication):
    """The index of the entry of an interrupt that ended on the same stack just before, and found what was published."""
    depth = 0
    for i in range(len(events) - 1, -1, -1):
        event = events[i]
        if event["on_stack_of"] != publication["on_stack_of"]:
            continue
        depth += {"interrupt-leave": 1, "interrupt-enter": -1}.get(event["kind"], 0)
        if depth <= 0:
            found = event["kind"] == "interrupt-enter" and event["published"] == publication["to"]
            return i if found else None
    return None


def is_interrupted(events, i):
    """Whether what comes next on the processor of event `i` is an interrupt on the same stack in ring 0."""
    event = events[i]
    after = next((e for e in events[i + 1:] if e["cpu"] == event["cpu"]), None)
    return (after is not None and after["kind"] == "interrupt-enter" and after["ring"] == 0
            and after["on_stack_of"] == event["on_stack_of"] == after["running"])


def from_ring_3(event):
    """Whether the event is an entry from a program: the moments at which the published stack is used."""
    return event["kind"] == "syscall-enter" or event["kind"] == "interrupt-enter" and event["ring"] == 3


def corruption(events):
    """The number of the first entry of one task on another task's kernel stack, or None."""
    return next((e["n"] for e in events if from_ring_3(e) and None not in (e["running"], e["on_stack_of"])
                 and e["running"] != e["on_stack_of"]), None)


def panic(events):
    """The panic as events.json shows it, or None."""
    event = next((e for e in events if e["kind"] == "panic"), None)
    return event and {"n": event["n"], "rip": event["rip"], "vector": event["vector"], "pid": event["running"]}


def tsc_per_second(events, hz):
    """How fast the time stamps count, as far as the timer's ticks tell; None with too few of them. A busy host delivers
    ticks late and leaves some out, so that most gaps may be too long: the shorter ones count."""
    ticks, gaps = {}, []
    for event in events:
        if event["kind"] == "interrupt-enter" and event["vector"] == TIMER_VECTOR:
            if event["cpu"] in ticks:
                gaps.append(event["time"] - ticks[event["cpu"]])
            ticks[event["cpu"]] = event["time"]
    return round(statistics.quantiles(gaps, n=4)[0] * hz) if len(gaps) >= 3 else None
