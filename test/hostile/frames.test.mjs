/* SPDX-License-Identifier: MIT */
/* hostile.md T1, T5 and T17: lengths, fragments and close frames. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame, frame, OWN_HANDLERS, serve }
    from "../system/support.mjs";
import { isAsan, MIB, pour, rssOf } from "./measure.mjs";

const own = (...args) => ({ handlers: OWN_HANDLERS, args });

/* ---- T1 ------------------------------------------------------------------ */

/* A header whose length has so many bytes behind it, shortest or not. */
function header(first, len, ext) {
    const head = Buffer.alloc(2 + ext + 4);

    head[0] = first;
    head[1] = 0x80 | (ext === 8 ? 127 : ext === 2 ? 126 : Number(len));
    if (ext === 2)
        head.writeUInt16BE(Number(len), 2);
    if (ext === 8)
        head.writeBigUInt64BE(len, 2);
    return head;
}

const HUGE = [2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n,
              2n ** 63n - 1n];
const NEVER = [2n ** 63n, 2n ** 63n + 1n, 2n ** 64n - 1n];

async function verdict(server, ...bytes) {
    const peer = await server.peer();

    await peer.upgrade("/plain");
    peer.send(...bytes);
    const code = await peer.closed();

    await peer.end();
    return code;
}

test("T1: lengths of 64 bits, and those not in the shortest form", async (t) => {
    const server = await serve(t, own());

    for (const first of [0x81, 0x82, 0x01]) {
        for (const len of HUGE)
            assert.equal(await verdict(server, header(first, len, 8)), 1009,
                         `${len}`);
        for (const len of NEVER)
            assert.equal(await verdict(server, header(first, len, 8)), 1002,
                         `${len}`);
        for (const [len, ext] of [[0, 2], [125, 2], [0, 8], [125, 8], [126, 8],
                                  [65535, 8]])
            assert.equal(await verdict(server, header(first, BigInt(len), ext)),
                         1002, `${len} in ${ext} bytes`);
    }

    /* The sum over fragments is not taken modulo anything. */
    for (const len of HUGE)
        assert.equal(await verdict(server, frame(0x02, "0123456789"),
                                   header(0x80, len, 8)), 1009, `${len}`);
});

test("T1: a claim costs nothing, where there is no limit", async (t) => {
    const server = await serve(t, own("--message-limit", "off"));
    const peers = [];

    for (let i = 0; i < 20; i++) {
        const peer = await server.peer();

        await peer.upgrade("/plain");
        peers.push(peer);
    }
    const before = rssOf(server.child);
    for (const [i, peer] of peers.entries())
        peer.send(frame(0x02, "0123456789"), header(0x80, HUGE[i % 5], 8),
                  "some of it");
    const other = await server.peer();
    await other.upgrade("/plain");
    other.send(frame(0x81, "?"));
    await other.frame();
    const rise = rssOf(server.child) - before;

    assert.ok(rise < 8 * MIB, `${rise} bytes`);
    assert.ok(peers.every((peer) => !peer.over));
});

/* ---- T5 ------------------------------------------------------------------ */

/* So many frames, of one byte or of none, that begin no message. */
function fragments(count, isEmpty) {
    const one = frame(0x00, isEmpty ? "" : "x");

    return Buffer.concat(Array(count).fill(one));
}

test("T5: tiny fragments beyond the limit of fragments: 1008", async (t) => {
    const server = await serve(t, own());

    for (const isEmpty of [false, true]) {
        const peer = await server.peer();
        const before = rssOf(server.child);
        const some = fragments(10_000, isEmpty);

        await peer.upgrade("/plain");
        peer.send(frame(0x02, "x"));
        for (let i = 0; i < 20; i++)
            await pour(peer, some);
        assert.equal(await peer.closed(), 1008);
        await peer.end();
        assert.ok(rssOf(server.child) - before < 8 * MIB);
    }
});

/* Under sanitizers a tenth of them, or it would take a minute. */
const COUNT = isAsan ? 1_000_000 : 10_000_000;

test("T5: ten million fragments of one byte, and of none", async (t) => {
    const server = await serve(t, own("--fragment-limit", "off"));

    for (const isEmpty of [true, false]) {
        const peer = await server.peer();
        const before = rssOf(server.child);
        const some = fragments(100_000, isEmpty);
        const len = isEmpty ? 2 : COUNT + 2;

        await peer.upgrade("/plain");
        peer.send(frame(0x02, "a"));
        for (let i = 0; i < COUNT / 100_000; i++)
            assert.ok(await pour(peer, some));
        /* Asked at the worst moment: all has come, and the last not yet. */
        peer.send(frame(0x89, "all?"));
        assert.equal(String((await peer.frame(120_000)).payload), "all?");
        const rise = rssOf(server.child) - before;

        assert.ok(rise < 2 * len + (isAsan ? 64 : 8) * MIB, `${rise} bytes`);
        peer.send(frame(0x80, "z"));
        const { payload } = await peer.frame(120_000);

        assert.equal(payload.length, len);
        assert.equal(String(payload.subarray(0, 1)), "a");
        assert.equal(String(payload.subarray(-1)), "z");
        peer.socket.destroy();
    }
});

/* ---- T17 ----------------------------------------------------------------- */

const SENDABLE = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012,
                  1013, 1014, 3000, 3999, 4000, 4999];

test("T17: every code that may not be in a close frame: 1002", async (t) => {
    const server = await serve(t, own());
    const codes = [...Array(1000).keys(), 1004, 1005, 1006, 1015, 1016, 1100,
                   2000, 2999, 5000, 6000, 65535];

    for (const code of codes)
        assert.equal(await verdict(server, closeFrame(code)), 1002, `${code}`);
    for (const code of SENDABLE)
        assert.equal(await verdict(server, closeFrame(code)), code);
});

test("T17: payloads that are no code and reason", async (t) => {
    const server = await serve(t, own());
    const reason = (text) => Buffer.concat([Buffer.from([3, 232]),
                                            Buffer.from(text)]);

    assert.equal(await verdict(server, frame(0x88, "")), 1005);
    assert.equal(await verdict(server, frame(0x88, "x")), 1002);
    assert.equal(await verdict(server, frame(0x88, reason("r".repeat(123)))),
                 1000);
    for (const len of [124, 125, 1000, 70000])
        assert.equal(await verdict(server, frame(0x88, reason("r".repeat(len)))),
                     1002, `${len}`);
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82],
                         [0x61, 0x80]])
        assert.equal(await verdict(server, frame(0x88,
                                                 reason(Buffer.from(bytes)))),
                     1007, `${bytes}`);
    /* In fragments, or without FIN. */
    assert.equal(await verdict(server, frame(0x08, reason(""))), 1002);
});

test("T17: what comes behind a close frame is not looked at", async (t) => {
    const server = await serve(t, own());

    for (const behind of [frame(0x81, "late"), frame(0x89, "ping"),
                          frame(0x83, "bad"), closeFrame(4000),
                          Buffer.from([0xff, 0xff]), Buffer.alloc(300000)]) {
        const peer = await server.peer();

        await peer.upgrade("/plain");
        peer.send(Buffer.concat([closeFrame(4321, "why"), behind]));
        const { first, payload } = await peer.frame();

        assert.equal(first, 0x88);
        assert.equal(payload.readUInt16BE(), 4321);
        await peer.end();
        assert.equal(peer.bytes.length, 0);
    }
});

/* Both send their close frame before they have the other's. */
test("T17: both sides close at once", async (t) => {
    const server = await serve(t, own("--close-timeout", "60s"));

    for (let i = 0; i < 50; i++) {
        const peer = await server.peer();

        await peer.upgrade("/closer");
        peer.send(Buffer.concat([frame(0x81, "4000 bye"), closeFrame(4001)]));
        const { first, payload } = await peer.frame();

        assert.equal(first, 0x88);
        assert.equal(payload.readUInt16BE(), 4000);
        assert.equal(await peer.end(), "end");
        assert.equal(peer.bytes.length, 0, "one close frame, no more");
    }
});
