# SPDX-License-Identifier: MIT
"""What script/bench makes of measurements that were written down."""

import contextlib
import io
import json
import pathlib
import runpy
import sys
import tempfile
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

from benchlib import (machine, measure, prepare, results, rows,  # noqa: E402
                      servers, table)

TOLD = {"messages": 100, "bytes_received": 43228,
        "packed_bytes_per_message": 400}
LINES = [
    {"run": {"command": "script/bench", "date": "2026-01-02",
             "processor": "P", "cores": 2, "system": "Linux",
             "versions": {"bun": "9.9"}}},
    *({"row": "echo20-d1", "server": name, "round": number, "value": value,
       "raw": {}}
      for number, pair in enumerate(((2000, 1000), (3000, 6000), (900, 1000)),
                                    1)
      for name, value in zip(("weft", "bun"), pair)),
    {"row": "echo20-d1", "server": "ws", "round": 1, "error": "it broke."},
    {"row": "publish200", "server": "weft", "round": 1, "value": 3e6},
    {"row": "publish200", "server": "bun", "round": 1, "value": 1.5e6},
    {"row": "deflate1k", "server": "weft", "round": 1, "value": 5e4,
     "raw": TOLD},
    {"row": "deflate1k", "server": "floor", "reason": "has no compression"},
    {"row": "broadcast128", "server": "floor", "reason": "echoes"},
    {"row": "threads", "server": "weft", "round": 1, "value": 1e6},
    {"row": "threads", "server": "weft-2", "round": 1, "value": 2e6},
    {"row": "tail", "server": "weft", "round": 1, "value": 2, "raw": {
        "alone": {"latency_ns": {"p99_9": 1e6}},
        "among": {"latency_ns": {"p99_9": 2e6}}}},
]


class Table(unittest.TestCase):
    def setUp(self):
        self.found = results.Results(LINES)

    def row(self, lines, name):
        for line in lines:
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if cells[0] == name:
                return cells
        return None

    def test_ratios_are_taken_within_a_round(self):
        self.assertEqual(self.found.ratios("echo20-d1", "weft", "bun"),
                         [2, 0.5, 0.9])
        cells = self.row(table.ratio_table(self.found), "echo20-d1")
        self.assertEqual(cells, ["echo20-d1", "2.00 µs", "–",
                                 "0.90 (0.50–2.00)", "–"])

    def test_a_round_that_one_of_them_missed_has_no_ratio(self):
        lines = [line for line in LINES
                 if (line.get("server"), line.get("round")) != ("bun", 2)]
        found = results.Results(lines)
        self.assertEqual(found.ratios("echo20-d1", "weft", "bun"), [2, 0.9])

    def test_more_may_be_better(self):
        cells = self.row(table.ratio_table(self.found), "publish200 ↑")
        self.assertEqual(cells[1:4], ["3.00 M/s", "–", "2.00"])

    def test_figures(self):
        cells = self.row(table.figure_table(self.found), "echo20-d1")
        self.assertEqual(cells, ["echo20-d1", "server CPU per message",
                                 "2.00 µs", "–", "1.00 µs", "–"])

    def test_gaps_are_explained(self):
        text = table.markdown(self.found)
        self.assertIn("- ws (echo20-d1): it broke.\n", text)
        self.assertIn("- floor (deflate1k): has no compression.\n", text)
        self.assertIn("deflate1k: bytes on the wire to those of zlib's "
                      "level 6, each message alone: weft 1.07.", text)
        self.assertIn("- bun: Bun, made of uWebSockets, 9.9\n", text)

    def test_what_stands_below_the_table(self):
        text = table.markdown(self.found)
        self.assertIn("- threads: 1.00 M/s with one thread, 2.00 M/s with "
                      "two.\n", text)
        self.assertIn("- tail, weft: p99.9 1.00 ms alone, 2.00 ms among "
                      "others.\n", text)
        self.assertNotIn("weft-2", text)

    def test_json(self):
        told = json.loads(json.dumps(table.as_json(self.found)))
        first = told["rows"][0]
        self.assertEqual(first["servers"]["weft"], {"median": 2000})
        self.assertEqual(first["servers"]["bun"]["ratio"],
                         {"median": 0.9, "min": 0.5, "max": 2})
        self.assertEqual(first["servers"]["ws"]["reason"], "it broke.")

    def test_amounts(self):
        for value, unit, text in (
                (0, "ns", "0 ns"), (999, "ns", "999 ns"),
                (1500, "ns", "1.50 µs"), (2.5e6, "ns", "2.50 ms"),
                (240, "B", "240 B"), (5185, "B", "5.06 KiB"),
                (4.3e6, "/s", "4.30 M/s"), (44, "/s", "44.0 /s"),
                (1.234, "x", "1.23 ×")):
            self.assertEqual(table.amount(value, unit), text)

    def test_page(self):
        page = "a\n<b>\nold\n<e>\nz\n"
        new = table.insert(page, "new\n", "<b>", "<e>")
        self.assertEqual(new, "a\n<b>\n\nnew\n\n<e>\nz\n")
        self.assertEqual(table.insert(new, "new\n", "<b>", "<e>"), new)
        with self.assertRaises(ValueError):
            table.insert("a\n<b>\n", "new\n", "<b>", "<e>")

    def test_the_page_has_the_markers_and_all_rows(self):
        page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
        table.insert(page, "x\n", "<!-- table: begin -->",
                     "<!-- table: end -->")
        for row in rows.ROWS:
            self.assertIn(f"`{row.name}`", page)


class Recording(unittest.TestCase):
    def test_lines_come_back(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            self.assertIsNone(results.latest(folder))
            old = results.Recorder({"date": "d"}, "1", folder)
            new = results.Recorder({"date": "e"}, "2", folder)
            new.add({"row": "r", "server": "s", "reason": "µ"})
            self.assertEqual(results.latest(folder), new.path)
            self.assertEqual(results.read(old.path), [{"run": {"date": "d"}}])
            self.assertEqual(results.read(new.path)[1]["reason"], "µ")


class Page(unittest.TestCase):
    """What --write puts into the page, and what it does not by itself."""

    RUN = runpy.run_path(str(ROOT / "tools/run-bench"))
    END = {"end": {"failed": 1}}

    def verdict(self, lines):
        found = results.Results(lines)
        try:
            self.RUN["check_page_worthy"]("x.jsonl", found)
        except prepare.Missing as error:
            return str(error)
        return ""

    def test_whole_runs_are_written(self):
        self.assertEqual(self.verdict([*LINES, self.END]), "")

    def test_others_are_not(self):
        quick = [{"run": {"quick": True}}, *LINES[1:], self.END]
        self.assertIn("x.jsonl was a quick one", self.verdict(quick))
        self.assertIn("x.jsonl was interrupted", self.verdict(LINES))
        self.assertIn("--report x.jsonl --write", self.verdict(LINES))

    def test_a_busy_machine_is_told_of(self):
        for load, warning in (0.2, ""), (0.9, "this machine is busy"):
            out, err = io.StringIO(), io.StringIO()
            with (contextlib.redirect_stdout(out),
                  contextlib.redirect_stderr(err),
                  unittest.mock.patch("os.getloadavg", lambda: (load, 0, 0))):
                self.assertEqual(self.RUN["look_at_load"](), load)
            self.assertIn(f"load average {load:.2f}\n", out.getvalue())
            self.assertIn(warning, err.getvalue())
            self.assertEqual(bool(err.getvalue()), bool(warning))


class Plan(unittest.TestCase):
    def test_who_takes_part(self):
        known = servers.by_name()
        self.assertEqual(len(known), len(servers.all_servers()))
        for row in rows.ROWS:
            for name in row.servers:
                self.assertIn(name, known)
            takes = [name for name, server in known.items()
                     if servers.takes_part(server, row)]
            self.assertIn("weft", takes, row.name)
            self.assertEqual("weft-2" in takes, row.name == "threads")

    def test_what_cannot_be(self):
        floor, weft = map(servers.by_name().get, ("floor", "weft"))
        for row in rows.ROWS:
            self.assertEqual(servers.reason_against(weft, row, "--busy-poll"),
                             "", row.name)
        why = servers.reason_against(floor, rows.BY_NAME["tls20"], "")
        self.assertEqual(why, "has no TLS")
        why = servers.reason_against(weft, rows.BY_NAME["echo20-busy"], "")
        self.assertIn("--busy-poll", why)

    def test_commands(self):
        known, cert = servers.by_name(), ("c.pem", "k.pem")
        row = rows.BY_NAME["takeover1k"]
        told = servers.command("weft", known["beast"], row, 7, None)
        self.assertEqual(told[1:], ["7", "--deflate", "takeover"])
        told = servers.command("weft", known["beast"], rows.BY_NAME["tls20"],
                               7, cert)
        self.assertEqual(told[1:], ["7", "c.pem", "k.pem"])
        told = servers.command("w", known["weft-2"], rows.BY_NAME["threads"],
                               7, None)
        self.assertEqual(told[:4], ["w", "serve", "-p", "7"])
        self.assertEqual(told[told.index("--threads") + 1], "2")

    def test_figures_are_found(self):
        raw = {"a": {"b": 3}}
        self.assertEqual(measure.figure_of(raw, "a.b"), 3)
        for key in "a.c", "c", "a.b.c":
            with self.assertRaises(machine.Failed):
                measure.figure_of(raw, key)


class Processes(unittest.TestCase):
    def test_a_server_that_ends_at_once_is_told_with_its_last_words(self):
        with self.assertRaises(machine.Failed) as caught:
            with machine.Server(["sh", "-c", "echo no >&2; exit 3"],
                                machine.free_port(), None, {"PATH": "/bin"}):
                self.fail("it started")
        self.assertIn("did not start: no", str(caught.exception))

    def test_a_load_that_fails(self):
        with self.assertRaises(machine.Failed) as caught:
            machine.run(["sh", "-c", "echo out; echo why >&2; echo more >&2; exit 1"],
                        None, 20)
        self.assertEqual(str(caught.exception), "the load failed: why")
        self.assertEqual(machine.run(["echo", "x"], None, 20), "x\n")


if __name__ == "__main__":
    unittest.main()
