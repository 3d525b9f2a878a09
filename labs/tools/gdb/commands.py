"""The command `trapline` of make gdb and make rewind: the kernel's state in words."""

import gdb
import descriptors
import frames
import page_walk
import printers
import processors
from kernel import Stopped, call_place, place, tasks


def command(name, kind=gdb.COMMAND_USER):
    """Makes a function of the command's text a command of gdb's; its docstring is the help. What it yields is printed,
    and its complaints are one line each."""

    def register_command(function):
        class Command(gdb.Command):
            __doc__ = function.__doc__

            def __init__(self):
                super().__init__(name, kind)

            def invoke(self, text, _from_tty):
                try:
                    for line in function(text.strip()) or ():
                        print(line)
                except Stopped as stopped:
                    raise gdb.GdbError(str(stopped)) from None
                except gdb.MemoryError as error:
                    raise gdb.GdbError(f"What this needs can't be read where the machine stands: {error}") from None

        Command()
        return function

    return register_command


class Trapline(gdb.Command):
    """The state of the kernel, in words: `trapline` alone lists what there is."""

    def __init__(self):
        super().__init__("trapline", gdb.COMMAND_USER, prefix=True)

    def invoke(self, text, _from_tty):
        if text:
            raise gdb.GdbError(f'There is no "trapline {text}"; trapline alone lists what there is.')
        for name, what in LIST.items():
            print(f"trapline {name:12} {what}")
        print("help trapline NAME says more.")


LIST = {
    "tasks": "every task: who runs, and where the others will go on",
    "frame [TASK]": "the frames on a kernel stack",
    "vm ADDRESS": "the way of an address through the page tables, and what it is for",
    "gdt [CPU]": "the descriptors that a processor uses",
    "tss [CPU]": "its stacks",
    "pcr [CPU]": "its Processor Control Region, from chapter 5 on",
}

Trapline()


@command("trapline tasks")
def _tasks(_text):
    """Every task, in the order of their making: trapline tasks
For one that does not run: the function in which it will go on, and who has called that."""
    found = tasks()
    if not found:
        raise Stopped("There are no tasks yet: the kernel has not come that far.")
    everyone = processors.everyone()
    yield f"{'pid':>4}  {'name':10} {'state':9} {'CR3':>9}  kernel stack ends"
    for task in found:
        state = printers.enumerator(task.object["state"]).removeprefix("k").lower()
        yield (f"{task.pid:4}  {task.name:10} {state:9} {task.cr3:#9x}  {task.top:#18x}  "
               f"{runs(task, everyone) or goes_on(task, state)}")


def runs(task, everyone):
    """In words, where a task runs; None when it does not."""
    processor = next((processor for processor in everyone if processor.runs(task)), None)
    if not processor:
        return None
    number = f" on processor {processor.number}" if len(everyone) > 1 else ""
    return f"runs{number}, in ring {3 if processor.in_ring3 else 0}, at {place(processor.rip)}"


def goes_on(task, state):
    """Where a task that does not run will go on."""
    if state == "zombie":
        return "dead, until its parent has waited for it"
    context = gdb.Value(task.rsp).cast(gdb.lookup_type("Context").pointer()).dereference()
    if not task.has_on_stack(task.rsp):
        return "has not given up the processor yet"
    callers = [call_place(back) for _, back in frames.called_from(task, int(context["rbp"]))]
    places = [place(int(context["rip"])), *callers[:3]]
    return "goes on in " + " < ".join(where.split("+")[0] for where in places)


@command("trapline frame")
def _frame(text):
    """Decode what lies on a task's kernel stack: trapline frame [TASK], by name or pid
Without a task, of the one whose stack is in use. Shown are the Context that switch_context has left, the functions that
wait for one another, and the frames of the interrupts and the system call that they serve."""
    yield from frames.lines(text)


@command("trapline vm")
def _vm(text):
    """The way of an address through the page tables: trapline vm ADDRESS
ADDRESS is anything that gdb can evaluate. Each level's entry has its flags in words; then come the physical address,
what is allowed there, and what that part of memory is for. It is the walk of the processor that gdb looks at (thread N)."""
    if not text:
        raise Stopped("Say which address: trapline vm ADDRESS.")
    try:
        value = gdb.parse_and_eval(text)
        # A function or an array is where it begins.
        value = value.address if value.type.code in (gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_ARRAY) else value
        address = int(value.cast(gdb.lookup_type("unsigned long"))) & (2**64 - 1)
    except (gdb.error, gdb.MemoryError) as error:
        raise Stopped(f'"{text}" is not an address: {str(error).rstrip(".")}.') from None
    processor = processors.named("")
    yield from page_walk.lines(address, processor)


@command("trapline gdt")
def _gdt(text):
    """The GDT that a processor uses: trapline gdt [CPU]
Each descriptor in words, with the registers that name it. Without a number, of the processor that gdb looks at."""
    yield from descriptors.gdt_lines(processors.named(text))


@command("trapline tss")
def _tss(text):
    """The TSS that a processor uses: trapline tss [CPU]
Its stacks, and whose they are. Without a number, of the processor that gdb looks at."""
    yield from descriptors.tss_lines(processors.named(text))


@command("trapline pcr")
def _pcr(text):
    """A processor's Processor Control Region, from chapter 5 on: trapline pcr [CPU]
Without a number, of the processor that gdb looks at."""
    yield from descriptors.pcr_lines(processors.named(text))


printers.install()
