// SPDX-License-Identifier: MIT
// What a peer is told: PORT [CERTIFICATE KEY] [--deflate no|shared|takeover]

import { parseArgs } from "node:util";
import process from "node:process";

export const HOST = "127.0.0.1";
export const MESSAGE_LIMIT = 64 * 1024 * 1024;
export const TOPIC = "all";

export function readOptions() {
  const { values, positionals } = parseArgs({
    args: globalThis.Deno ? globalThis.Deno.args : process.argv.slice(2),
    allowPositionals: true,
    options: { deflate: { type: "string", default: "no" } },
  });
  const [port, cert, key] = positionals;
  const known = ["no", "shared", "takeover"].includes(values.deflate);
  if (!(port > 0) || !known) {
    console.error(
      "usage: PORT [CERTIFICATE KEY] [--deflate no|shared|takeover]",
    );
    process.exit(2);
  }
  return { port: Number(port), cert, key, deflate: values.deflate };
}
