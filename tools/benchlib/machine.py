# SPDX-License-Identifier: MIT
"""Processes: servers that are ended whatever happens, what their groups have
cost, and what this machine is."""

import contextlib
import os
import platform
import resource
import signal
import socket
import subprocess
import tempfile
import time

START_SECONDS = 60  # to listen: handlers are compiled, engines start
STOP_SECONDS = 5
TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A server or the generator did not do what it was asked."""


def raise_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pinned(command, cpu):
    """Ends with this program, and runs on one processor; None for any."""
    pin = ["taskset", "-c", str(cpu)] if cpu is not None else []
    return ["setpriv", "--pdeathsig", "KILL", *pin, *command]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


def line_of(file, number):
    """0 for the first line of what was written, -1 for the last."""
    file.seek(0)
    lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[number].strip() if lines else ""


class Server:
    """A server that listens, from with to its end."""

    def __init__(self, command, port, cpu, env):
        self.port = port
        self.log = tempfile.TemporaryFile()
        try:
            self.process = subprocess.Popen(
                pinned(command, cpu), env=env, stdin=subprocess.DEVNULL,
                stdout=self.log, stderr=self.log, start_new_session=True)
        except OSError as error:
            self.log.close()
            raise Failed(f"{command[0]}: {error.strerror}") from error

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        try:
            self.wait_until_up()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_until_up(self):
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.port):
            if self.process.poll() is not None:
                text = line_of(self.log, -1) or "it said nothing"
                raise Failed(f"the server did not start: {text}")
            if time.monotonic() > deadline:
                raise Failed("the server did not listen in time")
            time.sleep(0.02)

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def stop(self):
        """The group is asked to end, then made to: its members may outlive the
        one that was started."""
        self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()


def run(command, cpu, seconds):
    """Standard output of a command that must end well within its time."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            pinned(command, cpu), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors)
        try:
            out, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"the load took over {seconds:.0f} s") from None
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            text = line_of(errors, 0) or f"status {process.returncode}"
            raise Failed(f"the load failed: {text}")
        return out.decode()


def session_cpu_ns(leader):
    """What the processes of a session have run, and those they waited for, in
    the ticks of /proc/PID/stat."""
    ticks = 0
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError):
            with open(f"/proc/{name}/stat", encoding="utf-8",
                      errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            if int(fields[3]) == leader:
                ticks += sum(map(int, fields[11:15]))
    return ticks * TICK_NS


def processor():
    with contextlib.suppress(OSError):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    return platform.machine()


def describe():
    return {"processor": processor(), "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.release()}"}
