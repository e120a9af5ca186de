# SPDX-License-Identifier: MIT
"""The client against servers made with Debian's python3-websockets, and
against addresses where nobody answers at all."""

import asyncio
import contextlib
import functools
import os
import pathlib
import re
import socket
import subprocess
import sys
import unittest
import zlib
from urllib.parse import quote, unquote_to_bytes

try:
    import websockets
except ImportError:
    print("python3-websockets is missing")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = os.path.abspath(os.environ.get("WEFT_BUILD", ROOT / "build"))
DRIVER = "test/system/driver/socket_driver"
BOUND = 30  # seconds; more than anything takes
MIB = 1 << 20
SIZES = [0, 1, 125, 126, 65535, 65536, MIB, 16 * MIB]
LETTERS = b"abcdefghijklmnopqrstuvwxyz"

ERR = {name: int(value) for name, value in re.findall(
    r"X\((\w+), (-\d+)", (ROOT / "include/weft/error.h").read_text())}


def letters(size):
    """What the driver's fill sends."""
    return (LETTERS * (size // 26 + 1))[:size]


def bounded(case):
    """A test that is a coroutine, with a bound on its time."""
    @functools.wraps(case)
    def run(self):
        asyncio.run(asyncio.wait_for(case(self), 4 * BOUND))
    return run


class Driver:
    """socket_driver with one socket, whose number is 0. In an async with
    statement, it must end well."""

    async def __aenter__(self):
        subprocess.run(["ninja", "-C", BUILD, DRIVER], check=True,
                       stdout=subprocess.DEVNULL)
        names = ("http_proxy", "all_proxy", "ALL_PROXY")
        env = {k: v for k, v in os.environ.items() if k not in names}
        self.process = await asyncio.create_subprocess_exec(
            os.path.join(BUILD, DRIVER), env=env,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, limit=MIB)
        return self

    async def __aexit__(self, kind, value, trace):
        self.process.stdin.close()
        rest = asyncio.gather(self.process.stdout.read(),
                              self.process.stderr.read())
        try:
            _, said = await asyncio.wait_for(rest, BOUND)
            status = await asyncio.wait_for(self.process.wait(), BOUND)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        if kind is None and (status or said):
            raise AssertionError(f"exit status {status}: {said.decode()}")

    async def line(self):
        line = await asyncio.wait_for(self.process.stdout.readline(), BOUND)
        if not line:
            raise AssertionError("socket_driver ended")
        return [unquote_to_bytes(word)
                for word in line.decode().rstrip("\n").split(" ")][1:]

    async def event(self, name):
        """The next event, which must be that one; answers are passed over."""
        while (words := await self.line())[0] == b"did":
            if words[2] != b"0":
                raise AssertionError(f"{words}")
        if words[0] != name.encode():
            raise AssertionError(f"{name} was to come: {words}")
        return words[1:]

    def call(self, name, *args):
        words = [name, "0", *args]
        line = " ".join(quote(str(word), safe="") for word in words)
        self.process.stdin.write(f"{line}\n".encode())

    async def fails(self):
        err, why = await self.event("error")
        code, clean, _, _ = await self.event("close")
        assert (code, clean) == (b"1006", b"0")
        return int(err), why.decode()


def serve(handler, **options):
    options.setdefault("max_size", 64 * MIB)
    return websockets.serve(handler, "127.0.0.1", 0, **options)


def url_of(server):
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def echo(peer):
    with contextlib.suppress(websockets.ConnectionClosed):
        async for message in peer:
            await peer.send(message)


class Websockets(unittest.TestCase):
    @bounded
    async def test_every_size(self):
        async with serve(echo) as server, Driver() as client:
            client.call("open", url_of(server))
            await client.event("open")
            for size in SIZES:
                total = str(zlib.adler32(letters(size))).encode()
                for kind in b"text", b"binary":
                    client.call("fill", kind.decode(), size)
                    got = await client.event("message")
                    self.assertEqual(got[:3],
                                     [kind, str(size).encode(), total])
            client.call("close", 1000, "done")
            self.assertEqual(await client.event("close"),
                             [b"1000", b"1", b"0", b"done"])

    @bounded
    async def test_fragments_and_pings(self):
        async def pieces(peer):
            await peer.send(["é", "", "€" * 1000])
            await peer.send([b"x", b"y" * 70000])
            await (await peer.ping(b"p" * 125))
            await peer.close(4999, "é" * 61)

        async with serve(pieces) as server, Driver() as client:
            client.call("open", url_of(server))
            await client.event("open")
            self.assertEqual((await client.event("message"))[3].decode(),
                             "é" + "€" * 1000)
            self.assertEqual((await client.event("message"))[1], b"70001")
            self.assertEqual((await client.event("control"))[0], b"ping")
            code, clean, err, reason = await client.event("close")
            self.assertEqual((code, clean, err), (b"4999", b"1", b"0"))
            self.assertEqual(reason.decode(), "é" * 61)

    @bounded
    async def test_subprotocols_and_fields(self):
        async def tell(peer):
            fields = peer.request_headers
            await peer.send("|".join([fields["Origin"], fields["Cookie"],
                                      fields["X-One"], peer.path]))

        async with serve(tell, subprotocols=["two"]) as server, \
                Driver() as client:
            client.call("open", url_of(server) + "a?b", "protocol=one",
                        "protocol=two", "origin=https://a.example",
                        "cookie=a=1; b=2", "header=X-One: 1")
            self.assertEqual((await client.event("open"))[0], b"two")
            self.assertEqual((await client.event("message"))[3],
                             b"https://a.example|a=1; b=2|1|/a?b")

    @bounded
    async def test_compression_is_not_offered(self):
        async with serve(echo, compression="deflate") as server, \
                Driver() as client:
            client.call("open", url_of(server))
            self.assertEqual((await client.event("open"))[1], b"")
            client.call("send", "text", "w" * 3000)
            self.assertEqual((await client.event("message"))[3], b"w" * 3000)

    @bounded
    async def test_subprotocol_that_is_not_spoken(self):
        async with serve(echo, subprotocols=["other"]) as server, \
                Driver() as client:
            client.call("open", url_of(server), "protocol=one")
            err, why = await client.fails()
            self.assertEqual(err, ERR["PROTOCOL"])
            self.assertIn("Sec-WebSocket-Protocol", why)

    @bounded
    async def test_keepalive_of_the_server(self):
        async with serve(echo, ping_interval=0.1, ping_timeout=BOUND) \
                as server, Driver() as client:
            client.call("open", url_of(server))
            await client.event("open")
            for _ in range(5):
                self.assertEqual((await client.event("control"))[0], b"ping")
            client.call("send", "text", "still there")
            while (words := await client.line())[0] != b"message":
                self.assertIn(words[0], (b"did", b"control"))

    @bounded
    async def test_end_of_the_server(self):
        async with Driver() as client:
            async with serve(echo) as server:
                client.call("open", url_of(server))
                await client.event("open")
            self.assertEqual((await client.event("close"))[:3],
                             [b"1001", b"1", b"0"])


class Silence(unittest.TestCase):
    """A listening socket whose queue is full does not answer at all."""

    def full(self):
        server = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(server.close)
        for _ in range(8):
            filler = socket.socket()
            self.addCleanup(filler.close)
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        return f"127.0.0.1:{server.getsockname()[1]}"

    @bounded
    async def test_connect_timeout(self):
        address = self.full()
        async with Driver() as client:
            client.call("open", f"ws://{address}/", "connect_ms=300")
            err, why = await client.fails()
            self.assertEqual(err, ERR["TIMEOUT"])
            self.assertIn("0.3 s", why)
            self.assertIn(f"connecting to {address}", why)

    @bounded
    async def test_connect_timeout_of_a_proxy(self):
        address = self.full()
        async with Driver() as client:
            client.call("open", "ws://127.0.0.1:9998/", "connect_ms=300",
                        f"proxy=http://{address}")
            err, why = await client.fails()
            self.assertEqual(err, ERR["TIMEOUT"])
            self.assertIn(f"connecting to {address}", why)

    @bounded
    async def test_close_and_free_while_connecting(self):
        address = self.full()
        async with Driver() as client:
            client.call("open", f"ws://{address}/")
            client.call("close")
            self.assertEqual((await client.fails())[0], ERR["GONE"])
            client.call("open", f"ws://{address}/")
            client.call("free")

    @bounded
    async def test_one_family_silent(self):
        """IPv6 takes no connection, IPv4 does: Happy Eyeballs (RFC 8305)."""
        try:
            silent = socket.create_server(("::1", 0), family=socket.AF_INET6,
                                          backlog=0)
        except OSError:
            self.skipTest("no IPv6 on this machine")
        self.addCleanup(silent.close)
        port = silent.getsockname()[1]
        for _ in range(8):
            filler = socket.socket(socket.AF_INET6)
            self.addCleanup(filler.close)
            filler.setblocking(False)
            filler.connect_ex(("::1", port))
        try:
            server = await websockets.serve(echo, "127.0.0.1", port)
        except OSError:
            self.skipTest("the port is taken for IPv4")
        async with server, Driver() as client:
            client.call("open", f"ws://localhost:{port}/")
            await client.event("open")


if __name__ == "__main__":
    unittest.main()
