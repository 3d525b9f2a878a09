"""What gdb can read of Trapline: its tasks, its memory, and where an address lies, in words. Talks to nobody."""

import collections

import gdb

PAGE = 4096
KERNEL_STACK_SIZE = 16 * 1024


class Stopped(Exception):
    """The hunt can't go on; the text is the one line that the user gets."""


class Task(collections.namedtuple("Task", "name pid cr3 top address")):
    """What never changes of the kernel's Task at `address`: name, pid, CR3, first address above its kernel stack."""

    @property
    def object(self):
        return gdb.Value(self.address).cast(gdb.lookup_type("Task").pointer()).dereference()

    @property
    def rsp(self):
        """Where its Context lies while it does not run."""
        return int(self.object["rsp"])

    @property
    def base(self):
        return self.top - KERNEL_STACK_SIZE

    def has_on_stack(self, address):
        return self.base <= address < self.top

    def __str__(self):
        return f"{self.name} (pid {self.pid})"


def tasks():
    """Every task there is, in the order of their making."""
    found = []
    task = gdb.parse_and_eval("all_tasks")
    while int(task) != 0:
        name = task["name"]["_M_elems"].string(errors="replace")
        found.append(Task(name, int(task["pid"]), int(task["cr3"]), int(task["kstack_top"]), int(task)))
        task = task["next_task"]
    return found


def task_named(name):
    return next((task for task in tasks() if task.name == name), None)


def running_task():
    """The user task whose address space is in use. Asked of CR3: kernel variables may be what is wrong."""
    return next((task for task in tasks() if task.cr3 == cr3() and task.pid > 0), None)


def task_of_stack(address):
    """The task on whose kernel stack an address lies, which is what the kernel's current() would answer."""
    return next((task for task in tasks() if task.has_on_stack(address)), None)


def register(name):
    return int(gdb.parse_and_eval(f"(unsigned long)${name}")) & (2**64 - 1)


def cr3():
    return register("cr3") & ~(PAGE - 1)


def read_word(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, 8), "little")


def variable(name):
    """The value of a 64-bit global, or None when this kernel has none of that name."""
    try:
        return int(gdb.parse_and_eval(f"*(unsigned long*)&{name}"))
    except gdb.error:
        return None


def address_of(name):
    """The address of a function or label, past its prologue if gdb knows one."""
    try:
        return int(gdb.parse_and_eval(f"(unsigned long)&{name}"))
    except gdb.error:
        raise Stopped(f"This kernel has no {name}, which that of chapter 3 has.") from None


def symbol_at(address):
    """The symbol that an address belongs to and the distance from it, as in ("syscall_entry", 14), or None."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    if " in section " not in text:
        return None
    name, _, offset = text.split(" in section ")[0].rpartition(" + ")
    return (name, int(offset)) if name else (offset, 0)


def function_name(symbol):
    """A symbol's name without its namespace, arguments and those of its template."""
    return symbol.replace("(anonymous namespace)::", "").split("(")[0].split("<")[0].split()[-1]


def place(address):
    """An address in words: syscall_entry+14."""
    symbol = symbol_at(address)
    if not symbol:
        return f"{address:#x}"
    name, offset = symbol
    return f"{function_name(name)}+{offset}" if offset else function_name(name)


def call_place(back):
    """The same for a return address: a call can be a function's last instruction."""
    symbol = symbol_at(back - 1)
    return f"{function_name(symbol[0])}+{symbol[1] + 1}" if symbol else f"{back:#x}"


Instruction = collections.namedtuple("Instruction", "address length text")


def instructions(start, end):
    """The instructions from `start` on, as far as they begin before `end`."""
    listing = gdb.selected_inferior().architecture().disassemble(start, end - 1)
    return [Instruction(i["addr"], i["length"], " ".join(i["asm"].split())) for i in listing]


def instruction_holding(address):
    """The instruction that the byte at `address` belongs to, decoded from the start of its function, or None."""
    symbol = symbol_at(address)
    if not symbol:
        return None
    return instructions(address - symbol[1], address + 1)[-1]
