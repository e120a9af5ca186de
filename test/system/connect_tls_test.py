# SPDX-License-Identifier: MIT
"""wss and Debian's python3-websockets: weft connect against its server, its
client against weft serve."""

import asyncio
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import websockets

from connect_support import (BOUND, PROGRAM, ROOT, Peer, Piped, Raw, Terminal,
                             connect, environment, until)
from websockets_test import EXAMPLES, Server

MIB = 1 << 20
FOLDER = tempfile.TemporaryDirectory(prefix="weft-certs-")
subprocess.run([ROOT / "test/support/make-certs", FOLDER.name], check=True)


def cert(file):
    return os.path.join(FOLDER.name, file)


CA = ("--ca-file", cert("ca.pem"))


def served_as(name, **more):
    """The side of a server with the certificate of that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert(f"{name}.pem"), cert(f"{name}.key"))
    for key, value in more.items():
        setattr(context, key, value)
    return context


class SecurePeer(Peer):
    """A server over TLS, with the certificate of that name."""

    def __init__(self, name="server", talk=None, client_ca=None, **more):
        context = served_as(name, **more)
        if client_ca:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        super().__init__(talk, ssl=context)

    @property
    def url(self):
        return f"wss://localhost:{self.port}/"


class Connect(unittest.TestCase):
    def assert_fails(self, ended, *texts, status=1):
        self.assertEqual((ended.status, ended.out), (status, b""), ended)
        self.assertEqual(ended.err.count("\n"), 1, ended)
        for text in texts:
            self.assertIn(text, ended.err)

    def test_echo(self):
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            with SecurePeer(minimum_version=version,
                            maximum_version=version) as peer:
                ended = connect(*CA, peer.url, data=b"hello\n")
                self.assertEqual((ended.out, ended.err, ended.status),
                                 (b"hello\n", "", 0))
                self.assertEqual(peer.wait_for_close(), (1000, ""))

    def test_much(self):
        lines = b"".join(b"%d\n" % i for i in range(20000))
        big = b"x" * 3 * MIB + b"\n"
        with SecurePeer() as peer:
            ended = connect(*CA, peer.url, data=lines + big)
            self.assertEqual(ended.out, lines + big)
            self.assertEqual((ended.err, ended.status), ("", 0))

    def test_refused(self):
        for name, options, texts in (
            ("server", (), ("authority", "--ca-file FILE", "--insecure")),
            ("self", (), ("self-signed", "--ca-file FILE", "--insecure")),
            ("self", CA, ("self-signed",)),
            ("unknown", CA, ("another authority",)),
            ("elsewhere", CA, ("not for localhost", "elsewhere.example")),
            ("expired", CA, ("expired",)),
        ):
            with SecurePeer(name) as peer:
                ended = connect(*options, peer.url, data=b"secret\n")
                self.assert_fails(ended, peer.url, "the server's certificate",
                                  *texts)
                self.assertEqual(peer.messages, [])

    def test_insecure(self):
        for name in "self", "unknown", "elsewhere", "expired":
            for option in "-k", "--insecure":
                with SecurePeer(name) as peer:
                    ended = connect(option, peer.url, data=b"x\n")
                    self.assertEqual((ended.out, ended.err), (b"x\n", ""))

    def test_system_store(self):
        """Where OpenSSL looks by itself can be told by its own variable."""
        with SecurePeer() as peer:
            ended = connect(peer.url, data=b"x\n", SSL_CERT_FILE=cert("ca.pem"))
            self.assertEqual((ended.out, ended.err), (b"x\n", ""))

    def test_client_certificate(self):
        async def who(_, websocket):
            subject = websocket.transport.get_extra_info("peercert")["subject"]
            await websocket.send(dict(part[0] for part in subject)["commonName"])
            await websocket.close()

        both = cert("alice-both.pem")
        pathlib.Path(both).write_text(
            pathlib.Path(cert("alice.pem")).read_text() +
            pathlib.Path(cert("alice.key")).read_text())
        for options in (("--certificate", cert("alice.pem"),
                         "--private-key", cert("alice.key")),
                        ("--certificate", both)):
            with SecurePeer(talk=who, client_ca=cert("ca.pem")) as peer:
                ended = connect(*CA, *options, peer.url)
                self.assertEqual((ended.out, ended.err), (b"alice\n", ""))

    def test_client_certificate_is_missing(self):
        with Server(EXAMPLES, "-t", "-c", cert("both.pem"), "--tls-client-auth",
                    "--tls-client-ca", cert("ca.pem")) as server:
            url = f"wss://localhost:{server.port}/echo"
            mallory = ("--certificate", cert("mallory.pem"),
                       "--private-key", cert("mallory.key"))
            self.assert_fails(connect(*CA, url), "wants a certificate")
            self.assert_fails(connect(*CA, *mallory, url), "does not trust")

    def test_wrong_files(self):
        for options, text in (
            (("--ca-file", "/none/such.pem"), "/none/such.pem"),
            (("--ca-file", cert("ca.key")), "ca.key"),
            (("--certificate", "/none/such.pem"), "/none/such.pem"),
            (("--certificate", cert("alice.pem")), "alice.pem"),
            (("--private-key", cert("alice.key")), "--certificate"),
        ):
            self.assert_fails(connect(*options, "wss://localhost/"), text,
                              status=2)

    def test_verbose(self):
        with SecurePeer() as peer:
            ended = connect("-v", *CA, peer.url, data=b"x\n")
            lines = ended.err.splitlines()
            self.assertRegex(lines[0], r"^\* TLSv1\.3 TLS_\w+, CN=server$")
            self.assertEqual(lines[1], "> GET / HTTP/1.1")
            self.assertEqual(ended.status, 0)

    def test_plain_server(self):
        with Peer() as peer:
            url = f"wss://localhost:{peer.port}/"
            self.assert_fails(connect(url, data=b"x\n"), "not TLS")

    def test_silent_server(self):
        with Raw(lambda peer: peer.recv(MIB) and peer.recv(MIB)) as raw:
            url = f"wss://localhost:{raw.port}/"
            ended = connect("--timeout", "200ms", url)
            self.assert_fails(ended, "TLS handshake")

    def test_reconnect(self):
        async def twice(peer, websocket):
            await websocket.send(str(len(peer.sockets)))
            await websocket.close(1000 if len(peer.sockets) == 2 else 1012)

        with SecurePeer(talk=twice) as peer, \
                Piped("-r", "--linger", "off", *CA, peer.url) as piped:
            self.assertEqual(piped.read_line(), b"1\n")
            self.assertEqual(piped.read_line(), b"2\n")
            self.assertEqual(piped.end().status, 0)

    def test_at_a_terminal(self):
        with SecurePeer() as peer, \
                Terminal("--no-color", *CA, peer.url) as terminal:
            terminal.wait(f"* open: {peer.url}")
            terminal.type("hello\r")
            terminal.wait("< hello")
            terminal.type("/quit\r")
            terminal.wait("* closed: 1000 ")
            self.assertEqual(terminal.end(), 0)


class Serve(unittest.TestCase):
    def run_client(self, talk, *args, **options):
        """talk(websocket) with a server that has TLS alone."""
        trust = ssl.create_default_context(cafile=cert("ca.pem"))
        for key, value in options.items():
            setattr(trust, key, value)

        async def main(port):
            async with websockets.connect(
                    f"wss://localhost:{port}/echo", ssl=trust,
                    max_size=64 * MIB, open_timeout=BOUND) as websocket:
                await talk(websocket)

        with Server(EXAMPLES, "--tls", "-c", cert("server.pem"), "-k",
                    cert("server.key"), *args) as server:
            asyncio.run(asyncio.wait_for(main(server.port), 4 * BOUND))

    def test_every_size(self):
        async def talk(websocket):
            for size in 0, 1, 16384, 65536, MIB, 15 * MIB:
                for message in b"\xff" * size, "x" * size:
                    await websocket.send(message)
                    self.assertEqual(await websocket.recv(), message)

        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            self.run_client(talk, minimum_version=version,
                            maximum_version=version)

    def test_many_in_flight(self):
        async def talk(websocket):
            async def send():
                for i in range(5000):
                    await websocket.send(str(i))

            sending = asyncio.create_task(send())
            for i in range(5000):
                self.assertEqual(await websocket.recv(), str(i))
            await sending

        self.run_client(talk)


class Refused(unittest.TestCase):
    """What makes no sense, or cannot be read, is told before anything runs."""

    def test_options(self):
        handlers = str(EXAMPLES)
        pair = ("-c", cert("server.pem"), "-k", cert("server.key"))
        for args, text in (
            (("-t",), "needs a certificate"),
            (pair, "add --tls"),
            (("-t", "--tls-port", "1", *pair), "--tls-port is for"),
            (("-t", "-c", "/none.pem", "-k", "/none.key"), "/none.pem"),
            (("-t", "-c", cert("server.pem"), "-k", cert("b.key")), "b.key"),
            (("-t", *pair, "--tls-client-auth"), "--tls-client-ca"),
            (("-t", *pair, "--tls-client-auth", "--tls-client-ca",
              cert("ca.key")), "ca.key"),
            (("--tls-port", "0", *pair, "-H", f"unix:{FOLDER.name}/socket"),
             "no address of -H has ports"),
        ):
            done = subprocess.run(
                [PROGRAM, "serve", "-p", "0", "-w", handlers, *args],
                capture_output=True, text=True, timeout=BOUND, check=False,
                env=environment())
            self.assertEqual((done.returncode, done.stdout), (2, ""), done)
            self.assertTrue(done.stderr.startswith("weft serve: "), done)
            self.assertEqual(done.stderr.count("\n"), 1, done)
            self.assertIn(text, done.stderr)

    def test_port_in_use(self):
        pair = ("-c", cert("server.pem"), "-k", cert("server.key"))
        with Peer() as peer:
            done = subprocess.run(
                [PROGRAM, "serve", "-p", "0", "-H", "127.0.0.1", "-w",
                 str(EXAMPLES), "--tls-port", str(peer.port), *pair],
                capture_output=True, text=True, timeout=BOUND, check=False,
                env=environment())
            self.assertEqual(done.returncode, 2)
            self.assertIn("choose another with --tls-port", done.stderr)


class Unix(unittest.TestCase):
    def test_tls_over_a_unix_socket(self):
        path = os.path.join(FOLDER.name, "tls-socket")
        with Server(EXAMPLES, "--tls", "-H", "localhost", "-H", f"unix:{path}",
                    "-c", cert("both.pem")) as server:
            async def main():
                trust = ssl.create_default_context(cafile=cert("ca.pem"))
                async with websockets.unix_connect(
                        path, "wss://localhost/echo", ssl=trust,
                        server_hostname="localhost") as websocket:
                    await websocket.send("x")
                    self.assertEqual(await websocket.recv(), "x")

            asyncio.run(asyncio.wait_for(main(), BOUND))
            until(lambda: f"unix:{path} (TLS)" in server.text(), "the greeting")


if __name__ == "__main__":
    unittest.main()
