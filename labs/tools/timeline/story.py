"""The chain of moments that led to a corruption, found in the events: where each began, and what it meant."""

from events import corruption, from_ring_3, panic

NAMES = {0: "#DE", 1: "#DB", 2: "NMI", 3: "#BP", 6: "#UD, invalid opcode", 8: "#DF, double fault", 11: "#NP", 12: "#SS",
         13: "#GP, general protection", 14: "#PF, page fault"}


def last(events, before, condition):
    """The last event before number `before` for which the condition holds, or None."""
    return next((events[n] for n in range(before - 1, -1, -1) if condition(events[n])), None)


def first(events, after, condition):
    return next((e for e in events[after + 1:] if condition(e)), None)


def is_switch(event, source, target):
    return event["kind"] == "switch" and event["from"] == source and event["to"] == target


def before_the_entry(events, entry, victim, culprit, name):
    """What made the culprit enter on the victim's stack: the tick and its surroundings, if there was one."""
    tick = last(events, entry["n"], lambda e: e["kind"] == "interrupt-enter" and e["ring"] == 0
                and e["running"] == victim == e["on_stack_of"] and e["published"] not in (victim, None))
    published = last(events, entry["n"], lambda e: e["kind"] == "publish" and e["to"] == victim)
    if not tick or not published or published["n"] < tick["n"]:
        if published:
            yield (published, "the wrong stack is published",
                   f"CPU {published['cpu']} publishes {name(victim)}'s kernel stack, in words that every processor "
                   f"uses.")
        return
    came = last(events, tick["n"], lambda e: e["kind"] == "switch" and e["to"] == victim)
    if came and came["if"]:
        yield (came, "interrupts stay on",
               f"{name(came['from'])}, which runs with interrupts on, switches to {name(victim)}. The switch does not "
               f"change the interrupt flag: {name(victim)} goes on in its system call with interrupts on.")
    other = last(events, tick["n"], lambda e: e["kind"] == "publish" and e["running"] == victim)
    if other:
        yield (other, "the window opens",
               f"{name(victim)} wants to give the processor to {name(other['to'])} and publishes that one's kernel "
               f"stack. Until the switch itself the processor still runs {name(victim)}.")
    yield (tick, "a tick in the window",
           f"A timer tick comes between the publication and the switch, on {name(victim)}'s kernel stack.")
    away = first(events, tick["n"], lambda e: e["kind"] == "switch" and e["from"] == victim)
    if away and away["n"] < published["n"]:
        yield (away, "the tick switches away", f"The tick's own schedule() gives the processor to {name(away['to'])}. "
               f"The interrupted one waits on {name(victim)}'s stack.")
    yield (published, "back, and published anew",
           f"{name(published['running'])} gives the processor back to {name(victim)} and publishes "
           f"{name(victim)}'s stack, as it should.")
    wrong = last(events, entry["n"], lambda e: is_switch(e, victim, culprit) and e["published"] == victim)
    if wrong:
        yield (wrong, "the interrupted switch goes on",
               f"The interrupted schedule() goes on where it was: it switches to {name(culprit)}. But published "
               f"is still {name(victim)}'s stack: that publication was undone while it waited.")


def after_the_entry(events, entry, victim, culprit, name):
    """What came of it, up to the panic."""
    died = panic(events)
    end = died["n"] if died else len(events)
    back = first(events, entry["n"], lambda e: e["kind"] == "switch" and e["to"] == victim
                 and e["on_stack_of"] != victim)
    if back and back["n"] < end:
        yield (back, f"{name(victim)} comes back",
               f"{name(victim)} is resumed on its stack, where {name(culprit)}'s registers lie in place of its own.")
        leave = first(events, back["n"], lambda e: e["kind"] == "syscall-leave" and e["running"] == victim)
        if leave and leave["n"] < end:
            yield (leave, f"{name(victim)} leaves with {name(culprit)}'s frame",
                   f"{name(victim)} returns from a system call that {name(culprit)} made, to the address where "
                   f"{name(culprit)} would go on, in its own address space.")
    if died:
        what = NAMES.get(died["vector"], f"vector {died['vector']}") if died["vector"] is not None else "a check failed"
        who = name(died["pid"]) if died["pid"] is not None else "the kernel"
        yield (events[died["n"]], "the panic", f"{who} was at {died['rip']:#x}: {what}. The kernel stops.")


def story(tasks, events):
    """The chain as a list of {"n", "title", "text"}, in the order of the events; only the panic, or nothing, when no
    stack was used by two."""
    names = {task["pid"]: task["name"] for task in tasks}

    def name(pid):
        return names.get(pid, "nobody" if pid is None else f"pid {pid}")

    start = corruption(events)
    if start is None:
        chain = list(after_the_entry(events, {"n": len(events)}, None, None, name))
    else:
        entry = events[start]
        assert from_ring_3(entry)
        victim, culprit = entry["on_stack_of"], entry["running"]
        how = f"system call {entry['number']}, {entry['name']}" if entry["kind"] == "syscall-enter" else "an interrupt"
        here = (entry, "the corruption",
                f"{name(culprit)} enters the kernel ({how}) on {name(victim)}'s kernel stack, because that is the one "
                f"published. What it saves there overwrites what {name(victim)} had saved.")
        chain = [*before_the_entry(events, entry, victim, culprit, name), here,
                 *after_the_entry(events, entry, victim, culprit, name)]
    return [{"n": event["n"], "title": title, "text": text} for event, title, text in chain]
