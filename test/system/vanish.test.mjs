/* SPDX-License-Identifier: MIT */
/*
 * Clients that vanish, with RST or with FIN, in each state of a connection.
 * The server must forget them: the place they held under --connection-limit is
 * free again, no socket stays open, and others are served meanwhile.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, closeFrame, handshake, OWN_HANDLERS, poll, serve, socketsOf }
    from "./support.mjs";

const request = handshake("/plain");

/* What the client has done when it goes. */
const states = {
    "before the request": async () => {},
    "in the middle of the request line": async (peer) =>
        peer.send("GET /pla"),
    "in the middle of the header": async (peer) =>
        peer.send(request.slice(0, request.length / 2)),
    "right behind the request": async (peer) => peer.send(request),
    "after 101": (peer) => peer.upgrade("/plain"),
    "after a refusal": async (peer) => {
        peer.send(handshake("/nowhere"));
        await peer.head();
    },
    "in a frame's header": async (peer) => {
        await peer.upgrade("/plain");
        peer.send(frame(0x81, "x".repeat(300)).subarray(0, 3));
    },
    "in a frame's payload": async (peer) => {
        await peer.upgrade("/plain");
        peer.send(frame(0x82, Buffer.alloc(500000)).subarray(0, 200000));
    },
    "between two fragments": async (peer) => {
        await peer.upgrade("/plain");
        peer.send(frame(0x01, "begun"), frame(0x00, "not finished"));
    },
    "behind a message, before its echo": async (peer) => {
        await peer.upgrade("/plain");
        peer.send(frame(0x82, Buffer.alloc(900000)));
    },
    "while the server streams": async (peer) => {
        await peer.upgrade("/ticker");
        await peer.read(1_000_000);
    },
    "after sending close": async (peer) => {
        await peer.upgrade("/plain");
        peer.send(closeFrame(1000));
    },
    "after the server's close": async (peer) => {
        await peer.upgrade("/closer");
        peer.send(frame(0x81, "4000 bye"));
        assert.equal(await peer.closed(), 4000);
    },
    "behind an error": async (peer) => {
        await peer.upgrade("/plain");
        peer.send(frame(0x83), frame(0x82, Buffer.alloc(300000)));
    },
};

/* A whole conversation, once there is a place for it. */
async function isServed(server) {
    const peer = await server.peer();

    try {
        peer.send(handshake("/plain"));
        if ((await peer.head()).status !== 101)
            return undefined;
        peer.send(frame(0x81, "still there?"));
        assert.equal(String((await peer.frame()).payload), "still there?");
        peer.send(closeFrame(1000));
        assert.equal(await peer.closed(), 1000);
        await peer.end();
        return true;
    } catch (error) {
        if (peer.over) /* refused and cut */
            return undefined;
        throw error;
    } finally {
        peer.socket.destroy();
    }
}

for (const [ending, leave] of [["RST", (peer) => peer.reset()],
                               ["FIN", (peer) => peer.socket.end()]]) {
    test(`clients that vanish with ${ending}`, async (t) => {
        const server = await serve(t, {
            handlers: OWN_HANDLERS,
            args: ["--connection-limit", "4", "--close-timeout", "1s"],
        });

        await poll(() => isServed(server), "the first connection");
        const atRest = socketsOf(server.child);

        for (const [state, act] of Object.entries(states)) {
            await t.test(state, async () => {
                for (let i = 0; i < 3; i++) {
                    const peers = await Promise.all([server.peer(),
                                                     server.peer()]);

                    await Promise.all(peers.map(act));
                    peers.forEach(leave);
                    await poll(() => isServed(server), "a place");
                    peers.forEach((peer) => peer.socket.destroy());
                    await poll(() => socketsOf(server.child) <= atRest ||
                                     undefined, "sockets that close");
                }
            });
        }
    });
}

/* A server does not read on while its output waits, so a FIN behind that is
 * not seen; what ends the connection is its silence. */
test("clients that vanish while output waits", async (t) => {
    const server = await serve(t, {
        handlers: OWN_HANDLERS,
        args: ["--ping-interval", "500ms", "--pong-timeout", "500ms"],
    });

    for (const leave of [(peer) => peer.reset(), (peer) => peer.socket.end(),
                         () => {}]) {
        const atRest = socketsOf(server.child);
        const peer = await server.peer();

        await peer.upgrade("/newest");
        peer.socket.pause();
        peer.send(frame(0x81, "300"));
        leave(peer);
        await poll(() => socketsOf(server.child) <= atRest || undefined,
                   "sockets that close");
    }
});

/* Half of two hundred go with RST while the others go on. */
test("many vanish among many", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS });
    const stay = [], go = [];

    for (let i = 0; i < 200; i++) {
        const peer = await server.peer();

        await peer.upgrade("/plain");
        (i % 2 ? stay : go).push(peer);
    }
    const atMost = socketsOf(server.child) - go.length;
    go.forEach((peer, i) => {
        peer.send(frame(0x82, Buffer.alloc(i * 500)));
        peer.reset();
    });
    for (const [i, peer] of stay.entries()) {
        peer.send(frame(0x81, `still ${i}`));
        assert.equal(String((await peer.frame()).payload), `still ${i}`);
    }
    await poll(() => socketsOf(server.child) <= atMost || undefined,
               "sockets that close");
});
