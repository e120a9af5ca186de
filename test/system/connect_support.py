# SPDX-License-Identifier: MIT
"""What the tests of `weft connect` share: servers, and the program in a pipe
or at a terminal. Nothing here sleeps to wait for something: it waits for the
thing itself, with a bound."""

import asyncio
import contextlib
import fcntl
import os
import pathlib
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

try:
    import websockets
    from websockets.utils import accept_key
except ImportError:
    print("python3-websockets is missing")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.path.abspath(os.environ.get("WEFT", ROOT / "build/weft"))
BOUND = 30  # seconds; more than anything takes


def until(test, what):
    """The first true value of test(), for what can only be asked for."""
    end = time.monotonic() + BOUND
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"{what}: not within {BOUND} s")


# ---- Servers ----------------------------------------------------------------


class Peer:
    """A server by python3-websockets: talk(socket) is its side of a connection.
    What came is in messages, the end of each connection in closes."""

    def __init__(self, talk=None, **options):
        self.messages, self.closes, self.headers = [], [], []
        self.sockets = []
        self.talk = talk or Peer.echo
        options.setdefault("compression", None)
        options.setdefault("max_size", 64 << 20)
        self.options = options
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    @staticmethod
    async def echo(peer, websocket):
        async for message in websocket:
            peer.messages.append(message)
            await websocket.send(message)

    @staticmethod
    async def listen(peer, websocket):
        async for message in websocket:
            peer.messages.append(message)

    async def serve(self, websocket):
        self.headers.append(websocket.request_headers)
        self.sockets.append(websocket)
        with contextlib.suppress(websockets.ConnectionClosed):
            await self.talk(self, websocket)
        await websocket.wait_closed()
        self.closes.append((websocket.close_code, websocket.close_reason))

    async def main(self):
        self.stop = self.loop.create_future()
        server = await websockets.serve(self.serve, "127.0.0.1", 0,
                                        **self.options)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await self.stop
        server.close()
        await server.wait_closed()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.main())
        self.loop.close()

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/"

    def do(self, coroutine):
        """Runs a coroutine on the server's thread; its result."""
        return asyncio.run_coroutine_threadsafe(coroutine,
                                                self.loop).result(BOUND)

    def send(self, message):
        """To the connection that was made last."""
        self.do(self.wait_for_socket().send(message))

    def wait_for_socket(self):
        return until(lambda: self.sockets, "a connection")[-1]

    def wait_for_close(self):
        return until(lambda: self.closes, "the end of a connection")[-1]

    def __enter__(self):
        self.thread.start()
        if not self.ready.wait(BOUND):
            raise RuntimeError("no server")
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set_result, None)
        self.thread.join(BOUND)


class Raw:
    """A server that is scripted byte by byte: talk(socket) for each connection,
    one after the other."""

    def __init__(self, talk):
        self.talk = talk
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/"

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            peer.settimeout(BOUND)
            with peer, contextlib.suppress(OSError):
                self.talk(peer)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(BOUND)


def read_head(peer):
    """Up to the empty line; what came behind it is lost."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = peer.recv(65536)
        if not data:
            raise ConnectionError("no head")
        head += data
    return head


def accept(peer):
    """The server's side of a handshake."""
    head = read_head(peer).decode()
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    answer = accept_key(fields["Sec-WebSocket-Key"])
    peer.sendall((
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Accept: {answer}\r\n\r\n"
    ).encode())


def frame(opcode, payload=b""):
    """An unmasked frame, which is the last of its message."""
    head = bytes([0x80 | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 65536:
        return head + b"\x7e" + struct.pack(">H", len(payload)) + payload
    return head + b"\x7f" + struct.pack(">Q", len(payload)) + payload


# ---- In a pipe --------------------------------------------------------------


def environment(**more):
    """Without proxies or colours of the tester's own."""
    env = {name: value for name, value in os.environ.items()
           if not name.lower().endswith("_proxy")}
    for name in ("NO_COLOR", "XDG_STATE_HOME"):
        env.pop(name, None)
    return {**env, **more}


class Ended:
    """How a program ended: status, and bytes that it wrote."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return f"status {self.status}, {self.out[:200]!r}, {self.err[:2000]!r}"


def connect(*args, data=b"", **env):
    """Runs weft connect with this input, to its end."""
    done = subprocess.run([PROGRAM, "connect", *args], input=data,
                          capture_output=True, timeout=4 * BOUND, check=False,
                          env=environment(**env))
    return Ended(done.returncode, done.stdout, done.stderr.decode())


class Piped:
    """weft connect with pipes that the test holds."""

    def __init__(self, *args):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [PROGRAM, "connect", *args], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log, bufsize=0,
            env=environment())

    @property
    def err(self):
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0).decode()

    def wait_err(self, text):
        until(lambda: text in self.err, f"{text} in {self.err!r}")

    def type(self, data):
        self.process.stdin.write(data)

    def read_line(self):
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.process.stdout], [], [], BOUND)
            byte = os.read(self.process.stdout.fileno(), 1) if ready else b""
            if not byte:
                raise AssertionError(f"no line: {line!r} {self.err}")
            line += byte
        return line

    def end(self):
        """Closes its input, and waits."""
        self.process.stdin.close()
        out = self.process.stdout.read()
        return Ended(self.process.wait(BOUND), out, self.err)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()


# ---- At a terminal ----------------------------------------------------------


class Terminal:
    """weft connect at a pseudo-terminal of 80 columns and 24 rows."""

    def __init__(self, *args, **env):
        self.seen, self.at = b"", 0
        self.home = env.pop("HOME", None) or tempfile.mkdtemp()
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(slave)
        env = environment(**{"TERM": "xterm", "HOME": self.home, **env})
        self.process = subprocess.Popen(
            [PROGRAM, "connect", *args], stdin=slave, stdout=slave,
            stderr=slave, env=env, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.slave = slave

    def type(self, text):
        os.write(self.master, text.encode())

    def read_more(self, seconds=BOUND):
        ready, _, _ = select.select([self.master], [], [], seconds)
        data = os.read(self.master, 65536) if ready else b""
        self.seen += data
        return bool(data)

    def wait(self, text):
        """Until the text appears behind what was waited for before; what came
        before it."""
        want = text.encode()
        while (found := self.seen.find(want, self.at)) < 0:
            if not self.read_more():
                raise AssertionError(f"no {text!r} in {self.seen[self.at:]!r}")
        start, self.at = self.at, found + len(want)
        return self.seen[start:found].decode()

    def is_restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def end(self):
        """Waits for its end; the exit status."""
        def has_ended():
            while self.read_more(0):
                pass
            return self.process.poll() is not None

        until(has_ended, f"the end: {self.seen!r}")
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)
