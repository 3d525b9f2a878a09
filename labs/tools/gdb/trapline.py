"""What gdb needs to know of Trapline: its tasks, and how to say in words where an address lies."""

import collections
import os
import threading
import traceback

import gdb

PAGE = 4096
KERNEL_STACK_SIZE = 16 * 1024


speaker = os.fdopen(3, "w", encoding="utf-8")


def say(text=""):
    """A line for the user, at once. gdb's own chatter goes elsewhere."""
    print(text, file=speaker, flush=True)


class Stopped(Exception):
    """The hunt can't go on; the text is the one line that the user gets."""


class Task(collections.namedtuple("Task", "name pid cr3 top")):
    """A copy of the kernel's Task: name, pid, CR3 and the first address above its kernel stack."""

    @property
    def base(self):
        return self.top - KERNEL_STACK_SIZE

    def has_on_stack(self, address):
        return self.base <= address < self.top

    def __str__(self):
        return f"{self.name} (pid {self.pid})"


def tasks():
    """Every task there is, in the order of their making."""
    found = []
    task = gdb.parse_and_eval("all_tasks")
    while int(task) != 0:
        name = task["name"]["_M_elems"].string(errors="replace")
        found.append(Task(name, int(task["pid"]), int(task["cr3"]), int(task["kstack_top"])))
        task = task["next_task"]
    return found


def task_named(name):
    return next((task for task in tasks() if task.name == name), None)


def running_task():
    """The user task whose address space is in use. Asked of CR3: kernel variables may be what is wrong."""
    return next((task for task in tasks() if task.cr3 == cr3() and task.pid > 0), None)


def task_of_stack(address):
    """The task on whose kernel stack an address lies, which is what the kernel's current() would answer."""
    return next((task for task in tasks() if task.has_on_stack(address)), None)


def register(name):
    return int(gdb.parse_and_eval(f"(unsigned long)${name}")) & (2**64 - 1)


def cr3():
    return register("cr3") & ~(PAGE - 1)


def read_word(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8), "little")


def variable(name):
    """The value of a 64-bit global, or None when this kernel has none of that name."""
    try:
        return int(gdb.parse_and_eval(f"*(unsigned long*)&{name}"))
    except gdb.error:
        return None


def symbol_at(address):
    """The symbol that an address belongs to and the distance from it, as in ("syscall_entry", 14), or None."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    if " in section " not in text:
        return None
    name, _, offset = text.split(" in section ")[0].rpartition(" + ")
    return (name, int(offset)) if name else (offset, 0)


def place(address):
    """An address in words: syscall_entry+14."""
    symbol = symbol_at(address)
    if not symbol:
        return f"{address:#x}"
    name, offset = symbol
    return f"{name.split('(')[0]}+{offset}" if offset else name.split("(")[0]


Instruction = collections.namedtuple("Instruction", "address length text")


def instructions(start, end):
    """The instructions from `start` on, as far as they begin before `end`."""
    listing = gdb.selected_inferior().architecture().disassemble(start, end - 1)
    return [Instruction(i["addr"], i["length"], " ".join(i["asm"].split())) for i in listing]


def instruction_holding(address):
    """The instruction that the byte at `address` belongs to, decoded from the start of its function, or None."""
    symbol = symbol_at(address)
    if not symbol:
        return None
    return instructions(address - symbol[1], address + 1)[-1]


class Watchpoint(gdb.Breakpoint):
    """A hardware watchpoint on a 64-bit word. With a task given, that task's own writes don't stop it."""

    def __init__(self, address, except_by=None):
        super().__init__(f"*(unsigned long*){address:#x}", gdb.BP_WATCHPOINT, gdb.WP_WRITE, internal=True)
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


def address_of(name):
    """The address of a function or label, past its prologue if gdb knows one."""
    try:
        return int(gdb.parse_and_eval(f"(unsigned long)&{name}"))
    except gdb.error:
        raise Stopped(f"This kernel has no {name}, which that of chapter 3 has.") from None


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


def time_limit():
    """The seconds that the user wants to wait for the fault."""
    text = os.environ.get("WAIT") or "10"
    try:
        if 0 < float(text) < 250:
            return float(text)
    except ValueError:
        pass
    raise Stopped(f"WAIT={text}: give a number of seconds above 0 and below 250.")


def main(body):
    """Runs a script's body, which returns whether all is well, and ends gdb with the status 40 or 41 for yes or no; any
    other status is an accident."""
    try:
        status = 40 if body() else 41
    except Stopped as stopped:
        say(str(stopped))
        status = 41
    except Exception:  # pylint: disable=broad-exception-caught
        traceback.print_exc()
        status = 42
    # What is still in gdb's hands must be gone before the guest runs on: QEMU 7.2 aborts if a program's fault meets a
    # watchpoint on the kernel stack.
    gdb.execute("delete", to_string=True)
    gdb.execute(f"quit {status}")
