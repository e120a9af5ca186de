# SPDX-License-Identifier: MIT
"""What tools/testlib makes of the output of test programs."""

import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.dont_write_bytecode = True

from testlib import suites, tap  # noqa: E402

CMOCKA = """\
1..4
hello
ok 1 - plain
not ok 2 - broken
# a.c:5: error: Failure!
no IPv6 here
not ok 3 # SKIP v6
not ok 4 # SKIP silent
# not ok - tests
"""

NODE = """\
TAP version 13
# Subtest: suite
    # Subtest: inner
    ok 1 - inner
      ---
      error: |-
        not ok 7 - quoted
      ...
    # Subtest: other
    not ok 2 - other
    1..2
not ok 1 - suite
# Subtest: hook fails
    ok 1 - fine
    1..1
not ok 2 - hook fails
ok 3 - later # SKIP no chromium
1..3
# tests 3
"""


def states(cases):
    return [(case.name, case.state) for case in cases]


class Tap(unittest.TestCase):
    def test_cmocka(self):
        cases = tap.read_tap(CMOCKA)
        self.assertEqual(states(cases), [
            ("plain", "passed"), ("broken", "failed"), ("v6", "skipped"),
            ("silent", "failed")])
        self.assertEqual(cases[2].reason, "no IPv6 here")

    def test_subtests_are_counted_without_their_parents(self):
        self.assertEqual(states(tap.read_tap(NODE)), [
            ("inner", "passed"), ("other", "failed"), ("fine", "passed"),
            ("hook fails", "failed"), ("later", "skipped")])

    def test_every_cut_fails(self):
        """A program that dies at any line does not pass."""
        lines = ["1..3\n", "ok 1 - a\n", "ok 2 - b\n", "ok 3 - c\n"]
        for count in range(len(lines)):
            cases = tap.read_tap("".join(lines[:count]))
            self.assertIn("failed", [case.state for case in cases], count)
        self.assertEqual(len(tap.read_tap("".join(lines))), 3)

    def test_nothing_ran(self):
        self.assertEqual(tap.read_tap("1..0\n")[0].state, "failed")
        self.assertEqual(tap.read_tap("1..0 # SKIP why\n")[0].state, "skipped")


class Counts(unittest.TestCase):
    def test_last_line(self):
        cases = tap.read_counts("x\nSkipped: no v6\n3 passed, 1 failed, 1 skipped")
        got = [case.state for case in cases]
        self.assertEqual(got, ["passed"] * 3 + ["failed", "skipped"])

    def test_no_counts(self):
        for text in "", "x", "3 passed, 0 failed\nthen died", "0 passed, 0 failed":
            got = [case.state for case in tap.read_counts(text)]
            self.assertEqual(got, ["failed"], text)

    def test_a_skip_without_a_reason_fails(self):
        cases = tap.read_counts("1 passed, 0 failed, 1 skipped")
        self.assertEqual(cases[1].state, "failed")


class Judge(unittest.TestCase):
    def judge(self, status, out, err=""):
        test = suites.Test("s", "n", [])
        return [case.state for case in suites.judge(test, status, out, err)]

    def test_status(self):
        good = "1..1\nok 1 - a\n"
        self.assertEqual(self.judge(0, good), ["passed"])
        self.assertEqual(self.judge(1, good), ["passed", "failed"])
        self.assertEqual(self.judge(None, good), ["passed", "failed"])
        self.assertEqual(self.judge(1, "1..1\nnot ok 1 - a\n"), ["failed"])

    def test_77(self):
        self.assertEqual(self.judge(77, "", "no chromium\n"), ["skipped"])
        self.assertEqual(self.judge(77, ""), ["failed"])
