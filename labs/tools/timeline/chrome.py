"""The events in the form that Perfetto (ui.perfetto.dev) and chrome://tracing read: the Trace Event Format."""

PROCESSORS, TASKS = 1, 2  # the two "processes"
FIRST_THREAD = 100  # kernel threads have pids from 0 down, and a thread's number may not be negative


class Lane:
    """The slices of one thread, which nest: what begins last ends first."""

    def __init__(self, process, thread):
        self.place = {"pid": process, "tid": thread}
        self.open = []
        self.done = []

    def begin(self, time, kind, name, arguments):
        self.open.append((time, kind, name, arguments))

    def end(self, time, kind):
        """Ends the innermost slice of that kind, and what is open inside of it. Nothing when there is none: its
        beginning was before the recording, or chapter 3's bug makes one call return twice."""
        if not any(slice_[1] == kind for slice_ in self.open):
            return
        found = None
        while found != kind:
            start, found, name, arguments = self.open.pop()
            self.done.append({"ph": "X", "ts": start, "dur": round(time - start, 3), "name": name, "cat": found,
                              "args": arguments, **self.place})

    def close(self, time):
        while self.open:
            self.end(time, self.open[-1][1])


def named(process, thread, what, text):
    return {"ph": "M", "ts": 0, "pid": process, "tid": thread, "name": what, "args": {"name": text}}


def instant(place, time, name, scope="t", **arguments):
    return {"ph": "i", "ts": time, "name": name, "s": scope, "cat": "mark", "args": arguments, **place}


def slices(lane, event, time):
    """Begins and ends what an event begins and ends on the lane of its task."""
    match event["kind"]:
        case "syscall-enter":
            lane.begin(time, "syscall", event["name"], {"number": event["number"], "event": event["n"]})
        case "syscall-leave":
            lane.end(time, "syscall")
        case "interrupt-enter":
            lane.begin(time, "interrupt", f"interrupt {event['vector']}",
                       {"rip": f"{event['rip']:#x}", "ring": event["ring"], "event": event["n"]})
        case "interrupt-leave":
            lane.end(time, "interrupt")


def marks(event, time, data, name):
    """The instants, arrows and counters of an event."""
    cpu = {"pid": PROCESSORS, "tid": event["cpu"]}
    if event["kind"] == "publish":
        yield instant(cpu, time, f"publish {name(event['to'])}'s stack")
        if event["n"] == data["blame"]:
            yield {"ph": "s", "id": 1, "ts": time, "name": "published here, used there", "cat": "flow", **cpu}
    if event["n"] == data["corruption"]:
        yield instant(cpu, time, f"corruption: {name(event['running'])} enters on {name(event['on_stack_of'])}'s stack",
                      "g")
        if data["blame"] is not None:
            yield {"ph": "f", "bp": "e", "id": 1, "ts": time, "name": "published here, used there", "cat": "flow",
                   **cpu}
    if event["kind"] == "panic":
        yield instant(cpu, time, "panic", "g", rip=f"{event['rip']:#x}", vector=event["vector"])
    top = data["tops"].get(event["on_stack_of"])
    if top and event["rsp"] is not None and 0 <= top - event["rsp"] <= 16 * 1024:
        yield {"ph": "C", "ts": time, "pid": TASKS, "tid": 0, "cat": "stack",
               "name": f"kernel stack in use: {name(event['on_stack_of'])}", "args": {"bytes": top - event["rsp"]}}


def chrome(document):
    """The whole trace, given the contents of events.json."""
    names = {task["pid"]: task["name"] for task in document["tasks"]}

    def name(pid):
        return names.get(pid, "nobody")

    def thread(pid):
        return pid if pid > 0 else FIRST_THREAD - pid

    events = document["events"]
    rate = (document["tsc_per_second"] or 10**9) / 1e6
    start = min((e["time"] for e in events), default=0)
    corruption = document["corruption"]
    data = {"corruption": corruption, "tops": {task["pid"]: task["stack_top"] for task in document["tasks"]},
            "blame": corruption and next((e["n"] for e in reversed(events[:corruption]) if e["kind"] == "publish"
                                          and e["to"] == events[corruption]["on_stack_of"]), None)}
    lanes, running, output = {}, {}, []
    time = 0.0
    for event in events:
        time = round((event["time"] - start) / rate, 3)
        cpu = event["cpu"]
        if event["running"] is not None:
            lane = lanes.setdefault(event["running"], Lane(TASKS, thread(event["running"])))
            slices(lane, event, time)
        if cpu not in running:
            running[cpu] = Lane(PROCESSORS, cpu)
            running[cpu].begin(time, "running", name(event["running"]), {})
        if event["kind"] == "switch":
            running[cpu].end(time, "running")
            running[cpu].begin(time, "running", name(event["to"]), {"event": event["n"]})
        output += marks(event, time, data, name)
    for lane in [*lanes.values(), *running.values()]:
        lane.close(time)
        output += lane.done
    output.sort(key=lambda entry: (entry["ts"], -entry.get("dur", 0)))
    heads = [named(PROCESSORS, 0, "process_name", "Processors"), named(TASKS, 0, "process_name", "Tasks")]
    heads += [named(PROCESSORS, cpu, "thread_name", f"CPU {cpu}") for cpu in sorted(running)]
    heads += [named(TASKS, thread(pid), "thread_name", f"{name(pid)} (pid {pid})") for pid in sorted(lanes)]
    return {"traceEvents": heads + output, "displayTimeUnit": "ns",
            "otherData": {"state": document["state"], "clock": "the timer's ticks" if document["tsc_per_second"]
                          else "unknown: one microsecond stands for 1000 counts of the TSC"}}
