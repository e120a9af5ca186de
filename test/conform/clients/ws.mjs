/* SPDX-License-Identifier: MIT */
/* The client of npm's ws. */
import { createRequire } from "node:module";
import { guide } from "./guide.mjs";

const { WebSocket } = createRequire(import.meta.url)("ws");

function deflateOptions(terms) {
    return {
        threshold: 0,
        serverNoContextTakeover: terms.server_no_context_takeover,
        clientNoContextTakeover: terms.client_no_context_takeover,
        serverMaxWindowBits: terms.server_max_window_bits,
        clientMaxWindowBits: terms.client_max_window_bits ?? false,
    };
}

guide((url, protocols, deflate) =>
    new WebSocket(url, protocols,
                  { perMessageDeflate: deflate ? deflateOptions(deflate) : false }));
