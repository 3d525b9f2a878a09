"""Segment descriptors and the TSS in words (Intel SDM 3A, 3.4.5, 3.5, 7.2.3 and 7.7)."""

import gdb
from kernel import Stopped, place, symbol_at, tasks
from regions import kernel_place

SYSTEM_TYPES = {0x2: "LDT", 0x9: "64-bit TSS, available", 0xB: "64-bit TSS, busy", 0xC: "64-bit call gate",
                0xE: "64-bit interrupt gate", 0xF: "64-bit trap gate"}
TWO_SLOTS = {0x2, 0x9, 0xB, 0xC, 0xE, 0xF}
PRESENT, NOT_SYSTEM, LONG, BIG = 1 << 47, 1 << 44, 1 << 53, 1 << 54


def bits(value, low, count):
    return value >> low & ((1 << count) - 1)


def base_and_limit(low, high=0):
    """Where the segment that a descriptor describes begins, and the last offset in it."""
    base = bits(low, 16, 24) | bits(low, 56, 8) << 24 | high << 32
    limit = bits(low, 0, 16) | bits(low, 48, 4) << 16
    return base, limit << 12 | 0xFFF if bits(low, 55, 1) else limit


def in_words(low, high=0):
    """A descriptor, as a person would say it."""
    if low == 0:
        return "null"
    kind = bits(low, 40, 4)
    words = [f"ring {bits(low, 45, 2)}"]
    if low & NOT_SYSTEM:
        code = kind & 8
        if code:
            words.append("code, " + ("64-bit" if low & LONG else "32-bit" if low & BIG else "16-bit"))
            words += ["readable"] if kind & 2 else ["execute only"]
            words += ["conforming"] if kind & 4 else []
        else:
            words.append("data")
            words += ["writable"] if kind & 2 else ["read-only"]
            words += ["expand-down"] if kind & 4 else []
        words += ["accessed"] if kind & 1 else []
    else:
        words = [SYSTEM_TYPES.get(kind, f"reserved type {kind:#x}")]
        base, limit = base_and_limit(low, high)
        words.append(f"base {base:#x}, limit {limit:#x}")
    if not low & PRESENT:
        words.append("not present")
    return ", ".join(words)


def words_at(address, count):
    memory = gdb.selected_inferior().read_memory(address, 8 * count)
    return [int.from_bytes(memory[i : i + 8], "little") for i in range(0, 8 * count, 8)]


def gdt_lines(processor):
    """The GDT that a processor uses, a line for each descriptor, with the registers that name it."""
    if not processor.has_own_gdt:
        raise Stopped(f"Processor {processor.number} has no GDT of the kernel's yet: GDTR is still as firmware or the "
                      f"boot code left it ({processor.gdt_base:#x}).")
    slots = (processor.gdt_limit + 1) // 8
    words = words_at(processor.gdt_base, slots)
    names = {}
    for name in ("CS", "SS", "DS", "ES", "FS", "GS"):
        names.setdefault(processor.selector(name) >> 3, []).append(name)
    if processor.has_tss:
        names.setdefault(processor.tr >> 3, []).append("TR")
    names.pop(0, None)
    yield (f"GDT of processor {processor.number} at {place_of(processor.gdt_base)}, limit {processor.gdt_limit:#x}: "
           f"{slots} slots")
    slot = 0
    while slot < slots:
        low, high = words[slot], words[slot + 1] if slot + 1 < slots else 0
        double = low and not low & NOT_SYSTEM and bits(low, 40, 4) in TWO_SLOTS
        users = f"    <- {', '.join(names[slot])}" if slot in names else ""
        yield f"    {8 * slot:#04x}  {low:016x}  {in_words(low, high if double else 0)}{users}"
        slot += 1
        if double and slot < slots:
            yield f"    {8 * slot:#04x}  {high:016x}  its second half"
            slot += 1


def place_of(address):
    """An address with the name of the variable there, if there is one."""
    return f"{address:#x} <{place(address)}>" if symbol_at(address) else f"{address:#x}"


def stack_of(top):
    """Whose stack ends at an address."""
    if top == 0:
        return "none"
    owner = next((task for task in tasks() if task.top == top), None)
    return f"the top of {owner}'s kernel stack" if owner else kernel_place(top - 1)


def tss_lines(processor):
    """The TSS that a processor uses: its stacks."""
    if not processor.has_tss:
        raise Stopped(f"Processor {processor.number} has no TSS: TR holds no selector. Chapter 1 loads one.")
    memory = bytes(gdb.selected_inferior().read_memory(processor.tss_base, 104))

    def field(offset):
        return int.from_bytes(memory[offset : offset + 8], "little")

    yield (f"TSS of processor {processor.number} at {place_of(processor.tss_base)}, limit {processor.tss_limit:#x}, "
           f"by selector {processor.tr:#x}")
    yield f"    rsp0    {field(4):#018x}  {stack_of(field(4))}: where ring 3 is left by an interrupt"
    for number in range(1, 8):
        top = field(36 + 8 * (number - 1))
        if top:
            yield f"    ist {number}   {top:#018x}  {ist_name(number)}"
    base = int.from_bytes(memory[102:104], "little")
    beyond = " (beyond the limit: no port for ring 3)" if base > processor.tss_limit else ""
    yield f"    io map  {base:#x}{beyond}"


def ist_name(number):
    """Which exception the kernel gives an interrupt stack to."""
    try:
        name = str(gdb.Value(number).cast(gdb.lookup_type("InterruptStack")))
    except gdb.error:
        return ""
    return name if name.startswith("k") else ""


def pcr_lines(processor):
    """A processor's PCR, word by word."""
    try:
        structure = gdb.lookup_type("ProcessorControlRegion")
    except gdb.error:
        raise Stopped("This kernel has no Processor Control Region: it comes with chapter 5.") from None
    address = processor.pcr()
    if address is None:
        raise Stopped(f"Processor {processor.number} has no Processor Control Region yet: GS leads to none.")
    region = gdb.Value(address).cast(structure.pointer()).dereference()
    where = "IA32_KERNEL_GS_BASE" if processor.gs_bases[0] != address else "GS base"
    yield f"PCR of processor {processor.number} at {place_of(address)}, by {where}"
    current = int(region["current"])
    owner = next((task for task in tasks() if task.address == current), None)
    yield f"    self         {int(region['self']):#x}"
    yield f"    current      {current:#x}  {owner or 'nobody yet'}"
    yield f"    scratch_rsp  {int(region['scratch_rsp']):#x}"
    yield f"    cpu          {int(region['cpu'])}"
    for name, used, by in (("gdt", processor.gdt_base, "GDTR"), ("tss", processor.tss_base, "TR")):
        here = int(region[name].address)
        yield f"    {name}          {here:#x}  {'in use' if here == used else f'not in use: {by} says {used:#x}'}"
    rsp0 = int(region["tss"]["rsp0"])
    yield f"    tss.rsp0     {rsp0:#x}  {stack_of(rsp0)}"
    if owner and not processor.in_ring3 and not owner.has_on_stack(processor.rsp - 1):
        yield f"    RSP is not on the kernel stack of {owner.name}."
