/* SPDX-License-Identifier: MIT */
/* hostile.md T11: nothing that a program is given may end a line or a field of
 * the client's request, or of its close frame. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drive, ERR, joined, listen } from "../system/socket_support.mjs";

const LINES = ["\r", "\n", "\r\n", "\r\nX: y", "\0"];

test("T11: a header, a subprotocol, an origin, a cookie", async (t) => {
    const server = await listen(t);
    const driver = drive(t);

    for (const line of LINES) {
        for (const option of [`header=A: b${line}c`, `header=A${line}: b`,
                              `protocol=a${line}b`, `origin=https://a${line}b`,
                              `cookie=a=b${line}c`]) {
            if (line === "\0")
                continue; /* ends a text of C: nothing is behind it */
            const { result, why } = await driver.socket().open(server.url(),
                                                               option);

            assert.equal(result, ERR.INVALID, JSON.stringify(option));
            assert.ok(why.length > 10, why);
        }
    }
    assert.equal(server.count, 0);
});

/* The URL standard strips some and encodes the rest. */
test("T11: a URL", async (t) => {
    for (const line of LINES.slice(0, -1)) {
        const server = await listen(t);
        const driver = drive(t);

        await driver.open(server.url(`/a${line}b?c${line}d`));
        const { raw } = await (await server.accept()).request();

        assert.match(raw, /^GET \/a(X:%20y)?b\?c(X:%20y)?d HTTP\/1\.1\r\n/);
    }
});

test("T11: the reason of a close frame", async (t) => {
    const { ws, peer } = await joined(t);

    assert.equal(await ws.close(1000, "x".repeat(124)), ERR.INVALID);
    assert.equal(await ws.close(1000, "a\r\nb"), 0); /* text, in a frame */
    const { first, payload } = await peer.frame();

    assert.equal(first, 0x88);
    assert.equal(String(payload.subarray(2)), "a\r\nb");
});
