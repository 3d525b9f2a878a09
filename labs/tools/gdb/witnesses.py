"""Who is running? The three answers that a sound kernel gives alike: CR3, RSP and the published stack."""

import gdb
from kernel import Stopped, cr3, register, running_task, task_of_stack, tasks, variable


def published_stack():
    """On which stack a system call or interrupt of ring 3 would enter: what says so, and the address. None before
    chapter 1, which has no ring 3."""
    stack = variable("CURRENT_KERNEL_STACK")
    if stack is not None:
        return "CURRENT_KERNEL_STACK", stack
    for expression in ("tss.rsp0", "boot_pcr.tss.rsp0"):
        try:
            return expression, int(gdb.parse_and_eval(expression))
        except gdb.error:
            pass
    return None


def stack_in_words(top):
    """The top of a kernel stack, as whose it is."""
    owner = next((task for task in tasks() if task.top == top), None)
    return f"{top:#x}, the top of {owner}'s" if owner else f"{top:#x}, nobody's"


class Witnesses:
    """What the three say where the machine stands."""

    def __init__(self):
        self.in_ring3 = register("cs") & 3 == 3
        self.rsp = register("rsp")
        self.space = cr3()
        self.runner = running_task()
        # An empty stack is its owner's, too.
        self.stack_owner = None if self.in_ring3 else task_of_stack(self.rsp - 1)
        self.published = published_stack()

    def runner_in_words(self):
        if self.runner:
            return str(self.runner)
        owner = self.stack_owner
        if owner and owner.cr3 == self.space:
            return f"{owner}, a kernel thread"
        return "the kernel's own, which all kernel threads have"

    def stack_in_words(self):
        if self.in_ring3:
            return "the program's, in ring 3"
        if self.rsp < 1 << 47:
            return "the program's, still, in ring 0"
        return f"{self.stack_owner}'s kernel stack" if self.stack_owner else "nobody's kernel stack"

    def disagreement(self):
        """What is wrong, in words; empty when nothing is."""
        if self.stack_owner and self.space != self.stack_owner.cr3:
            who = self.runner.name if self.runner else "the kernel"
            return f"CR3 and RSP disagree: {who} runs, on the kernel stack of {self.stack_owner.name}."
        if self.runner and self.published and self.published[1] != self.runner.top:
            return (f"The published stack is not {self.runner.name}'s. That is sound only between schedule()'s "
                    "publishing and the switch.")
        return ""

    def lines(self):
        """The three, and in the last line what to think of it."""
        yield f"    address space (CR3)    {self.space:#x}  {self.runner_in_words()}"
        yield f"    stack (RSP)            {self.rsp:#x}  {self.stack_in_words()}"
        if self.published:
            name, top = self.published
            yield f"    {name:22} {stack_in_words(top)}"
        if self.disagreement():
            yield f"    {self.disagreement()}"


def task_of(text):
    """The task that the user means by a name or pid. Stopped when there is none."""
    found = next((task for task in tasks() if text in (task.name, str(task.pid))), None)
    if not found:
        names = ", ".join(str(task) for task in tasks())
        raise Stopped(f'There is no task "{text}" here; there are: {names or "none yet"}.')
    return found
