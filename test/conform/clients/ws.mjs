/* SPDX-License-Identifier: MIT */
/* The client of npm's ws, without compression, which conform does not speak. */
import { createRequire } from "node:module";
import { guide } from "./guide.mjs";

const { WebSocket } = createRequire(import.meta.url)("ws");

guide((url, protocols) =>
    new WebSocket(url, protocols, { perMessageDeflate: false }));
