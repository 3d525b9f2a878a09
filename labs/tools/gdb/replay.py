"""Moving through a recording that QEMU replays: to any instruction count, and back to who wrote a word.

QEMU goes back by loading a snapshot and running forward, so there must be snapshots: the first way through the
recording takes them.
"""

import collections
import contextlib
import os
import re
import signal
import threading

import gdb
from guest import Breakpoint, Watchpoint
from kernel import Stopped, cr3, register

FIRST_INTERVAL = 500_000  # instructions between snapshots at first; later an eighth of what lies behind
SLOWEST = float(os.environ.get("REPLAY_LIMIT") or 120)  # seconds until a replay counts as stuck
USER_HALF = 1 << 47

Write = collections.namedtuple("Write", "count by_processor before after")
Write.__doc__ = """A write that was found: the count at which the writing instruction is about to be executed, whether it was
no instruction but the processor delivering an exception or interrupt there, and the word before and after."""


@contextlib.contextmanager
def patience(what):
    """QEMU must be done with something in this time, or is ended: a replay that is stuck answers nobody."""
    late = threading.Event()

    def give_up():
        late.set()
        os.kill(int(os.environ["TRAPLINE_QEMU"]), signal.SIGKILL)

    clock = threading.Timer(SLOWEST, give_up)
    clock.daemon = True
    clock.start()
    try:
        yield
    except gdb.error as error:
        if late.is_set():
            raise Stopped(f"QEMU was not done with {what} after {SLOWEST:g} s: is the recording damaged? Make record "
                          "makes a new one.") from error
        raise Stopped(f"QEMU ended while {what}: is the recording damaged? Make record makes a new one.") from error
    finally:
        clock.cancel()
    if not gdb.selected_inferior().pid:
        raise Stopped(f"QEMU ended while {what}: is the recording damaged? Make record makes a new one.")


_moving = []


def moving():
    """Whether what gdb executes now is a step of this file's own."""
    return bool(_moving)


def count():
    """How many instructions have been executed where the machine stands."""
    found = re.search(r"instruction count = (\d+)", gdb.execute("monitor info replay", to_string=True))
    if not found:
        raise Stopped("QEMU is not replaying.")
    return int(found[1])


@contextlib.contextmanager
def without_breakpoints():
    """The user's break- and watchpoints don't stop what happens meanwhile."""
    enabled = [b for b in gdb.breakpoints() or () if b.enabled]
    for breakpoint_ in enabled:
        breakpoint_.enabled = False
    try:
        yield
    finally:
        for breakpoint_ in enabled:
            breakpoint_.enabled = True


@contextlib.contextmanager
def quiet():
    """What gdb says about stops meanwhile is not for the user. It says so wherever a command's output goes."""
    gdb.flush()
    terminal = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    _moving.append(True)
    try:
        yield
    finally:
        _moving.pop()
        gdb.flush()
        os.dup2(terminal, 1)
        os.close(terminal)


def word(address, size=8):
    """The word at an address now, or None."""
    try:
        return int.from_bytes(gdb.selected_inferior().read_memory(address, size), "little")
    except gdb.MemoryError:
        return None


def delivered_to(address, rip):
    """Whether the processor has just delivered an interrupt or exception that came at `rip`, in a frame that has the
    word at `address`. At most an error code and one push of the handler's lie below that frame's RIP."""
    rsp = register("rsp")
    return any(word(base) == rip and base - 8 <= address < base + 40 for base in (rsp, rsp + 8, rsp + 16))


def destination():
    """What the instruction at the program counter will write, as far as its text says: address and size; else None."""
    try:
        text = gdb.selected_inferior().architecture().disassemble(register("pc"))[0]["asm"].strip()
    except gdb.error:
        return None
    size = 512 if "xsave" in text else 16 if "%xmm" in text else 8
    if re.match(r"(push|call)", text):
        return register("rsp") - 8, size
    if re.match(r"(rep )?(stos|movs[bwlq]? .*\()", text):
        return register("rdi"), size
    absolute = re.search(r"# (0x[0-9a-f]+)", text)
    if absolute:
        return int(absolute[1], 16), size
    operand = re.search(r"(%gs:)?(-?0x[0-9a-f]+)?(?:\(%(\w+)(?:,%(\w+),(\d))?\))?$", text)
    segment, offset, base, index, scale = operand.groups()
    if not offset and not base:
        return None
    address = int(offset or "0", 16) + (register("gs_base") if segment else 0) + (register(base) if base else 0)
    return (address + (register(index) * int(scale) if index else 0)) & (2**64 - 1), size


class Replay:
    """The recording that gdb is connected to."""

    def __init__(self):
        self.snapshots = []

    def take_snapshot(self):
        here = count()
        said = gdb.execute(f"monitor savevm at{here}", to_string=True).strip()
        if said:
            raise Stopped(f"QEMU can't take a snapshot: {said}")
        self.snapshots.append(here)

    def first_way(self, ends, last):
        """From the beginning, with snapshots, to one of the addresses `ends`, or to the instruction count `last` if it
        comes before."""
        breakpoints = [Breakpoint(address, lambda: True) for address in ends]
        here = count()
        while here != last:
            self.take_snapshot()
            target = here + max(FIRST_INTERVAL, here // 8)
            target = min(target, last or target)
            self.run_on(target)
            here = count()
            if here != target:
                break
        for breakpoint_ in breakpoints:
            breakpoint_.delete()
        if here != last and register("pc") not in ends:
            raise Stopped(f"The replay stopped at instruction {here}, before its end: is the recording damaged? Make "
                          "record makes a new one.")

    def run_on(self, target):
        """Forward to an instruction count, or to a breakpoint before it."""
        gdb.execute("monitor replay_delete_break", to_string=True)
        gdb.execute(f"monitor replay_break {target}", to_string=True)
        with quiet(), patience("replaying"):
            gdb.execute("continue", to_string=True)

    def go_to(self, target):
        """To an instruction count, in either direction. Stopped when it is before the beginning."""
        if target < 0:
            raise Stopped("That is before the beginning of the recording.")
        here = count()
        if here == target:
            return
        snapshot = max((s for s in self.snapshots if s < target), default=0)
        if not snapshot < here < target:
            gdb.execute(f"monitor loadvm at{snapshot}", to_string=True)
            gdb.execute("maintenance flush register-cache", to_string=True)
        if target:
            with without_breakpoints():
                self.run_on(target)
        if count() != target:
            raise Stopped(f"The replay stopped at instruction {count()}, not at {target}.")

    def last_write(self, address, size=8):
        """Goes back to the last write to a word before here, onto what is about to write: a Write. None, and back to
        here, when there is none."""
        here, space = count(), cr3()
        # QEMU stops looking one instruction before where it starts from.
        start = here + 1
        while True:
            behind = self.reverse_to_write(address, size, start)
            if behind <= self.snapshots[0]:
                self.go_to(here)
                return None
            # A program's address means another word in every address space.
            if (address >= USER_HALF or cr3() == space) and self.wrote(address, size, behind):
                return self.onto_write(address, size, behind)
            start = behind

    def reverse_to_write(self, address, size, start):
        """Where QEMU, going back from `start`, sees a write to the word: right behind it; the beginning if there is none."""
        self.go_to(start)
        with without_breakpoints(), quiet(), patience("looking for the write"):
            watchpoint = Watchpoint(address, size=size)
            try:
                gdb.execute("reverse-continue", to_string=True)
            finally:
                watchpoint.delete()
        return count()

    def wrote(self, address, size, behind):
        """Whether the word has been written right before `behind`. QEMU 7.2 takes a store that is not aligned, as that
        to rsp0 in the TSS, for one to everything below it in the page."""
        self.go_to(behind - 1)
        before, operand = word(address, size), destination()
        self.go_to(behind)
        if before != word(address, size):
            return True
        if operand and operand[0] < address + size and address < operand[0] + operand[1]:
            return True
        return self.delivery(address, behind) is not None

    def delivery(self, address, behind):
        """At which count the processor delivered the interrupt or exception that wrote the word right before `behind`;
        None when an instruction wrote."""
        self.go_to(behind - 1)
        pc = register("pc")
        self.go_to(behind)
        if delivered_to(address, pc):
            return behind - 1
        pc = register("pc")
        self.go_to(behind + 1)
        return behind if delivered_to(address, pc) else None

    def onto_write(self, address, size, behind):
        """From right behind a write, which is where QEMU stops, onto what wrote."""
        delivered = self.delivery(address, behind)
        here = behind - 1 if delivered is None else delivered
        self.go_to(here + 1)
        after = word(address, size)
        self.go_to(here)
        return Write(here, delivered is not None, word(address, size), after)
