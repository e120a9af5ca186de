# SPDX-License-Identifier: MIT
"""A line that tells how far it is, on a terminal; elsewhere a line a row."""

import sys
import time


class Progress:
    def __init__(self, total, file=sys.stderr):
        self.total, self.done = total, 0
        self.began = time.monotonic()
        self.file = file
        self.is_terminal = file.isatty()

    def left(self):
        """Minutes until the end, as far as can be told; "" at the start."""
        if not self.done:
            return ""
        spent = time.monotonic() - self.began
        seconds = spent / self.done * (self.total - self.done)
        return f"{seconds / 60:.0f} min left" if seconds >= 60 else (
            f"{seconds:.0f} s left")

    def rewrite(self, text):
        if self.is_terminal:
            print(f"\r\033[K{text}", end="", file=self.file, flush=True)

    def step(self, row, number, rounds, server):
        self.rewrite(f"{self.done}/{self.total}  {row}, round {number} of "
                     f"{rounds}, {server}  {self.left()}")
        self.done += 1

    def tell(self, text):
        """A line that stays."""
        self.rewrite("")
        print(text, file=self.file, flush=True)
