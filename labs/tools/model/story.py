"""A counterexample in the kernel's terms: numbered sentences with the names of the functions in the sources."""

import collections
import re

NAMES = {0: "klogd", 1: "sh", 2: "init", 3: "the idle task"}
CALLS = {1: "read()", 2: "sched_yield()"}
# Where in the sources a processor is that comes to this step next.
PLACES = {"publish": "schedule()", "entry_state": "schedule() behind publish_kernel_stack()",
          "user_state": "switch_user_state()", "switch_context": "switch_context", "load_rsp": "switch_context",
          "load_cr3": "switch_context", "switch_return": "switch_context", "schedule": "schedule()",
          "sys_read": "tty_wait_for_input()", "syscall_exit": "syscall_exit", "interrupt_exit": "interrupt_exit",
          "interrupt_dispatch": "interrupt_dispatch()", "irq_disable": "idle_loop()", "klogd_yield": "idle_loop()"}

Step = collections.namedtuple("Step", "n cpu kind running stack published iflag about rip")
Step.__doc__ = """A line that the model prints: its number, the processor, what happened there, whose address space it
is in, whose kernel stack it is on, whose stack is published, IF, whom or what it is about, and the model's step."""


def steps(lines):
    """The steps among the lines that spin prints along a counterexample."""
    found = []
    for line in lines:
        match = re.search(r"@ (\d) (\w+) running=(\d) stack=(\d) published=(\d) if=(\d) about=(\d) (\w+)", line)
        if match:
            found.append(Step(len(found), int(match[1]), match[2], *map(int, match.groups()[2:7]), match[8]))
    return found


class Story:
    """Tells the steps one after the other. Two that belong together and follow each other make one sentence."""

    def __init__(self, found):
        self.all = found
        self.steps = [step for step in found if hasattr(self, step.kind)]
        self.in_handler = set()  # processors on which a tick's handler has not called schedule() yet
        self.published_only = set()  # tasks whose schedule() has published, and not switched yet

    def following(self, index):
        """The step behind this one, if it is on the same processor."""
        step = self.steps[index + 1] if index + 1 < len(self.steps) else None
        return step if step and step.cpu == self.steps[index].cpu else None

    def caller(self, step):
        """Who calls schedule(), as the beginning of a sentence."""
        if step.cpu in self.in_handler:
            self.in_handler.remove(step.cpu)
            return "Its handler calls schedule()"
        stack = "" if step.stack == step.running else f", on {NAMES[step.stack]}'s kernel stack,"
        return f"{NAMES[step.running]} (IF={step.iflag}){stack} calls schedule()"

    def who_comes(self, step):
        """Who gets the processor, and whose IF, if it was in the kernel and goes on with interrupts on."""
        text = f"gives the processor to {NAMES[step.about]}"
        first = next((other for other in self.all[step.n + 1:] if other.cpu == step.cpu), None)
        if step.about in CALLS and step.iflag and first and first.iflag and first.kind not in ("iret_done", "panic"):
            text += f", which goes on with IF=1, as {NAMES[step.running]} had it"
        return text

    def published(self, step, index):
        text = f"{self.caller(step)}, which publishes {NAMES[step.about]}'s stack"
        following = self.following(index)
        if following and following.kind == "switched":
            return f"{text}; switch_context {self.who_comes(following)}.", 2
        self.published_only.add(step.stack)
        return f"{text}. {NAMES[step.running]} still runs.", 1

    def switched(self, step, _):
        if step.stack not in self.published_only:
            return f"{self.caller(step)}; switch_context {self.who_comes(step)}. {NAMES[step.published]}'s stack " \
                   f"stays published.", 1
        self.published_only.remove(step.stack)
        if step.about == step.published:
            return f"switch_context {self.who_comes(step)}.", 1
        return f"The interrupted schedule() goes on where it was: switch_context({NAMES[step.stack]}, " \
               f"{NAMES[step.about]}) {self.who_comes(step)}, with {NAMES[step.published]}'s stack still published.", 1

    def interrupt_enter(self, step, _):
        self.in_handler.add(step.cpu)
        if step.about != 0:
            return f"A tick in ring 3, in {NAMES[step.running]}; the processor takes the published stack, " \
                   f"{NAMES[step.stack]}'s.", 1
        text = f"A tick, in {PLACES[step.rip]}: IF is 1. Its handler runs on {NAMES[step.stack]}'s kernel stack"
        if step.stack != step.published:
            text += f", while {NAMES[step.published]}'s is published"
        return f"{text}.", 1

    def interrupt_leave(self, step, _):
        self.in_handler.discard(step.cpu)
        return f"schedule() returns in the tick's handler, on {NAMES[step.stack]}'s kernel stack, and the handler " \
               f"into what it had interrupted.", 1

    def syscall_enter(self, step, _):
        who, owner = NAMES[step.running], NAMES[step.stack]
        if step.stack == step.running:
            return f"{who} calls {CALLS[step.running]}: syscall_entry takes the published stack, {who}'s own.", 1
        return f"{who} calls {CALLS[step.running]}: syscall_entry takes the published stack, {owner}'s, and its " \
               f"pushes overwrite {owner}'s frame. current() says {owner} from now on.", 1

    def sysret_done(self, step, index, how="sysretq"):
        text = f"{how} takes {NAMES[step.running]} to ring 3."
        following = self.following(index)
        if following and following.kind == "syscall_enter":
            return f"{text} {self.syscall_enter(following, index + 1)[0]}", 2
        return text, 1

    def iret_done(self, step, index):
        return self.sysret_done(step, index, "iretq")

    def panic(self, step, _):
        how = "sysretq" if step.rip == "sysret" else "iretq"
        return f"{how} takes {NAMES[step.running]} to ring 3 with the return address of {NAMES[step.about]}: " \
               f"the panic.", 1

    def sentences(self):
        """The sentences in their order, each with the processor it is about."""
        index, text = 0, []
        while index < len(self.steps):
            step = self.steps[index]
            line, used = getattr(self, step.kind)(step, index)
            text.append((step.cpu, line))
            index += used
        return text


def tell(found, cpus):
    """The story, a numbered line for each sentence."""
    return [f"{number:>3}. " + (f"CPU {cpu}: " if cpus > 1 else "") + line
            for number, (cpu, line) in enumerate(Story(found).sentences(), 1)]
