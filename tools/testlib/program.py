# SPDX-License-Identifier: MIT
"""Runs test programs, each in a process group of its own with a time limit."""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

ENVIRONMENT = {
    "CMOCKA_MESSAGE_OUTPUT": "TAP",
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
START_SECONDS = 60  # for a server to listen; under ASan, handlers to compile

groups = set()
groups_lock = threading.Lock()


def start(argv, env, out, err):
    process = subprocess.Popen(
        argv,
        env={**os.environ, **ENVIRONMENT, **env},
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
    )
    with groups_lock:
        groups.add(process.pid)
    return process


def end(process):
    """Ends what is left of the program's group; its members may outlive it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with groups_lock:
        groups.discard(process.pid)


def end_all():
    with groups_lock:
        for group in groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def read_back(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def run(argv, env, seconds):
    """Returns the exit status, or None for a program that took too long, and
    what it wrote to standard output and standard error."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = start(argv, env, out, err)
        except OSError as error:
            return 127, "", f"{argv[0]}: {error.strerror}\n"
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            end(process)
        return status, read_back(out), read_back(err)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


class Server:
    """weft serve with the example handlers, on a free port."""

    def __init__(self, weft, options=(), secure=False):
        self.port = free_port()
        self.scheme = "wss" if secure else "ws"
        self.log = tempfile.TemporaryFile()
        self.certs = tempfile.TemporaryDirectory()
        argv = [weft, "serve", "-H", "127.0.0.1", "-p", str(self.port),
                "-w", "example/handlers", *options]
        if secure:
            subprocess.run(["test/support/make-certs", self.certs.name],
                           check=True)
            argv += ["--tls", "-c", f"{self.certs.name}/server.pem",
                     "-k", f"{self.certs.name}/server.key"]
        self.process = start(argv, {}, self.log, self.log)

    def url(self, path):
        return f"{self.scheme}://127.0.0.1:{self.port}/{path}"

    def wait_until_up(self):
        """Whether it listens, within its time. A poll, as there is nothing in
        the kernel to wait on for another process to listen."""
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if answers(self.port):
                return True
            time.sleep(0.02)
        return False

    def stop(self, seconds=30):
        """Returns the exit status, None where it did not end, and its log."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        end(self.process)
        log = read_back(self.log)
        self.log.close()
        self.certs.cleanup()
        return status, log
