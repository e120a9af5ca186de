# SPDX-License-Identifier: MIT
"""What the checks share: the files of the tree, complaints, and C without its
comments and strings."""

import os
import pathlib
import re
import subprocess
import sys


def enter():
    """Goes to the tree to check: the argument, or the one this lies in."""
    home = pathlib.Path(__file__).resolve().parent.parent.parent
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else home)


# A checkout may belong to someone else, as in a container.
LIST = ["git", "-c", "safe.directory=*", "ls-files", "-co",
        "--exclude-standard", "-z"]
MADE = re.compile(r"build(-|/)|(.*/)?(node_modules|__pycache__)/")


def all_files():
    """Every file that is tracked or would be, as paths from the root."""
    if os.path.exists(".git"):
        names = subprocess.run(LIST, check=True, capture_output=True,
                               text=True).stdout.split("\0")
        paths = [pathlib.Path(name) for name in names if name]
    else:
        paths = [path for path in pathlib.Path(".").rglob("*")
                 if not MADE.match(path.as_posix())]
    return sorted(path for path in paths if path.is_file())


def files(*suffixes, under=("",)):
    """Those whose names end in a suffix, below one of the folders."""
    for path in all_files():
        text = path.as_posix()
        if text.endswith(suffixes) and text.startswith(tuple(under)):
            yield path


class Complaints:
    """Prints path:line: what; its result is the exit status of the check."""

    def __init__(self):
        self.bad = 0

    def add(self, path, line, what):
        print(f"{path}:{line}: {what}")
        self.bad += 1

    def warn(self, path, line, what):
        print(f"{path}:{line}: warning: {what}")

    def status(self):
        sys.stdout.flush()
        return 1 if self.bad else 0


def spaces(match):
    return re.sub(r"[^\n]", " ", match[0])


# Comments, strings and characters, whichever begins first.
NOT_CODE = re.compile(
    r"/\*.*?\*/|//[^\n]*"
    r'|"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'",
    re.DOTALL,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)


def code_of(text):
    """The text with spaces for comments and strings, lines in their place."""
    return NOT_CODE.sub(spaces, text)


def code_without_directives(text):
    return DIRECTIVE.sub(spaces, code_of(text))
