// SPDX-License-Identifier: MIT
// Bun's own server. It is made of uWebSockets, and broadcasts by publishing to
// a topic.

import { HOST, MESSAGE_LIMIT, readOptions, TOPIC } from "./options.mjs";

const { port, cert, key, deflate } = readOptions();
const compress = deflate !== "no";
const context = deflate === "takeover" ? "dedicated" : "shared";

const server = Bun.serve({
  hostname: HOST,
  port,
  tls: cert && { cert: Bun.file(cert), key: Bun.file(key) },

  fetch(request, server) {
    const broadcast = new URL(request.url).pathname === "/broadcast";
    if (server.upgrade(request, { data: broadcast })) return undefined;
    return new Response("WebSocket only\n", { status: 426 });
  },

  websocket: {
    perMessageDeflate: compress && { compress: context, decompress: context },
    maxPayloadLength: MESSAGE_LIMIT,
    backpressureLimit: 1024 * 1024 * 1024,
    idleTimeout: 0,
    sendPings: false,

    open(ws) {
      if (ws.data) ws.subscribe(TOPIC);
    },

    message(ws, message) {
      if (ws.data) server.publish(TOPIC, message, compress);
      else ws.send(message, compress);
    },
  },
});
