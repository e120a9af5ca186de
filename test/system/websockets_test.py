# SPDX-License-Identifier: MIT
"""Debian's python3-websockets as a client of the real program."""

import asyncio
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import unittest

try:
    import websockets
    from websockets.exceptions import ConnectionClosed, InvalidStatusCode
except ImportError:
    print("python3-websockets is missing")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.path.abspath(os.environ.get("WEFT", ROOT / "build/weft"))
EXAMPLES = ROOT / "example/handlers"
OWN = ROOT / "test/system/handlers"
BOUND = 30  # seconds; more than anything takes

MIB = 1 << 20
SIZES = [0, 1, 124, 125, 126, 127, 65535, 65536, 65537, MIB, 16 * MIB]


class Server:
    """weft serve on a free port; in a with statement, it must end well."""

    def __init__(self, handlers, *args):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "-p", "0", "-w", handlers, *args],
            cwd=ROOT, stdout=self.log, stderr=subprocess.STDOUT)
        try:
            self.port = self.wait_for_port()
        except BaseException:
            self.process.kill()
            raise

    def text(self):
        return os.pread(self.log.fileno(), MIB, 0).decode(errors="replace")

    def wait_for_port(self):
        end = time.monotonic() + 2 * BOUND
        while time.monotonic() < end:
            found = re.search(r"(?:http|ws)s?://[^\s/]*:(\d+)/", self.text())
            if found:
                return int(found[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise RuntimeError(f"no server: {self.text()}")

    def url(self, path):
        return f"ws://127.0.0.1:{self.port}{path}"

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.process.terminate()
        try:
            status = self.process.wait(BOUND)
        finally:
            self.process.kill()
            text = self.text()
            self.log.close()
        if kind is None and status != 0:
            raise AssertionError(f"exit status {status}: {text}")


def bounded(case):
    """A test that is a coroutine, with a bound on its time."""
    @functools.wraps(case)
    def run(self):
        asyncio.run(asyncio.wait_for(case(self), 4 * BOUND))
    return run


def connect(server, path, **options):
    options.setdefault("max_size", 64 * MIB)
    options.setdefault("compression", None)
    return websockets.connect(server.url(path), **options)


class Websockets(unittest.TestCase):
    async def assert_closes(self, peer, code, reason=""):
        with self.assertRaises(ConnectionClosed):
            await peer.recv()
        self.assertEqual((peer.close_code, peer.close_reason), (code, reason))

    @bounded
    async def test_every_size(self):
        with Server(EXAMPLES) as server:
            async with connect(server, "/echo") as peer:
                for size in SIZES:
                    data = os.urandom(size)
                    await peer.send(data)
                    self.assertTrue(await peer.recv() == data, size)
                    text = ("é€😀a" * size)[: size // 4]
                    await peer.send(text)
                    self.assertTrue(await peer.recv() == text, size)

    @bounded
    async def test_fragments(self):
        with Server(EXAMPLES) as server:
            async with connect(server, "/echo") as peer:
                for pieces in (["a"], ["", "é", ""], ["€"] * 1000,
                               [b""], [b"x", b"", b"y" * 70000]):
                    await peer.send(pieces)
                    whole = pieces[0][:0].join(pieces)
                    self.assertEqual(await peer.recv(), whole)

    @bounded
    async def test_pings(self):
        with Server(EXAMPLES) as server:
            async with connect(server, "/echo") as peer:
                for size in (0, 1, 124, 125):
                    await (await peer.ping(b"p" * size))
                await peer.pong(b"nobody asked")
                await peer.send("still there")
                self.assertEqual(await peer.recv(), "still there")

    @bounded
    async def test_goodbye(self):
        with Server(EXAMPLES) as server:
            async with connect(server, "/echo") as peer:
                await peer.send("Goodbye")
                self.assertEqual(await peer.recv(), "Goodbye")
                await self.assert_closes(peer, 1000)

    @bounded
    async def test_codes_of_the_client(self):
        with Server(EXAMPLES) as server:
            for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
                         1012, 1013, 1014, 3000, 4999):
                async with connect(server, "/echo") as peer:
                    await peer.close(code, "é" * 61)
                    self.assertEqual(peer.close_code, code)

    @bounded
    async def test_codes_of_the_server(self):
        with Server(OWN) as server:
            for code, reason in ((1000, ""), (1001, "bye"), (1003, "é"),
                                 (1014, "r" * 123), (4999, "x")):
                async with connect(server, "/closer") as peer:
                    await peer.send(f"{code} {reason}")
                    await self.assert_closes(peer, code, reason)

    @bounded
    async def test_cut(self):
        with Server(OWN) as server:
            async with connect(server, "/closer") as peer:
                await peer.send("abort")
                await self.assert_closes(peer, 1006)

    @bounded
    async def test_subprotocols(self):
        with Server(OWN) as server:
            for offered, chosen in ((["first", "second"], "second"),
                                    (["first"], "first"), (None, None)):
                async with connect(server, "/protocol",
                                   subprotocols=offered) as peer:
                    self.assertEqual(peer.subprotocol, chosen)

    @bounded
    async def test_refusals(self):
        with Server(OWN) as server:
            for path, status in (("/none", 404), ("/refuse", 401)):
                with self.assertRaises(InvalidStatusCode) as caught:
                    await connect(server, path)
                self.assertEqual(caught.exception.status_code, status)

    @bounded
    async def test_compression(self):
        for deflate in ("on", "takeover=both", "window=9,peer-window=9", "off"):
            with Server(EXAMPLES, "--deflate", deflate) as server:
                async with connect(server, "/echo",
                                   compression="deflate") as peer:
                    self.assertEqual(len(peer.extensions), deflate != "off")
                    for size in (0, 1, 127, 128, 5000, 100000):
                        await peer.send("word " * size)
                        self.assertEqual(await peer.recv(), "word " * size)

    @bounded
    async def test_limits(self):
        with Server(OWN, "--message-limit", "1K",
                    "--fragment-limit", "4") as server:
            async with connect(server, "/plain") as peer:
                await peer.send(b"x" * 1024)
                self.assertEqual(len(await peer.recv()), 1024)
                await peer.send(b"x" * 1025)
                with self.assertRaises(ConnectionClosed):
                    await peer.recv()
                self.assertEqual(peer.close_code, 1009)
            async with connect(server, "/plain") as peer:
                with self.assertRaises(ConnectionClosed):
                    await peer.send(["p"] * 6)
                    await peer.recv()
                self.assertEqual(peer.close_code, 1008)

    @bounded
    async def test_many_at_once(self):
        async def talk(server, i):
            async with connect(server, "/echo", open_timeout=BOUND) as peer:
                for k in range(10):
                    await peer.send(f"{i} says {k}")
                    self.assertEqual(await peer.recv(), f"{i} says {k}")

        with Server(EXAMPLES) as server:
            await asyncio.gather(*(talk(server, i) for i in range(300)))

    @bounded
    async def test_end_of_the_server(self):
        with Server(EXAMPLES) as server:
            peers = [await connect(server, "/echo") for _ in range(20)]
            server.process.terminate()
            for peer in peers:
                with self.assertRaises(ConnectionClosed):
                    await peer.recv()
                self.assertEqual(peer.close_code, 1001)


if __name__ == "__main__":
    unittest.main()
