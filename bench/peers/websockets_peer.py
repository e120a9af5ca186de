# SPDX-License-Identifier: MIT
"""Debian's python3-websockets, on uvloop where it is installed."""

import argparse
import asyncio
import contextlib
import ssl

import websockets
from websockets.extensions.permessage_deflate import (
    ServerPerMessageDeflateFactory)

MESSAGE_LIMIT = 64 * 1024 * 1024

heard = set()


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def broadcast(socket):
    heard.add(socket)
    try:
        async for message in socket:
            websockets.broadcast(heard, message)
    finally:
        heard.discard(socket)


async def serve(socket, path):
    with contextlib.suppress(websockets.ConnectionClosed):
        await (broadcast if path == "/broadcast" else echo)(socket)


def extensions(deflate):
    if deflate == "no":
        return None
    alone = deflate == "shared"
    return [ServerPerMessageDeflateFactory(
        server_no_context_takeover=alone, client_no_context_takeover=alone)]


async def run(args):
    context = None
    if args.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(args.certificate, args.key)
    async with websockets.serve(
            serve, "127.0.0.1", args.port, ssl=context, backlog=4096,
            compression=None, extensions=extensions(args.deflate),
            max_size=MESSAGE_LIMIT, ping_interval=None):
        await asyncio.Future()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("certificate", nargs="?")
    parser.add_argument("key", nargs="?")
    parser.add_argument("--deflate", default="no",
                        choices=("no", "shared", "takeover"))
    args = parser.parse_args()
    with contextlib.suppress(ImportError):
        import uvloop
        uvloop.install()
    asyncio.run(run(args))


if __name__ == "__main__":
    main()
