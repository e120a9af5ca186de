# SPDX-License-Identifier: MIT
"""What tools/optdoc makes of a small page."""

import pathlib
import subprocess
import tempfile
import unittest

OPTDOC = pathlib.Path(__file__).resolve().parent.parent.parent / "tools/optdoc"

PAGE = """\
Page: x-y
Section: 1
Date: 2026-01-02
Prefix: X_Y

# HELP
Usage: x y "\\"
@options
# NAME
x-y - a thing
# SYNOPSIS
*x y* [_option_]...
# OPTIONS
@group First: size
@group Second: all
# NOTES
.dot, a_b_c, 2 * 3 * 4, *bold* and _it_.

    x --all 'y'
    .z

= *term*
Its text.

More.
"""
SIZE = """\
Long: size
Short: s
Arg: N
Default: 3
Off: yes
Help: how much

So much.

And _more_.
"""
ALL = "Long: all\nHelp: everything\n\nAll.\n"


def optdoc(*args, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            pathlib.Path(folder, name).write_text(text)
        return subprocess.run([OPTDOC, *args, folder], capture_output=True,
                              text=True, check=False)


class Optdoc(unittest.TestCase):
    files = {"page.txt": PAGE, "size.opt": SIZE, "all.opt": ALL}

    def test_help(self):
        self.assertEqual(optdoc("help", files=self.files).stdout, """\
Usage: x y "\\"
First:
  -s, --size N                how much [3]

Second:
      --all                   everything
""")

    def test_header(self):
        out = optdoc("header", files=self.files).stdout
        self.assertIn("#define X_Y_OPTIONS(X) \\\n"
                      "    X(ALL, \"all\", 0, 0) \\\n"
                      "    X(SIZE, \"size\", 's', 1)\n", out)
        self.assertIn('static const char x_y_help[] =\n'
                      '    "Usage: x y \\"\\\\\\"\\n"\n', out)

    def test_man(self):
        out = optdoc("man", "--version", "9", files=self.files).stdout
        for part in (
            '.TH X\\-Y 1 2026-01-02 "Weft 9" "User Commands"\n',
            ".SH NAME\nx\\-y \\- a thing\n",
            "\\fBx y\\fR [\\fIoption\\fR]...\n",
            ".SS First\n.TP\n\\fB\\-s\\fR, \\fB\\-\\-size\\fR \\fIN\\fR\n"
            "So much.\n.IP\nAnd \\fImore\\fR.\n.IP\nThe default is \\fB3\\fR. "
            "\\fBoff\\fR takes the limit away.\n.SS Second\n",
            "\\&.dot, a_b_c, 2 * 3 * 4, \\fBbold\\fR and \\fIit\\fR.\n",
            ".nf\nx \\-\\-all \\(aqy\\(aq\n\\&.z\n.fi\n",
            ".TP\n\\fBterm\\fR\nIts text.\n.PP\nMore.\n",
        ):
            self.assertIn(part, out)
        self.assertNotIn("Usage", out)

    def test_faults(self):
        faults = {
            "letter twice": {"all.opt": ALL.replace("\n", "\nShort: s\n", 1)},
            "other file name": {"any.opt": ALL},
            "no text": {"all.opt": "Long: all\nHelp: everything\n"},
            "unknown key": {"all.opt": "Big: all\n\nAll.\n"},
            "option that is not there": {
                "page.txt": PAGE.replace("First: size", "First: size other")},
            "option listed twice": {
                "page.txt": PAGE.replace("Second: all", "Second: all size")},
            "term twice": {"page.txt": PAGE + "= *term*\nAgain.\n"},
            "no head": {"page.txt": PAGE.replace("Section: 1\n", "")},
        }
        for what, files in faults.items():
            with self.subTest(what):
                result = optdoc("help", files={**self.files, **files})
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, r"^\S+:\d+: ")
