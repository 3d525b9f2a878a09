"""make rewind: gdb's commands for a recording, and the way to where they start from."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import gdb
import frames
import replay
from commands import command
from guest import Breakpoint
from kernel import Stopped, address_of, place, register, running_task, task_of_stack
from witnesses import Witnesses, task_of

RECORDING = os.path.join(os.environ["TRAPLINE_FOLDER"], "recording")
# Whichever comes first is the panic. A kernel with the instrument has a check of its own.
PANICS = ("panic_exception", "panic", "frame_check_failed", "finish_panic")


def facts():
    """What record.sh has noted about the recording."""
    with open(os.path.join(RECORDING, "facts"), encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file)


def last_report():
    """The first line of the report that the guest printed, or what serves for it."""
    with open(os.path.join(RECORDING, "serial.log"), encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file]
    return next((line for line in lines if line.startswith(("EXCEPTION:", "PANIC:", "FRAME CHECK"))), "a panic")


def instruction_at(pc):
    """The instruction at an address, as gdb writes it."""
    try:
        text = gdb.selected_inferior().architecture().disassemble(pc)[0]["asm"]
    except gdb.error:
        return "(nothing is mapped here)"
    return " ".join(text.split())


def source_line(pc):
    """The source line of an address, with a comma before it, or nothing."""
    line = gdb.find_pc_line(pc)
    if not line.symtab:
        return ""
    # Clang writes the whole path for assembly.
    file = line.symtab.filename.removeprefix(os.getcwd() + "/").removeprefix("./")
    return f", {file}:{line.line}"


def in_words(value):
    return "?" if value is None else f"{value:#x}"


class Session:
    """One recording, and where in it the interesting things are."""

    def __init__(self):
        self.replay = replay.Replay()
        self.end = 0
        self.panic = False
        self.victim = None
        self.asked = None
        self.last = None  # the last instruction that can be reached, when there was no panic

    def start(self):
        """To the panic, or to the end of a recording without one."""
        with replay.quiet():
            gdb.execute(f"target remote {os.environ['TRAPLINE_GDB_SOCKET']}", to_string=True)
        known = facts()
        last = int(known["instructions"]) - 1 if known["instructions"] else None
        ends = {}
        for name in PANICS:
            try:
                ends[address_of(name)] = name
            except Stopped:
                pass
        self.replay.first_way(ends, last)
        stopped_in = ends.get(register("pc"))
        self.panic = stopped_in is not None
        if stopped_in == "panic_exception":
            # Its argument is the frame, whose RIP the processor wrote when it came to the exception.
            frame = gdb.parse_and_eval(f"(InterruptFrame*){register('rdi'):#x}")
            self.replay.last_write(int(frame["rip"].address))
            self.victim = running_task() or task_of_stack(register("rsp"))
        elif self.panic:
            self.victim = task_of_stack(register("rsp"))
        self.end = replay.count()
        self.last = last
        if self.panic:
            # Behind it QEMU would end.
            Breakpoint(address_of("finish_panic"), self.at_the_end)
        self.say_start(known["end"])

    @staticmethod
    def at_the_end():
        print("The report is printed (console shows it), and the recording ends here.")
        return True

    def before_continue(self):
        """A recording without a panic must stop at its end: there is nothing behind it."""
        if self.last and not replay.moving() and replay.count() < self.last:
            gdb.execute(f"monitor replay_break {self.last}", to_string=True)

    def say_start(self, end):
        """Where the machine stands, and what is to be done here."""
        pc = register("pc")
        print()
        if self.panic:
            print(f"The panic: {last_report()}")
            print(f"The machine stands right before it: at {place(pc)}, which is {instruction_at(pc)},")
        elif end == "reset":
            print("The recording ends with a triple fault, without a panic.")
            print(f"The machine stands an instruction before it: at {place(pc)}, which is {instruction_at(pc)},")
        else:
            print("There was no panic in this recording: the machine stands at its end,")
            print(f"at {place(pc)}, which is {instruction_at(pc)},")
        print(f"at instruction {self.end}.")
        for line in Witnesses().lines():
            print(line)
        print("Commands: who-wrote, back, goto, task, frames; help NAME says more. reverse-stepi works too.")

    def slot(self, text):
        """What the user wants to know the writer of: address, size and a description."""
        words = text.split()
        if words and words[0] == "saved-rcx":
            victim = task_of(words[1]) if len(words) > 1 else self.victim
            if not victim:
                raise Stopped("There was no panic, so there is no victim: say whose, as in who-wrote saved-rcx sh.")
            return frames.saved_rcx(victim), 8, f"the saved RCX of {victim}"
        try:
            value = gdb.parse_and_eval(text)
            if value.type.strip_typedefs().code == gdb.TYPE_CODE_ERROR:  # a variable of assembly
                value = gdb.parse_and_eval(f"*(unsigned long*)&{text}")
        except gdb.error as error:
            raise Stopped(f'"{text}" is neither an address nor a variable: {str(error).rstrip(".")}.') from None
        try:
            # A variable, unless it is a number or a register.
            if value.address is not None and value.type.sizeof in (1, 2, 4, 8):
                return int(value.address), value.type.sizeof, text
            return int(value if value.address is None else value.address) & (2**64 - 1), 8, ""
        except gdb.error:
            raise Stopped(f'"{text}" has neither an address nor the value of one.') from None

    def who_wrote(self, text):
        """To the write before here, with all that is to be said about it."""
        self.asked = text or self.asked
        if not self.asked:
            raise Stopped("Say which word: who-wrote ADDRESS, or who-wrote saved-rcx.")
        address, size, name = self.slot(self.asked)
        described = f"{address:#x}, {name}" if name else f"{address:#x}"
        here = replay.count()
        if replay.word(address, size) is None:
            raise Stopped(f"There is no memory at {described}, where the machine stands.")
        write = self.replay.last_write(address, size)
        if not write:
            raise Stopped(f"Nothing writes to {described}, before instruction {here} of this recording.")
        pc = register("pc")
        print(f"The last write to {described}, before instruction {here}:")
        if write.by_processor:
            print(f"    by no instruction: the processor itself, delivering an interrupt or exception at {place(pc)}")
        else:
            print(f"    {instruction_at(pc)}    at {pc:#x}, {place(pc)}{source_line(pc)}")
        print(f"    value                  {in_words(write.before)} -> {in_words(write.after)}")
        print(f"    instruction count      {write.count}, {self.end - write.count} before the "
              f"{'panic' if self.panic else 'end'}")
        for line in Witnesses().lines():
            print(line)
        print("The machine stands right before this write. who-wrote again goes to the write before it.")

    def say_place(self):
        pc = register("pc")
        print(f"instruction {replay.count()}: {place(pc)}{source_line(pc)}: {instruction_at(pc)}")


session = Session()


@command("who-wrote")
def _who_wrote(text):
    """Go back to the last write to a word: who-wrote ADDRESS | VARIABLE | saved-rcx [TASK]
Says which instruction wrote, which task executed it (by CR3), on whose kernel stack, and what it wrote, and leaves the
machine right before that instruction. Without an argument it goes on to the write before. saved-rcx is where the
system-call frame of the task that the panic is about keeps the program's next address."""
    session.who_wrote(text)


@command("back")
def _back(text):
    """Go back N instructions: back [N]. One without N."""
    if text and not text.isdigit():
        raise Stopped(f'back {text}: give a number of instructions.')
    session.replay.go_to(replay.count() - int(text or "1"))
    session.say_place()


@command("goto")
def _goto(text):
    """Go to a moment of the recording: goto COUNT, as who-wrote names it, or goto panic, where it all started."""
    if text in ("panic", "end"):
        session.replay.go_to(session.end)
    elif text.isdigit():
        if int(text) > session.end:
            raise Stopped(f"goto {text}: the recording ends at instruction {session.end}.")
        session.replay.go_to(int(text))
    else:
        raise Stopped("Say where to: goto COUNT, a number of instructions, or goto panic.")
    session.say_place()


@command("task")
def _task(_text):
    """Say who runs, by the three witnesses: CR3, the kernel stack that RSP is on, and the published stack."""
    return Witnesses().lines()


@command("frames")
def _frames(text):
    """Decode what lies on a task's kernel stack: frames [TASK], by name or pid; else of the stack in use."""
    return frames.lines(text)


def _leave(_event):
    """A replay that gdb merely detached from would run on to its end, which gdb would complain about."""
    if gdb.selected_inferior().pid:
        with replay.quiet():
            gdb.execute("disconnect", to_string=True)


gdb.events.gdb_exiting.connect(_leave)
gdb.execute("define hook-continue\npython session.before_continue()\nend")


def main():
    """To the panic; then what REWIND asks for, or what the user types."""
    try:
        session.start()
        for text in filter(None, (c.strip() for c in os.environ.get("REWIND", "").split(";"))):
            print(f"\n(gdb) {text}")
            gdb.execute(text)
    except (Stopped, gdb.error) as error:
        print(error, file=sys.stderr)
        gdb.execute("quit 1")


main()
