"""make timeline: records a run by the kernel's trace ring, and writes it as a page, as a trace for Perfetto, and as
plain events."""

import collections
import json
import os
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../timeline")]

# pylint: disable=wrong-import-position
import gdb
import hunt
import events as trace
from chrome import chrome
from page import page
from story import story
from trapline import (Breakpoint, Stopped, address_of, main, place, read_word, run_until, running_task, say, symbol_at,
                      tasks, time_limit, variable)

FOLDER = os.environ["TRAPLINE_FOLDER"]
READ = 0  # its number
LATER = 2  # seconds at most in which a panic may still come when the ring has been full

Recording = collections.namedtuple("Recording", "ring count tasks")
Recording.__doc__ = """The bytes of the ring, the number of records since boot, and the tasks, at one moment."""


class Run:
    """The machine, from its first instruction to the moment that is recorded."""

    def __init__(self):
        if not has("trace_next"):
            raise Stopped("This kernel keeps no trace: build it with TRACE=yes, as make timeline does.")
        self.stopped_by = None
        self.kept = None  # a Recording that counts unless a later one is taken
        self.start = 0
        self.keys = 0  # that the shell is still to ask for before it has a prompt again
        self.counted = 0  # records that have been searched for that
        self.size = int(gdb.parse_and_eval("sizeof(trace_ring)"))
        self.room = self.size // trace.RECORD.size
        Breakpoint(address_of("finish_panic"), self.stop("panic"))
        self.blocks = Breakpoint(address_of("trace_block_full"), self.is_full)
        self.reads = Breakpoint(address_of("tty_read"), self.shell_reads) if has_shell() else None

    def stop(self, why):
        def noted():
            self.stopped_by = why
            return True
        return noted

    def is_full(self):
        """Another block of the ring is written: stop when one more would take what was recorded since the prompt."""
        block = int(gdb.parse_and_eval("kTraceBlock"))
        full = self.start is not None and variable("trace_next") - self.start > self.room - 2 * block
        return full and self.stop("full")()

    def shell_reads(self):
        """The shell asks for a key, one at a time: it is at its prompt when it has had those that were typed."""
        task = running_task()
        if task is None or task.name != hunt.SHELL:
            return False
        # Not one a stop: with several processors gdb may come to one stop twice. The records tell.
        if self.keys:
            self.keys -= self.reads_of(task)
        return self.keys <= 0 and self.stop("prompt")()

    def reads_of(self, task):
        """How often a task has called read() since the last time."""
        found, self.counted = range(self.counted, variable("trace_next")), variable("trace_next")
        ring, size = address_of("trace_ring"), trace.RECORD.size
        memory = gdb.selected_inferior().read_memory
        records = (trace.Record(*trace.RECORD.unpack(memory(ring + n % self.room * size, size))) for n in found)
        return sum(trace.KINDS.get(r.kind) == "syscall-enter" and r.value == READ and r.cr3 & -trace.PAGE == task.cr3
                   for r in records)

    def until(self, event, seconds):
        """Runs until one of the breakpoints stops it; which one, or None after that many seconds."""
        self.stopped_by = None
        run_until(event, seconds)
        return self.stopped_by

    def to_prompt(self, seconds):
        """Runs until the shell waits for a key; a panic may come before. What happens before does not fill the ring."""
        self.start = None
        if self.until("waiting for the shell's prompt", seconds) is None:
            return False
        self.start = variable("trace_next")
        return True

    def panics_later(self, seconds):
        """The ring is full: keeps it, and runs on without a stop, for a panic that takes its time. Whether it came."""
        self.kept = self.recording()
        self.blocks.enabled = self.reads.enabled = False
        if self.until("recording", min(seconds, LATER)) != "panic":
            return False
        self.kept = None
        return True

    def recording(self):
        """What there is at this moment, or what was kept."""
        if self.kept:
            return self.kept
        try:
            memory = gdb.selected_inferior().read_memory(address_of("trace_ring"), self.size)
        except gdb.MemoryError:
            raise Stopped("It has recorded nothing yet.") from None
        return Recording(memory.tobytes(), variable("trace_next"), tasks())


def has(symbol):
    """Whether the kernel has a variable of this name. It need not be mapped yet."""
    try:
        gdb.parse_and_eval(f"&{symbol}")
    except gdb.error:
        return False
    return True


def has_shell():
    """Whether the kernel has system calls, without which there is no shell to wait for."""
    return has("untraced_syscall_table")


def type_line(run, text):
    """Types a line on the guest's console. The guest is stopped, at its prompt: it gets the line when it goes on."""
    run.keys = len(text.encode()) + 1  # the first it has asked for already; Enter, and one at the next prompt
    run.counted = variable("trace_next")
    console = socket.socket(socket.AF_UNIX)
    console.connect(os.environ["TRAPLINE_CONSOLE"])
    console.sendall(text.encode() + b"\n")
    return console


def last_words():
    """Why the kernel stopped, or else what it has printed last, as the end of a message."""
    with open(os.path.join(FOLDER, "watch-serial.log"), encoding="utf-8", errors="replace") as log:
        lines = [line.strip() for line in log if line.strip()]
    stopped = [line for line in lines if line.startswith(("PANIC", "EXCEPTION"))]
    return f' Its last words: "{(stopped or lines)[-1]}".' if lines else ""


def record(run, seconds):
    """Runs the machine to the end of what is to be recorded. Returns a line that says why it ended, and whether the
    end is one to be content with."""
    text = os.environ.get("TYPE") or ""
    if has_shell() and not run.to_prompt(seconds):
        return f"The shell did not ask for a key within {seconds:g} s (WAIT=n waits longer).{last_words()}", False
    if run.stopped_by == "panic":
        return f"The kernel stopped before it had a prompt.{last_words()}", True
    if not has_shell() and text:
        return "TYPE: this kernel has no shell to type to.", False
    console = type_line(run, text) if text else None
    if run.reads:
        run.reads.enabled = bool(text)
    try:
        why = run.until("recording", seconds)
        if why == "full" and run.reads and run.panics_later(seconds):
            why = "panic"
    finally:
        if console:
            console.close()
    return {"panic": "The kernel panicked.", "full": "The ring is full of what happened since the prompt.",
            "prompt": f'The shell has done "{text}" and waits for a key again.',
            None: f"{seconds:g} s are over."}[why], True


def system_call_names():
    """The names of the system calls by number."""
    if not has_shell():
        return {}
    count = int(gdb.parse_and_eval("sizeof(untraced_syscall_table)")) // 8
    table = address_of("untraced_syscall_table")
    functions = (read_word(table + 8 * number) for number in range(count))
    known, names = {}, {}
    for number, function in enumerate(functions):
        if function not in known:
            symbol = symbol_at(function)
            known[function] = symbol[0].split("(")[0].split("::")[-1] if symbol else f"{number}"
        if known[function].startswith("sys_"):
            names[number] = known[function].removeprefix("sys_")
    return names


def say_where(events):
    """Gives each interrupt of ring 0 the place where it came, as in switch_user_state+12."""
    known = {}
    for event in events:
        if event["kind"] == "interrupt-enter" and event["ring"] == 0:
            if event["rip"] not in known:
                known[event["rip"]] = place(event["rip"])
            event["at"] = known[event["rip"]]


def timer_hz():
    """How often a second the timer ticks."""
    return int(gdb.parse_and_eval("'(anonymous namespace)::hz'"))


def document(run):
    """What events.json holds."""
    recording = run.recording()
    found, torn = trace.records(recording.ring, recording.count)
    lost = recording.count - len(found) - torn
    if not found:
        raise Stopped("It has recorded nothing yet.")
    known = [(task.pid, task.name, task.cr3, task.top) for task in recording.tasks]
    kernel_cr3 = next((cr3 for pid, _, cr3, _ in known if pid == 0), 0)
    people, events = trace.decode(found, known, kernel_cr3, system_call_names())
    say_where(events)
    cpus = int(os.environ.get("CPUS") or 1)
    return {"state": os.environ["TRAPLINE_STATE"], "cpus": cpus, "time_unit": "tsc",
            "tsc_per_second": trace.tsc_per_second(events, timer_hz()),
            "shared_words": has("CURRENT_KERNEL_STACK"), "lost": lost,
            "torn": torn, "prompt": run.start - lost if run.start and run.start >= lost else None,
            "tasks": people, "corruption": trace.corruption(events), "panic": trace.panic(events),
            "story": story(people, events), "events": events}


def write(name, text):
    path = os.path.join(FOLDER, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)
    return path


def timeline(seconds):
    """Records, writes the three files, and says in a few lines what is in them."""
    hunt.connect()
    run = Run()
    why, good = record(run, seconds)
    try:
        content = document(run)
    except Stopped as nothing:
        raise Stopped(f"{why} {nothing}") from None
    write("events.json", json.dumps(content, separators=(",", ":")) + "\n")
    write("trace.json", json.dumps(chrome(content), separators=(",", ":")) + "\n")
    written = write("timeline.html", page(content))
    names = {task["pid"]: task["name"] for task in content["tasks"]}
    say(f"{why} {len(content['events'])} events of {len(content['tasks'])} tasks on {content['cpus']} "
        f"CPU{'s' if content['cpus'] > 1 else ''}.")
    if content["corruption"] is not None:
        event = content["events"][content["corruption"]]
        say(f"Corruption: event {event['n']}, {names[event['running']]} enters the kernel on "
            f"{names[event['on_stack_of']]}'s kernel stack.")
    else:
        say("No task has entered the kernel on another's kernel stack.")
    if content["panic"]:
        say(f"Panic: event {content['panic']['n']}, at {content['panic']['rip']:#x}.")
    say(f"{written}: open it in a browser.")
    say(f"{os.path.join(FOLDER, 'trace.json')} is for ui.perfetto.dev, events.json for programs of your own.")
    return good


main(lambda: timeline(time_limit()))
