"""The hunt for whoever writes into the shell's system-call frame, step by step, each step a method of Hunt."""

import collections
import os
import re

import gdb
from trapline import (Breakpoint, Stopped, Watchpoint, address_of, cr3, instructions, place, read_word, register,
                      run_once, run_until, running_task, symbol_at, task_of_stack, tasks, variable)

SHELL = "sh"
BOOT_LIMIT = 60  # seconds until the shell must have come; it takes less than one

Write = collections.namedtuple("Write", "task instruction value number entry_stack published stack_owner")
Write.__doc__ = """A write to the slot: the task in whose address space, the instruction, the slot's new value,
the number of the system call, CURRENT_KERNEL_STACK and the task whose top it is, and the task on whose kernel stack RSP
is."""

Tick = collections.namedtuple("Tick", "rip rflags")
Tick.__doc__ = """An interrupt: the instruction that was to come next, and RFLAGS, as the processor saved them."""


def connect():
    gdb.execute(f"target remote {os.environ['TRAPLINE_GDB_SOCKET']}", to_string=True)


def code_before():
    """Instructions of the running function up to the program counter, behind those of its caller up to the call.

    A watchpoint stops behind the write: behind the instruction as a rule, but when the host is busy QEMU sometimes
    stops only at the end of the block that it translated at once. A block ends with a call at the latest.
    """
    code = []
    for address in (read_word(register("rsp")), register("pc")):
        # A call can be the last instruction before the next symbol.
        symbol = symbol_at(address - 1)
        if symbol:
            code += instructions(address - 1 - symbol[1], address)
    return code


def store_to(address):
    """The last instruction that stored a register into a variable, or None."""
    stores = [i for i in code_before() if re.match(r"mov\w* %\w+,", i.text) and f"{address:#x}" in i.text]
    return stores[-1] if stores else None


def push_to(slot, stack):
    """The instruction of syscall_entry that pushed the word at `slot`, given where its pushes began; None when the word
    was written by something else."""
    entry = address_of("syscall_entry")
    pushes = [i for i in code_before() if i.address >= entry and i.text.startswith("push")
              and symbol_at(i.address)[0] == "syscall_entry"]
    index = (stack - slot) // 8 - 1
    return pushes[index] if 0 <= index < len(pushes) else None


class Hunt:
    """Follows the shell until somebody else writes the address that it will return to."""

    def __init__(self):
        self.victim = None
        self.slot = 0
        self.tick = None
        frame = gdb.lookup_type("SyscallFrame")
        # The frame lies at the very top of the kernel stack.
        self.slot_below_top = frame.sizeof - next(f.bitpos // 8 for f in frame.fields() if f.name == "rcx")

    def find_shell(self):
        """Runs until the shell makes a system call. It stops at the first instruction of the kernel's entry."""

        def is_shell():
            task = running_task()
            return task is not None and task.name == SHELL

        entry = Breakpoint(address_of("syscall_entry"), is_shell)
        if not run_once(entry, "waiting for the shell to start", BOOT_LIMIT):
            raise Stopped(f"No program called {SHELL} made a system call within {BOOT_LIMIT} s.")
        self.victim = running_task()
        self.slot = self.victim.top - self.slot_below_top

    def next_own_call(self):
        """Runs to the shell's next system call, again at its entry."""
        entry = Breakpoint(address_of("syscall_entry"), lambda: cr3() == self.victim.cr3)
        if not run_once(entry, "waiting for the shell's next system call", BOOT_LIMIT):
            raise Stopped("The shell made no further system call.")

    def own_write(self):
        """From the entry to the write that belongs there. Interrupts are off in between, so that it is the next one.

        The watchpoint must not stay while the shell is in ring 3: an interrupt there makes the processor itself write
        to the slot, and QEMU 7.2 can't stop in the middle of that.
        """
        # gdb reports only a write that changes something, and two calls may return to one place. At the entry the slot
        # is free: nothing is lost by clearing it.
        gdb.selected_inferior().write_memory(self.slot, bytes(8))
        if not run_once(Watchpoint(self.slot), "waiting for the shell's own push", BOOT_LIMIT):
            raise Stopped("The shell's system call did not write the slot.")
        return self.last_write()

    def wait_for_prompt(self):
        """Runs until the shell waits for a key."""
        reading = Breakpoint(address_of("tty_read"), lambda: cr3() == self.victim.cr3)
        if not run_once(reading, "waiting for the shell's prompt", BOOT_LIMIT):
            raise Stopped(f"The shell did not ask for a key within {BOOT_LIMIT} s.")

    def foreign_writes(self, seconds):
        """Runs until somebody else writes the slot, and on until the shell leaves the kernel with what is there then.
        All writes in between, the last one being the one that counts; none if nobody writes within the time."""
        writes = []
        watchpoint = Watchpoint(self.slot, self.victim)
        try:
            if not run_until("waiting for a writer", seconds):
                return writes
            writes.append(self.last_write())
            # The watchpoint must be gone when the shell is in ring 3, see own_write().
            leave = address_of("syscall_exit")
            Breakpoint(leave, lambda: cr3() == self.victim.cr3)
            while run_until("waiting for the shell to leave the kernel", BOOT_LIMIT) and register("pc") != leave:
                writes.append(self.last_write())
        except Stopped:
            # A kernel that checks its frames ends the run itself.
            if not writes:
                raise
        finally:
            if watchpoint.is_valid():
                gdb.execute("delete", to_string=True)
        return writes

    def window_opens(self, seconds):
        """Runs until the shell, in schedule(), publishes another task's stack: the instruction that does it."""
        published = Watchpoint(address_of("CURRENT_KERNEL_STACK"))
        published.stop = lambda: self.victim.has_on_stack(register("rsp"))
        if not run_once(published, "waiting for the shell to yield", seconds):
            raise Stopped("The shell published no other task's stack while it waited for a key.")
        opens = store_to(address_of("CURRENT_KERNEL_STACK"))
        if not opens:
            raise Stopped("Something other than a store wrote CURRENT_KERNEL_STACK; run it again.")
        return opens

    def record_ticks(self):
        """From now on notes in `tick` the last interrupt that came on the shell's kernel stack while another task's was
        published: in the window between the publication and the switch."""
        self.tick = None

        def note():
            frame = register("rsp")
            if self.victim.has_on_stack(frame) and variable("CURRENT_KERNEL_STACK") != self.victim.top:
                saved = gdb.parse_and_eval(f"*(InterruptFrame*){frame:#x}")
                if int(saved["cs"]) & 3 == 0:
                    self.tick = Tick(int(saved["rip"]), int(saved["rflags"]))
            return False

        Breakpoint(address_of("interrupt_call"), note)

    def last_write(self):
        stack = variable("CURRENT_KERNEL_STACK")
        published = next((task for task in tasks() if task.top == stack), None)
        return Write(running_task(), push_to(self.slot, stack or self.victim.top), read_word(self.slot),
                     register("rax") & 0xFFFFFFFF, stack, published, task_of_stack(register("rsp")))

    def arrival(self, address, seconds=5):
        """Runs until the shell, in ring 3, is at `address`: True if it comes there."""
        if not gdb.selected_inferior().pid:
            return False
        there = Breakpoint(address, lambda: cr3() == self.victim.cr3 and register("cs") & 3 == 3)
        try:
            return run_once(there, "waiting for the shell to return", seconds)
        except Stopped:
            return False


def describe(write):
    """The writing instruction in words: push %rcx at 0x..., syscall_entry+14."""
    if not write.instruction:
        return "by no instruction: the processor itself, delivering an interrupt"
    return f"{write.instruction.text} at {write.instruction.address:#x}, {place(write.instruction.address)}"
