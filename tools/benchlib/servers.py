# SPDX-License-Identifier: MIT
"""The servers that are compared: how each is started, what it takes, and what
it cannot do."""

import dataclasses
import glob
import os

BUILD = "build-bench"
PEERS = f"{BUILD}/peers"

# Weft's defaults, but one thread, and no client given up for what is queued:
# the peers are told the same.
WEFT = ("-q", "-H", "127.0.0.1", "-w", "example/handlers", "--no-watch",
        "--include-dir", "include", "--cache-dir", f"{BUILD}/cache", "--origin", "any",
        "--per-address-limit", "off", "--message-limit", "64M",
        "--queue-limit", "1G")
DEFLATE = {
    "no": ("--deflate", "off"),
    "shared": ("--deflate", "on"),
    "takeover": ("--deflate", "takeover=both,ceiling=1G"),
}


@dataclasses.dataclass(frozen=True)
class Server:
    name: str
    what: str
    program: tuple = ()  # PORT [CERTIFICATE KEY] [--deflate HOW] follow
    packages: tuple = ()  # of Debian
    cannot: dict = dataclasses.field(default_factory=dict)  # need: why
    threads: int = 1
    children: bool = False  # its work is done by processes that it starts


def node(script):
    return ("node", f"{PEERS}/{script}")


def first(pattern):
    """The one file of this kind that npm has installed for this machine."""
    return next(iter(sorted(glob.glob(pattern))), pattern)


def all_servers():
    """Looked up anew each time, as what npm installs comes in between."""
    modules = f"{PEERS}/node_modules"
    return [
        Server("weft", "this"),
        Server("weft-2", "this, 2 threads", threads=2),
        Server("floor", "the least an epoll echo can do",
               (f"{BUILD}/floor",), ("libssl-dev",), {
                   "deflate": "has no compression",
                   "tls": "has no TLS",
                   "broadcast": "echoes, and nothing else"}),
        Server("uws", "uWebSockets, native build for Node",
               node("uws.mjs"), ("nodejs", "npm")),
        Server("bun", "Bun, made of uWebSockets",
               (first(f"{modules}/@oven/bun-linux-*/bin/bun"),
                f"{PEERS}/bun.mjs"), ("nodejs", "npm")),
        Server("libwebsockets", "libwebsockets",
               (f"{BUILD}/libwebsockets",), ("libwebsockets-dev",)),
        Server("beast", "Boost.Beast", (f"{BUILD}/beast",),
               ("libboost-dev", "libssl-dev", "zlib1g-dev")),
        Server("deno", "Deno, made of fastwebsockets",
               (first(f"{modules}/@deno/linux-*/deno"), "run", "--allow-all",
                "--no-remote", "--quiet", f"{PEERS}/deno.mjs"),
               ("nodejs", "npm"), {"deflate": "has no compression"}),
        Server("ws", "npm's ws with bufferutil", node("ws.mjs"),
               ("nodejs", "npm")),
        Server("websockets", "Debian's python3-websockets with uvloop",
               ("/usr/bin/python3", f"{PEERS}/websockets_peer.py"),
               ("python3-websockets", "python3-uvloop")),
        Server("websocketd", "websocketd, with cat",
               ("/usr/bin/websocketd",), ("websocketd",), {
                   "deflate": "has no compression",
                   "broadcast": "has a process for each connection, and no "
                                "way between them",
                   "binary": "forgets where a binary message ends",
                   "memory": "has a process for each connection"},
               children=True),
    ]


def by_name():
    return {server.name: server for server in all_servers()}


def weft_command(weft, server, row, port, cert):
    command = [weft, "serve", "-p", str(port), *WEFT, *DEFLATE[row.deflate],
               "--threads", str(server.threads), *row.weft]
    if cert:
        command += ["--tls", "-c", cert[0], "-k", cert[1]]
    return command


def websocketd_command(server, port, cert):
    secure = []
    if cert:
        secure = ["--ssl", f"--sslcert={cert[0]}", f"--sslkey={cert[1]}"]
    return [*server.program, "--loglevel=error", "--address=127.0.0.1",
            f"--port={port}", *secure, "cat"]


def command(weft, server, row, port, cert):
    """What starts the server for this row. cert is two files, or None."""
    if server.name.startswith("weft"):
        return weft_command(weft, server, row, port, cert)
    if server.name == "websocketd":
        return websocketd_command(server, port, cert)
    how = [] if row.deflate == "no" else ["--deflate", row.deflate]
    return [*server.program, str(port), *(cert or ()), *how]


def reason_against(server, row, weft_options):
    """Why the server cannot do the row, or an empty text."""
    for need in sorted(row.needs):
        if need in server.cannot:
            return server.cannot[need]
    if server.name == "weft" and row.weft and row.weft[0] not in weft_options:
        return f"weft serve has no option {row.weft[0]} yet"
    return ""


def takes_part(server, row):
    if row.servers:
        return server.name in row.servers
    return server.name != "weft-2"


def environment():
    return {**os.environ, "DENO_NO_UPDATE_CHECK": "1",
            "DENO_DIR": os.path.abspath(f"{BUILD}/deno"),
            "NODE_ENV": "production"}
