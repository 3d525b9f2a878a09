"""make watch: shows each write to the shell's saved RCX, and which of them is the culprit."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import gdb
import hunt
from trapline import instruction_holding, instructions, main, place, say, symbol_at, time_limit, variable

OWN_WRITES = 2
USER_BASE = 0x100B0  # where a program's text begins
FOLDER = os.environ["TRAPLINE_FOLDER"]


def system_call(number):
    """A system call in words: 24, sched_yield."""
    try:
        function = int(gdb.parse_and_eval(f"((unsigned long*)&syscall_table)[{number}]"))
    except gdb.error:
        return f"{number}"
    symbol = symbol_at(function)
    return f"{number}, {symbol[0].split('(')[0].removeprefix('sys_')}" if symbol else f"{number}"


def say_task(task):
    say(f"    {task}")
    say(f"        address space (CR3)    {task.cr3:#x}")
    say(f"        kernel stack           {task.base:#x} to {task.top:#x}")


def say_write(number, write):
    who = write.task if write.task else "a kernel thread"
    say(f"{number}.  written by {who}, system call {system_call(write.number)}")
    say(f"        {hunt.describe(write)}")
    say(f"        the slot now holds {write.value:#x}")


def with_program(name, action):
    """Calls `action` while gdb has the program /bin/NAME: its symbols, and its code from the file, whatever runs."""
    path = os.path.join(FOLDER, "programs/bin", name)
    gdb.execute(f"add-symbol-file {path}", to_string=True)
    gdb.execute("set trust-readonly-sections on")
    try:
        return action()
    finally:
        gdb.execute("set trust-readonly-sections off")
        gdb.execute(f"remove-symbol-file -a {USER_BASE:#x}", to_string=True)


def say_where_it_returns(write):
    """The address that was written, in the program whose it is."""
    symbol = symbol_at(write.value)
    say(f"    In {write.task.name}, {write.value:#x} is where its system call returns, {place(write.value)}:")
    for i in instructions(write.value - symbol[1], write.value + 1)[-3:] if symbol else []:
        say(f"{' -> ' if i.address == write.value else '':>10}{i.address:#x}  {i.text}")


def say_arrival(victim, address):
    """What the same address is in the program that really goes there."""
    hit = instruction_holding(address)
    if not hit:
        return
    if hit.address == address:
        say(f"    In {victim.name} it is this instruction: {hit.text}")
        return
    code = bytes(gdb.selected_inferior().read_memory(hit.address, hit.length))
    say(f"    In {victim.name} it is not the beginning of an instruction:")
    say(f"          {hit.address:#x}  {code.hex(' ')}  {hit.text}")
    column = len(f"          {hit.address:#x}  ") + 3 * (address - hit.address)
    say(f"{'':{column}}^ {address:#x}: {victim.name} goes on here")


def say_last_words():
    """What the kernel said when it stopped the machine itself."""
    with open(os.path.join(FOLDER, "watch-serial.log"), encoding="utf-8", errors="replace") as log:
        lines = [line for line in log.read().splitlines() if line.strip()]
    for line in lines[-12:]:
        say(f"      | {line[:72]}")


def say_culprit(the_hunt, write):
    """Why the last write is the culprit. Returns whether it really is the one that this chapter is about."""
    victim, culprit = the_hunt.victim, write.task
    say()
    say("The culprit")
    if not culprit:
        say("    The writer is no program: the memory of this stack is used by somebody else.")
        return False
    say_task(culprit)
    if not write.instruction:
        say("    An interrupt came in ring 3, and the processor wrote its frame there.")
    else:
        say("    The instruction is the one that belongs there, and it looks as legitimate as")
        say(f"    in the first writes. But CR3 is that of {culprit.name}: it is not {victim.name} that executes it.")
    if write.entry_stack is not None:
        say(f"    {culprit.name} took its stack from CURRENT_KERNEL_STACK, and that was")
        owner = "nobody" if not write.published else f"{write.published.name}"
        say(f"    {write.entry_stack:#x}: the top of {owner}'s stack, not of {culprit.name}'s.")
    if write.stack_owner:
        say(f"    (current() finds the task by its stack, so it answered \"{write.stack_owner.name}\" then.")
        say("    Only CR3 knows who was running.)")
    return victim.has_on_stack(the_hunt.slot) and write.stack_owner == victim and write.instruction is not None


def watch(seconds):
    """The whole story; whether it ended as it should."""
    hunt.connect()
    the_hunt = hunt.Hunt()
    the_hunt.find_shell()
    victim = the_hunt.victim
    say("The victim")
    say_task(victim)
    say(f"        saved RCX, the \"slot\"   {the_hunt.slot:#x}")
    say("    SYSCALL leaves the program's next address in RCX; syscall_entry pushes it")
    say("    into this slot, and at the end it is popped from there for SYSRET. A")
    say("    hardware watchpoint on the slot now stops the machine at each write.")
    say()
    say("The writes")
    for number in range(OWN_WRITES):
        if number:
            the_hunt.next_own_call()
        say_write(number + 1, the_hunt.own_write())
        say(f"        CR3 is {victim.name}'s own: as it should be")
    the_hunt.wait_for_prompt()
    switches = variable("context_switch_count")
    value = hunt.read_word(the_hunt.slot)
    say(f"... {victim.name} is in read() now and waits for a key; the slot holds {value:#x}.")
    say("    Until a key comes nobody has any business there.")
    writes = the_hunt.foreign_writes(seconds)
    if not writes:
        switches = variable("context_switch_count") - switches
        say()
        say(f"Verdict: no foreign writer came within {seconds:g} s and {switches} context switches;")
        say(f"the slot still holds {hunt.read_word(the_hunt.slot):#x}.")
        return True
    for number, write in enumerate(writes, OWN_WRITES + 1):
        say_write(number, write)
    if len(writes) > 1:
        say(f"    {len(writes)} foreign writes before {victim.name} left the kernel: the last one counts.")
    found = say_culprit(the_hunt, write)
    say()
    say("What comes of it")
    if write.task:
        with_program(write.task.name, lambda: say_where_it_returns(write))
    if the_hunt.arrival(write.value):
        say(f"    {victim.name} has just popped this address from its slot and returned there.")
        with_program(victim.name, lambda: say_arrival(victim, write.value))
    else:
        say(f"    {victim.name} does not come to return there. The kernel's last words:")
        say_last_words()
    say()
    if not found:
        say(f"Verdict: {the_hunt.victim}'s slot was overwritten, but not by a system call on the wrong stack.")
        return False
    say(f"Verdict: {write.task.name}'s \"{write.instruction.text}\" in {symbol_at(write.instruction.address)[0]}, "
        f"running on {victim.name}'s kernel stack,")
    say(f"overwrote the address to which {victim.name} returns.")
    return True


main(lambda: watch(time_limit()))
