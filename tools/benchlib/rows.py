# SPDX-License-Identifier: MIT
"""The rows of the table: what is asked of each server, and which figure of
what weft bench tells is compared."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Figure:
    key: str  # where it stands in the JSON of weft bench
    unit: str  # ns, /s, B, or x for a plain number
    what: str
    less_is_better: bool = True


CPU = Figure("server.cpu_ns_per_message", "ns", "server CPU per message")
MEDIAN = Figure("latency_ns.p50", "ns", "median latency")
RATE = Figure("messages_per_s", "/s", "deliveries per second", False)
THREADS = Figure("messages_per_s", "/s", "messages per second", False)
SLOPE = Figure("slope", "B", "memory per connection")
RAISED = Figure("raised", "x", "p99.9 disturbed / alone")


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    load: tuple = ()  # what weft bench is told besides the URL and the time
    figure: Figure = CPU
    way: str = "load"  # how it is measured: a function in measure.py
    path: str = "echo"
    tls: bool = False
    deflate: str = "no"
    needs: frozenset = frozenset()  # what a server may be without
    servers: tuple = ()  # only these; all for none
    weft: tuple = ()  # what weft serve is told besides
    wire: bool = False  # bytes on the wire are told too, by zlib's
    pinned: bool = True


def needs(*words):
    return frozenset(words)


def echo(name, title, *load, **rest):
    return Row(name, title, ("--echo", *load), **rest)


def deflate(name, title, *load, how="shared"):
    return echo(name, title, "-z", *load, deflate=how, needs=needs("deflate"),
                wire=True)


ROWS = (
    echo("echo20-d1", "echo, 20 bytes, depth 1, 100 connections"),
    echo("echo20-alone", "echo, 20 bytes, one connection alone",
         "-c", "1", figure=MEDIAN),
    echo("echo20-busy", "the same, Weft with --busy-poll",
         "-c", "1", figure=MEDIAN, weft=("--busy-poll",)),
    echo("echo20-d32", "echo, 20 bytes, depth 32, 100 connections",
         "-d", "32"),
    echo("text1k", "echo, text, 1 KiB ASCII", "-s", "1K"),
    echo("text16k-ascii", "echo, text, 16 KiB ASCII", "-s", "16K"),
    echo("text16k-mixed", "echo, text, 16 KiB Cyrillic and Japanese",
         "-s", "16K", "-k", "mixed"),
    echo("1m-mixed", "echo, text, 1 MiB Cyrillic and Japanese",
         "-c", "10", "-s", "1M", "-k", "mixed"),
    echo("1m-ascii", "echo, text, 1 MiB ASCII", "-c", "10", "-s", "1M"),
    echo("1m-binary", "echo, binary, 1 MiB",
         "-c", "10", "-s", "1M", "-k", "binary", needs=needs("binary")),
    deflate("deflate1k", "echo, compressed, no takeover, 1 KiB", "-s", "1K"),
    deflate("deflate1k-json", "the same, records of JSON", "-s", "1K",
            "-k", "json"),
    deflate("deflate16k", "echo, compressed, no takeover, 16 KiB",
            "-s", "16K"),
    deflate("deflate16k-json", "the same, records of JSON", "-s", "16K",
            "-k", "json"),
    deflate("takeover1k", "echo, compressed, takeover, 1 KiB", "-s", "1K",
            "--takeover", how="takeover"),
    echo("tls20", "echo, TLS 1.3, 20 bytes", tls=True, needs=needs("tls")),
    echo("tls16k", "echo, TLS 1.3, 16 KiB", "-s", "16K", tls=True,
         needs=needs("tls")),
    Row("broadcast128", "broadcast, 128 bytes to 1,000, per delivery",
        ("--broadcast", "-c", "1000", "-s", "128", "-d", "4"),
        path="broadcast", needs=needs("broadcast")),
    Row("broadcast128-d32", "the same, 32 messages on the way",
        ("--broadcast", "-c", "1000", "-s", "128", "-d", "32"),
        path="broadcast", needs=needs("broadcast")),
    Row("publish200", "broadcast, 200 publish 20 bytes and hear all",
        ("--publish", "-c", "200", "-s", "20"), RATE, path="broadcast",
        needs=needs("broadcast")),
    Row("churn", "connect, upgrade, echo, close, per connection",
        ("--churn", "-c", "50")),
    Row("memory", "an idle connection that has echoed once", (), SLOPE,
        "slope_plain", needs=needs("memory")),
    Row("memory-tls", "the same over TLS", (), SLOPE, "slope_tls", tls=True,
        needs=needs("memory", "tls")),
    Row("tail", "p99.9 at half load, with bulk and slow clients / without",
        ("--echo", "-c", "1000"), RAISED, "tail", servers=("weft", "bun")),
    echo("threads", "echo, 20 bytes, depth 32, 1 thread / 2 threads",
         "-d", "32", "-j", "2", figure=THREADS, pinned=False,
         servers=("weft", "weft-2")),
)

BY_NAME = {row.name: row for row in ROWS}
