"""make diagnose: checks the answers of chapter 3 against a run of the very kernel that they are about."""

import collections
import os
import re
import sys
import textwrap

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import gdb
import hunt
from trapline import Stopped, address_of, instructions, main, say, symbol_at, tasks, time_limit

TASK, ADDRESS, FUNCTION, LETTER = "a task", "an address", "a function", "a letter"

# Each key: what kind of answer it wants, and how to find it.
KEYS = {
    "victim_task": (TASK, "Who goes on at an address that is not its own? The panic's report names it."),
    "culprit_task": (TASK, "Who was in the kernel when the word was written? current() goes by the stack, and the "
                     "stack is what is wrong. Another register tells whose address space it is."),
    "slot_address": (ADDRESS, "The saved RCX of the victim's system call: look at the order of the pushes in "
                     "syscall_entry, and at where the victim's kernel stack begins."),
    "writing_instruction": (ADDRESS, "Put a watchpoint on the slot, as make watch does. It stops behind the write: the "
                            "instruction is the one before."),
    "window_opens": (ADDRESS, "From which instruction on would a system call go to another stack than that of the task "
                     "which still runs? Read the disassembly of schedule() with CURRENT_KERNEL_STACK in mind."),
    "window_closes": (ADDRESS, "Running task and published stack agree again as soon as RSP is on the next task's "
                      "stack. One instruction of switch_context does that."),
    "window_function": (FUNCTION, "watch-interrupts.log in the build folder has every interrupt. Look for the last "
                        "ones with cpl=0 and SP on the victim's kernel stack, and for the function that holds "
                        "their IP."),
    "why_if_was_on": (LETTER, "In the log, EFL of such a tick has bit 9 (IF). When the victim entered read(), IF was "
                      "0. Follow IF from there on: which code between the two changes it, and whose IF is it?"),
}

# Functions that run between the publication and the switch, where any instruction may be interrupted.
WINDOW_FUNCTIONS = {"schedule", "switch_to", "switch_entry_state", "switch_user_state", "switch_context"}


StackAddress = collections.namedtuple("StackAddress", "task distance")
StackAddress.__doc__ = """So many bytes from the top of the kernel stack of a task, given by name or pid."""

Store = collections.namedtuple("Store", "variable")
Store.__doc__ = """The instruction that writes the variable at this address."""

DISTANCE = r"(\d+|0x[0-9a-fA-F]+)"


def parse_address(text):
    """0x1234, symbol or symbol+14 as a number, or one of the forms that hold for every build; None for anything else."""
    match = re.fullmatch(rf"([\w-]+)\.kstack_top(?:\s*([+-])\s*{DISTANCE})?", text)
    if match:
        distance = int(match[3] or "0", 0)
        return StackAddress(match[1], -distance if match[2] == "-" else distance)
    match = re.fullmatch(r"store to ([A-Za-z_][\w.]*)", text)
    if match:
        try:
            return Store(address_of(match[1]))
        except Stopped:
            return None
    match = re.fullmatch(r"<?([A-Za-z_]\w*)(?:\(\))?(?:\s*\+\s*" + DISTANCE + r")?>?", text)
    try:
        if not match:
            return int(text, 16)
        return address_of(match[1]) + int(match[2] or "0", 0)
    except (ValueError, Stopped):
        return None


def parse_answer(kind, text):
    """An answer in the form in which it is compared. Raises ValueError with what is wrong with it."""
    if kind == TASK:
        match = re.fullmatch(r"(?:pid )?([\w-]+)(?: \(pid \d+\))?", text)
        if not match:
            raise ValueError(f'"{text}" is neither a task\'s name nor a pid')
        return match[1]
    if kind == LETTER:
        if not re.fullmatch(r"[A-Fa-f]", text):
            raise ValueError(f'"{text}" is not one of the letters A to F')
        return text.upper()
    if kind == FUNCTION and re.fullmatch(r"[A-Za-z_]\w*(\(\))?", text):
        return text.removesuffix("()")
    address = parse_address(text)
    if address is None:
        raise ValueError(f'"{text}" is neither a number nor a symbol of this kernel, or symbol+distance')
    return address


def read_answers(path):
    """The answers by key; those left empty are missing. Stopped, with line and key, when the file is malformed."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Stopped(f"{path}: can't be read: {getattr(error, 'strerror', None) or 'it is not text'}.") from None
    answers, seen = {}, set()
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, equals, text = (part.strip() for part in line.partition("="))
        where = f"{path}, line {number}: "
        if not equals:
            raise Stopped(f'{where}"{line}" is not of the form key = answer.')
        if key not in KEYS:
            raise Stopped(f'{where}there is no key "{key}"; the keys are {", ".join(KEYS)}.')
        if key in seen:
            raise Stopped(f"{where}{key} is answered twice.")
        seen.add(key)
        try:
            if text:
                answers[key] = parse_answer(KEYS[key][0], text)
        except ValueError as error:
            raise Stopped(f"{where}{key}: {error}.") from None
    missing = [key for key in KEYS if key not in seen]
    if missing:
        raise Stopped(f"{path}: the key {missing[0]} is missing.")
    return answers


def functions_at(address):
    """The names of the functions, inlined ones included, that an address belongs to."""
    names = set()
    symbol = symbol_at(address)
    if symbol:
        names.add(symbol[0].split("(")[0])
    block = gdb.block_for_pc(address)
    while block:
        if block.function:
            names.add(block.function.name.split("(")[0].split("::")[-1])
        block = block.superblock
    return names


class Truth:
    """What a run shows: each question's right answers."""

    def __init__(self, seconds):
        hunt.connect()
        the_hunt = hunt.Hunt()
        the_hunt.find_shell()
        the_hunt.wait_for_prompt()
        self.opens = the_hunt.window_opens(seconds)
        the_hunt.record_ticks()
        writes = the_hunt.foreign_writes(seconds)
        if not writes:
            raise Stopped(f"Nobody wrote into the shell's frame for {seconds:g} s: there is nothing to diagnose.")
        write, self.tick = writes[-1], the_hunt.tick
        if not write.task or not write.instruction or not self.tick or not self.tick.rflags & 0x200:
            raise Stopped("This run went wrong in another way than that of chapter 3: run it again.")
        self.victim, self.culprit, self.slot, self.write = the_hunt.victim, write.task, the_hunt.slot, write.instruction
        self.tasks = tasks()
        start = address_of("switch_context")
        self.closes = next(i for i in instructions(start, start + 128) if re.fullmatch(r"mov .*,%rsp", i.text))

    def in_window(self, answer):
        """Whether a function, by name or by an address in it, is one that the tick may have interrupted."""
        possible = WINDOW_FUNCTIONS | functions_at(self.tick.rip)
        if isinstance(answer, str):
            return answer in possible
        if not isinstance(answer, int):
            return False
        before = functions_at(answer) & functions_at(self.opens.address) and answer <= self.opens.address
        after = functions_at(answer) & functions_at(self.closes.address) and answer > self.closes.address
        return bool(functions_at(answer) & possible) and not before and not after

    def is_slot(self, answer):
        """Whether an address, in any form, is that of the slot."""
        if isinstance(answer, StackAddress):
            return any(task.top + answer.distance == self.slot for task in self.tasks
                       if answer.task in (task.name, str(task.pid)))
        return answer == self.slot

    def agrees(self, key, answer):
        """Whether the answer to a question is one that this run has shown to be right."""
        match key:
            case "victim_task":
                return answer in (self.victim.name, str(self.victim.pid))
            case "culprit_task":
                return answer in (self.culprit.name, str(self.culprit.pid))
            case "slot_address":
                return self.is_slot(answer)
            case "writing_instruction":
                return answer == self.write.address
            case "window_opens":
                return answer in (self.opens.address, Store(address_of("CURRENT_KERNEL_STACK")))
            case "window_closes":
                return answer == self.closes.address
            case "window_function":
                return self.in_window(answer)
            case "why_if_was_on":
                # The sentences stand in labs/03-globals-bug/diagnosis.txt.
                return answer == "D"
        return False


def diagnose(path, seconds):
    """Prints for each answer whether it is right; True if all are."""
    if not path:
        raise Stopped("Say which answers: make diagnose ANSWERS=file. The questions are in labs/03-globals-bug/diagnosis.txt.")
    answers = read_answers(path)
    truth = Truth(seconds)
    right = 0
    for key, (_, hint) in KEYS.items():
        if key in answers and truth.agrees(key, answers[key]):
            right += 1
            say(f"  {key:22}right")
            continue
        say(f"  {key:22}{'wrong' if key in answers else 'no answer yet'}")
        say(textwrap.fill(hint, 80, initial_indent=" " * 6, subsequent_indent=" " * 6))
    say()
    if right == len(KEYS):
        say(f"All {right} answers are right: the case is solved.")
        return True
    say(f"{right} of {len(KEYS)} answers are right.")
    return False


main(lambda: diagnose(os.environ.get("ANSWERS"), time_limit()))
