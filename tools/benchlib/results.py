# SPDX-License-Identifier: MIT
"""What was measured, a line of JSON each, so that a table can be made of it
later: first a line about the run, then one for each measurement."""

import json
import pathlib
import statistics

FOLDER = pathlib.Path("build-bench/results")


class Recorder:
    def __init__(self, about, stamp, folder=FOLDER):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{stamp}.jsonl"
        self.add({"run": about})

    def add(self, line):
        """Each line is there at once, for a run that is stopped."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def read(path):
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def latest(folder=FOLDER):
    """The newest file; names begin with the time."""
    return max(folder.glob("*.jsonl"), default=None)


def framed(size):
    """Bytes of a frame from a server."""
    return size + (2 if size < 126 else 4 if size < 65536 else 10)


class Results:
    """The lines by row and server."""

    def __init__(self, lines):
        self.about = {}
        self.is_whole = False  # all that was planned was done
        self.values = {}  # (row, server): {round: value}
        self.raws = {}  # (row, server): [what weft bench told]
        self.reasons = {}  # (row, server): why there is no figure
        self.rows, self.servers = [], []
        for line in lines:
            self.read_line(line)

    def read_line(self, line):
        if "run" in line:
            self.about = line["run"]
            return
        if "end" in line:
            self.is_whole = True
            return
        row = line["row"]
        if row not in self.rows:
            self.rows.append(row)
        key = row, line["server"]
        if line["server"] not in self.servers:
            self.servers.append(line["server"])
        if "value" in line:
            self.values.setdefault(key, {})[line["round"]] = line["value"]
            self.raws.setdefault(key, []).append(line.get("raw", {}))
        else:
            self.reasons[key] = line.get("reason") or line["error"]

    def median(self, row, server):
        values = self.values.get((row, server))
        return statistics.median(values.values()) if values else None

    def ratios(self, row, server, other):
        """Of the figures of two servers, each within its round."""
        own = self.values.get((row, server), {})
        theirs = self.values.get((row, other), {})
        return [own[number] / theirs[number] for number in sorted(own)
                if theirs.get(number)]

    def is_quick(self):
        return bool(self.about.get("quick"))

    def packed_part(self, row, server):
        """Bytes on the wire from the server, by what the messages take that
        weft bench has packed by zlib's level 6; the median of the rounds."""
        parts = [raw["bytes_received"] / raw["messages"]
                 / framed(raw["packed_bytes_per_message"])
                 for raw in self.raws.get((row, server), [])
                 if raw.get("messages") and "packed_bytes_per_message" in raw]
        return statistics.median(parts) if parts else None
