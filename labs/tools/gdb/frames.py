"""What lies on a task's kernel stack: the frames of system calls and interrupts, and what a switch has left."""

import gdb
import processors
from kernel import (Stopped, call_place, instructions, place, read_word, register, running_task, symbol_at,
                    task_of_stack)
from witnesses import task_of


EXITS = ("interrupt_exit", "syscall_exit")  # where the entry paths' calls return


def frame_type(name):
    """A type of this kernel, or None where its chapter has not come yet."""
    try:
        return gdb.lookup_type(name)
    except gdb.error:
        return None


def offset_of(structure, field):
    return next(f.bitpos // 8 for f in structure.fields() if f.name == field)


def saved_rcx(task):
    """Where the frame of the task's system call, at the top of its kernel stack, has the program's next address."""
    frame = frame_type("SyscallFrame")
    if not frame:
        raise Stopped("This kernel has no system calls yet: they come with chapter 2.")
    return task.top - frame.sizeof + offset_of(frame, "rcx")


class Frame:
    """A structure on the stack: what it is, its type and address."""

    def __init__(self, what, structure, address):
        self.what, self.address = what, address
        self.value = gdb.Value(address).cast(structure.pointer()).dereference()

    @property
    def end(self):
        return self.address + self.value.type.sizeof

    def lines(self):
        """The frame in words: addresses of code by name, four registers a line."""
        yield f"{self.address:#x}  {self.what}"
        cells = []
        width = max(len(field.name) for field in self.value.type.fields()) + 1
        for field in self.value.type.fields():
            number = int(self.value[field.name]) & (2**64 - 1)
            cells.append(f"{field.name:{width}} {number:#x}")
        for start in range(0, len(cells), 4):
            yield "    " + "".join(f"{cell:{width + 20}}" for cell in cells[start : start + 4]).rstrip()


def called_from(task, rbp):
    """Follows the chain of saved RBPs up a task's kernel stack: (RBP, return address) of each function. It ends where
    the entry paths clear RBP, right below their frame."""
    while rbp % 8 == 0 and task.base < rbp < task.top - 8:
        saved, back = read_word(rbp), read_word(rbp + 8)
        yield rbp, back
        if saved <= rbp:
            return
        rbp = saved


def return_from(processor):
    """Where a function will return that has not yet put its RBP on the chain, and where RSP will be then; or None."""
    symbol = symbol_at(processor.rip)
    if not symbol or symbol[1] > 1 or instructions(processor.rip - symbol[1], processor.rip + 1)[0].text != "push %rbp":
        return None
    here = processor.rsp + 8 * symbol[1]
    return here + 8, read_word(here)


def of_chain(task, rbp, first=None):
    """The functions on the stack, one line each, and the frames of the entries that lie above them. `first` is a return
    address and where RSP will be then, when it is not on the chain."""
    calls = [first] if first else []
    for link, back in called_from(task, rbp):
        calls.append((link + 16, back))
        if place(back) not in EXITS:
            yield f"    called from {call_place(back)}"
    if not calls or place(calls[-1][1]) != "interrupt_exit":
        return
    frame = Frame("", frame_type("InterruptFrame"), calls[-1][0])
    ring, rip = int(frame.value["cs"]) & 3, int(frame.value["rip"])
    frame.what = f"InterruptFrame: vector {int(frame.value['vector']):#x} in ring {ring}, at {place(rip)}"
    yield frame
    if ring == 0:
        yield from of_chain(task, int(frame.value["rbp"]))


def entry_frame(task):
    """The frame of the system call that is said to be the task's, at the very top of its kernel stack, or None."""
    structure = frame_type("SyscallFrame")
    if not structure or task.pid <= 0:
        return None
    frame = Frame("", structure, task.top - structure.sizeof)
    frame.what = f"SyscallFrame: returns to {int(frame.value['rcx']):#x} in ring 3"
    return frame


def of_task(task):
    """What can be made out on a task's kernel stack, frames and lines of text, the lowest first."""
    processor = next((processor for processor in processors.everyone() if processor.runs(task)), None)
    call, first = entry_frame(task), None
    if processor and processor.in_ring3:
        if call:
            call.what += f" (left over: {task.name} is in ring 3)"
            yield call
        return
    if processor:
        with processors.selected(processor.number):
            rsp, rbp = processor.rsp, register("rbp")
        first = return_from(processor)
        if first and place(first[1]) not in EXITS:
            yield f"    called from {call_place(first[1])}"
    else:
        rsp = task.rsp
        context = Frame("", frame_type("Context"), rsp)
        context.what = f"Context: where {task.name} goes on, {place(int(context.value['rip']))}"
        rbp, first = int(context.value["rbp"]), (context.end, int(context.value["rip"]))
        yield context
    found = list(of_chain(task, rbp, first))
    yield from found
    # A task that was interrupted in ring 3 is in no system call.
    ends = [item.end for item in found if isinstance(item, Frame)]
    if call and rsp <= call.address and task.top not in ends:
        yield call


def lines(text):
    """The frames of the task that is named, or of the one whose stack is in use, in words."""
    task = task_of(text) if text else task_of_stack(register("rsp") - 1) or running_task()
    if not task:
        raise Stopped("No task's kernel stack is in use now: say whose frames, as in frames init.")
    yield f"{task}, kernel stack {task.base:#x} to {task.top:#x}:"
    some = False
    for item in of_task(task):
        some = True
        yield from item.lines() if isinstance(item, Frame) else [item]
    if not some:
        yield "    nothing: it is empty"
