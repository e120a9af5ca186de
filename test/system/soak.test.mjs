/* SPDX-License-Identifier: MIT */
/*
 * The short form of script/soak: T15 of hostile.md, slow clients of every kind
 * while honest ones are served; many connections at once; clients that never
 * read. Memory, life and lost messages are judged, not times.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { root } from "../support/server.mjs";
import { within } from "./support.mjs";

/* Under sanitizers memory says nothing, and the same paths are driven by other
 * tests of this folder. */
const skip = process.env.WEFT_KIND === "asan" &&
    "memory is not measured under the address sanitizer";

for (const [title, load] of [["T15: slow clients of every kind", "slow"],
                             ["many connections held open", "held"],
                             ["clients that never read", "deaf"]]) {
    test(title, { skip }, async () => {
        const child = spawn("script/soak", ["--short", load], { cwd: root });
        let output = "";

        for (const stream of [child.stdout, child.stderr])
            stream.on("data", (text) => { output += text; });
        const status = await within(
            new Promise((done) => child.once("close", done)), "the load",
            120_000);

        assert.equal(status, 0, output);
        assert.match(output, /^PASS: 0 failed$/m);
    });
}
