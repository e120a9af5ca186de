# SPDX-License-Identifier: MIT
"""The programs of example/embed: as the build makes them, and as their own
first lines say to compile them, against an installed library."""

import contextlib
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = os.path.abspath(os.environ.get("WEFT_BUILD", ROOT / "build"))
KIND = os.environ.get("WEFT_KIND", "release")
SOURCES = ROOT / "example/embed"
BOUND = 30  # seconds; more than anything takes
BUILD_BOUND = 600  # where something was to be built first

NAMES = ("client", "client_again", "client_poll", "client_uv", "endpoint",
         "server")
FLAGS = "-Wall -Werror"
if KIND == "asan":
    FLAGS += " -fsanitize=address,undefined"

# Lest a proxy of the machine's be asked.
os.environ["no_proxy"] = "*"


def has_libuv():
    return subprocess.run(["pkg-config", "--exists", "libuv"],
                          check=False).returncode == 0


def run(argv, seconds=BOUND, **options):
    return subprocess.run(argv, capture_output=True, text=True,
                          timeout=seconds, check=False, **options)


class Programs:
    """Where the programs are, and what they need to run."""

    def __init__(self, folder, env):
        self.folder = pathlib.Path(folder)
        self.env = {**os.environ, **env}

    def run(self, name, *args, **options):
        return run([self.folder / name, *args], env=self.env, **options)

    @contextlib.contextmanager
    def started(self, name, *args):
        """A program that must end with 0 in the end."""
        process = subprocess.Popen(
            [self.folder / name, *args], env=self.env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        try:
            yield process
            _, said = process.communicate(timeout=BOUND)
        finally:
            process.kill()
            process.wait()
            for pipe in process.stdin, process.stdout, process.stderr:
                pipe.close()
        if process.returncode != 0:
            raise AssertionError(f"{name}: {process.returncode}: {said}")

    @contextlib.contextmanager
    def server(self, port=0):
        with self.started("server", str(port)) as process:
            url = line_of(process).strip()
            if not re.fullmatch(r"ws://127\.0\.0\.1:\d+/echo", url):
                raise AssertionError(f"server: {url}")
            yield url
            process.send_signal(signal.SIGTERM)


def line_of(process):
    ready, _, _ = select.select([process.stdout], [], [], BOUND)
    if not ready:
        raise AssertionError(f"{process.args[0]} said nothing")
    return process.stdout.readline()


def build():
    """The programs of the build, of which a build without tests makes none
    until it is asked."""
    for name in NAMES:
        if name != "client_uv" or has_libuv():
            made = run(["ninja", "-C", BUILD, f"example/embed/{name}"],
                       BUILD_BOUND)
            if made.returncode:
                raise AssertionError(made.stdout + made.stderr)
    return Programs(pathlib.Path(BUILD, "example/embed"), {})


def command_of(source):
    """The line that says how to compile it."""
    return re.search(r"^ \*     (cc .*)$", source.read_text(), re.MULTILINE)[1]


def install(folder):
    """Installs the build below a folder, and compiles the programs there."""
    done = run(["meson", "install", "-C", BUILD, "--quiet",
                "--destdir", folder], BUILD_BOUND)
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)
    config = next(pathlib.Path(folder).rglob("weft.pc")).parent
    env = {
        "PKG_CONFIG_PATH": str(config),
        "PKG_CONFIG_SYSROOT_DIR": folder,
        "LD_LIBRARY_PATH": str(config.parent),
    }
    for name in NAMES:
        source = SOURCES / f"{name}.c"
        if name == "client_uv" and not has_libuv():
            continue
        shutil.copy(source, folder)
        line = command_of(source).replace("cc ", f"cc {FLAGS} ", 1)
        made = run(line, shell=True, cwd=folder, env={**os.environ, **env})
        if made.returncode:
            raise AssertionError(f"{line}\n{made.stderr}")
    return Programs(folder, env)


class Conversations:
    """Of programs, which the classes below provide."""

    def test_server_and_client(self):
        with self.programs.server() as url:
            for _ in range(3):
                done = self.programs.run("client", url)
                self.assertEqual((done.returncode, done.stdout, done.stderr),
                                 (0, "Hello\n", ""))

    def test_client_poll(self):
        with self.programs.server() as url, \
                self.programs.started("client_poll", url) as client:
            for line in "one\n", "\n", "é€\n", "x" * 4000 + "\n":
                client.stdin.write(line)
                client.stdin.flush()
                self.assertEqual(line_of(client), line)

    def test_client_poll_in_a_pipe(self):
        with self.programs.server() as url:
            done = self.programs.run("client_poll", url, input="a\nb\nc")
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (0, "a\nb\nc\n", ""))

    def test_client_uv(self):
        if not has_libuv():
            self.skipTest("libuv1-dev is missing")
        with self.programs.server() as url:
            done = self.programs.run("client_uv", url)
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (0, "tick 1\ntick 2\ntick 3\n", ""))

    def test_client_again(self):
        with contextlib.ExitStack() as stack:
            with self.programs.server() as url:
                client = stack.enter_context(
                    self.programs.started("client_again", url))
                self.assertEqual(line_of(client), "Here I am\n")
            port = re.search(r":(\d+)/", url)[1]
            with self.programs.server(port):
                self.assertEqual(line_of(client), "Here I am\n")
                client.send_signal(signal.SIGTERM)

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        for name in "client", "client_poll", "client_uv":
            if name == "client_uv" and not has_libuv():
                continue
            done = self.programs.run(name, f"ws://localhost:{port}/")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertRegex(done.stderr, rf"127\.0\.0\.1:{port}")

    def test_no_url(self):
        done = self.programs.run("client", "not a URL")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("URL", done.stderr)

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            done = self.programs.run("server", str(taken.getsockname()[1]))
        self.assertEqual(done.returncode, 1)
        self.assertIn("in use", done.stderr)

    def test_endpoint(self):
        done = self.programs.run("endpoint")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        said = [line for line in done.stdout.splitlines()
                if " sends " not in line]
        self.assertEqual(said, ["server got Hello",
                                "client got Hello yourself",
                                "server is closed: 1000 bye",
                                "client is closed: 1000 bye"])


class Built(Conversations, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.programs = build()


class Installed(Conversations, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weft-embed-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.programs = install(cls.folder)


class Sources(unittest.TestCase):
    def test_include_the_public_headers_only(self):
        for source in SOURCES.glob("*.c"):
            self.assertIn(source.stem, NAMES)
            for name in re.findall(r'#include\s*"(.*)"', source.read_text()):
                self.fail(f"{source.name} includes {name}")

    def test_the_guide_has_this_client(self):
        code = (SOURCES / "client.c").read_text()
        code = code[code.index("#include"):]
        self.assertIn(code, (ROOT / "docs/client.md").read_text())


if __name__ == "__main__":
    unittest.main()
