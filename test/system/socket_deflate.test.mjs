/* SPDX-License-Identifier: MIT */
/*
 * permessage-deflate of the client: against npm's ws, Weft's own server, and a
 * server in bytes that says what none should.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { WebSocketServer } from "ws";
import { after } from "../support/after.mjs";
import { drive, ERR, joined, listen } from "./socket_support.mjs";
import { OWN_HANDLERS, serve } from "./support.mjs";

const MIB = 1024 * 1024;
const SIZES = [0, 1, 125, 126, 127, 128, 1000, 65535, 65536, 131072, MIB];

async function echo(t, perMessageDeflate) {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1",
                                         maxPayload: 64 * MIB,
                                         perMessageDeflate });

    await once(server, "listening");
    after(t, () => {
        for (const socket of server.clients)
            socket.terminate();
        server.close();
    });
    server.on("connection", (socket) => socket.on(
        "message", (data, binary) => socket.send(data, { binary })));
    return `ws://127.0.0.1:${server.address().port}/`;
}

async function open(driver, url, options) {
    const ws = await driver.open(url, options);

    ws.opened = await ws.event("open");
    return ws;
}

/* RFC 7692 sections 7.2.1 and 7.2.2. */
function pack(data) {
    const all = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH });

    return all.subarray(0, all.length - 4);
}

const unpack = (data, options = {}) => inflateRawSync(
    Buffer.concat([data, Buffer.from([0, 0, 255, 255])]),
    { finishFlush: constants.Z_SYNC_FLUSH, ...options });

const letters = (len) => Buffer.alloc(len, "abcdefghijklmnopqrstuvwxyz");

/* ---- Servers that do as they should -------------------------------------- */

const rules = [
    {}, { threshold: 0 }, { serverNoContextTakeover: true, threshold: 0 },
    { clientNoContextTakeover: true, threshold: 0 },
    { serverMaxWindowBits: 9, clientMaxWindowBits: 10, threshold: 0 },
];

for (const deflate of ["on", "own", "peer", "both"]) {
    test(`npm's ws and weft serve: deflate=${deflate}`, async (t) => {
        const driver = drive(t);
        const servers = [];

        for (const rule of rules)
            servers.push(await echo(t, rule));
        for (const takeover of ["none", "both"])
            servers.push((await serve(t, { handlers: OWN_HANDLERS,
                args: ["--deflate", `takeover=${takeover}`] })).ws("/plain"));
        for (const url of servers) {
            const ws = await open(driver, url,
                                  { deflate, deflate_threshold: 1 });

            assert.match(ws.opened.extensions, /^permessage-deflate/);
            for (const size of SIZES) {
                for (const kind of ["text", "binary"]) {
                    assert.equal(await ws.fill(kind, size), 0);
                    const got = await ws.event("message");

                    assert.deepEqual([got.kind, got.len], [kind, size]);
                    assert.ok(got.data.equals(
                        letters(size).subarray(0, got.data.length)));
                }
            }
            assert.equal((await ws.state()).buffered, 0);
            assert.equal(await ws.close(1000), 0);
            assert.equal((await ws.closes()).code, 1000);
        }
    });
}

test("nothing is agreed on with a server that knows nothing", async (t) => {
    const driver = drive(t);
    const ws = await open(driver, await echo(t, false), { deflate: "both" });

    assert.equal(ws.opened.extensions, "");
    assert.equal(await ws.fill("text", 5000), 0);
    assert.equal((await ws.event("message")).len, 5000);
});

/* ---- Over the wire ------------------------------------------------------- */

/* Both ends of a connection where the server answered with that. */
async function agreed(t, answer, options) {
    const server = await listen(t);
    const driver = drive(t);
    const ws = await driver.open(server.url(), options);
    const peer = await server.accept();
    const request = await peer.open({ "Sec-WebSocket-Extensions": answer });

    return { ws, peer, request };
}

test("the offer: what is wanted, and behind it less", async (t) => {
    const want = {
        off: undefined,
        on: "permessage-deflate; server_no_context_takeover; " +
            "client_no_context_takeover; client_max_window_bits, " +
            "permessage-deflate; client_max_window_bits",
        both: "permessage-deflate; client_max_window_bits",
    };

    for (const [deflate, offer] of Object.entries(want)) {
        const { request } = await joined(t, { deflate });

        assert.equal(request.fields["sec-websocket-extensions"], offer);
    }
});

test("compressed and not, whole and in fragments", async (t) => {
    const { ws, peer } = await agreed(t, "permessage-deflate; " +
        "server_no_context_takeover; client_no_context_takeover",
        { deflate: "on", deflate_threshold: 1 });
    const data = "it is said again and again and again and again";
    const packed = pack(data);

    await ws.event("open");
    for (let cut = 0; cut <= packed.length; cut++) {
        peer.send(Buffer.concat([
            Buffer.from([0x41, cut]), packed.subarray(0, cut),
            Buffer.from([0x89, 0]),
            Buffer.from([0x80, packed.length - cut]), packed.subarray(cut)]));
        await ws.event("control");
        assert.equal(String((await ws.event("message")).data), data);
        assert.equal((await peer.frame()).first, 0x8a);
    }
    assert.equal(await ws.send(data.repeat(10)), 0);
    const { first, payload } = await peer.frame();

    assert.equal(first, 0xc1);
    assert.equal(String(unpack(payload)), data.repeat(10));
    assert.equal((await ws.state()).buffered, 0);
});

/* ---- Servers that do not ------------------------------------------------- */

const wrong = [
    "permessage-deflate; bogus", "permessage-bogus",
    "permessage-deflate, permessage-deflate",
    "permessage-deflate; server_max_window_bits=7",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits=08",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; client_max_window_bits=13",
    "permessage-deflate; server_max_window_bits=12",
    "permessage-deflate; client_no_context_takeover=1",
    "permessage-deflate; server_no_context_takeover; " +
    "server_no_context_takeover", "permessage-deflate;", "=",
];

test("T3: answers that are none to what was offered", async (t) => {
    for (const answer of wrong) {
        const { ws } = await agreed(t, answer,
            { deflate: "both", deflate_window: 12, deflate_peer_window: 11 });
        const { err, code } = await ws.fails();

        assert.deepEqual([err, code], [ERR.PROTOCOL, 1006], answer);
    }
    const { ws } = await agreed(t, "permessage-deflate", { deflate: "off" });

    assert.equal((await ws.fails()).err, ERR.PROTOCOL);
});

test("data that is not compressed as it says: 1007", async (t) => {
    for (const bad of ["ff", "07", "00ff", "4b04"]) {
        const { ws, peer } = await agreed(t, "permessage-deflate",
                                          { deflate: "both" });
        const data = Buffer.from(bad, "hex");

        peer.send(Buffer.from([0xc2, data.length]), data);
        const { payload } = await peer.frame();

        assert.equal(payload.readUInt16BE(), 1007, bad);
        assert.equal((await ws.fails()).err, ERR.INVALID_DATA, bad);
    }
});

test("T2: a bomb from the server: 1009", async (t) => {
    const { ws, peer } = await agreed(t, "permessage-deflate",
        { deflate: "both", message_limit: MIB });
    const block = Buffer.concat([pack(Buffer.alloc(MIB)),
                                 Buffer.from([0, 0, 255, 255])]);
    const data = Buffer.concat(Array.from({ length: 900 }, () => block));
    const head = Buffer.from([0xc2, 127, 0, 0, 0, 0, 0, 0, 0, 0]);

    head.writeUInt32BE(data.length, 6);
    peer.send(head, data);
    assert.equal((await peer.frame()).payload.readUInt16BE(), 1009);
    assert.equal((await ws.fails()).err, ERR.LIMIT);
});
