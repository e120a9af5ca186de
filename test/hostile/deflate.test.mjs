/* SPDX-License-Identifier: MIT */
/* hostile.md T4: the edges of permessage-deflate. Its whole extent is in
 * test/conform; here it is by name, against the server as it runs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { closeFrame, frame, OWN_HANDLERS, serve }
    from "../system/support.mjs";

const own = (...args) => ({ handlers: OWN_HANDLERS, args });

const TAIL = Buffer.from([0, 0, 255, 255]);

/* RFC 7692 sections 7.2.1 and 7.2.2. */
const pack = (data) => deflateRawSync(data,
    { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
const unpack = (data) => inflateRawSync(Buffer.concat([data, TAIL]),
    { finishFlush: constants.Z_SYNC_FLUSH });

async function open(server, offer = "permessage-deflate") {
    const peer = await server.peer();

    await peer.upgrade("/plain",
                       { fields: { "Sec-WebSocket-Extensions": offer } });
    return peer;
}

/* The text of the next message. */
async function text(peer) {
    const { first, payload } = await peer.frame();

    return String(first & 0x40 ? unpack(payload) : payload);
}

const final = (data) => deflateRawSync(data);
const hello = "hello, hello, hello, hello";

const good = {
    "BFINAL at the end": [[0xc1, Buffer.concat([final(hello),
                                                Buffer.from([0])])]],
    "BFINAL in the middle": [[0xc1, Buffer.concat([final(hello),
                                                   pack("")])]],
    "BFINAL between fragments": [[0x41, final(hello)], [0x80, pack("")]],
    "a stored block": [[0xc1, deflateRawSync(hello, {
        level: 0, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)]],
    "many flushes": [[0xc1, Buffer.concat([...hello].map((c) =>
        Buffer.concat([pack(c), TAIL]))).subarray(0, -4)]],
    "uncompressed in between": [[0x81, hello]],
    "an empty fragment first": [[0x41, ""], [0x80, pack(hello)]],
    "an empty fragment last": [[0x41, pack(hello)], [0x80, ""]],
};

test("T4: what is odd and right", async (t) => {
    const server = await serve(t, own());

    for (const [what, frames] of Object.entries(good)) {
        const peer = await open(server);

        for (let round = 0; round < 3; round++) {
            for (const [first, payload] of frames)
                peer.send(frame(first, payload));
            assert.equal(await text(peer), hello, what);
        }
    }
    const peer = await open(server);

    for (const empty of [Buffer.from([0]), Buffer.from([2, 0])]) {
        peer.send(frame(0xc1, empty), frame(0x81, hello));
        assert.equal(await text(peer), "");
        assert.equal(await text(peer), hello);
    }
});

const bad = {
    "RSV1 on a continuation": [1002, [0x41, pack(hello)], [0xc0, ""]],
    "RSV1 on a ping": [1002, [0xc9, ""]],
    "RSV1 on a close frame": [1002, [0xc8, ""]],
    "RSV2 beside it": [1002, [0xe1, pack(hello)]],
    "RSV3 alone": [1002, [0x91, hello]],
    "no block of that type": [1007, [0xc1, Buffer.from([7])]],
    "the end is missing": [1007, [0xc1, pack(hello).subarray(0, -3)]],
    "a distance to before the message": [1007, [0xc1,
        Buffer.from("02130000", "hex")]],
    "text that is not UTF-8": [1007, [0xc1, pack(Buffer.from([0xff]))]],
};

test("T4: what is wrong", async (t) => {
    const server = await serve(t, own());

    for (const [what, [code, ...frames]] of Object.entries(bad)) {
        const peer = await open(server);

        for (const [first, payload] of frames)
            peer.send(frame(first, payload));
        assert.equal(await peer.closed(), code, what);
    }
    const plain = await open(server, "x-none");

    plain.send(frame(0xc1, pack(hello)));
    assert.equal(await plain.closed(), 1002);
});

/* Both promise not to refer to what was before, and both keep to it. */
test("T4: contexts begin anew on either side", async (t) => {
    const server = await serve(t, own("--deflate", "threshold=1"));
    const peer = await open(server, "permessage-deflate; " +
        "server_no_context_takeover; client_no_context_takeover");
    const sizes = new Set();

    for (let i = 0; i < 5; i++) {
        peer.send(frame(0xc1, pack(hello.repeat(20))));
        const { first, payload } = await peer.frame();

        assert.equal(first, 0xc1);
        assert.equal(String(unpack(payload)), hello.repeat(20));
        sizes.add(payload.length);
    }
    assert.equal(sizes.size, 1);
    peer.send(closeFrame(1000));
    assert.equal(await peer.closed(), 1000);
});
