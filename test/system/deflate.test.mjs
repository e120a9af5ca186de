/* SPDX-License-Identifier: MIT */
/*
 * permessage-deflate between weft serve and clients of others: npm's ws, and
 * one that speaks in bytes, with Node's zlib.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import WebSocket from "ws";
import { after } from "../support/after.mjs";
import { frame, handshake, OWN_HANDLERS, serve, within } from "./support.mjs";

const KIB = 1024, MIB = 1024 * KIB;
const OFFER = { "Sec-WebSocket-Extensions": "permessage-deflate" };

const own = (...args) => ({ handlers: OWN_HANDLERS, args });

/* Text as programs send it, of that length. */
const json = (len) => JSON.stringify(Array.from({ length: 1 + len / 30 },
    (_, id) => ({ id, name: `name ${id * 7919}`, on: id % 3 === 0 })))
    .slice(0, len);

/* RFC 7692 section 7.2.1. */
function pack(data, options = {}) {
    const all = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH,
                                       ...options });

    return all.subarray(0, all.length - 4);
}

/* Section 7.2.2. */
const unpack = (data, options = {}) => inflateRawSync(
    Buffer.concat([data, Buffer.from([0, 0, 255, 255])]),
    { finishFlush: constants.Z_SYNC_FLUSH, ...options });

async function open(t, url, options) {
    const ws = new WebSocket(url, options);
    const upgraded = once(ws, "upgrade");

    after(t, () => ws.terminate());
    await within(once(ws, "open"), "opening");
    const [response] = await upgraded;

    ws.answer = response.headers["sec-websocket-extensions"];
    return ws;
}

async function echo(ws, data) {
    const message = once(ws, "message");

    ws.send(data);
    const [got, isBinary] = await within(message, "an echo");

    assert.equal(isBinary, typeof data !== "string");
    assert.ok(Buffer.from(data).equals(got), `${data.length} bytes`);
}

/* ---- Negotiation --------------------------------------------------------- */

const NONE = "permessage-deflate; server_no_context_takeover; " +
    "client_no_context_takeover";

test("by default neither side takes its context over", async (t) => {
    const server = await serve(t, own());
    const peer = await server.peer();
    const { fields } = await peer.upgrade("/plain", { fields: OFFER });

    assert.deepEqual(fields["sec-websocket-extensions"].split(/; */).sort(),
                     NONE.split("; ").sort());
});

test("--deflate off, and a handler that wants none", async (t) => {
    const off = await serve(t, own("--deflate", "off"));
    const on = await serve(t, own());

    for (const [server, path] of [[off, "/plain"], [on, "/unpacked"]]) {
        const peer = await server.peer();
        const { fields } = await peer.upgrade(path, { fields: OFFER });

        assert.equal(fields["sec-websocket-extensions"], undefined);
        peer.send(frame(0xc1, pack("hello")));
        assert.equal(await peer.closed(), 1002);
    }
});

test("a malformed offer is refused with 400", async (t) => {
    const server = await serve(t, own());

    for (const offer of ["permessage-deflate;", "=", "a b", "a; b=\"c",
                         "permessage-deflate; server_max_window_bits="]) {
        const peer = await server.peer();

        peer.send(handshake("/plain", { "Sec-WebSocket-Extensions": offer }));
        const { status, body } = await peer.response();

        assert.equal(status, 400, offer);
        assert.match(String(body), /Sec-WebSocket-Extensions/);
    }
});

test("a handler's own settings", async (t) => {
    const server = await serve(t, own());
    const ws = await open(t, server.ws("/packed"),
                          { perMessageDeflate: { serverMaxWindowBits: 12 } });

    assert.match(ws.answer, /server_max_window_bits=10/);
    assert.doesNotMatch(ws.answer, /server_no_context_takeover/);
    assert.match(ws.answer, /client_no_context_takeover/);
    for (let i = 0; i < 20; i++)
        await echo(ws, json(5000 + i));
});

/* ---- Messages ------------------------------------------------------------ */

const SIZES = [0, 1, 31, 32, 255, 256, 257, 1000, 65535, 65536, 131072, 300_000];

for (const takeover of ["none", "own", "peer", "both"]) {
    for (const bits of [8, 9, 12, 15]) {
        test(`npm's ws: takeover=${takeover}, windows of ${bits}`,
             async (t) => {
            const server = await serve(t, own("--deflate",
                `takeover=${takeover},window=${bits},peer-window=${bits},` +
                "threshold=1"));
            const ws = await open(t, server.ws("/plain"),
                                  { perMessageDeflate: { threshold: 0 } });

            assert.equal(/server_no_context_takeover/.test(ws.answer),
                         !/own|both/.test(takeover));
            assert.equal(/client_no_context_takeover/.test(ws.answer),
                         !/peer|both/.test(takeover));
            for (const size of SIZES) {
                await echo(ws, json(size));
                await echo(ws, Buffer.from(json(size)));
                await echo(ws, randomBytes(size));
                await echo(ws, Buffer.alloc(size));
            }
            if (bits === 15)
                await echo(ws, json(5 * MIB));
            const closed = once(ws, "close");

            ws.close(1000);
            assert.equal((await within(closed, "its close"))[0], 1000);
        });
    }
}

test("what does not pay goes as it is", async (t) => {
    const server = await serve(t, own());
    const peer = await server.peer();

    await peer.upgrade("/plain", { fields: OFFER });
    for (const [data, first] of [["short", 0x81], [json(1000), 0xc1],
                                 [randomBytes(1000), 0x82],
                                 [randomBytes(100_000), 0x82],
                                 [Buffer.alloc(MIB), 0xc2]]) {
        peer.send(frame(typeof data === "string" ? 0x81 : 0x82, data));
        const got = await peer.frame();

        assert.equal(got.first, first);
        const payload = first & 0x40 ? unpack(got.payload) : got.payload;

        assert.ok(payload.equals(Buffer.from(data)));
        assert.ok(payload.length < 200 || !(first & 0x40) ||
                  got.payload.length < payload.length / 2);
    }
});

test("takeover=both: what was said before is referred to", async (t) => {
    const server = await serve(t, own("--deflate", "takeover=both"));
    const peer = await server.peer();
    const data = randomBytes(150).toString("hex");
    const sizes = [];
    let window = Buffer.alloc(0);

    await peer.upgrade("/plain", { fields: OFFER });
    for (let i = 0; i < 3; i++) {
        peer.send(frame(0xc1, pack(data, window.length
            ? { dictionary: window } : {})));
        const { first, payload } = await peer.frame();

        assert.equal(first, 0xc1);
        assert.equal(String(unpack(payload, window.length
            ? { dictionary: window } : {})), data);
        sizes.push(payload.length);
        window = Buffer.concat([window, Buffer.from(data)]);
    }
    assert.ok(sizes[1] < sizes[0] / 5, `${sizes}`);
    assert.ok(sizes[2] < sizes[0] / 5, `${sizes}`);
});

/* ---- Memory -------------------------------------------------------------- */

const takesOver = async (server) => {
    const peer = await server.peer();
    const { fields } = await peer.upgrade("/plain", { fields: OFFER });

    return { peer, is: !/server_no_context_takeover/.test(
        fields["sec-websocket-extensions"]) };
};

test("ceiling: beyond it nobody takes over, until somebody goes", async (t) => {
    const server = await serve(t, own("--deflate",
                                      "takeover=own,memory=8,ceiling=700K"));
    const peers = [];

    for (const want of [true, true, false, false]) {
        const { peer, is } = await takesOver(server);

        assert.equal(is, want);
        peers.push(peer);
    }
    peers[0].send(frame(0x88, Buffer.from([3, 232])));
    assert.equal(await peers[0].closed(), 1000);
    await peers[0].end();
    for (const peer of peers.slice(1)) {
        peer.send(frame(0x81, json(1000)));
        assert.equal(String(unpack((await peer.frame()).payload)), json(1000));
    }
    assert.equal((await takesOver(server)).is, true);
});

/* Bytes of memory that a process has had at most. */
const peak = (child) => KIB * Number(/^VmHWM:\s+(\d+) kB$/m.exec(
    readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]);

/* A mebibyte that would become a gibibyte. */
function bomb() {
    const block = Buffer.concat([pack(Buffer.alloc(MIB)),
                                 Buffer.from([0, 0, 255, 255])]);

    return Buffer.concat(Array.from({ length: 1024 }, () => block))
        .subarray(0, -4);
}

for (const [name, cut] of [["in one frame", Infinity],
                           ["in fragments", 4000]]) {
    test(`T2: a bomb ${name} costs the limit and no more`, async (t) => {
        const server = await serve(t, own("--message-limit", "16M"));
        const peer = await server.peer();
        const wire = bomb();
        const before = peak(server.child);

        assert.ok(wire.length > 0.9 * MIB && wire.length < 1.2 * MIB,
                  `${wire.length}`);
        await peer.upgrade("/plain", { fields: OFFER });
        for (let at = 0; at < wire.length; at += cut) {
            const end = Math.min(wire.length, at + cut);

            peer.send(frame((at ? 0 : 0x42) | (end === wire.length ? 0x80 : 0),
                            wire.subarray(at, end)));
        }
        assert.equal(await peer.closed(), 1009);
        /* The limit, twice while its buffer grows, the window and the frame.
         * The address sanitizer keeps what was freed for a while. */
        if (process.env.WEFT_KIND !== "asan")
            assert.ok(peak(server.child) - before < 40 * MIB,
                      `${peak(server.child) - before}`);
    });
}

test("T2: a bomb for subscribers does not reach them", async (t) => {
    const server = await serve(t, own("--message-limit", "16M"));
    const [from, to] = [await server.peer(), await server.peer()];

    await from.upgrade("/relay", { fields: OFFER });
    await to.upgrade("/relay", { fields: OFFER });
    from.send(frame(0xc2, bomb()));
    assert.equal(await from.closed(), 1009);
    to.send(frame(0x81, "still here"));
    assert.equal(String((await to.frame()).payload), "still here");
});

/* Who makes much of little is not read from again before the others have had
 * their turn: one thread has all of them. */
test("T2: messages that unpack to much hold up nobody", async (t) => {
    const server = await serve(t, own("--threads", "1"));
    const honest = await server.peer();
    const hostile = [];
    const message = frame(0xc2, pack(Buffer.alloc(16 * MIB)));
    const flood = Buffer.concat(Array.from({ length: 24 }, () => message));
    let said = 0;

    await honest.upgrade("/plain");
    for (let i = 0; i < 4; i++) {
        const peer = await server.peer();

        await peer.upgrade("/length", { fields: OFFER });
        hostile.push(peer);
    }
    for (const peer of hostile) {
        peer.socket.on("data", () => { said++; });
        peer.send(flood);
    }
    for (let i = 0; i < 4; i++) {
        honest.send(frame(0x81, `still here ${i}`));
        assert.equal(String((await honest.frame()).payload), `still here ${i}`);
    }
    /* 96 answers in the end; each of ours came after a few of them. */
    assert.ok(said < 48, `${said} answers`);
    for (const peer of hostile)
        for (let i = 0; i < 24; i++)
            assert.equal(String((await peer.frame()).payload), "16777216");
});

/* ---- To many ------------------------------------------------------------- */

test("a message to subscribers of every kind", async (t) => {
    const server = await serve(t, own("--deflate", "takeover=own"));
    const offers = [undefined, "permessage-deflate",
                    "permessage-deflate; server_no_context_takeover",
                    "permessage-deflate; server_no_context_takeover; " +
                    "server_max_window_bits=9",
                    "permessage-deflate; server_max_window_bits=8"];
    const peers = [];

    for (let i = 0; i < 20; i++) {
        const peer = await server.peer();

        await peer.upgrade("/relay", { fields: {
            "Sec-WebSocket-Extensions": offers[i % offers.length] } });
        peer.window = Buffer.alloc(0);
        peer.keeps = i % offers.length === 1 || i % offers.length === 4;
        peers.push(peer);
    }
    for (const data of [json(100), json(300), json(20_000), "", json(300)]) {
        peers[7].send(frame(0x81, data));
        for (const [i, peer] of peers.entries()) {
            const { first, payload } = await peer.frame();
            const dictionary = peer.window.length && peer.keeps
                ? { dictionary: peer.window } : {};

            assert.equal(first & 0xbf, 0x81);
            assert.equal((first & 0x40) !== 0,
                         i % offers.length > 0 && data.length > 0);
            const text = first & 0x40 ? unpack(payload, dictionary) : payload;

            assert.equal(String(text), data);
            if (first & 0x40)
                peer.window = Buffer.concat([peer.window, text])
                    .subarray(-32 * KIB);
        }
    }
});
