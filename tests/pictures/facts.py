"""What facts.cpp says of one state."""

import re


class Facts:
    """Values, bits and members by their names in facts.cpp."""

    def __init__(self, path):
        self.values, self.bits, self.structures = {}, {}, {}
        with open(path, encoding="utf-8") as file:
            text = file.read().replace("$", "")  # some assemblers' mark of an immediate
        for kind, words in re.findall(r'"-> (\w+) ([^"]*)"', text):
            words = words.split()
            if kind == "value":
                self.values[" ".join(words[:-1])] = int(words[-1])
            elif kind == "bits":
                self.bits[" ".join(words[:-2])] = (int(words[-2]), int(words[-1]))
            else:
                self.structures.setdefault(words[0], {})[words[1]] = (int(words[2]), int(words[3]))

    def size(self, structure):
        return self.values["sizeof " + structure]

    def offset(self, structure, member):
        return self.structures[structure][member][0]

    def name_gap(self, structure, member, name):
        """Calls the bytes between this member and the next, or the structure's end, `name`."""
        offset, size = self.structures[structure][member]
        later = [start for start, _ in self.structures[structure].values() if start > offset]
        self.structures[structure][name] = (offset + size, min(later + [self.size(structure)]) - offset - size)

    def rows(self, structure, groups):
        """Rows of a picture, lowest address first: (offset, members, remark) for each group, (members with a space
        between them, remark). The groups must be all there is, without a gap: a picture leaves nothing out unseen."""
        rows, end = [], 0
        for members, remark in groups:
            start = end
            for member in members.split():
                offset, size = self.structures[structure][member]
                assert offset == end, f"{structure}: {member} lies at {offset}; in the picture it would be at {end}"
                end += size
            rows.append((start, members, remark))
        size = self.size(structure)
        assert end == size, f"{structure}: the picture ends at {end}, the structure at {size}"
        return rows
