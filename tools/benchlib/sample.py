# SPDX-License-Identifier: MIT
"""What zlib's level 6 makes of the text that weft bench sends: so many bytes a
message has on the wire, where each is packed alone."""

import base64
import contextlib
import hashlib
import socket
import subprocess
import zlib

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TAIL = 4  # 00 00 ff ff, which permessage-deflate leaves out
SECONDS = 10


def receive(conn, data, size):
    while len(data) < size:
        piece = conn.recv(65536)
        if not piece:
            raise OSError("the connection ended")
        data += piece
    return data


def open_handshake(conn):
    head = b""
    while b"\r\n\r\n" not in head:
        head = receive(conn, head, len(head) + 1)
    head, _, rest = head.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"sec-websocket-key":
            digest = hashlib.sha1(value.strip() + GUID).digest()
    conn.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 b"Connection: Upgrade\r\nSec-WebSocket-Accept: "
                 + base64.b64encode(digest) + b"\r\n\r\n")
    return rest


def read_message(conn, data):
    """The payload of a client's frame, unmasked."""
    data = receive(conn, data, 14)
    ext = {126: 2, 127: 8}.get(data[1] & 127, 0)
    start = 2 + ext + 4
    size = int.from_bytes(data[2:2 + ext], "big") if ext else data[1] & 127
    key = data[start - 4:start]
    data = receive(conn, data, start + size)[start:start + size]
    return bytes(byte ^ key[at % 4] for at, byte in enumerate(data))


def header_size(size):
    return 2 + (0 if size < 126 else 2 if size < 65536 else 8)


def packed_size(text):
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    size = len(packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)) - TAIL
    return size + header_size(size)


def wire_size(generator, load):
    """For the load of a row, less its -z; None where it cannot be had."""
    load = [word for word in load if word != "-z"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}/"
        process = subprocess.Popen(
            [generator, "bench", "--quiet", "-t", "1", *load, "-c", "1", url],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            with contextlib.suppress(OSError):
                conn, _ = listener.accept()
                with conn:
                    conn.settimeout(SECONDS)
                    rest = open_handshake(conn)
                    return packed_size(read_message(conn, rest))
        finally:
            process.kill()
            process.wait()
    return None
