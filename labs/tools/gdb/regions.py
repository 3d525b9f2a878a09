"""What lies where: the kernel's half of every address space (arch/x86_64/layout.h) and the regions of a task's own."""

from kernel import KERNEL_STACK_SIZE, Stopped, address_of, place, symbol_at, tasks

# One slot of the top page table, 512 GiB, for each purpose. The kernel's constants are not among gdb's symbols.
SLOT = 1 << 39
DIRECT_MAP = 0xFFFF_8000_0000_0000
STACK_REGION = 0xFFFF_C000_0000_0000
DEVICE_REGION = 0xFFFF_D000_0000_0000
IMAGE = 0xFFFF_FFFF_8000_0000
USER_LIMIT = 0x7FFF_FFFF_F000


def user_regions(task):
    """The address space of a task: (start, end, write, execute, heap) of each region."""
    space = task.object["space"]["object_"]
    if not int(space):
        return
    heap = int(space["heap_start_"])
    regions = space["regions_"]["_M_elems"]
    for index in range(int(space["region_count_"])):
        region = regions[index]
        allowed = region["protection"]
        yield (int(region["start"]), int(region["end"]), bool(allowed["write"]), bool(allowed["execute"]),
               int(region["start"]) == heap)


def region_in_words(region):
    """One of user_regions(), as in 0x10000 to 0x1d000: the program may read and execute."""
    start, end, write, execute, heap = region
    rights = "read" + (", write" if write else "") + (", execute" if execute else "")
    return f"{start:#x} to {end:#x}: {rights}{', the heap' if heap else ''}"


def user_place(address, space):
    """Which region of the address space with this CR3 an address is in."""
    task = next((task for task in tasks() if task.cr3 == space and task.pid > 0), None)
    if not task:
        return "the user's half, and no program's address space is in use"
    region = next((r for r in user_regions(task) if r[0] <= address < r[1]), None)
    if not region:
        return f"no region of {task}: the program may not touch it"
    return f"region of {task}, {region_in_words(region)}"


def kernel_place(address):
    """What an address of the kernel's half is for."""
    if DIRECT_MAP <= address < DIRECT_MAP + 128 * SLOT and address < STACK_REGION:
        return f"the direct map, physical address {address - DIRECT_MAP:#x}"
    if STACK_REGION <= address < STACK_REGION + SLOT:
        owner = next((task for task in tasks() if task.has_on_stack(address)), None)
        if owner:
            return f"the kernel stack of {owner}"
        above = next((task for task in tasks() if task.base - KERNEL_STACK_SIZE <= address < task.base), None)
        if above:
            return f"the guard below the kernel stack of {above}"
        return "a stack of no task's, as those of interrupts (IST), or its guard"
    if DEVICE_REGION <= address < DEVICE_REGION + SLOT:
        return "a device's registers"
    if address >= IMAGE:
        for start, end, what in (("text_start", "text_end", "text"), ("rodata_start", "rodata_end", "constants"),
                                 ("data_start", "kernel_end", "data")):
            try:
                if address_of(start) <= address < address_of(end):
                    return f"the kernel's {what}" + (f", {place(address)}" if symbol_at(address) else "")
            except Stopped:
                break
        return "the kernel's image, or beyond it"
    return "no part of the kernel's half that is in use"


def place_in_words(address, space):
    """Either of the two."""
    return user_place(address, space) if address < 1 << 47 else kernel_place(address)
