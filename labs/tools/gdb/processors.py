"""The processors' system registers, which QEMU's stub has not: QEMU's monitor prints them."""

import contextlib
import re

import gdb
from kernel import PAGE, Stopped, register

KERNEL_HALF = 1 << 63


def count():
    """How many processors the machine has."""
    return len(gdb.selected_inferior().threads())


@contextlib.contextmanager
def selected(number):
    """gdb looks at this processor meanwhile. QEMU's stub calls processor n thread n+1."""
    before = gdb.selected_thread()
    thread = next((t for t in gdb.selected_inferior().threads() if t.num == number + 1), None)
    if not before:
        raise Stopped("The machine does not run: there is nothing to look at.")
    if not thread:
        raise Stopped(f"There is no processor {number}: the machine has {count()}, from 0.")
    thread.switch()
    try:
        yield
    finally:
        before.switch()


class Processor:
    """What the monitor says about one processor."""

    def __init__(self, number):
        self.number = number
        with selected(number):
            self.in_ring3 = register("cs") & 3 == 3
            self.rip, self.rsp = register("pc"), register("rsp")
            self.gs_bases = register("gs_base"), register("k_gs_base")
        text = gdb.execute("monitor info registers -a", to_string=True)
        # "CPU#0" and what follows up to the next one.
        parts = re.split(r"CPU#(\d+)", text)
        self._text = dict(zip(parts[1::2], parts[2::2])).get(str(number), text)
        self.gdt_base, self.gdt_limit = self._table("GDT")
        self.idt_base, self.idt_limit = self._table("IDT")
        self.tr, self.tss_base, self.tss_limit = self._segment("TR ")
        self.cr0, self.cr3, self.cr4 = (self._number(rf"\b{name}=([0-9a-f]+)") for name in ("CR0", "CR3", "CR4"))

    def _number(self, pattern):
        found = re.search(pattern, self._text)
        if not found:
            raise Stopped("QEMU's monitor does not say what the registers are.")
        return int(found[1], 16)

    def _table(self, name):
        return self._number(rf"{name}= *([0-9a-f]+)"), self._number(rf"{name}= *[0-9a-f]+ ([0-9a-f]+)")

    def _segment(self, name):
        return (self._number(rf"{name}=([0-9a-f]+)"), self._number(rf"{name}=[0-9a-f]+ ([0-9a-f]+)"),
                self._number(rf"{name}=[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+)"))

    def selector(self, name):
        """The selector in CS, SS, DS, ES, FS or GS."""
        return self._segment(f"{name} ")[0]

    @property
    def paging(self):
        return bool(self.cr0 >> 31)

    @property
    def has_tss(self):
        """Whether the kernel has loaded a TSS; firmware leaves TR with a null selector."""
        return self.tr & ~7 != 0

    @property
    def has_own_gdt(self):
        """Whether the GDT is the kernel's: the boot code's and the firmware's lie at low addresses."""
        return self.gdt_base >= KERNEL_HALF

    def runs(self, task):
        """Whether it runs a task: in its address space, and in ring 0 on its kernel stack."""
        if self.cr3 & -PAGE != task.cr3:
            return False
        return task.pid > 0 if self.in_ring3 else task.has_on_stack(self.rsp - 1)

    def pcr(self):
        """The address of its Processor Control Region, which names itself; None before it has one. It is in GS in
        ring 0 and waits in IA32_KERNEL_GS_BASE in ring 3, and there are moments in between."""
        for base in self.gs_bases:
            if base >= KERNEL_HALF:
                with contextlib.suppress(gdb.MemoryError):
                    if int.from_bytes(gdb.selected_inferior().read_memory(base, 8), "little") == base:
                        return base
        return None


def everyone():
    """All processors."""
    return [Processor(number) for number in range(count())]


def named(text):
    """The processor that the user means: a number, or the one that gdb looks at."""
    if text and not text.isdigit():
        raise Stopped(f'"{text}" is not the number of a processor.')
    if not gdb.selected_thread():
        raise Stopped("The machine does not run: there is nothing to look at.")
    return Processor(int(text) if text else gdb.selected_thread().num - 1)


def physical_word(address):
    """The 64-bit word at a physical address, whatever is mapped."""
    text = gdb.execute(f"monitor xp /1gx {address:#x}", to_string=True)
    found = re.search(r": *(0x[0-9a-f]+)", text)
    if not found:
        raise Stopped(f"There is no memory at the physical address {address & -PAGE:#x}.")
    return int(found[1], 16)
