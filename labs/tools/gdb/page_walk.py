"""The way of an address through the page tables, as the processor goes it (Intel SDM 3A, 4.5)."""

from processors import physical_word
from regions import place_in_words

LEVELS = ("PML5E", "PML4E", "PDPTE", "PDE", "PTE")
ADDRESS = 0x000F_FFFF_FFFF_F000
PRESENT, WRITABLE, USER, LARGE, NO_EXECUTE = 1, 1 << 1, 1 << 2, 1 << 7, 1 << 63
# Bit 9 is free for software: this kernel's mark for copy on write.
FLAGS = ((3, "write-through"), (4, "not cached"), (5, "accessed"), (8, "global"), (9, "copy on write"))
SIZES = {"PDPTE": "1 GiB", "PDE": "2 MiB", "PTE": "4 KiB"}


def flags_in_words(entry, maps):
    """The bits of an entry; `maps` says that it is the last one, which maps memory."""
    if not entry & PRESENT:
        return "not present"
    words = ["writable" if entry & WRITABLE else "read-only", "user" if entry & USER else "kernel"]
    words += [word for bit, word in FLAGS if entry >> bit & 1 and (maps or bit < 8)]
    words += ["dirty"] if maps and entry >> 6 & 1 else []
    words += ["no execute"] if entry & NO_EXECUTE else []
    return ", ".join(words)


def canonical(address, levels):
    sign = address >> (12 + 9 * levels - 1)
    return sign == 0 or sign == (1 << (65 - 12 - 9 * levels)) - 1


def lines(address, processor):
    """The walk from CR3, a line for each entry, and what comes of it."""
    levels = 5 if processor.cr4 >> 12 & 1 else 4
    yield f"{address:#x} by CR3={processor.cr3:#x} of processor {processor.number}"
    if not processor.paging:
        yield "    paging is off: this is the physical address"
        return
    if not canonical(address, levels):
        yield "    is not canonical: bits 63 to 47 differ, so using it is #GP"
        return
    table, rights = processor.cr3 & ADDRESS, [True, True, True]
    for level in range(levels, 0, -1):
        name = LEVELS[-level]
        shift = 12 + 9 * (level - 1)
        index = address >> shift & 511
        entry = physical_word(table + 8 * index)
        maps = level == 1 or (level <= 3 and entry & LARGE)
        yield f"    {name:5} {index:3} at {table + 8 * index:#11x}: {entry:#018x}  {flags_in_words(entry, maps)}"
        if not entry & PRESENT:
            yield "    nothing is mapped: a page fault"
            break
        here = (entry & USER, entry & WRITABLE, not entry & NO_EXECUTE)
        rights = [above and bool(allowed) for above, allowed in zip(rights, here)]
        if maps:
            span = 1 << shift
            physical = (entry & ADDRESS & -span) + address % span
            user, write, execute = rights
            yield f"    physical address {physical:#x}, in a page of {SIZES[name]}"
            yield (f"    {'ring 3 and ring 0' if user else 'ring 0 only'}: read{', write' if write else ''}"
                   f"{', execute' if execute else ''}")
            break
        table = entry & ADDRESS
    yield f"    {place_in_words(address, processor.cr3 & ADDRESS)}"
