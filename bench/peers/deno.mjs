// SPDX-License-Identifier: MIT
// Deno's own server, whose WebSocket is the Rust library fastwebsockets. It has
// no compression, and nothing of its own to broadcast by.

import { HOST, readOptions } from "./options.mjs";

const { port, cert, key, deflate } = readOptions();
if (deflate !== "no") {
  console.error("deno: has no compression");
  Deno.exit(2);
}
const heard = new Set();

function echo(socket) {
  socket.onmessage = (event) => socket.send(event.data);
}

function broadcast(socket) {
  socket.onopen = () => heard.add(socket);
  socket.onclose = () => heard.delete(socket);
  socket.onmessage = (event) => {
    for (const other of heard) other.send(event.data);
  };
}

Deno.serve(
  {
    hostname: HOST,
    port,
    cert: cert && Deno.readTextFileSync(cert),
    key: key && Deno.readTextFileSync(key),
    onListen() {},
  },
  (request) => {
    if (request.headers.get("upgrade") !== "websocket") {
      return new Response("WebSocket only\n", { status: 426 });
    }
    const { socket, response } = Deno.upgradeWebSocket(request, {
      idleTimeout: 0,
    });
    socket.binaryType = "arraybuffer";
    if (request.url.endsWith("/broadcast")) broadcast(socket);
    else echo(socket);
    return response;
  },
);
