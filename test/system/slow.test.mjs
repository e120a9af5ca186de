/* SPDX-License-Identifier: MIT */
/*
 * Clients that read too slowly: --queue-limit, and what becomes of messages
 * beyond it under each of the four rules that a handler can choose. And clients
 * that write too slowly, many of them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame, frame, handshake, OWN_HANDLERS, serve }
    from "./support.mjs";

const own = (...args) => ({ handlers: OWN_HANDLERS, args });

/* More than the kernel takes for a peer that does not read. */
const COUNT = 600;
const numbers = async (peer, until) => {
    const seen = [];

    for (;;) {
        const { first, payload } = await peer.frame();

        if (first !== 0x82)
            return { seen, first, payload };
        seen.push(payload.readUInt32BE());
        if (until(seen))
            return { seen };
    }
};

const rises = (seen) => seen.every((n, i) => i === 0 || n > seen[i - 1]);
const breaks = (seen) => seen.filter((n, i) => n !== (i ? seen[i - 1] + 1 : 0));

async function slowPeer(server, path) {
    const peer = await server.peer();

    await peer.upgrade(path);
    peer.socket.pause();
    peer.send(frame(0x81, `${COUNT}`));
    /* The pong comes behind all of it, and is never dropped. */
    peer.send(frame(0x89, "behind"));
    return peer;
}

/* Whether the server has nothing more to do: its answer to another client
 * comes behind what it did for the slow one. */
async function settled(server) {
    const peer = await server.peer();

    await peer.upgrade("/plain");
    peer.send(frame(0x81, "?"));
    await peer.frame();
}

test("--queue-limit: 1013", async (t) => {
    const server = await serve(t, own("--queue-limit", "256K",
                                      "--threads", "1",
                                      "--close-timeout", "20s"));
    const peer = await slowPeer(server, "/flood");

    await settled(server);
    peer.socket.resume();
    const { seen, first, payload } = await numbers(peer, () => false);
    assert.equal(first, 0x88);
    assert.equal(payload.readUInt16BE(), 1013);
    assert.ok(seen.length < COUNT && breaks(seen).length === 0, `${seen}`);
    peer.send(closeFrame(1013));
    await peer.end();
});

test("slow peers: the newest are dropped", async (t) => {
    const server = await serve(t, own("--queue-limit", "256K",
                                      "--threads", "1"));
    const peer = await slowPeer(server, "/newest");

    await settled(server);
    peer.socket.resume();
    const { seen, first, payload } = await numbers(peer, () => false);
    assert.equal(first, 0x8a);
    assert.equal(String(payload), "behind");
    assert.ok(seen.length > 0 && seen.length < COUNT);
    assert.deepEqual(breaks(seen), [], "only the last are missing");

    /* There is room again. */
    peer.send(frame(0x81, "1"));
    assert.deepEqual((await numbers(peer, () => true)).seen, [0]);
});

test("slow peers: the oldest are dropped", async (t) => {
    const server = await serve(t, own("--queue-limit", "256K",
                                      "--threads", "1"));
    const peer = await slowPeer(server, "/oldest");

    await settled(server);
    peer.socket.resume();
    const seen = [];
    let pong = false;

    while (!pong || seen.at(-1) !== COUNT - 1) {
        const { first, payload } = await peer.frame();

        if (first === 0x82)
            seen.push(payload.readUInt32BE());
        else
            pong = first === 0x8a;
    }
    assert.ok(seen.length < COUNT, "some were dropped");
    assert.ok(rises(seen), `${seen}`);
    assert.equal(breaks(seen).length, 1, "those dropped stood together");
});

test("slow peers: the handler waits for drain", async (t) => {
    const server = await serve(t, own("--queue-limit", "256K",
                                      "--threads", "1"));
    const peer = await slowPeer(server, "/drain");

    await settled(server);
    peer.socket.resume();
    const seen = [];

    while (seen.length < COUNT) {
        const { first, payload } = await peer.frame();

        if (first === 0x82)
            seen.push(payload.readUInt32BE());
    }
    assert.deepEqual(breaks(seen), []);
});

/* Hundreds who send their request, or a frame, a byte at a time, or do not read
 * what they asked for: others are served as if they were not there. */
test("T15: slow clients do not slow down others", async (t) => {
    const server = await serve(t, own("--ping-interval", "off"));
    const message = frame(0x82, Buffer.alloc(1000));
    const slow = [];

    for (let i = 0; i < 900; i++) {
        const peer = await server.peer();
        let bytes = Buffer.from(handshake("/plain"));

        if (i % 3 === 1) {
            await peer.upgrade("/plain");
            bytes = message;
        } else if (i % 3 === 2) {
            await peer.upgrade("/newest");
            peer.socket.pause();
            peer.send(frame(0x81, "30"));
            bytes = Buffer.alloc(0);
        }
        slow.push({ peer, bytes, at: 0 });
    }
    const drip = setInterval(() => {
        for (const one of slow)
            if (!one.peer.over && one.at < one.bytes.length)
                one.peer.send(one.bytes.subarray(one.at, ++one.at));
    }, 100);

    try {
        for (let i = 0; i < 200; i++) {
            const peer = await server.peer();

            await peer.upgrade("/plain");
            peer.send(frame(0x81, "quick"));
            assert.equal(String((await peer.frame(2000)).payload), "quick");
            peer.send(closeFrame(1000));
            assert.equal(await peer.closed(2000), 1000);
        }
    } finally {
        clearInterval(drip);
    }
});
