// SPDX-License-Identifier: MIT
// npm's ws, with bufferutil, which it finds by itself. It has no means of its
// own to broadcast: its manual does what is done here.

import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import { WebSocketServer } from "ws";
import { HOST, MESSAGE_LIMIT, readOptions } from "./options.mjs";

const { port, cert, key, deflate } = readOptions();
const own = deflate === "takeover";

const server = cert
  ? https.createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) })
  : http.createServer();
const wss = new WebSocketServer({
  server,
  maxPayload: MESSAGE_LIMIT,
  perMessageDeflate: deflate !== "no" && {
    threshold: 0,
    serverNoContextTakeover: !own,
    clientNoContextTakeover: !own,
  },
});
const heard = new Set();

wss.on("connection", (ws, request) => {
  if (request.url !== "/broadcast") {
    ws.on("message", (data, binary) => ws.send(data, { binary }));
    return;
  }
  heard.add(ws);
  ws.on("close", () => heard.delete(ws));
  ws.on("message", (data, binary) => {
    for (const other of heard) other.send(data, { binary });
  });
});
server.listen(port, HOST, 4096);
