# SPDX-License-Identifier: MIT
"""weft connect at a terminal: a pseudo-terminal of the test's own, and for what
is on the screen in the end, tmux."""

import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from connect_support import (BOUND, PROGRAM, Peer, Raw, Terminal, accept,
                             environment, read_head, until)

UP, DOWN, RIGHT, LEFT = "\033[A", "\033[B", "\033[C", "\033[D"
HAS_LIBEDIT = "libedit" in subprocess.run(
    [PROGRAM, "--version"], capture_output=True, text=True, timeout=BOUND,
    check=True).stdout


def plain(*args):
    """Arguments for a terminal whose text is asserted on."""
    return ["--no-color", *args]


class Prompt(unittest.TestCase):
    def setUp(self):
        if not HAS_LIBEDIT:
            self.skipTest("built without libedit")

    def open(self, peer, *args, **env):
        terminal = Terminal(*plain(*args), peer.url, **env)
        terminal.wait(f"* open: {peer.url}")
        terminal.wait("> ")
        return terminal

    def assert_closes(self, terminal, peer, code=1000, reason="", status=0):
        terminal.wait(f"* closed: {code} ")
        self.assertEqual(terminal.end(), status)
        self.assertEqual(peer.wait_for_close(), (code, reason))
        self.assertTrue(terminal.is_restored())

    def test_type_and_edit(self):
        with Peer() as peer, self.open(peer) as terminal:
            for keys, message in (
                ("hello\r", "hello"),
                ("helko\177\177lo\r", "hello"),
                (f"wrld{LEFT}{LEFT}{LEFT}o\r", "world"),
                (f"orld{LEFT * 4}w{RIGHT * 4}!\r", "world!"),
                ("\001\013one two\027three\r", "one three"),
                ("é€😀x\177\r", "é€😀"),
                ("\r", ""),
                ("//close\r", "/close"),
            ):
                terminal.type(keys)
                terminal.wait(f"< {message}\r\n")
                self.assertEqual(peer.messages[-1], message)
            terminal.type("\004")
            self.assert_closes(terminal, peer)

    def test_typed_before_it_is_open(self):
        with Peer() as peer:
            terminal = Terminal(*plain(), peer.url)
            with terminal:
                terminal.type("early\r\004")
                self.assertEqual(terminal.end(), 0)
            self.assertEqual(peer.messages, ["early"])

    def test_history(self):
        home = tempfile.mkdtemp()
        path = pathlib.Path(home, ".local/state/weft/connect_history")
        with Peer() as peer:
            with self.open(peer, HOME=home) as terminal:
                terminal.type(f"one\rtwo\r secret\r{UP}{UP}\r")
                terminal.wait("<  secret")
                terminal.wait("< one")
                terminal.type("\004")
                terminal.end()
            self.assertEqual(path.read_text(), "one\ntwo\none\n")
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
            with self.open(peer, HOME=home) as terminal:
                terminal.type(f"{UP}{UP}\r")
                terminal.wait("< two")
                terminal.type(f"{UP}{UP}{DOWN}!\r")
                terminal.wait("< two!")
                terminal.type("\004")
                terminal.end()
            # What cannot be kept is no error.
            with self.open(peer, XDG_STATE_HOME="/dev/null") as terminal:
                terminal.type("kept nowhere\r")
                terminal.wait("< kept nowhere")
                terminal.type("\004")
                self.assertEqual(terminal.end(), 0)
        shutil.rmtree(home)

    def test_message_while_typing(self):
        with Peer() as peer, self.open(peer) as terminal:
            terminal.type("hel")
            terminal.wait("hel")
            peer.send("news")
            terminal.wait("< news\r\n")
            terminal.wait("> hel")
            terminal.type(f"lo{LEFT}{LEFT}")
            terminal.wait("lo")
            peer.send("more")
            terminal.wait("< more\r\n")
            terminal.wait("> hello")
            terminal.type("p\r")
            terminal.wait("< helplo\r\n")
            terminal.type("\004")
            self.assert_closes(terminal, peer)

    def test_commands(self):
        with Peer() as peer, self.open(peer) as terminal:
            for line, shown in (
                ("/ping are you there", ["> ping are you there",
                                         "< pong are you there"]),
                ("/ping", ["> ping\r", "< pong\r"]),
                ("/help", ["/ping [TEXT]", "/close", "/binary", "/quit"]),
                ("/pong", ["did you mean /ping?"]),
                ("/close 1001", ["1000 or 3000 to 4999"]),
                ("/close soon", ["/close takes a code"]),
                ("/binary /none", ["/none: No such file"]),
            ):
                terminal.type(line + "\r")
                for text in shown:
                    terminal.wait(text)
            self.assertEqual(peer.messages, [])
            terminal.type("/close 4001 good bye\r")
            self.assert_closes(terminal, peer, 4001, "good bye")

    def test_quit(self):
        with Peer() as peer, self.open(peer) as terminal:
            terminal.type("/quit\r")
            self.assert_closes(terminal, peer)

    def test_binary(self):
        data = bytes(range(256))
        with Peer() as peer, self.open(peer) as terminal, \
                tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            terminal.type(f"/binary {file.name}\r")
            terminal.wait("> binary, 256 bytes\r\n")
            terminal.wait("< binary, 256 bytes\r\n")
            terminal.wait("  0000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d "
                          "0e 0f  |................|\r\n")
            terminal.wait("  0030  30 31 32 33 34 35 36 37  38 39 3a 3b 3c 3d "
                          "3e 3f  |0123456789:;<=>?|\r\n")
            terminal.wait("  and 192 more\r\n")
            self.assertEqual(peer.messages, [data])
            terminal.type("\004")
            self.assert_closes(terminal, peer)

    def test_control_frames(self):
        async def ping(websocket):
            await (await websocket.ping(b"hi\033"))
            await websocket.pong(b"unasked")

        with Peer() as peer, self.open(peer) as terminal:
            peer.do(ping(peer.wait_for_socket()))
            terminal.wait("< ping hi\\x1b\r\n")
            terminal.wait("< pong unasked\r\n")
            terminal.type("\004")
            self.assert_closes(terminal, peer)

    def test_nothing_raw(self):
        """No control character, nor one that changes the direction."""
        evil = "\033]0;title\a\033[2J\u009b31m\u202ed\r\n\t\0"
        with Peer() as peer, self.open(peer) as terminal:
            start = terminal.at
            peer.send(evil + "end")
            shown = "\\x1b]0;title\\x07\\x1b[2J\\x9b31m\\u{202e}d\\r\\n\\t\\x00"
            terminal.wait(f"< {shown}end\r\n")
            for text in evil[:10], "\u009b", "\u202e":
                self.assertNotIn(text.encode(), terminal.seen[start:])
            terminal.type("\004")
            self.assert_closes(terminal, peer)

    def test_interrupt(self):
        for key in "\003", "\034":  # Ctrl-C and Ctrl-\
            with Peer() as peer, self.open(peer) as terminal:
                terminal.type("half a line" + key)
                self.assert_closes(terminal, peer)
                self.assertEqual(peer.messages, [])

    def test_second_interrupt(self):
        """A server that does not answer the close frame."""
        def talk(raw):
            accept(raw)
            while raw.recv(65536):
                pass

        with Raw(talk) as raw, self.open(raw) as terminal:
            terminal.type("\003")
            until(terminal.is_restored, "the terminal as it was")
            terminal.type("\003")
            self.assertEqual(terminal.end(), -signal.SIGINT)
            self.assertTrue(terminal.is_restored())

    def test_hang_up(self):
        with Peer() as peer, self.open(peer) as terminal:
            terminal.process.send_signal(signal.SIGHUP)
            self.assert_closes(terminal, peer)

    def test_server_closes(self):
        async def talk(peer, websocket):
            await websocket.recv()
            await websocket.close(4242, "so\nlong")

        with Peer(talk) as peer, self.open(peer) as terminal:
            terminal.type("x\r")
            terminal.wait("* closed: 4242 a code of the application's own, "
                          "so\\nlong\r\n")
            self.assertEqual(terminal.end(), 0)
            self.assertTrue(terminal.is_restored())

    def test_stop_and_continue(self):
        with Peer() as peer, self.open(peer) as terminal:
            terminal.type("hel")
            terminal.wait("hel")
            terminal.process.send_signal(signal.SIGTSTP)
            os.waitpid(terminal.process.pid, os.WUNTRACED)
            self.assertTrue(terminal.is_restored())
            terminal.process.send_signal(signal.SIGCONT)
            terminal.wait("> hel")
            terminal.type("lo\r")
            terminal.wait("< hello")
            terminal.type("\004")
            self.assert_closes(terminal, peer)

    def test_reconnect(self):
        """The line that is being typed outlives the connection."""
        async def talk(peer, websocket):
            await websocket.send("welcome")
            await Peer.echo(peer, websocket)

        with Peer(talk) as peer:
            args = plain("-r", "--once-open=hi", peer.url)
            with Terminal(*args) as terminal:
                terminal.wait("* open: ")
                terminal.wait("> hi\r\n")
                terminal.wait("< welcome\r\n")
                terminal.wait("< hi\r\n")
                terminal.wait("> ")
                terminal.type("hel")
                terminal.wait("hel")
                peer.loop.call_soon_threadsafe(
                    peer.wait_for_socket().transport.abort)
                terminal.wait("* closed: 1006 no closing handshake\r\n")
                terminal.wait("; trying again in ")
                terminal.wait("* open: ")
                terminal.wait("> hi\r\n")
                terminal.wait("< welcome\r\n")
                terminal.wait("< hi\r\n")
                terminal.wait("> hel")
                terminal.type("lo\r")
                terminal.wait("< hello\r\n")
                terminal.type("\004")
                self.assert_closes(terminal, peer)
            self.assertEqual(peer.messages, ["hi", "hi", "hello"])

    def test_refused(self):
        def talk(raw):
            read_head(raw)
            raw.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

        with Raw(talk) as raw, Terminal(*plain(), raw.url) as terminal:
            terminal.wait(f"weft connect: {raw.url}: the server answered 403")
            self.assertEqual(terminal.end(), 1)
            self.assertNotIn(b"closed:", terminal.seen)
            self.assertTrue(terminal.is_restored())

    def test_times(self):
        with Peer() as peer, Terminal(*plain("-t"), peer.url) as terminal:
            terminal.wait("* open: ")
            terminal.wait("> ")
            terminal.type("hello\r")
            terminal.wait("< hello\r\n")
            text = terminal.seen.decode()
            stamp = r"\d\d:\d\d:\d\d\.\d{3}"
            self.assertRegex(text, stamp + r" > hello\r\n")
            self.assertRegex(text, stamp + r" < hello\r\n")
            terminal.type("\004")
            self.assert_closes(terminal, peer)

    def test_verbose(self):
        with Peer() as peer, Terminal(*plain("-vv"), peer.url) as terminal:
            terminal.wait("> GET / HTTP/1.1\r\n")
            terminal.wait("< HTTP/1.1 101 Switching Protocols\r\n")
            terminal.wait("* open: ")
            terminal.type("hello\r")
            terminal.wait("> FIN text masked ")
            terminal.wait("< FIN text 5 bytes\r\n")
            terminal.wait("< hello\r\n")
            terminal.type("\004")
            self.assert_closes(terminal, peer)


class Colors(unittest.TestCase):
    def talk(self, *args, **env):
        """A line and its echo, as the terminal gets them."""
        with Peer() as peer, Terminal(*args, peer.url, **env) as terminal:
            terminal.wait("open: ")
            terminal.wait("> ")
            terminal.type("hello\r")
            terminal.wait("< hello")
            terminal.type("\004")
            terminal.wait("closed: 1000")
            self.assertEqual(terminal.end(), 0)
            return terminal.seen.decode()

    @unittest.skipUnless(HAS_LIBEDIT, "built without libedit")
    def test_colors(self):
        for args, env, has_color in (
            ([], {}, True),
            ([], {"NO_COLOR": "1"}, False),
            ([], {"NO_COLOR": ""}, True),
            (["--no-color"], {}, False),
            (["--color=never"], {}, False),
            (["--color=always"], {"NO_COLOR": "1"}, True),
        ):
            with self.subTest((args, env)):
                text = self.talk(*args, **env)
                self.assertEqual("\033[32m> hello\033[0m" in text, has_color)
                self.assertEqual("\033[36m< hello\033[0m" in text, has_color)
                self.assertEqual("\033[2m* " in text, has_color)

    def test_dumb(self):
        text = self.talk(TERM="dumb")
        self.assertNotIn("\033", text)
        self.assertNotIn("> > hello", text)


@unittest.skipUnless(shutil.which("tmux"), "tmux is missing")
@unittest.skipUnless(HAS_LIBEDIT, "built without libedit")
class Screen(unittest.TestCase):
    """The same in tmux, which knows what is on the screen."""

    def setUp(self):
        self.home = tempfile.mkdtemp()
        self.socket = os.path.join(self.home, "tmux")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def tmux(self, *args):
        done = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null",
                               *args], capture_output=True, text=True,
                              timeout=BOUND, check=True,
                              env=environment(HOME=self.home,
                                              LC_ALL="C.UTF-8"))
        return done.stdout

    def begin(self, peer, columns):
        command = shlex.join([PROGRAM, "connect", "--no-color", peer.url])
        self.addCleanup(self.tmux, "kill-server")
        self.tmux("new-session", "-d", "-x", str(columns), "-y", "12",
                  f"{command}; cat")
        self.wait_for("/\n>")  # behind the URL, in however many rows

    def screen(self):
        return self.tmux("capture-pane", "-p").rstrip("\n")

    def wait_for(self, end):
        try:
            until(lambda: self.screen().endswith(end), "the screen")
        except AssertionError:
            self.assertEqual(self.screen(), end)

    def test_wrapped_line(self):
        """A line of three rows, with the cursor in each, while messages come."""
        with Peer() as peer:
            self.begin(peer, 40)
            line = "".join(f"{i:02} " for i in range(30))[:-1]  # 89 characters
            rows = [f"> {line[:38]}", line[38:78].rstrip(), line[78:]]
            rows[0] = rows[0].rstrip()
            self.tmux("send-keys", "-l", line)
            shown = []
            for news, lefts in ("one", 0), ("two", 30), ("three", 40):
                self.tmux("send-keys", "-N", str(lefts or 1), "Left")
                peer.send(news)
                shown.append(f"< {news}")
                self.wait_for("\n".join(shown + rows))
            self.tmux("send-keys", "End", "!", "Enter")
            rows[-1] += "!"
            sent = "\n".join(shown + rows)
            rows[0] = "<" + rows[0][1:]
            self.wait_for("\n".join([sent, *rows, ">"]))
            self.assertEqual(peer.messages, [line + "!"])

    def test_wide_characters(self):
        with Peer() as peer:
            self.begin(peer, 20)
            self.tmux("send-keys", "-l", "日本語日本語日本語日本語")
            self.wait_for("> 日本語日本語日本語\n日本語")
            peer.send("news")
            self.wait_for("< news\n> 日本語日本語日本語\n日本語")

    def test_flood(self):
        """Many messages above a line: it is there, once, and whole."""
        async def flood(websocket):
            for i in range(500):
                await websocket.send(f"message {i}")

        with Peer() as peer:
            self.begin(peer, 40)
            self.tmux("send-keys", "-l", "unharmed")
            self.wait_for("> unharmed")
            peer.do(flood(peer.wait_for_socket()))
            self.wait_for("< message 498\n< message 499\n> unharmed")
            self.assertEqual(self.screen().count("unharmed"), 1)

    def test_resize(self):
        with Peer() as peer:
            self.begin(peer, 40)
            self.tmux("send-keys", "-l", "x" * 50)
            self.wait_for("> " + "x" * 38 + "\n" + "x" * 12)
            self.tmux("resize-window", "-x", "80")
            self.wait_for("> " + "x" * 50)
            self.tmux("send-keys", "Enter")
            self.wait_for("< " + "x" * 50 + "\n>")


if __name__ == "__main__":
    unittest.main()
