# SPDX-License-Identifier: MIT
"""weft connect in a pipe: lines in and out, exit statuses, options, and what
it does when one side is slow or goes away."""

import asyncio
import http
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from connect_support import (BOUND, PROGRAM, Peer, Piped, Raw, accept, connect,
                             environment, frame, read_head, until)

MIB = 1 << 20
KIND = os.environ.get("WEFT_KIND", "release")


def closing(code, reason="", after=0):
    """A server that closes when it has had this many messages."""
    async def talk(peer, websocket):
        for _ in range(after):
            peer.messages.append(await websocket.recv())
        await websocket.close(code, reason)

    return talk


class Lines(unittest.TestCase):
    def assert_ended(self, ended, out, status=0):
        self.assertEqual((ended.out, ended.status), (out, status), ended)

    def test_echo(self):
        with Peer() as peer:
            ended = connect(peer.url, data=b"hello\n")
            self.assert_ended(ended, b"hello\n")
            self.assertEqual(ended.err, "")
            self.assertEqual(peer.wait_for_close(), (1000, ""))

    def test_lines(self):
        for data, messages in (
            (b"", []),
            (b"last", ["last"]),
            (b"\n", [""]),
            (b"a\n\n\tb c\r\n", ["a", "", "\tb c\r"]),
            ("é€😀\n".encode(), ["é€😀"]),
            (b"x" * 3 * MIB + b"\ny\n", ["x" * 3 * MIB, "y"]),
        ):
            with Peer() as peer:
                ended = connect(peer.url, data=data)
                self.assertEqual(peer.messages, messages)
                out = "".join(f"{m}\n" for m in messages).encode()
                self.assertTrue(ended.out == out, ended)
                self.assertEqual(ended.status, 0, ended)

    def test_many_lines(self):
        data = b"".join(b"%d\n" % i for i in range(100000))
        with Peer() as peer:
            ended = connect(peer.url, data=data)
            self.assertTrue(ended.out == data, ended)
            self.assertEqual(ended.status, 0)

    def test_null_data(self):
        with Peer() as peer:
            ended = connect("-z", peer.url, data=b"a\nb\0c")
            self.assertEqual(peer.messages, ["a\nb", "c"])
            self.assert_ended(ended, b"a\nb\0c\0")

    def test_binary(self):
        data = os.urandom(3 * MIB)
        with Peer() as peer:
            ended = connect("--binary", peer.url, data=data)
            self.assertTrue(ended.out == data)
            self.assertEqual(ended.status, 0, ended)
            self.assertTrue(all(isinstance(m, bytes) and len(m) <= 65536
                                for m in peer.messages))

    def test_binary_writes_both_kinds(self):
        async def talk(peer, websocket):
            await websocket.send("text")
            await websocket.send(b"\xff\0")
            await websocket.close()

        with Peer(talk) as peer:
            self.assert_ended(connect("-b", "--linger=off", peer.url),
                              b"text\xff\0")

    def test_binary_is_left_out(self):
        async def talk(peer, websocket):
            await websocket.send(b"\xff")
            await websocket.send(b"\xfe")
            await websocket.send("line\nfeed")
            await websocket.close()

        with Peer(talk) as peer:
            ended = connect("--linger=off", peer.url)
            self.assert_ended(ended, b"line\nfeed\n")
            self.assertEqual(ended.err.count("left out"), 1)

    def test_not_utf8(self):
        with Peer(Peer.listen) as peer:
            ended = connect(peer.url, data=b"good\n\xff\nnever\n")
            self.assert_ended(ended, b"", 1)
            self.assertEqual(
                ended.err,
                f"weft connect: {peer.url}: line 2 is not UTF-8\n")
            self.assertEqual(peer.messages, ["good"])

    def test_line_by_line(self):
        """Nothing waits for more input before it is sent or written."""
        with Peer() as peer, Piped(peer.url) as piped:
            for line in b"one\n", b"two\n", b"three\n":
                piped.type(line)
                self.assertEqual(piped.read_line(), line)
            self.assert_ended(piped.end(), b"")

    def test_output_at_a_terminal(self):
        """Input from a pipe, output to a terminal: no control characters."""
        with Peer() as peer:
            master, slave = os.openpty()
            subprocess.run([PROGRAM, "connect", peer.url],
                           input="a\033[31m\n".encode(), stdout=slave,
                           env=environment(), timeout=BOUND, check=True)
            os.close(slave)
            self.assertEqual(os.read(master, 100), b"a\\x1b[31m\r\n")
            os.close(master)


class EndOfInput(unittest.TestCase):
    def test_slow_answers(self):
        """A server that answers later than it answers pings."""
        async def talk(peer, websocket):
            async for message in websocket:
                await asyncio.sleep(0.1)
                await websocket.send(message)

        with Peer(talk) as peer:
            ended = connect(peer.url, data=b"a\nb\nc\n")
            self.assertEqual(ended.out, b"a\nb\nc\n", ended)

    def test_linger_zero(self):
        """It ends with the pong."""
        def talk(raw):
            accept(raw)
            ping = raw.recv(65536)
            self.assertEqual(ping[0], 0x89)
            raw.sendall(frame(1, b"before") + frame(10, unmask(ping)))
            self.closed = raw.recv(65536)
            raw.sendall(frame(8, b"\x03\xe8"))

        with Raw(talk) as raw:
            ended = connect("--linger=0", raw.url)
            self.assertEqual((ended.out, ended.status), (b"before\n", 0), ended)
            self.assertEqual(self.closed[0], 0x88)

    def test_linger_off(self):
        with Peer(closing(1000, after=1)) as peer:
            ended = connect("--linger=off", peer.url, data=b"x\n")
            self.assertEqual((ended.status, ended.err), (0, ""))
            self.assertEqual(peer.messages, ["x"])

    def test_max_messages(self):
        async def talk(peer, websocket):
            for i in range(10):
                await websocket.send(str(i))

        with Peer(talk) as peer:
            for option in ["-n3"], ["--max-messages", "3"]:
                ended = connect(*option, peer.url)
                self.assertEqual((ended.out, ended.status), (b"0\n1\n2\n", 0))
                self.assertEqual(peer.wait_for_close(), (1000, ""))

    def test_max_messages_with_open_input(self):
        with Peer() as peer, Piped("-n", "2", peer.url) as piped:
            piped.type(b"a\nb\n")
            self.assertEqual(piped.read_line(), b"a\n")
            self.assertEqual(piped.read_line(), b"b\n")
            self.assertEqual(piped.process.wait(BOUND), 0)


def unmask(data):
    """The payload of a short masked frame."""
    key, payload = data[2:6], data[6 : 6 + (data[1] & 127)]
    return bytes(b ^ key[i % 4] for i, b in enumerate(payload))


class Statuses(unittest.TestCase):
    def assert_fails(self, ended, status, about):
        self.assertEqual(ended.status, status, ended)
        self.assertTrue(ended.err.startswith("weft connect: "), ended)
        self.assertIn(about, ended.err)
        self.assertEqual(ended.err.count("\n"), 1, ended)

    def test_usage(self):
        for args, about in (
            ([], "the URL is missing"),
            (["ftp://a/"], "ftp://a/: "),
            (["ws://a/#f"], "ws://a/#f: "),
            (["ws://a/", "ws://b/"], "one URL at a time"),
            (["--nonsense", "ws://a/"], "unknown option '--nonsense'"),
            (["--orgin=x", "ws://a/"], "did you mean '--origin'"),
            (["-p", "a b", "ws://a/"], "ws://a/: "),
            (["-H", "no colon", "ws://a/"], "ws://a/: "),
            (["--proxy", "ftp://x", "ws://a/"], "ws://a/: "),
            (["--timeout", "soon", "ws://a/"], "--timeout takes a time"),
        ):
            with self.subTest(args):
                self.assert_fails(connect(*args), 2, about)

    def test_refused(self):
        async def refuse(path, headers):
            return http.HTTPStatus.FORBIDDEN, [], b"no\n"

        with Peer(process_request=refuse) as peer:
            self.assert_fails(connect(peer.url, data=b"x\n"), 1,
                              f"{peer.url}: the server answered 403 Forbidden")

    def test_nobody_listens(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{taken.getsockname()[1]}/"
            self.assert_fails(connect(url), 1, f"{url}: ")

    def test_no_such_host(self):
        self.assert_fails(connect("ws://none.invalid/"), 1,
                          "ws://none.invalid/: ")

    def test_timeout(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"ws://127.0.0.1:{silent.getsockname()[1]}/"
            self.assert_fails(connect("--timeout=100ms", url), 1, f"{url}: ")

    def test_vanishes(self):
        def talk(raw):
            accept(raw)
            raw.sendall(frame(1, b"last words"))

        with Raw(talk) as raw:
            ended = connect("--linger=off", raw.url)
            self.assertEqual(ended.out, b"last words\n")
            self.assert_fails(ended, 1, f"{raw.url}: ")

    def test_breaks_a_rule(self):
        def talk(raw):
            accept(raw)
            raw.sendall(b"\xff\x00")
            raw.recv(100)

        with Raw(talk) as raw:
            self.assert_fails(connect("--linger=off", raw.url), 1,
                              f"{raw.url}: ")

    def test_closes(self):
        for code, reason, err in (
            (1000, "bye", ""),
            (1001, "", "the server closed with 1001 going away"),
            (1011, "oops", "the server closed with 1011 internal error, oops"),
            (4000, "\033x", "own, \\x1bx"),
        ):
            with Peer(closing(code, reason)) as peer:
                ended = connect("--linger=off", peer.url)
                self.assertEqual(ended.status, 0, ended)
                self.assertIn(err, ended.err)
                self.assertEqual(bool(err), bool(ended.err), ended)

    def test_signals(self):
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            with Peer() as peer, Piped(peer.url) as piped:
                piped.type(b"x\n")
                self.assertEqual(piped.read_line(), b"x\n")
                piped.process.send_signal(number)
                self.assertEqual(piped.process.wait(BOUND), 0, piped.err)
                self.assertEqual(peer.wait_for_close(), (1000, ""))

    def test_second_signal(self):
        def talk(raw):
            accept(raw)
            while raw.recv(65536):
                self.came.set()

        self.came = threading.Event()
        with Raw(talk) as raw, Piped(raw.url) as piped:
            piped.type(b"x\n")
            for _ in "message", "close frame":
                self.assertTrue(self.came.wait(BOUND))
                self.came.clear()
                piped.process.send_signal(signal.SIGINT)
            self.assertEqual(piped.process.wait(BOUND), -signal.SIGINT)


class Options(unittest.TestCase):
    def fields(self, *args):
        with Peer(subprotocols=["b", "a"]) as peer:
            ended = connect(*args, peer.url)
            self.assertEqual(ended.status, 0, ended)
            return peer.headers[0]

    def test_fields(self):
        fields = self.fields("-p", "a", "--protocol=b", "-H", "X-One: 1",
                             "--header", "X-Two: zwei", "--origin",
                             "https://a.example", "--cookie", "c=d; e=f",
                             "-HUser-Agent: me")
        self.assertEqual(fields["Sec-WebSocket-Protocol"], "a, b")
        self.assertEqual(fields["X-One"], "1")
        self.assertEqual(fields["X-Two"], "zwei")
        self.assertEqual(fields["Origin"], "https://a.example")
        self.assertEqual(fields["Cookie"], "c=d; e=f")
        self.assertEqual(fields["User-Agent"], "me")
        self.assertNotIn("Origin", self.fields())

    def test_once_open(self):
        with Peer() as peer:
            ended = connect("--once-open", "one", "--once-open", "two",
                            peer.url, data=b"three\n")
            self.assertEqual(peer.messages, ["one", "two", "three"])
            self.assertEqual(ended.out, b"one\ntwo\nthree\n")

    def test_message_limit(self):
        async def talk(peer, websocket):
            await websocket.send("x" * 1025)

        with Peer(talk) as peer:
            ended = connect("--message-limit=1K", "--linger=off", peer.url)
            self.assertEqual((ended.status, ended.out), (1, b""), ended)
            self.assertEqual(peer.wait_for_close()[0], 1009)
        with Peer() as peer:
            ended = connect("--message-limit=1K", peer.url, data=b"x" * 1025)
            self.assertEqual(ended.status, 1)
            self.assertIn("line 1 is longer than --message-limit", ended.err)

    def test_ping_interval(self):
        def talk(raw):
            accept(raw)
            while raw.recv(65536)[0] & 15 != 9:
                pass
            raw.sendall(frame(8, b"\x03\xe8"))
            raw.recv(65536)

        with Raw(talk) as raw:
            ended = connect("--ping-interval=50ms", "--linger=off", raw.url)
            self.assertEqual(ended.status, 0, ended)

    def test_proxy(self):
        """A proxy that knows CONNECT, by the option and by the environment."""
        def talk(client):
            head = read_head(client).decode()
            self.asked.append(head.split("\r\n")[0])
            host, port = head.split()[1].split(":")
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                pump(client, server)

        self.asked = []
        with Peer() as peer, Raw(talk) as proxy:
            url = proxy.url.replace("ws:", "http:")
            for args, env in ((["--proxy", url], {}), ([], {"http_proxy": url})):
                ended = connect(*args, peer.url, data=b"hi\n", **env)
                self.assertEqual((ended.out, ended.status), (b"hi\n", 0), ended)
            asked = f"CONNECT 127.0.0.1:{peer.port} HTTP/1.1"
            self.assertEqual(self.asked, [asked, asked])
            ended = connect("--proxy", "", peer.url, http_proxy=url)
            self.assertEqual((ended.status, len(self.asked)), (0, 2))

    def test_verbose(self):
        with Peer() as peer:
            ended = connect("-v", peer.url, data=b"hello\n")
            self.assertEqual(ended.out, b"hello\n")
            self.assertIn("> GET / HTTP/1.1\n", ended.err)
            self.assertIn(f"> Host: 127.0.0.1:{peer.port}\n", ended.err)
            self.assertIn("< HTTP/1.1 101 Switching Protocols\n", ended.err)
            self.assertIn("* closed: 1000 normal closure\n", ended.err)
            self.assertNotIn("FIN", ended.err)
            ended = connect("-vv", peer.url, data=b"hello\n")
            self.assertRegex(ended.err,
                             r"> FIN text masked [0-9a-f]{8} 5 bytes\n")
            self.assertIn("< FIN text 5 bytes\n", ended.err)
            self.assertRegex(ended.err, r"> FIN ping masked \w{8} 12 bytes\n")
            self.assertIn("< FIN pong 12 bytes\n", ended.err)
            self.assertRegex(ended.err, r"> FIN close masked \w{8} 2 bytes\n")
            self.assertIn("< FIN close 2 bytes\n", ended.err)

    def test_verbose_never_open(self):
        with Raw(lambda raw: None) as raw:
            ended = connect("-v", raw.url)
            self.assertEqual(ended.status, 1)
            self.assertIn("> GET / HTTP/1.1\n", ended.err)
            self.assertNotIn("closed:", ended.err)

    def test_verbose_is_safe(self):
        def talk(raw):
            read_head(raw)
            raw.sendall(b"HTTP/1.1 403 \033[2J\r\nX: \x9b\r\n\r\n")

        with Raw(talk) as raw:
            ended = subprocess.run([PROGRAM, "connect", "-v", raw.url],
                                   stdin=subprocess.DEVNULL, env=environment(),
                                   capture_output=True, timeout=BOUND,
                                   check=False)
            self.assertEqual(ended.returncode, 1)
            self.assertNotIn(b"\033", ended.stderr)
            self.assertNotIn(b"\x9b", ended.stderr)

    def test_times_and_color(self):
        with Peer() as peer:
            ended = connect("-vt", peer.url)
            self.assertTrue(all(re.match(r"\d\d:\d\d:\d\d\.\d{3} [<>*] ", line)
                                for line in ended.err.splitlines()), ended)
            self.assertNotIn("\033", ended.err)
            ended = connect("-v", "--color=always", peer.url)
            self.assertIn("\033[32m> GET", ended.err)
            self.assertIn("\033[36m< HTTP", ended.err)

    def test_help(self):
        def run(*args):
            return subprocess.run([PROGRAM, *args], capture_output=True,
                                  text=True, timeout=BOUND, check=True).stdout

        text = run("connect", "--help")
        self.assertTrue(text.startswith("Usage: weft connect "))
        self.assertEqual(text, run("help", "connect"))
        self.assertIn("\n  connect ", run("--help"))


def pump(one, other):
    """Bytes in both directions, until one side ends."""
    while True:
        ready, _, _ = select.select([one, other], [], [], BOUND)
        for source in ready:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)


class Reconnecting(unittest.TestCase):
    def test_comes_and_goes(self):
        """Cut twice, in two ways; the third connection is a good one."""
        async def talk(peer, websocket):
            peer.messages.append(await websocket.recv())
            if len(peer.sockets) == 1:
                websocket.transport.abort()
            elif len(peer.sockets) == 2:
                await websocket.close(1012)
            else:
                await websocket.send("at last")
                await Peer.echo(peer, websocket)

        with Peer(talk) as peer:
            with Piped("-r", "--once-open", "hi", peer.url) as piped:
                self.assertEqual(piped.read_line(), b"at last\n")
                piped.type(b"x\n")
                self.assertEqual(piped.read_line(), b"x\n")
                self.assertEqual(piped.end().status, 0)
                self.assertEqual(piped.err.count("trying again in"), 2)
                self.assertIn("1012 service restart", piped.err)
            self.assertEqual(peer.messages, ["hi", "hi", "hi", "x"])

    def test_server_comes_later(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
            with Piped("--reconnect", url) as piped:
                piped.type(b"kept\n")
                piped.wait_err("trying again in")
                listener.listen()
                listener.settimeout(BOUND)
                raw, _ = listener.accept()
                with raw:
                    raw.settimeout(BOUND)
                    accept(raw)
                    data = raw.recv(100)
                    self.assertEqual(unmask(data), b"kept")
                    raw.sendall(frame(8, b"\x03\xe8"))
                    self.assertEqual(piped.process.wait(BOUND), 0)

    def test_limit(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{taken.getsockname()[1]}/"
            ended = connect("-r", "--reconnect-limit=2", url)
            self.assertEqual(ended.status, 1)
            self.assertEqual(ended.err.count("trying again in"), 2, ended)
            self.assertEqual(ended.err.count("\n"), 3, ended)

    def test_normal_close_ends_it(self):
        with Peer(closing(1000)) as peer:
            ended = connect("-r", "--linger=off", peer.url)
            self.assertEqual((ended.status, len(peer.sockets)), (0, 1), ended)

    def test_end_of_input_ends_it(self):
        async def talk(peer, websocket):
            async for _ in websocket:
                websocket.transport.abort()

        with Peer(talk) as peer:
            ended = connect("-r", "--linger=1m", peer.url, data=b"lost?\n")
            self.assertEqual((ended.status, len(peer.sockets)), (1, 1), ended)

    def test_interrupted(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{taken.getsockname()[1]}/"
            with Piped("-r", url) as piped:
                piped.wait_err("trying again in")
                piped.process.send_signal(signal.SIGINT)
                self.assertEqual(piped.process.wait(BOUND), 1)


class BackPressure(unittest.TestCase):
    def held_by(self, piped):
        """Bytes of memory that the program has used at most."""
        status = pathlib.Path(f"/proc/{piped.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def test_slow_output(self):
        """Nobody reads what comes: the server cannot send any more. Then all
        of it is read."""
        def talk(raw):
            accept(raw)
            message = frame(1, b"x" * 65535)  # a line of 65536 bytes
            raw.setblocking(False)
            while select.select([], [raw], [], 1)[1]:
                self.sent += raw.send(message[self.sent % len(message) :])
                if self.sent > 512 * MIB:
                    return
            self.blocked.set()
            raw.settimeout(BOUND)
            raw.sendall(message[self.sent % len(message) :])
            self.lines = self.sent // len(message) + 1
            raw.sendall(frame(8, b"\x03\xe8"))
            raw.recv(100)

        self.sent = self.lines = 0
        self.blocked = threading.Event()
        with Raw(talk) as raw, Piped("--linger=off", raw.url) as piped:
            self.assertTrue(self.blocked.wait(2 * BOUND), self.sent)
            if KIND == "release":
                self.assertLess(self.held_by(piped), 32 * MIB)
            ended = piped.end()
            self.assertEqual((ended.status, ended.err), (0, ""))
            self.assertEqual(ended.out.count(b"\n"), self.lines)
            self.assertEqual(len(ended.out), 65536 * self.lines)

    def test_signal_while_nobody_reads(self):
        """One signal ends it, though what came is not taken."""
        def talk(raw):
            accept(raw)
            raw.sendall(frame(1, b"x" * 60000) * 4)
            while raw.recv(100):
                pass

        with Raw(talk) as raw, Piped("--linger=off", raw.url) as piped:
            ready, _, _ = select.select([piped.process.stdout], [], [], BOUND)
            self.assertTrue(ready)
            piped.process.send_signal(signal.SIGTERM)
            self.assertEqual(piped.process.wait(BOUND), 1)
            self.assertIn("nobody took what came", piped.err)

    def test_slow_server(self):
        """The server reads nothing: input is not read. Then it reads all."""
        def talk(raw):
            accept(raw)
            self.read_on.wait(2 * BOUND)
            while (data := raw.recv(MIB)):
                self.came += len(data)

        self.came, self.read_on = 0, threading.Event()
        line = b"x" * 65535 + b"\n"
        with Raw(talk) as raw, Piped("--linger=0", raw.url) as piped:
            given, pipe = 0, piped.process.stdin.fileno()
            os.set_blocking(pipe, False)
            while select.select([], [pipe], [], 1)[1] and given < 512 * MIB:
                given += os.write(pipe, line[given % len(line) :])
            self.assertLess(given, 64 * MIB)
            if KIND == "release":
                self.assertLess(self.held_by(piped), 32 * MIB)
            self.read_on.set()
            piped.process.stdin.close()
            until(lambda: self.came >= given, "all that was given")
            piped.process.send_signal(signal.SIGKILL)

    def test_closed_output(self):
        """What `yes | weft connect URL | head -c 2` does. The lines are long,
        as this server takes its time over each, and all that lies on the way
        to it must be read before it answers the close frame."""
        with Peer() as peer:
            done = subprocess.run(
                ["bash", "-c", f"yes {'y' * 9000} | {PROGRAM} connect "
                 f"{peer.url} | head -c 2; echo ${{PIPESTATUS[1]}}"],
                capture_output=True, text=True, timeout=2 * BOUND, check=False,
                env=environment())
            self.assertEqual((done.stdout, done.stderr), ("yy0\n", ""))
            self.assertEqual(peer.wait_for_close(), (1000, ""))

    def test_closed_output_of_a_silent_server(self):
        with Peer() as peer, Piped(peer.url) as piped:
            piped.type(b"x\n")
            self.assertEqual(piped.read_line(), b"x\n")
            piped.process.stdout.close()
            self.assertEqual(piped.process.wait(BOUND), 0, piped.err)
            self.assertEqual(peer.wait_for_close(), (1000, ""))

    def test_full_disk(self):
        with Peer() as peer, open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "connect", peer.url], input=b"x\n",
                                  stdout=full, stderr=subprocess.PIPE,
                                  timeout=BOUND, check=False,
                                  env=environment())
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"standard output: No space left", done.stderr)


if __name__ == "__main__":
    unittest.main()
