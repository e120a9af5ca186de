# SPDX-License-Identifier: MIT
"""Runs the unittest cases of a file and prints TAP: unittest_tap.py FILE"""

import importlib.util
import sys
import unittest


class TapResult(unittest.TestResult):
    count = 0

    def line(self, ok, test, rest=""):
        self.count += 1
        print(f"{ok} {self.count} - {test.id()}{rest}", flush=True)

    def addSuccess(self, test):
        self.line("ok", test)

    def addSkip(self, test, reason):
        self.line("ok", test, f" # SKIP {reason}")

    def addError(self, test, err):
        self.line("not ok", test)
        text = self._exc_info_to_string(err, test)
        print("".join(f"# {line}\n" for line in text.splitlines()), end="")

    def addSubTest(self, test, subtest, err):
        """A subtest that failed; its test is then told no success."""
        if err:
            self.addError(subtest, err)

    addFailure = addError
    addExpectedFailure = addError

    def addUnexpectedSuccess(self, test):
        self.line("not ok", test)


def main(path):
    spec = importlib.util.spec_from_file_location("tests", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = TapResult()
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    print(f"1..{result.count}")


if __name__ == "__main__":
    main(sys.argv[1])
