"""What lies on a task's kernel stack: the frames of system calls and interrupts, and what a switch has left."""

import gdb
from kernel import Stopped, address_of, cr3, place, read_word, register, task_of_stack
from witnesses import task_of

KERNEL_CODE, USER_CODE = 0x10, 0x33


def frame_type(name):
    """A type of this kernel, or None where its chapter has not come yet."""
    try:
        return gdb.lookup_type(name)
    except gdb.error:
        return None


def offset_of(structure, field):
    return next(f.bitpos // 8 for f in structure.fields() if f.name == field)


def saved_rcx(task):
    """Where the frame of the task's system call, at the very top of its kernel stack, has the program's next address."""
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
        for field in self.value.type.fields():
            number = int(self.value[field.name]) & (2**64 - 1)
            cells.append(f"{field.name:7} {number:#x}")
        for start in range(0, len(cells), 4):
            yield "    " + "".join(f"{cell:28}" for cell in cells[start : start + 4]).rstrip()


def interrupt_frames(low, top):
    """The frames of interrupts and exceptions between two addresses, the lowest first: a code segment, a vector, and a
    stack that fits."""
    structure = frame_type("InterruptFrame")
    if not structure:
        return
    words = [read_word(address) for address in range(low, top, 8)]
    size = structure.sizeof // 8
    index = {name: offset_of(structure, name) // 8 for name in ("vector", "rip", "cs", "rsp", "ss")}
    text = range(address_of("text_start"), address_of("text_end"))
    for start in range(len(words) - size + 1):
        vector, rip, code, rsp, data = (words[start + index[name]] for name in ("vector", "rip", "cs", "rsp", "ss"))
        if vector > 255:
            continue
        if code == KERNEL_CODE and rip in text and low <= rsp <= top:
            yield Frame(f"InterruptFrame: vector {vector:#x} in ring 0, at {place(rip)}", structure, low + 8 * start)
        elif code == USER_CODE and data & 3 == 3 and start + size == len(words):
            yield Frame(f"InterruptFrame: vector {vector:#x} in ring 3, at {rip:#x}", structure, low + 8 * start)


def entry_frame(task):
    """The frame of the system call that is said to be the task's, at the very top of its kernel stack, or None."""
    structure = frame_type("SyscallFrame")
    if not structure or task.pid <= 0:
        return None
    frame = Frame("", structure, task.top - structure.sizeof)
    frame.what = f"SyscallFrame: returns to {int(frame.value['rcx']):#x} in ring 3"
    return frame


def of_task(task):
    """Every frame that can be made out on a task's kernel stack, the lowest first."""
    rsp, here = register("rsp"), cr3() == task.cr3
    call = entry_frame(task)
    if here and task.pid > 0 and register("cs") & 3 == 3:
        if call:
            call.what += f" (left over: {task.name} is in ring 3)"
            yield call
        return
    if not (here and task.has_on_stack(rsp - 1)):
        rsp = task.rsp
        context = Frame("", frame_type("Context"), rsp)
        context.what = f"Context: where {task.name} goes on, {place(int(context.value['rip']))}"
        yield context
    interrupts = list(interrupt_frames(rsp & ~7, task.top))
    yield from interrupts
    # A task that was interrupted in ring 3 is in no system call.
    if call and rsp <= call.address and not any(frame.end == task.top for frame in interrupts):
        yield call


def show(text):
    """Prints the frames of the task that is named, or of the one whose stack is in use."""
    task = task_of(text) if text else task_of_stack(register("rsp") - 1)
    if not task:
        raise Stopped("RSP is on no task's kernel stack now: say whose frames, as in frames sh.")
    print(f"{task}, kernel stack {task.base:#x} to {task.top:#x}:")
    some = False
    for frame in of_task(task):
        some = True
        for line in frame.lines():
            print(line)
    if not some:
        print("    nothing: it is empty")
