"""How gdb prints the kernel's own types: `print *task` is one line with what matters, `print/r` is the raw thing."""

import gdb
from kernel import place


def text_of(array):
    """A std::array of characters, up to its null."""
    return array["_M_elems"].string(errors="replace")


class Line:
    """A printer whose type is worth one line."""

    def __init__(self, value, line):
        self.value, self.line = value, line

    def to_string(self):
        return self.line(self.value)


class Fields:
    """A printer that says in one line what a structure is and then shows its registers as numbers and names of code."""

    def __init__(self, value, line):
        self.value, self.line = value, line

    def to_string(self):
        return self.line(self.value)

    def children(self):
        for field in self.value.type.fields():
            number = int(self.value[field.name]) & (2**64 - 1)
            where = place(number) if field.name == "rip" and number >> 47 else ""
            yield field.name, f"{number:#x} <{where}>" if where else f"{number:#x}"


class Array:
    """std::array: its elements, or text if they are characters."""

    def __init__(self, value, _line):
        self.value = value
        self.is_text = value.type.template_argument(0).sizeof == 1

    def to_string(self):
        return f'"{text_of(self.value)}"' if self.is_text else None

    def children(self):
        if not self.is_text:
            elements = self.value["_M_elems"]
            low, high = elements.type.strip_typedefs().range()
            for index in range(low, high + 1):
                yield f"[{index}]", elements[index]

    def display_hint(self):
        return None if self.is_text else "array"


def address(value):
    return f"{int(value['value']):#x}"


def enumerator(value):
    """kRunnable, from TaskState::kRunnable."""
    return str(value).rsplit("::", maxsplit=1)[-1]


def task(value):
    top, space = int(value["kstack_top"]), int(value["cr3"])
    return (f"{text_of(value['name'])} (pid {int(value['pid'])}), {enumerator(value['state'])}, CR3 {space:#x}, "
            f"kernel stack ends at {top:#x}")


def result(value):
    error = value["error_"]
    names = [field.name for field in value.type.fields()]
    failed = not bool(value["ok_"]) if "ok_" in names else int(error) != 0
    if failed:
        return f"error {enumerator(error)}"
    fields = [field for field in value.type.fields() if field.name != "error_"]
    if "value_" in names:
        return f"ok, {value['value_']}"
    inner = next((f for f in fields if f.type.code == gdb.TYPE_CODE_UNION), None)
    return f"ok, {value[inner]['value_']}" if inner else "ok"


def reference(value):
    where = value["object_"]
    return "nothing" if not int(where) else f"{where.dynamic_type} {int(where):#x}"


def interrupt(value):
    return (f"vector {int(value['vector']):#x} in ring {int(value['cs']) & 3}, at "
            f"{place(int(value['rip']))}")


def tss(value):
    stacks = value["ist"]["_M_elems"]
    used = [f"ist {i + 1} {int(stacks[i]):#x}" for i in range(7) if int(stacks[i])]
    return ", ".join([f"rsp0 {int(value['rsp0']):#x}", *used])


def region(value):
    allowed = value["protection"]
    return (f"{int(value['start']):#x}-{int(value['end']):#x} r{'w' if allowed['write'] else '-'}"
            f"{'x' if allowed['execute'] else '-'}")


def address_space(value):
    regions = value["regions_"]["_M_elems"]
    used = [region(regions[index]) for index in range(int(value["region_count_"]))]
    return f"CR3 {int(value['root_']['value']):#x}, regions: {', '.join(used) or 'none'}"


def wait_queue(value):
    names, sleeper = [], value["head_"]
    while int(sleeper):
        names.append(text_of(sleeper["name"]))
        sleeper = sleeper["wait_link"]
    return f"asleep: {', '.join(names)}" if names else "nobody sleeps"


def run_queue(value):
    """Its tasks in the order of their turns, the head first. The list is circular."""
    head, names = value["head_"], []
    node = head
    while int(node) and len(names) < 100:
        names.append(text_of(node["name"]))
        node = node["next"]
        if node == head:
            break
    return " -> ".join(names) or "not in use yet"


PRINTERS = {
    "PhysAddr": (Line, lambda v: "physical " + address(v)),
    "VirtAddr": (Line, lambda v: "virtual " + address(v)),
    "UserPtr": (Line, lambda v: f"user {int(v['address']):#x}"),
    "Task": (Line, task),
    "Result": (Line, result),
    "Ref": (Line, reference),
    "Region": (Line, region),
    "AddressSpace": (Line, address_space),
    "TaskStateSegment": (Line, tss),
    "WaitQueue": (Line, wait_queue),
    "RunQueue": (Line, run_queue),
    "InterruptFrame": (Fields, interrupt),
    "SyscallFrame": (Fields, lambda v: f"returns to {int(v['rcx']):#x} in ring 3"),
    "Context": (Fields, lambda v: f"goes on at {place(int(v['rip']))}"),
    "std::array": (Array, None),
}


def printer_of(value):
    """For gdb: what prints this value, or None for what gdb prints itself."""
    kind = value.type.strip_typedefs().unqualified()
    if kind.code not in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION) or not kind.name:
        return None
    made = PRINTERS.get(kind.name.split("<")[0])
    return made[0](value, made[1]) if made else None


def install():
    """Makes gdb use them."""
    if printer_of not in gdb.pretty_printers:
        gdb.pretty_printers.append(printer_of)
