// SPDX-License-Identifier: MIT
// uWebSockets under Node. The package also holds a slow form without native
// code for where the native one does not load; that is no peer, so the native
// one is asked for by its name.

import process from "node:process";
import { createRequire } from "node:module";
import { HOST, MESSAGE_LIMIT, readOptions, TOPIC } from "./options.mjs";

const { port, cert, key, deflate } = readOptions();
const native = ["uws", process.platform, process.arch, process.versions.modules];
const uws = createRequire(import.meta.url)(
  `@trufflesuite/uws-js-unofficial/binaries/${native.join("_")}.node`,
);
const compression = {
  no: uws.DISABLED,
  shared: uws.SHARED_COMPRESSOR | uws.SHARED_DECOMPRESSOR,
  takeover: uws.DEDICATED_COMPRESSOR | uws.DEDICATED_DECOMPRESSOR,
}[deflate];
const compress = deflate !== "no";

const common = {
  compression,
  maxPayloadLength: MESSAGE_LIMIT,
  maxBackpressure: 0, // no limit
  idleTimeout: 0,
  sendPingsAutomatically: false,
};
const app = cert
  ? uws.SSLApp({ cert_file_name: cert, key_file_name: key })
  : uws.App();

app.ws("/echo", {
  ...common,
  message(ws, message, isBinary) {
    ws.send(message, isBinary, compress);
  },
});
app.ws("/broadcast", {
  ...common,
  open(ws) {
    ws.subscribe(TOPIC);
  },
  message(ws, message, isBinary) {
    app.publish(TOPIC, message, isBinary, compress);
  },
});
app.listen(HOST, port, (socket) => {
  if (!socket) {
    console.error(`uws: cannot listen on port ${port}`);
    process.exit(1);
  }
});
