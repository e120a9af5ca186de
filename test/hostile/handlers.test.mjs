/* SPDX-License-Identifier: MIT */
/* hostile.md T20: handlers come from inside their folder only, and the pages of
 * the example have a policy. What a path may reach is in system/files. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync,
         symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { root } from "../support/server.mjs";
import { handshake, OWN_HANDLERS, serve } from "../system/support.mjs";

async function status(server, path) {
    const peer = await server.peer();

    peer.send(handshake(path));
    const { status: got } = await peer.head();

    peer.socket.destroy();
    return got;
}

test("T20: a link out of the folder is no handler", async (t) => {
    const dir = mkdtempSync(join(tmpdir(), "weft-t20-"));
    const handlers = join(dir, "handlers"), outside = join(dir, "outside");

    after(t, () => rmSync(dir, { recursive: true }));
    for (const folder of [handlers, outside, join(handlers, "in")])
        mkdirSync(folder);
    for (const to of [join(outside, "evil_wsh.c"), join(handlers, "good_wsh.c"),
                      join(handlers, "in", "deep_wsh.c")])
        copyFileSync(join(OWN_HANDLERS, "plain_wsh.c"), to);
    symlinkSync("../outside/evil_wsh.c", join(handlers, "relative_wsh.c"));
    symlinkSync(join(outside, "evil_wsh.c"),
                join(handlers, "absolute_wsh.c"));
    symlinkSync("../outside", join(handlers, "folder"));
    symlinkSync("/proc/self/root" + join(outside, "evil_wsh.c"),
                join(handlers, "magic_wsh.c"));
    symlinkSync("good_wsh.c", join(handlers, "inside_wsh.c"));
    const server = await serve(t, { handlers });

    for (const path of ["/good", "/in/deep", "/inside"])
        assert.equal(await status(server, path), 101, path);
    for (const path of ["/relative", "/absolute", "/magic", "/folder/evil",
                        "/outside/evil", "/../outside/evil",
                        "/in/../../outside/evil", "/%2e%2e/outside/evil",
                        "//outside/evil", "/good%00", "/good/", "/GOOD",
                        "/in//deep", "/in%2fdeep", "/good_wsh.c"])
        assert.ok([400, 404].includes(await status(server, path)), path);
});

test("T20: the pages of the example have a policy", async () => {
    for (const page of ["index.html", "console.html"]) {
        const text = readFileSync(resolve(root, "example/www", page), "utf8");

        assert.match(text, /<meta http-equiv="Content-Security-Policy"/, page);
        assert.doesNotMatch(text, /unsafe-eval|unsafe-inline/, page);
    }
});
