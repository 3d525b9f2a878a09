#!/usr/bin/env python3
"""Draws the handouts' pictures: pictures.py [--check] FOLDER FILE...

FOLDER holds the states' build folders, in each of which gen/picture_facts.s is facts.cpp compiled in that state. In each FILE, what stands between the lines
`<!-- picture: NAME -->` and `<!-- end -->` becomes the picture of that name. With --check nothing is written: a picture
that differs is printed as it should be, and the exit status is 1."""

import difflib
import re
import sys

import drawing
from facts import Facts

STATES = {}


def code_data_descriptor():
    bits = STATES["sol1"].bits
    return drawing.bit_fields([
        (63, 56, "base\n31:24"), (55, 55, "G"), (54, 54, "D"), (*bits["L"], "L"), (52, 52, "-"), (51, 48, "limit\n19:16"),
        (*bits["P"], "P"), (*bits["DPL"], "DPL"), (*bits["S"], "S\n1"), (*bits["X"], "X"), (42, 42, "C"), (*bits["W"], "W"),
        (*bits["A"], "A"), (39, 16, "base 23:0"), (15, 0, "limit 15:0")]) + [
        "",
        "type, bits 43:40   code: X=1, C conforming,   W readable, A accessed",
        "                   data: X=0, C expand down,  W writable, A accessed"]


def tss_descriptor():
    bits = STATES["sol1"].bits
    low = drawing.bit_fields([
        (*bits["TSS base 31:24"], "base\n31:24"), (55, 55, "G"), (54, 53, "0 0"), (52, 52, "-"),
        (*bits["TSS limit 19:16"], "limit\n19:16"), (*bits["P"], "P"), (46, 45, "DPL"), (*bits["S"], "0"),
        (*bits["TSS type"], "type"), (*bits["TSS base 23:0"], "base 23:0"), (*bits["TSS limit 15:0"], "limit 15:0")], 11)
    high, lowest = bits["TSS base 63:32"]
    upper = drawing.bit_fields([(63, high + 1, "               0               "), (high, lowest, "          base 63:32          ")], 11)
    low[2], upper[2] = "low slot   " + low[2][11:], "high slot  " + upper[2][11:]
    return low + upper


def tss():
    facts = STATES["sol1"]
    ist = facts.structures["TaskStateSegment"]["ist"][1] // 8
    rows = facts.rows("TaskStateSegment", [
        ("reserved0", ""), ("rsp0", "the stack for everything that interrupts ring 3"), ("rsp1", "for rings 1 and 2, which nobody uses"),
        ("rsp2", ""), ("reserved1", ""), ("ist", f"ist[0] to ist[{ist - 1}]: the tops of interrupt stacks 1 to {ist}"),
        ("reserved2", ""), ("reserved3", ""), ("io_map_base", "where the I/O permission map begins, counted from the TSS's start")])
    return drawing.tower([(f"{offset}", name.rstrip("0123") if "reserved" in name else name, remark) for offset, name, remark in rows],
                         top="offset", bottom=str(facts.size("TaskStateSegment")))


def gate():
    rows = STATES["sol1"].rows("Gate", [
        ("offset_low", "address of the entry, bits 15:0"), ("selector", "what CS becomes"), ("ist", "bits 2:0: the IST number, 0 for none"),
        ("type", "present, DPL, 14: an interrupt gate, which clears IF"), ("offset_middle", "address, bits 31:16"),
        ("offset_high", "address, bits 63:32"), ("reserved", "")])
    return drawing.tower([(f"{offset}", name, remark) for offset, name, remark in rows], top="offset",
                         bottom=str(STATES["sol1"].size("Gate")))


def gdt():
    facts = STATES["sol1"]
    slots = {facts.values[name] & ~7: name for name in ("kKernelCode", "kKernelData", "kUserBase", "kUserData", "kUserCode", "kTssSelector")}
    remarks = {"kKernelCode": "ring 0 code", "kKernelData": "ring 0 data", "kUserBase": "nothing: SYSRET counts from here",
               "kUserData": "ring 3 data", "kUserCode": "ring 3 code", "kTssSelector": "the TSS, low slot"}
    rows = []
    for offset in range(0, facts.size("Gdt"), 8):
        name = slots.get(offset, "")
        above = slots.get(offset - 8) == "kTssSelector"
        selector = f"{name} = {facts.values[name]:#04x}" if name else ""
        rows.append((f"{offset:#04x}", selector, remarks[name] if name else "the TSS, high slot" if above else "null" if offset == 0 else "unused"))
    return drawing.tower([(offset, remark, "  " + selector if selector else "") for offset, selector, remark in rows], top="offset")


PROCESSORS_WORDS = [("ss", ""), ("rsp", ""), ("rflags", "pushed by the processor"), ("cs", ""), ("rip", "")]
GENERAL = "r15 r14 r13 r12 r11 r10 r9 r8 rbp rdi rsi rdx rcx rbx rax"


def interrupt_frame_rows():
    return STATES["sol1"].rows("InterruptFrame", [
        (GENERAL, "pushed by interrupt_entry.S"), ("vector", "pushed by the stub of the vector"),
        ("error", "by the processor for some exceptions, else 0 by the stub")] + PROCESSORS_WORDS[::-1])


def interrupt_frame():
    rows = interrupt_frame_rows()[::-1]
    tower = drawing.tower([(f"+{offset}", "rax rbx ... r14 r15" if name == GENERAL else name, remark) for offset, name, remark in rows],
                          top="the chosen stack ->")
    tower[-1] += "  <- RSP: address of the InterruptFrame"
    return tower


def new_task():
    facts = STATES["sol1"]
    frame, context = facts.size("InterruptFrame"), facts.size("Context")
    general = facts.offset("InterruptFrame", "vector") // 8
    rows = [("", "ss rsp rflags cs rip", f"+{facts.offset('InterruptFrame', 'rip')}   an InterruptFrame of {frame} bytes: as after an"),
            ("", "error vector", "       interrupt of the program before its first instruction"),
            ("", f"{general} general registers", ""), None,
            ("", "rip", f"+{facts.offset('Context', 'rip')}    a Context of {context} bytes: as after a call of"),
            ("", "rbp rbx r12 r13 r14 r15", "       switch_context()")]
    facts.rows("Context", [("r15 r14 r13 r12 rbx rbp", ""), ("rip", "")])
    return drawing.tower(rows, top="Task::kstack_top ->", bottom="Task::rsp ->")


def kernel_stack():
    kib = STATES["sol1"].values["kKernelStackSize"] // 1024
    return drawing.tower([
        ("", "frames of system calls", f"  {kib} KiB; it grows down from the top"), ("", "and interrupts, calls", ""), ("", "...", ""), ("", "", ""),
        (f"a multiple of {kib} KiB ->", "address of the owner", "  current() reads it: RSP & ~(kKernelStackSize - 1)"), None,
        ("", "guard: not mapped", f"  {kib} KiB; a push into it is a page fault")], top="Task::kstack_top ->")


def flag_bits(names):
    bits = STATES["sol1"].bits
    return sorted(((*bits[name], name) for name in names), reverse=True)


def rflags():
    flags = {high: (high, low, name) for high, low, name in flag_bits(["ID", "AC", "RF", "NT", "IOPL", "DF", "IF", "TF"])}
    fixed = STATES["sol1"].bits["FIXED"][0]
    for bit, name in {11: "OF", 7: "SF", 6: "ZF", 4: "AF", 2: "PF", 0: "CF", fixed: "1"}.items():
        assert bit not in flags
        flags[bit] = (bit, bit, name)
    modes = {"ID", "AC", "NT", "IOPL", "DF", "IF", "TF"}
    cells, previous = [], None
    for bit in sorted(flags, reverse=True):
        high, low, name = flags[bit]
        if previous is not None and high != previous - 1:
            cells.append(("", "", ["", ""]))
        cells.append((str(high), str(low) if low != high else "", [name, "M" if name in modes else "r" if len(name) == 2 and name != "RF" else ""]))
        previous = low
    return drawing.boxes(cells) + ["M: a mode, r: a result"]


def syscall_frame(state, groups, below=(), top="Task::kstack_top ->"):
    rows = STATES[state].rows("SyscallFrame", groups)[::-1]
    tower = drawing.tower([(f"+{offset}", " ".join(reversed(names.split())), remark) for offset, names, remark in rows], top=top)
    tower[-1] += "  <- RSP: address of the SyscallFrame"
    return tower + list(below)


PUSHED_LATER = "r15 r14 r13 r12 r10 r9 r8"


def syscall_frame_2():
    tower = syscall_frame("sol2", [
        (PUSHED_LATER, ""), ("rbp rdi rsi rdx rbx", ""), ("rax", "the result, later"), ("number", "RAX at the call"),
        ("r11", "the program's RFLAGS"), ("rcx", "the address to return to")])
    edge = tower[-1].index("+")
    return tower + [" " * edge + "| return address into syscall_entry.S", " " * edge + "| what the kernel does meanwhile"]


def syscall_frame_3():
    return syscall_frame("sol3+FRAME_CHECKS", [
        ("owner_cr3", "with FRAME_CHECKS: the address space the call came from"),
        ("entry_stack", "with FRAME_CHECKS: the stack that the entry was told to use"),
        (PUSHED_LATER, ""), ("rbp rdi rsi rdx rbx", ""), ("rax number", ""), ("r11", "the program's RFLAGS"),
        ("rcx", "where SYSRET will return: the program's next address")])


def two_frames():
    """What two frames have at the same places, counted from the top of the stack."""
    facts = STATES["sol3+FRAME_CHECKS"]
    calls = sorted(facts.structures["SyscallFrame"], key=lambda name: -facts.offset("SyscallFrame", name))
    interrupts = sorted(facts.structures["InterruptFrame"], key=lambda name: -facts.offset("InterruptFrame", name))
    rows = [(f"top - {8 * (index + 1)}", calls[index], interrupts[index]) for index in range(6)]
    left = drawing.tower([(place, name, "") for place, name, _ in rows], top="system call", width=6)
    right = drawing.tower([("", name, "") for _, _, name in rows], top="interrupt of ring 3", width=6)
    left[0], right[0] = left[0].replace("system call", "           ", 1), right[0].replace("interrupt of ring 3", " " * 19, 1)
    width = left[0].index("+")
    lines = drawing.side_by_side(left[:-1], right[:-1], 0)
    return [" " * width + "system call" + " " * (lines[0].rindex("+--") - width - 17) + "interrupt of ring 3"] + lines


def context_3():
    facts = STATES["sol1"]
    rows = facts.rows("Context", [(name, "") for name in "r15 r14 r13 r12 rbx rbp".split()] + [("rip", "the return address: RET goes on here")])
    tower = drawing.tower([(f"+{offset}", name, remark) for offset, name, remark in rows[::-1]], top="the stack before the call ->", width=8)
    tower[-1] += "  <- Task::rsp"
    return tower


def pcr():
    facts = STATES["sol5"]
    rsp0 = facts.offset("ProcessorControlRegion", "tss") + facts.offset("TaskStateSegment", "rsp0")
    slots = facts.structures["ProcessorControlRegion"]["gdt"][1] // 8
    padding = facts.offset("ProcessorControlRegion", "gdt") - facts.offset("ProcessorControlRegion", "cpu") - 4
    facts.structures["ProcessorControlRegion"]["(unused)"] = (facts.offset("ProcessorControlRegion", "cpu") + 4, padding)
    end = facts.offset("ProcessorControlRegion", "tss") + facts.size("TaskStateSegment")
    rows = facts.rows("ProcessorControlRegion", [
        ("self", "the region's own address: so that pcr() gets from GS to a pointer"), ("current", "the task that runs on this processor"),
        ("scratch_rsp", "for two instructions of a system call's way in"), ("cpu", "the processor's number, from 0"), ("(unused)", ""),
        ("gdt", f"the GDT, {slots} slots: each processor has a TSS, and so a TSS descriptor, of its own"),
        ("tss", f"the TSS; its rsp0, at %gs:{rsp0}, is where interrupts *and* system calls enter")])
    return drawing.tower([(f"%gs:{offset}", name, remark) for offset, name, remark in rows], top="GS base ->", bottom=f"{end} bytes")


def syscall_frame_5():
    state = STATES["sol5"]
    groups = [(PUSHED_LATER, ""), ("rbp rdi rsi rdx rbx", ""), ("rax", "the number; from the end of the call on the result"),
              ("r11", "the program's RFLAGS"), ("rcx", "the address to return to"), ("rsp", "the program's RSP")]
    assert "owner_cr3" not in state.structures["SyscallFrame"]
    return syscall_frame("sol5", groups, top="tss.rsp0 ->")


def ist_stack():
    frame = STATES["sol5"].size("InterruptFrame")
    size = STATES["sol5"].values["kKernelStackSize"]
    tower = drawing.tower([("", "unused", ""), ("", "the region's address", "  <- ist[n - 1]: the processor pushes below it"), None,
                           ("", "InterruptFrame", f"  {frame} bytes: SS, RSP, RFLAGS, CS, RIP, ... and the registers pushed"), ("", "", "  <- RSP"),
                           ("", "...", ""), ("", "0: nobody's stack", "  the owner's place: current() is null here")],
                          top="a multiple of KERNEL_STACK_SIZE ->")
    tower[-1] += f"  {size:#x} below the top"
    return tower


def madt():
    facts = STATES["sol6"]
    first = facts.size("MadtHeader")
    header = f"MadtHeader, {first} bytes"
    lines = drawing.boxes([("0", "", [header]), (str(first), "", ["type"]), (str(first + 1), "", ["length"]), (str(first + 2), "", ["content"]),
                           ("", "", ["type"]), ("", "", ["length"]), ("", "", ["content"])])
    return [lines[0]] + [line + tail for line, tail in zip(lines[1:], ["--", " ... exactly to the table's end", "--"])]


def madt_entries():
    facts = STATES["sol6"]

    def entry(structure, number, members):
        start = facts.size("MadtEntry")
        cells = [("0", "", ["type"]), ("1", "", ["length"])]
        for offset, name, _ in facts.rows(structure, [("entry", "")] + [(name, "") for name in members])[1:]:
            assert offset >= start
            cells.append((str(offset), "", [name]))
        lines = drawing.boxes(cells, 2)
        return [f"{structure}: type {number}, {facts.size(structure)} bytes; the numbers are offsets"] + lines
    return entry("MadtLocalApic", facts.values["kMadtLocalApic"], ["processor_uid", "apic_id", "flags"]) + [""] + entry(
        "MadtLocalX2Apic", facts.values["kMadtLocalX2Apic"], ["reserved", "x2apic_id", "flags", "processor_uid"])


def processor_start():
    facts = STATES["sol6"]
    facts.structures["ProcessorStart"]["(unused)"] = (facts.offset("ProcessorStart", "hz") + 4, 4)
    rows = facts.rows("ProcessorStart", [("cr3", "the kernel's own page tables"), ("stack", "top of the idle task's kernel stack"),
                                         ("region", "the processor's PCR: what its GS base must be"), ("hz", "for C++: ticks a second"), ("(unused)", "")])
    return drawing.tower([(f"+{offset}", name, remark) for offset, name, remark in rows], top="processor_start_data ->")


PICTURES = {function.__name__.replace("_", "-"): function for function in (
    code_data_descriptor, tss_descriptor, tss, gate, gdt, interrupt_frame, new_task, kernel_stack, rflags, syscall_frame_2,
    syscall_frame_3, two_frames, context_3, pcr, syscall_frame_5, ist_stack, madt, madt_entries, processor_start)}


def redrawn(text, path):
    def draw(match):
        name = match.group(1)
        if name not in PICTURES:
            sys.exit(f"{path}: there is no picture {name}; there are: {', '.join(PICTURES)}")
        lines = ["    " + line if line else "" for line in PICTURES[name]()]
        return f"<!-- picture: {name} -->\n\n" + "\n".join(lines) + "\n\n<!-- end -->"
    text, count = re.subn(r"<!-- picture: ([\w-]+) -->\n.*?<!-- end -->", draw, text, flags=re.S)
    if count != text.count("<!-- picture:") or count != text.count("<!-- end -->"):
        sys.exit(f"{path}: each \"<!-- picture: NAME -->\" needs an \"<!-- end -->\" of its own")
    return text, count


def main():
    arguments = sys.argv[1:]
    check = arguments[0] == "--check"
    folder, *paths = arguments[check:]
    for name in ("sol1", "sol2", "sol3+FRAME_CHECKS", "sol5", "sol6"):
        STATES[name] = Facts(f"{folder}/{name}/gen/picture_facts.s")
    stale, pictures = False, 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            old = file.read()
        new, count = redrawn(old, path)
        pictures += count
        if new == old:
            continue
        if check:
            stale = True
            print(f"{path}: a picture is not what the code says; make pictures draws it anew:")
            print("\n".join(list(difflib.unified_diff(old.split("\n"), new.split("\n"), "handout", "code", lineterm=""))[2:]))
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(new)
            print(path)
    print(f"{pictures} pictures{' are what the code says' if check and not stale else ''}")
    sys.exit(stale)


if __name__ == "__main__":
    main()
