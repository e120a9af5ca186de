/* SPDX-License-Identifier: MIT */
/* The client of npm's undici, which is also that of Node itself. It always
 * offers compression, and always with the same parameters. */
import { createRequire } from "node:module";
import { guide } from "./guide.mjs";

const { WebSocket } = createRequire(import.meta.url)("undici");

guide((url, protocols) => new WebSocket(url, protocols), 50);
