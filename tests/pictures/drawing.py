"""Boxes of plain text: fields side by side, and words one above the other."""


def boxes(cells, indent=0):
    """Fields side by side. A cell is (left ruler, right ruler, lines of text); a ruler's text stands above the box."""
    height = max(len(lines) for _, _, lines in cells)
    widths = []
    for left, right, lines in cells:
        ruler = len(left) + len(right) + (1 if left and right else 0)
        widths.append(max([ruler] + [len(line) + 2 for line in lines]))
    ruler = " "
    for (left, right, _), width in zip(cells, widths):
        ruler += (left + right.rjust(width - len(left)) if right else left.center(width)) + " "
    edge = "+" + "+".join("-" * width for width in widths) + "+"
    rows = []
    for row in range(height):
        texts = [lines[row] if row < len(lines) else "" for _, _, lines in cells]
        rows.append("|" + "|".join(text.center(width) for text, width in zip(texts, widths)) + "|")
    return [" " * indent + line for line in ([ruler.rstrip()] if ruler.strip() else []) + [edge] + rows + [edge]]


def bit_fields(fields, indent=0):
    """A register's or descriptor's fields, (highest bit, lowest bit, text), the highest first. All bits, each once."""
    expected = fields[0][0]
    for high, low, text in fields:
        assert high == expected and low <= high, f"{text}: bits {high}:{low} do not follow bit {expected + 1}"
        expected = low - 1
    assert expected == -1, f"bits {expected}:0 are missing"
    return boxes([(str(high), str(low) if low != high else "", text.split("\n")) for high, low, text in fields], indent)


def tower(rows, top="", bottom="", width=0):
    """Words one above the other. A row is (text left of the box, text in it, text right of it); None is a line across.
    `top` and `bottom` stand left of the box's edges."""
    margin = max([len(row[0]) for row in rows if row] + [len(top), len(bottom)])
    width = max([len(row[1]) for row in rows if row] + [width])
    edge = "+" + "-" * (width + 2) + "+"
    lines = [f"{top:>{margin}} {edge}"]
    for row in rows:
        lines.append(f"{'':>{margin}} {edge}" if row is None else f"{row[0]:>{margin}} | {row[1]:<{width}} | {row[2]}")
    lines.append(f"{bottom:>{margin}} {edge}")
    return [line.rstrip() for line in lines]


def side_by_side(left, right, gap=4):
    """Two pictures, their last lines level."""
    height = max(len(left), len(right))
    left, right = [[""] * (height - len(lines)) + lines for lines in (left, right)]
    width = max(len(line) for line in left) + gap
    return [(one.ljust(width) + other).rstrip() for one, other in zip(left, right)]
