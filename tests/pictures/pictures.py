"""The pictures themselves: each function draws one, from what facts.cpp says of the states."""

import drawing

# Name of a state's build folder: its Facts. Filled by draw.py.
STATES = {}
NEEDED = ("sol1", "sol2", "sol3+FRAME_CHECKS", "sol5", "sol6")


def downwards(rows, label="{}", **edges):
    """A structure with its lowest address at the top of the page."""
    return drawing.tower([(label.format(offset), name, remark) for offset, name, remark in rows], **edges)


def upwards(rows, **edges):
    """A structure on a stack: the highest address is at the top, and so is the last member of each row."""
    return drawing.tower([(f"+{offset}", " ".join(reversed(names.split())), remark)
                          for offset, names, remark in reversed(rows)], **edges)


def code_data_descriptor():
    bits = STATES["sol1"].bits
    return drawing.bit_fields([
        (63, 56, "base\n31:24"), (55, 55, "G"), (54, 54, "D"), (*bits["L"], "L"), (52, 52, "-"),
        (51, 48, "limit\n19:16"), (*bits["P"], "P"), (*bits["DPL"], "DPL"), (*bits["S"], "S\n1"), (*bits["X"], "X"),
        (42, 42, "C"), (*bits["W"], "W"), (*bits["A"], "A"), (39, 16, "base 23:0"), (15, 0, "limit 15:0")]) + [
            "",
            "type, bits 43:40   code: X=1, C conforming,   W readable, A accessed",
            "                   data: X=0, C expand down,  W writable, A accessed"]


def tss_descriptor():
    bits = STATES["sol1"].bits
    low = drawing.bit_fields([
        (*bits["TSS base 31:24"], "base\n31:24"), (55, 55, "G"), (54, 53, "0 0"), (52, 52, "-"),
        (*bits["TSS limit 19:16"], "limit\n19:16"), (*bits["P"], "P"), (46, 45, "DPL"), (*bits["S"], "0"),
        (*bits["TSS type"], "type"), (*bits["TSS base 23:0"], "base 23:0"),
        (*bits["TSS limit 15:0"], "limit 15:0")], 11)
    top, bottom = bits["TSS base 63:32"]
    high = drawing.bit_fields([(63, top + 1, "0".center(31)), (top, bottom, "base 63:32".center(30))], 11)
    low[2], high[2] = "low slot".ljust(11) + low[2][11:], "high slot".ljust(11) + high[2][11:]
    return low + high


def tss():
    facts = STATES["sol1"]
    stacks = facts.structures["TaskStateSegment"]["ist"][1] // 8
    rows = facts.rows("TaskStateSegment", [
        ("reserved0", ""), ("rsp0", "the stack for everything that interrupts ring 3"),
        ("rsp1", "for rings 1 and 2, which nobody uses"), ("rsp2", ""), ("reserved1", ""),
        ("ist", f"ist[0] to ist[{stacks - 1}]: the tops of interrupt stacks 1 to {stacks}"), ("reserved2", ""),
        ("reserved3", ""), ("io_map_base", "where the I/O permission map begins, counted from the TSS's start")])
    rows = [(offset, "reserved" if name.startswith("reserved") else name, remark) for offset, name, remark in rows]
    return downwards(rows, top="offset", bottom=str(facts.size("TaskStateSegment")))


def gate():
    facts = STATES["sol1"]
    return downwards(facts.rows("Gate", [
        ("offset_low", "address of the entry, bits 15:0"), ("selector", "what CS becomes"),
        ("ist", "bits 2:0: the IST number, 0 for none"),
        ("type", "present, DPL, 14: an interrupt gate, which clears IF"), ("offset_middle", "address, bits 31:16"),
        ("offset_high", "address, bits 63:32"), ("reserved", "")]), top="offset", bottom=str(facts.size("Gate")))


def gdt():
    facts = STATES["sol1"]
    remarks = {"kKernelCode": "ring 0 code", "kKernelData": "ring 0 data",
               "kUserBase": "nothing: SYSRET counts from here", "kUserData": "ring 3 data",
               "kUserCode": "ring 3 code", "kTssSelector": "the TSS, low slot"}
    slots = {facts.values[name] & ~7: name for name in remarks}
    rows = []
    for offset in range(0, facts.size("Gdt"), 8):
        name = slots.get(offset)
        if name:
            rows.append((offset, remarks[name], f"  {name} = {facts.values[name]:#04x}"))
        elif slots.get(offset - 8) == "kTssSelector":
            rows.append((offset, "the TSS, high slot", ""))
        else:
            rows.append((offset, "unused" if offset else "null", ""))
    return downwards(rows, label="{:#04x}", top="offset")


GENERAL = "r15 r14 r13 r12 r11 r10 r9 r8 rbp rdi rsi rdx rcx rbx rax"


def interrupt_frame():
    rows = STATES["sol1"].rows("InterruptFrame", [
        (GENERAL, "pushed by interrupt_entry.S"), ("vector", "pushed by the stub of the vector"),
        ("error", "by the processor for some exceptions, else 0 by the stub"), ("rip", ""), ("cs", ""),
        ("rflags", "pushed by the processor"), ("rsp", ""), ("ss", "")])
    offset, names, remark = rows[0]
    assert names == GENERAL
    rows[0] = (offset, "r15 r14 ... rbx rax", remark)
    tower = upwards(rows, top="the chosen stack ->")
    tower[-1] += "  <- RSP: address of the InterruptFrame"
    return tower


def new_task():
    facts = STATES["sol1"]
    registers = facts.offset("InterruptFrame", "vector") // 8
    facts.rows("Context", [("r15 r14 r13 r12 rbx rbp", ""), ("rip", "")])
    return drawing.tower([
        ("", "ss rsp rflags cs rip", f"+{facts.offset('InterruptFrame', 'rip')}   an InterruptFrame of "
                                     f"{facts.size('InterruptFrame')} bytes: as after an"),
        ("", "error vector", "       interrupt of the program before its first instruction"),
        ("", f"{registers} general registers", ""), None,
        ("", "rip", f"+{facts.offset('Context', 'rip')}    a Context of {facts.size('Context')} bytes: "
                    "as after a call of"),
        ("", "rbp rbx r12 r13 r14 r15", "       switch_context()")], top="Task::kstack_top ->", bottom="Task::rsp ->")


def kernel_stack():
    kib = STATES["sol1"].values["kKernelStackSize"] // 1024
    return drawing.tower([
        ("", "frames of system calls", f"  {kib} KiB; it grows down from the top"),
        ("", "and interrupts, calls", ""), ("", "...", ""), ("", "", ""),
        (f"a multiple of {kib} KiB ->", "address of the owner",
         "  current() reads it: RSP & ~(kKernelStackSize - 1)"), None,
        ("", "guard: not mapped", f"  {kib} KiB; a push into it is a page fault")], top="Task::kstack_top ->")


def rflags():
    bits = STATES["sol1"].bits
    modes = ["ID", "AC", "NT", "IOPL", "DF", "IF", "TF"]
    results = {11: "OF", 7: "SF", 6: "ZF", 4: "AF", 2: "PF", 0: "CF"}
    flags = [(*bits[name], name, "M") for name in modes] + [(bit, bit, name, "r") for bit, name in results.items()]
    flags += [(*bits["RF"], "RF", ""), (*bits["FIXED"], "1", "")]
    cells, below = [], None
    for high, low, name, kind in sorted(flags, reverse=True):
        assert below is None or high <= below, f"{name}: bit {high} is another flag's as well"
        if below is not None and high < below:
            cells.append(("", "", ["", ""]))
        cells.append((str(high), str(low) if low != high else "", [name, kind]))
        below = low - 1
    return drawing.boxes(cells) + ["M: a mode, r: a result"]


HIGH_REGISTERS = "r15 r14 r13 r12 r10 r9 r8"
LOW_REGISTERS = "rbp rdi rsi rdx rbx"


def syscall_frame(state, groups, top="Task::kstack_top ->"):
    tower = upwards(STATES[state].rows("SyscallFrame", groups), top=top)
    tower[-1] += "  <- RSP: address of the SyscallFrame"
    return tower


def syscall_frame_2():
    tower = syscall_frame("sol2", [
        (HIGH_REGISTERS, ""), (LOW_REGISTERS, ""), ("rax", "the result, later"), ("number", "RAX at the call"),
        ("r11", "the program's RFLAGS"), ("rcx", "the address to return to")])
    left = " " * tower[-1].index("+")
    return tower + [left + "| return address into syscall_entry.S", left + "| what the kernel does meanwhile"]


def syscall_frame_3():
    return syscall_frame("sol3+FRAME_CHECKS", [
        ("owner_cr3", "with FRAME_CHECKS: the address space the call came from"),
        ("entry_stack", "with FRAME_CHECKS: the stack that the entry was told to use"),
        (HIGH_REGISTERS, ""), (LOW_REGISTERS, ""), ("rax number", ""), ("r11", "the program's RFLAGS"),
        ("rcx", "where SYSRET will return: the program's next address")])


def two_frames():
    """What two frames have at the same places, counted from the top of the stack."""
    facts = STATES["sol3+FRAME_CHECKS"]

    def from_the_top(structure):
        return sorted(facts.structures[structure], key=lambda name: -facts.offset(structure, name))
    rows = list(zip(from_the_top("SyscallFrame"), from_the_top("InterruptFrame")))[:6]
    left = drawing.tower([(f"top - {8 * place}", call, "") for place, (call, _) in enumerate(rows, 1)], width=6)
    right = drawing.tower([("", interrupt, "") for _, interrupt in rows], width=6)
    lines = drawing.side_by_side(left[:-1], right[:-1], 20)
    titles = " " * lines[0].index("+") + "system call"
    return [titles.ljust(lines[0].rindex("+--") - 6) + "interrupt of ring 3"] + lines


def context_3():
    rows = STATES["sol1"].rows("Context", [(name, "") for name in "r15 r14 r13 r12 rbx rbp".split()] + [
        ("rip", "the return address: RET goes on here")])
    tower = upwards(rows, top="the stack before the call ->", width=8)
    tower[-1] += "  <- Task::rsp"
    return tower


def pcr():
    facts = STATES["sol5"]
    facts.name_gap("ProcessorControlRegion", "cpu", "(unused)")
    rsp0 = facts.offset("ProcessorControlRegion", "tss") + facts.offset("TaskStateSegment", "rsp0")
    slots = facts.structures["ProcessorControlRegion"]["gdt"][1] // 8
    return downwards(facts.rows("ProcessorControlRegion", [
        ("self", "the region's own address: so that pcr() gets from GS to a pointer"),
        ("current", "the task that runs on this processor"),
        ("scratch_rsp", "for two instructions of a system call's way in"), ("cpu", "the processor's number, from 0"),
        ("(unused)", ""),
        ("gdt", f"the GDT, {slots} slots: each processor has a TSS, and so a TSS descriptor, of its own"),
        ("tss", f"the TSS; its rsp0, at %gs:{rsp0}, is where interrupts *and* system calls enter")]),
                     label="%gs:{}", top="GS base ->", bottom=f"{facts.size('ProcessorControlRegion')} bytes")


def syscall_frame_5():
    return syscall_frame("sol5", [
        (HIGH_REGISTERS, ""), (LOW_REGISTERS, ""), ("rax", "the number; from the end of the call on the result"),
        ("r11", "the program's RFLAGS"), ("rcx", "the address to return to"), ("rsp", "the program's RSP")],
                         top="tss.rsp0 ->")


def ist_stack():
    facts = STATES["sol5"]
    tower = drawing.tower([
        ("", "unused", ""), ("", "the region's address", "  <- ist[n - 1]: the processor pushes below it"), None,
        ("", "InterruptFrame", f"  {facts.size('InterruptFrame')} bytes: SS, RSP, RFLAGS, CS, RIP, ... "
                               "and the registers pushed"), ("", "", "  <- RSP"), ("", "...", ""),
        ("", "0: nobody's stack", "  the owner's place: current() is null here")],
                          top="a multiple of KERNEL_STACK_SIZE ->")
    tower[-1] += f"  {facts.values['kKernelStackSize']:#x} below the top"
    return tower


def madt():
    first = STATES["sol6"].size("MadtHeader")
    entry = [("", "", ["type"]), ("", "", ["length"]), ("", "", ["content"])]
    numbered = [(str(first + index), "", text) for index, (_, _, text) in enumerate(entry)]
    ruler, *box = drawing.boxes([("0", "", [f"MadtHeader, {first} bytes"])] + numbered + entry)
    return [ruler] + [line + tail for line, tail in zip(box, ["--", " ... exactly to the table's end", "--"])]


def madt_entries():
    facts = STATES["sol6"]

    def entry(structure, number, members):
        rows = facts.rows(structure, [("entry", "")] + [(name, "") for name in members])
        cells = [(str(facts.offset("MadtEntry", name)), "", [name]) for name in ("type", "length")]
        cells += [(str(offset), "", [name]) for offset, name, _ in rows[1:]]
        title = f"{structure}: type {facts.values[number]}, {facts.size(structure)} bytes; the numbers are offsets"
        return [title] + drawing.boxes(cells, 2)
    return entry("MadtLocalApic", "kMadtLocalApic", ["processor_uid", "apic_id", "flags"]) + [""] + entry(
        "MadtLocalX2Apic", "kMadtLocalX2Apic", ["reserved", "x2apic_id", "flags", "processor_uid"])


def processor_start():
    facts = STATES["sol6"]
    facts.name_gap("ProcessorStart", "hz", "(unused)")
    return downwards(facts.rows("ProcessorStart", [
        ("cr3", "the kernel's own page tables"), ("stack", "top of the idle task's kernel stack"),
        ("region", "the processor's PCR: what its GS base must be"), ("hz", "for C++: ticks a second"),
        ("(unused)", "")]), label="+{}", top="processor_start_data ->")


PICTURES = {function.__name__.replace("_", "-"): function for function in (
    code_data_descriptor, tss_descriptor, tss, gate, gdt, interrupt_frame, new_task, kernel_stack, rflags,
    syscall_frame_2, syscall_frame_3, two_frames, context_3, pcr, syscall_frame_5, ist_stack, madt, madt_entries,
    processor_start)}
