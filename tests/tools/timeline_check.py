"""Checks what `make timeline` wrote to a folder: timeline_check.py FOLDER. Prints each thing that is wrong."""

import json
import sys

COMMON = {"n": int, "time": int, "cpu": int, "kind": str, "running": (int, type(None)),
          "on_stack_of": (int, type(None)), "rsp": int, "if": bool, "published": (int, type(None)), "scratch": int}
OWN = {"syscall-enter": {"number": int, "name": str}, "syscall-leave": {"result": int},
       "interrupt-enter": {"vector": int, "rip": int, "ring": int, "interrupted_if": bool},
       "interrupt-leave": {"vector": int}, "publish": {"to": int}, "switch": {"from": (int, type(None)), "to": int},
       "task": {"pid": int, "name": str, "change": str}, "panic": {"rip": int, "vector": (int, type(None))}}
TASK = {"pid": int, "name": str, "cr3": int, "stack_base": int, "stack_top": int, "kernel_thread": bool}


def fields(what, value, wanted):
    """Complaints about an object's fields and their types."""
    for key, kind in wanted.items():
        if key not in value:
            yield f"{what} has no {key}"
        elif not isinstance(value[key], kind) or isinstance(value[key], bool) and kind is int:
            yield f"{what}: {key} is {value[key]!r}"


def check_events(document):
    """Complaints about events.json: its schema, and what must hold in every kernel."""
    yield from fields("events.json", document, {"state": str, "cpus": int, "time_unit": str, "tasks": list,
                                                "events": list, "corruption": (int, type(None)),
                                                "panic": (dict, type(None))})
    pids = {task["pid"] for task in document["tasks"]}
    for task in document["tasks"]:
        yield from fields(f"task {task['pid']}", task, TASK)
        if task["stack_top"] - task["stack_base"] != 16384:
            yield f"task {task['pid']}: its stack has not 16 KiB"
    last = {}
    for n, event in enumerate(document["events"]):
        what = f"event {n}, {event['kind']}"
        unknown = {key: (int, type(None)) for key in ("rsp", "scratch")} if event["kind"] == "task" else {}
        yield from fields(what, event, COMMON | OWN[event["kind"]] | unknown)
        if event["n"] != n:
            yield f"{what}: its number is {event['n']}"
        if event["time"] < last.get(event["cpu"], 0):
            yield f"{what}: earlier than the one before"
        last[event["cpu"]] = event["time"]
        for key in ("running", "on_stack_of", "published"):
            if event[key] is not None and event[key] not in pids:
                yield f"{what}: {key} is {event[key]}, which is no task"
        if event["kind"] == "publish" and event["published"] != event["to"] and document["cpus"] == 1:
            yield f"{what}: {event['to']} was published, and {event['published']} is"
        if event["kind"] == "interrupt-enter" and event["if"]:
            yield f"{what}: IF is on at an interrupt's entry"
    if not document["events"]:
        yield "there are no events"


def check_chrome(trace):
    """Complaints about trace.json: what Perfetto needs of it."""
    named, last = set(), 0
    for entry in trace["traceEvents"]:
        what = f"{entry.get('ph')} {entry.get('name')}"
        if not {"ph", "ts", "pid", "tid", "name"} <= entry.keys():
            yield f"{what}: a field is missing"
            continue
        thread = (entry["pid"], entry["tid"])
        if entry["ph"] == "M":
            named.add((entry["name"], *thread))
            continue
        if entry["ts"] < last:
            yield f"{what}: not in the order of time"
        last = entry["ts"]
        if entry["ph"] not in "XisfC":
            yield f"{what}: not a kind that is known"
        if entry["ph"] == "X" and entry.get("dur", -1) < 0:
            yield f"{what}: no duration"
        if entry["ph"] in "Xi" and ("thread_name", *thread) not in named:
            yield f"{what}: thread {thread} has no name"
    for process in (1, 2):
        if ("process_name", process, 0) not in named:
            yield f"process {process} has no name"
    yield from check_nesting([e for e in trace["traceEvents"] if e["ph"] == "X"])


def check_nesting(slices):
    """Slices of one thread lie in each other or apart: Perfetto drops those that overlap."""
    ends = {}
    for entry in slices:
        stack = ends.setdefault((entry["pid"], entry["tid"]), [])
        while stack and stack[-1] <= entry["ts"] + 0.0005:
            stack.pop()
        end = entry["ts"] + entry["dur"]
        if stack and end > stack[-1] + 0.0015:
            yield f"X {entry['name']} at {entry['ts']}: ends outside of the slice around it"
        stack.append(end)


def main(folder):
    """Prints the first complaints; the status is 1 if there are any."""
    with open(f"{folder}/events.json", encoding="utf-8") as file:
        wrong = list(check_events(json.load(file)))
    with open(f"{folder}/trace.json", encoding="utf-8") as file:
        wrong += check_chrome(json.load(file))
    print(*wrong[:10], sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
