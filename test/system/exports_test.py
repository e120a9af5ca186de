# SPDX-License-Identifier: MIT
"""libweft.so exports what include/weft declares, and nothing else."""

import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DECLARED = re.compile(r"WEFT_API[^;{]*?\b(weft_\w+)\s*\(", re.DOTALL)
# Declared by the header, defined by each handler.
OF_HANDLERS = {"weft_handler"}


def declared():
    for header in (ROOT / "include/weft").glob("*.h"):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
        yield from DECLARED.findall(text)


def exported():
    library = os.path.join(os.environ["WEFT_BUILD"], "libweft.so")
    out = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                         capture_output=True, text=True).stdout
    for line in out.splitlines():
        name = line.split()[-1].split("@")[0]
        if not name.startswith("__"):  # those are of the sanitizers
            yield name


class Exports(unittest.TestCase):
    def test_same(self):
        promised = set(declared()) - OF_HANDLERS
        given = set(exported())
        self.assertGreater(len(promised), 50)
        self.assertEqual(sorted(promised - given), [], "declared, not exported")
        self.assertEqual(sorted(given - promised), [], "exported, not declared")
