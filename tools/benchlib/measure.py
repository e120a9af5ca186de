# SPDX-License-Identifier: MIT
"""One measurement: a server is started for a row, put under load, and ended."""

import concurrent.futures
import dataclasses
import json
import time

from . import machine, servers

GRACE_SECONDS = 60  # to connect, to warm up, and to end
WARMUP_SECONDS = 1  # engines compile what is hot first
IDLE = (1000, 10000)  # connections, then so many more
IDLE_TLS = (200, 2000)
TAIL_LOAD = ("--bulk", "1", "--slow", "100")


@dataclasses.dataclass
class Bench:
    """What is the same for all measurements."""

    weft: str
    generator: str
    seconds: float
    cert: tuple
    server_cpu: int = 0
    load_cpu: int = 1

    def start(self, server, row):
        port = machine.free_port()
        cert = self.cert if row.tls else None
        command = servers.command(self.weft, server, row, port, cert)
        cpu = self.server_cpu if row.pinned else None
        return machine.Server(command, port, cpu, servers.environment())

    def command(self, row, running, load, seconds):
        scheme = "wss" if row.tls else "ws"
        return [self.generator, "bench", "--json", "--quiet",
                *(["--insecure"] if row.tls else []),
                "--pid", str(running.pid), "-t", f"{seconds:g}",
                "--warmup", str(WARMUP_SECONDS), *load,
                f"{scheme}://127.0.0.1:{running.port}/{row.path}"]

    def load(self, row, running, load, seconds=None):
        """What weft bench tells of one run."""
        seconds = seconds or self.seconds
        out = machine.run(self.command(row, running, load, seconds),
                          self.load_cpu if row.pinned else None,
                          seconds + WARMUP_SECONDS + GRACE_SECONDS)
        try:
            return json.loads(out)
        except ValueError:
            raise machine.Failed("weft bench printed no JSON") from None


def figure_of(raw, key):
    """The value at "a.b", of what weft bench told."""
    value = raw
    for word in key.split("."):
        if not isinstance(value, dict) or word not in value:
            raise machine.Failed(f"weft bench does not tell {key}")
        value = value[word]
    return value


def load(bench, row, server):
    """A run, of which one figure counts."""
    with bench.start(server, row) as running:
        if server.children:
            return load_of_children(bench, row, running)
        raw = bench.load(row, running, row.load)
    return figure_of(raw, row.figure.key), raw


def load_of_children(bench, row, running):
    """A server whose processes come and go with its connections: what all of
    them cost is looked at twice while the load is steady."""
    margin = bench.seconds / 8
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(bench.load, row, running, row.load)
        time.sleep(WARMUP_SECONDS + margin)
        began, cost = time.monotonic(), machine.session_cpu_ns(running.pid)
        time.sleep(bench.seconds - 2 * margin)
        cost = machine.session_cpu_ns(running.pid) - cost
        seconds = time.monotonic() - began
        raw = future.result()
    rate = figure_of(raw, "messages_per_s")
    if row.figure.key != "server.cpu_ns_per_message":
        return figure_of(raw, row.figure.key), raw
    if not rate:
        raise machine.Failed("no message was answered")
    return cost / seconds / rate, raw


def slope(bench, row, server, counts):
    """Memory that each further connection takes: two servers, each new."""
    told = []
    for count in counts[0], sum(counts):
        with bench.start(server, row) as running:
            load = ("--idle", "-c", str(count))
            told.append(bench.load(row, running, load, 1))
    few, many = (figure_of(raw, "server.rss_bytes_after") for raw in told)
    return (many - few) / counts[1], {"few": told[0], "many": told[1]}


def slope_plain(bench, row, server):
    return slope(bench, row, server, IDLE)


def slope_tls(bench, row, server):
    return slope(bench, row, server, IDLE_TLS)


def tail(bench, row, server):
    """How far bulk and slow clients raise the latency of the others, at half
    of what the server can do."""
    with bench.start(server, row) as running:
        full = bench.load(row, running, row.load)
        rate = max(1, int(figure_of(full, "messages_per_s") / 2))
        half = (*row.load, "-r", str(rate))
        alone = bench.load(row, running, half)
        among = bench.load(row, running, (*half, *TAIL_LOAD))
    raised = (figure_of(among, "latency_ns.p99_9")
              / max(1, figure_of(alone, "latency_ns.p99_9")))
    return raised, {"full": full, "alone": alone, "among": among}


WAYS = {"load": load, "slope_plain": slope_plain, "slope_tls": slope_tls,
        "tail": tail}


def measure(bench, row, server):
    """The figure, and what weft bench told, of one measurement."""
    return WAYS[row.way](bench, row, server)
