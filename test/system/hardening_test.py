# SPDX-License-Identifier: MIT
"""What compiler and linker were told to do against faults is in the result."""

import os
import pathlib
import re
import subprocess
import unittest

BUILD = pathlib.Path(os.environ["WEFT_BUILD"])
FILES = [pathlib.Path(os.environ["WEFT"]), BUILD / "libweft.so"]
SANITIZED = os.environ.get("WEFT_KIND", "release") != "release"


def output_of(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def machine():
    return re.search(r"Machine:\s*(.*)", output_of("readelf", "-h", FILES[0]))[1]


def imported(path):
    symbols = output_of("nm", "-D", "--undefined-only", path)
    return {line.split()[-1].split("@")[0] for line in symbols.splitlines()}


class Hardening(unittest.TestCase):
    def test_position_independent(self):
        for path in FILES:
            with self.subTest(path.name):
                self.assertRegex(output_of("readelf", "-hW", path),
                                 r"Type:\s+DYN")
        self.assertRegex(output_of("readelf", "-dW", FILES[0]),
                         r"FLAGS_1.*\bPIE\b")

    def test_relocations_are_read_only(self):
        for path in FILES:
            with self.subTest(path.name):
                self.assertRegex(output_of("readelf", "-lW", path),
                                 r"\bGNU_RELRO\b")
                self.assertRegex(output_of("readelf", "-dW", path),
                                 r"FLAGS.*\b(BIND_)?NOW\b")
                self.assertNotRegex(output_of("readelf", "-dW", path),
                                    r"\bTEXTREL\b")

    def test_nothing_is_both_written_and_run(self):
        for path in FILES:
            with self.subTest(path.name):
                segments = output_of("readelf", "-lW", path)
                self.assertRegex(segments, r"GNU_STACK\s.*\sRW\s")
                self.assertNotRegex(segments, r"\sRWE\s")

    def test_stack_is_guarded(self):
        for path in FILES:
            with self.subTest(path.name):
                self.assertIn("__stack_chk_fail", imported(path))

    @unittest.skipIf(SANITIZED, "sanitizers look for more without it")
    def test_calls_of_libc_are_checked(self):
        for path in FILES:
            with self.subTest(path.name):
                checked = {name for name in imported(path)
                           if re.fullmatch(r"__\w+_chk", name)}
                self.assertGreaterEqual(len(checked), 3, checked)

    def test_control_flow_is_guarded(self):
        """In every object of ours. Programs have the mark only where those of
        libc, which are linked with them, have it too."""
        if machine() != "Advanced Micro Devices X86-64":
            self.skipTest(f"no such mark on {machine()}")
        library = BUILD / "libweft.a"
        members = output_of("ar", "t", library).splitlines()
        marks = re.findall(r"x86 feature: IBT, SHSTK",
                           output_of("readelf", "-nW", library))
        self.assertGreater(len(members), 50)
        self.assertEqual(len(marks), len(members))
