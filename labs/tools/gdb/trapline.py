"""For scripts that batch.sh runs: how they speak to the user and how they end. With it comes all that they need to read
the kernel and to let it run."""

import os
import traceback

import gdb
# pylint: disable=unused-import
from guest import Breakpoint, Watchpoint, run_once, run_until
from kernel import (KERNEL_STACK_SIZE, PAGE, Instruction, Stopped, Task, address_of, cr3, instruction_holding,
                    instructions, place, read_word, register, running_task, symbol_at, task_named, task_of_stack,
                    tasks, variable)

# How gdb begins its complaints about a target that is gone.
LOST = ("Remote communication error", "Remote connection closed")

speaker = os.fdopen(3, "w", encoding="utf-8")


def say(text=""):
    """A line for the user, at once. gdb's own chatter goes elsewhere."""
    print(text, file=speaker, flush=True)


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
    except Exception as error:  # pylint: disable=broad-exception-caught
        status = 42
        if isinstance(error, gdb.error) and str(error).startswith(LOST):
            say("QEMU ended while gdb looked at the guest.")
            status = 41
        else:
            traceback.print_exc()
    # What is still in gdb's hands must be gone before the guest runs on: QEMU 7.2 aborts if a program's fault meets a
    # watchpoint on the kernel stack.
    gdb.execute("delete", to_string=True)
    # Not by gdb's own way out: gdb 13 crashes in it when an interrupt that run_until() has posted was not needed any more.
    gdb.flush()
    os._exit(status)
