"""The page: its parts, which lie beside this file, and the events put into one."""

import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
# JavaScript's numbers are exact up to 2^53 only, so addresses go as texts.
ADDRESSES = {"rsp", "scratch", "rip", "cr3", "stack_base", "stack_top"}
COLUMNS = ("time", "cpu", "kind", "running", "on_stack_of", "rsp", "if", "published", "scratch")


def part(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def texts(values):
    """A copy of an object with its addresses as texts."""
    return values and {k: f"{v:#x}" if k in ADDRESSES and v is not None else v for k, v in values.items()}


def compact(document):
    """The document with each event as a row: what all have in the order of COLUMNS, then an object with the rest."""
    rows = []
    for event in map(texts, document["events"]):
        rest = {key: value for key, value in event.items() if key not in COLUMNS and key != "n"}
        rows.append([event[key] for key in COLUMNS] + [rest])
    return document | {"columns": COLUMNS, "events": rows, "panic": texts(document["panic"]),
                       "tasks": [texts(task) for task in document["tasks"]]}


def page(document):
    """One file that needs no other: a browser opens it from the disk, without a network."""
    # In a script element only "</" could end the data early.
    data = json.dumps(compact(document), separators=(",", ":")).replace("</", "<\\/")
    text = part("timeline.html")
    for mark, replacement in (("/*STYLE*/", part("timeline.css")), ("/*SCRIPT*/", part("timeline.js")),
                              ("<!--STATE-->", document["state"]), ("/*DATA*/", data)):
        text = text.replace(mark, replacement)
    return text
