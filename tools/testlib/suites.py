# SPDX-License-Identifier: MIT
"""Which tests there are: what to run for each, on which build.

Tests are found by their names, so that adding one is adding a file:

    test/unit/<folder>/<file>_test.c   also in sim, fault and issue; cmocka
    test/system/<name>.test.mjs        also in browser, hostile and issue;
                                       node:test
    test/system/<name>_test.py         also in tools; unittest
    test/conform                       one program, run against a server and
                                       as a server for clients
    fuzz/<target>/fuzz.c               its corpus is replayed
"""

import dataclasses
import os
import pathlib
import signal

from . import program, tap

PROGRAMS = {"release": "build", "asan": "build-asan", "tsan": "build-tsan",
            "small": "build-small"}

UNITTEST = ["/usr/bin/python3", "tools/testlib/unittest_tap.py"]

# Folders whose unit tests run under the thread sanitizer too.
THREADED = ("loop", "net", "client", "server", "handler", "load")


# Run again where every buffer has its least size (src/base/sizes.h): what
# speaks the protocol. Left out are the tests of those sizes themselves, and of
# how much a turn does.
SMALL_UNIT = ("ws", "http", "loop", "net", "session", "server", "client")
SMALL_WITHOUT = {
    "http/response", "loop/accept", "loop/io", "loop/loop",
    "loop/poller_epoll", "loop/post", "server/http", "session/outgoing",
    "session/session", "session/session_output", "ws/endpoint_send",
}
SMALL_SYSTEM = ("files", "handlers", "http", "limits", "slow")


@dataclasses.dataclass
class Test:
    suite: str
    name: str
    argv: list
    kinds: tuple = ()  # what script/build must have built
    read: object = tap.read_tap
    env: dict = dataclasses.field(default_factory=dict)
    seconds: int = 120
    alone: bool = True  # nothing else runs at the same time
    server: str = ""  # the kind of build whose server it wants; the URL is
    # then its last argument
    serve: tuple = ()  # what that server is told besides
    secure: bool = False  # it speaks TLS

    @property
    def title(self):
        return f"{self.suite}/{self.name}"


def program_of(kind):
    return os.path.abspath(os.path.join(PROGRAMS[kind], "weft"))


def find(folder, pattern):
    return sorted(pathlib.Path("test", folder).glob(pattern))


def stem(path, ending):
    return path.name[: -len(ending)]


def lint_tests():
    yield Test("lint", "selftest", ["tools/lint/selftest"])
    yield Test("lint", "headers", ["tools/lint/headers"], read=tap.read_status)


def c_tests(folder, suite, kind, seconds):
    for path in find(folder, "**/*_test.c"):
        inner = path.parent.relative_to(pathlib.Path("test", folder))
        name = str(inner / stem(path, "_test.c"))
        built = os.path.join(PROGRAMS[kind], path.with_suffix(""))
        yield Test(suite, name, [built], kinds=(kind,), seconds=seconds,
                   alone=False)


def fuzz_tests():
    for path in sorted(pathlib.Path("fuzz").glob("*/fuzz.c")):
        name = path.parent.name
        yield Test("fuzz", name, [f"build-asan/fuzz/{name}_replay",
                                  str(path.parent / "corpus")],
                   kinds=("asan",), alone=False)


def thread_tests():
    for test in c_tests("unit", "tsan", "tsan", 300):
        if test.name.split("/")[0] in THREADED:
            yield test


def small_tests():
    for folder in "unit", "sim", "fault", "issue":
        for test in c_tests(folder, "small", "small", 120):
            inner = test.name.split("/")[0]
            if folder != "unit" or (inner in SMALL_UNIT and
                                    test.name not in SMALL_WITHOUT):
                test.name = f"{folder}/{test.name}"
                yield test
    yield from conform_tests("small/conform", "small")
    yield Test("small/conform", "client", [
        CONFORM, "--serve", "--strict", "--client",
        f"{PROGRAMS['small']}/test/conform/weft_client"],
        kinds=("asan", "small"), read=tap.read_counts, seconds=900)
    for test in foreign_tests("system", "small/system", "small"):
        if test.name in SMALL_SYSTEM:
            yield test


def foreign_env(kind):
    """What a program that drives weft from outside is told."""
    return {
        "WEFT": program_of(kind),
        "WEFT_KIND": "asan" if kind == "small" else kind,
        "WEFT_BUILD": os.path.abspath(PROGRAMS[kind]),
    }


def foreign_tests(folder, suite, kind):
    env = foreign_env(kind)
    for path in find(folder, "*.test.mjs"):
        yield Test(suite, stem(path, ".test.mjs"),
                   ["node", "--test-reporter=tap", str(path)],
                   kinds=(kind,), env=env, seconds=900)
    for path in find(folder, "*_test.py"):
        yield Test(suite, stem(path, "_test.py"),
                   [*UNITTEST, str(path)],
                   kinds=(kind,), env=env, seconds=900)


def tool_tests():
    for path in find("tools", "*_test.py"):
        yield Test("tools", stem(path, "_test.py"), [*UNITTEST, str(path)])


CONFORM = "build-asan/test/conform/conform"


def conform_tests(suite, kind):
    if not find("conform", "*.c"):
        return
    takeover = ("--deflate", "takeover=both,threshold=1")
    runs = [
        ("whole", [], {}),
        ("bytewise", ["-1"], {}),
        ("wss", [], {"secure": True}),
        ("takeover", ["--strict", "-c", "d"], {"serve": takeover}),
    ]
    # A server that takes few bytes at a time, under sanitizers, may take a
    # while; whole or not is the same to it.
    patience = ["-t", "20"] if kind == "small" else []
    if kind == "small":
        runs = [run for run in runs if run[0] != "bytewise"]
    for name, args, how in runs:
        yield Test(suite, name, [CONFORM, *patience, *args],
                   kinds=("asan", kind),
                   read=tap.read_counts, seconds=900, server=kind, **how)


def conform_client_tests():
    """Clients: ours, of which all is asked, and others, of which is known
    where they deviate."""
    ours = ["--strict", "--client", "build-asan/test/conform/weft_client"]
    runs = [("weft", ours), ("weft-bytewise", ["-1", *ours])]
    for path in find("conform", "known_*.txt"):
        name = path.stem[len("known_"):]
        runs.append((name, ["--known", str(path), "--client",
                            f"node test/conform/clients/{name}.mjs"]))
    for name, args in runs:
        yield Test("conform", f"client/{name}", [CONFORM, "--serve", *args],
                   kinds=("asan",), read=tap.read_counts, seconds=900)


def all_tests():
    yield from lint_tests()
    yield from tool_tests()
    for folder in "unit", "sim", "fault", "issue":
        yield from c_tests(folder, folder, "asan", 120)
    yield from fuzz_tests()
    yield from thread_tests()
    yield from conform_tests("conform", "release")
    yield from conform_tests("conform-asan", "asan")
    yield from conform_client_tests()
    yield from small_tests()
    for folder in "system", "hostile", "issue":
        yield from foreign_tests(folder, folder, "release")
        yield from foreign_tests(folder, folder + "-asan", "asan")
    yield from foreign_tests("browser", "browser", "release")


def output_of(status, *parts):
    parts = [part.rstrip("\n") for part in parts if part]
    if status is not None and status < 0:
        parts.append(f"ended by {signal.Signals(-status).name}")
    elif status:
        parts.append(f"exit status {status}")
    return "\n".join(parts)


def judge(test, status, out, err):
    """The cases of a program that has ended, its exit status among them."""
    if status == 77:
        lines = (out + err).strip().splitlines()
        return [tap.skipped("all", lines[-1] if lines else "")]
    cases = test.read(out)
    if any(case.state == "failed" for case in cases):
        return cases
    if status is None:
        cases.append(tap.Case("time", "failed", f"over {test.seconds} s"))
    elif status:
        cases.append(tap.Case("exit", "failed", f"exit status {status}"))
    return cases


def run(test):
    """Returns the test's cases and its output."""
    if not test.server:
        status, out, err = program.run(test.argv, test.env, test.seconds)
        return judge(test, status, out, err), output_of(status, out, err)
    return run_with_server(test)


def run_with_server(test):
    server = program.Server(program_of(test.server), test.serve, test.secure)
    status, out, err = None, "", ""
    if server.wait_until_up():
        argv = [*test.argv, server.url("echo")]
        status, out, err = program.run(argv, test.env, test.seconds)
        # Our server was there, so that nothing answers is no reason to skip.
        cases = judge(test, 1 if status == 77 else status, out, err)
    else:
        cases = [tap.Case("start", "failed", "the server did not start")]
    ended, log = server.stop()
    if ended != 0:
        cases.append(tap.Case("stop", "failed", f"server: exit status {ended}"))
    return cases, output_of(status, out, err, "---- server ----", log)
