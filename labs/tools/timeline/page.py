"""The page: its parts, which lie beside this file, and the events put into one."""

import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = ("time", "cpu", "kind", "running", "on_stack_of", "rsp", "if", "published", "scratch")


def part(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def compact(document):
    """The document with each event as a row: what all have in the order of COLUMNS, then an object with the rest."""
    rows = []
    for event in document["events"]:
        rest = {key: value for key, value in event.items() if key not in COLUMNS and key != "n"}
        rows.append([event[key] for key in COLUMNS] + [rest])
    return document | {"columns": COLUMNS, "events": rows}


def page(document):
    """One file that needs no other: a browser opens it from the disk, without a network."""
    # In a script element only "</" could end the data early.
    data = json.dumps(compact(document), separators=(",", ":")).replace("</", "<\\/")
    text = part("timeline.html")
    for mark, replacement in (("/*STYLE*/", part("timeline.css")), ("/*SCRIPT*/", part("timeline.js")), ("/*DATA*/", data),
                              ("<!--STATE-->", document["state"])):
        text = text.replace(mark, replacement)
    return text
