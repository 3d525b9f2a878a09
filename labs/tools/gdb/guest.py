"""Letting the guest run, and stopping it."""

import threading

import gdb
from kernel import Stopped, cr3


class Watchpoint(gdb.Breakpoint):
    """A hardware watchpoint on a word of 1, 2, 4 or 8 bytes. A task's own writes don't stop it if one is given."""

    def __init__(self, address, except_by=None, size=8):
        word = {1: "char", 2: "short", 4: "int", 8: "long"}[size]
        super().__init__(f"*(unsigned {word}*){address:#x}", gdb.BP_WATCHPOINT, gdb.WP_WRITE, internal=True)
        self.silent = True
        self.except_by = except_by

    def stop(self):
        return self.except_by is None or cr3() != self.except_by.cr3


class Breakpoint(gdb.Breakpoint):
    """A hardware breakpoint which stops only when `condition()` holds."""

    def __init__(self, address, condition):
        super().__init__(f"*{address:#x}", gdb.BP_HARDWARE_BREAKPOINT, internal=True)
        self.silent = True
        self.condition_ = condition

    def stop(self):
        return self.condition_()


def run_until(event, seconds):
    """Lets the guest run until a break- or watchpoint stops it: True; False when none did for that many seconds."""
    late, over = [], threading.Event()

    def interrupt():
        if not over.is_set():
            late.append(True)
            gdb.execute("interrupt")

    def count_down():
        # More than once: an interrupt is lost if it meets a stop of which gdb decides that it goes on.
        wait = seconds
        while not over.wait(wait):
            gdb.post_event(interrupt)
            wait = 0.1

    clock = threading.Thread(target=count_down, daemon=True)
    clock.start()
    try:
        gdb.execute("continue", to_string=True)
    except gdb.error as error:
        raise Stopped(f"QEMU ended while {event}.") from error
    finally:
        over.set()
        clock.join()
    if not gdb.selected_inferior().pid:
        raise Stopped(f"QEMU ended while {event}.")
    return not late


def run_once(breakpoint_, event, seconds):
    """run_until() for one event of one break- or watchpoint, which is then removed."""
    try:
        return run_until(event, seconds)
    finally:
        if breakpoint_.is_valid():
            breakpoint_.delete()
