/* SPDX-License-Identifier: MIT */
/*
 * Every row of the table of limits, tripped through its flag of weft serve;
 * what is just inside a limit must pass.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame, frame, handshake, OWN_HANDLERS, poll, serve }
    from "./support.mjs";

const own = (...args) => ({ handlers: OWN_HANDLERS, args });

async function status(server, request, method) {
    const peer = await server.peer();

    peer.send(request);
    const answer = await peer.response({ method });

    return { ...answer, peer };
}

/* ---- The head of a request ----------------------------------------------- */

test("--header-limit: 431", async (t) => {
    const server = await serve(t, own("--header-limit", "1K"));
    const request = (len) => {
        const bare = handshake("/plain", { "X-Fill": "" });

        return handshake("/plain", { "X-Fill": "f".repeat(len - bare.length) });
    };
    const peer = await server.peer();

    peer.send(request(1024));
    assert.equal((await peer.head()).status, 101);
    const over = await status(server, request(1025));
    assert.equal(over.status, 431);
    await over.peer.end();

    /* Said as soon as it is certain: the head's end never comes. */
    const endless = await status(server, request(3000).slice(0, 2000));
    assert.equal(endless.status, 431);
    await endless.peer.end();
});

test("the default of --header-limit is 8 KiB", async (t) => {
    const server = await serve(t);
    const fill = (len) => Object.fromEntries(Array.from({ length: 8 }, (_, i) =>
        [`X-Fill-${i}`, "f".repeat(len / 8)]));
    const peer = await server.peer();

    peer.send(handshake("/echo", fill(7600)));
    assert.equal((await peer.head()).status, 101);
    assert.equal((await status(server, handshake("/echo", fill(8192)))).status,
                 431);
});

test("--field-limit: 431", async (t) => {
    const server = await serve(t, own("--field-limit", "8"));
    const more = (count) => Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`X-${i}`, "x"]));
    const peer = await server.peer();

    peer.send(handshake("/plain", more(3))); /* and five that it must have */
    assert.equal((await peer.head()).status, 101);
    const over = await status(server, handshake("/plain", more(4)));
    assert.equal(over.status, 431);
    await over.peer.end();
});

test("T6: floods of header are cut off early", async (t) => {
    const server = await serve(t);
    const floods = {
        "10 MB in one field": `X: ${"f".repeat(1 << 20)}`,
        "100,000 fields": "X: y\r\n".repeat(10000),
        "a request line without end": null,
    };

    for (const [what, piece] of Object.entries(floods)) {
        const peer = await server.peer();

        peer.send(piece === null ? `GET /${"a".repeat(1 << 20)}`
                                 : `GET / HTTP/1.1\r\nHost: x\r\n${piece}`);
        for (let i = 0; i < 9 && !peer.over; i++)
            peer.send(piece ?? "a".repeat(1 << 20));
        await poll(() => peer.over || peer.bytes.length || undefined, what);
        if (peer.bytes.length)
            assert.match(peer.bytes.toString("latin1"),
                         /^HTTP\/1\.1 4(31|14) /, what);
        peer.reset();
    }
});

/* ---- Times --------------------------------------------------------------- */

test("--handshake-timeout: 408 and the end", async (t) => {
    const server = await serve(t, own("--handshake-timeout", "400ms"));
    const request = handshake("/plain");
    const begun = [request.slice(0, 3), request.slice(0, -2)];

    for (const part of begun) {
        const peer = await server.peer();
        const start = Date.now();

        peer.send(part);
        assert.equal((await peer.response()).status, 408);
        assert.equal(await peer.end(), "end");
        assert.ok(Date.now() - start > 300);
    }

    /* Bytes that drip do not put it off. */
    const dripping = await server.peer();
    let at = 0;
    const drip = setInterval(() => {
        if (!dripping.over && !dripping.bytes.length && at < 100)
            dripping.send(request[at++]);
    }, 20);

    try {
        assert.equal((await dripping.response()).status, 408);
        await dripping.end();
    } finally {
        clearInterval(drip);
    }

    /* Nothing at all is also too little. */
    const silent = await server.peer();
    await silent.end();
    assert.match(silent.bytes.toString(), /^(HTTP\/1\.1 408 |$)/);

    /* It does not go on behind the handshake. */
    const quick = await server.peer();
    await quick.upgrade("/plain");
    const later = await server.peer();
    later.send(request.slice(0, 3));
    assert.equal((await later.response()).status, 408);
    quick.send(frame(0x81, "here"));
    assert.equal(String((await quick.frame()).payload), "here");
});

test("--http-idle-timeout: the connection is closed", async (t) => {
    const server = await serve(t, own("--http-idle-timeout", "300ms"));
    const peer = await server.peer();

    for (let i = 0; i < 3; i++) {
        peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert.equal((await peer.response()).status, 200);
    }
    assert.equal(await peer.end(), "end");
    assert.equal(peer.bytes.length, 0);
});

test("--ping-interval and --pong-timeout: silence is cut", async (t) => {
    const server = await serve(t, own("--ping-interval", "300ms",
                                      "--pong-timeout", "300ms"));
    const silent = await server.peer(), lively = await server.peer();

    await silent.upgrade("/plain");
    await lively.upgrade("/plain");
    const answers = (async () => {
        for (let i = 0; i < 4; i++) {
            const ping = await lively.frame();

            assert.equal(ping.first, 0x89);
            lively.send(frame(0x8a, ping.payload));
        }
    })();

    assert.equal((await silent.frame()).first, 0x89);
    const asked = Date.now();
    await silent.end();
    assert.ok(Date.now() - asked > 200);
    assert.equal(silent.bytes.length, 0, "no close frame: 1006");
    await answers;
    lively.send(frame(0x81, "still here"));
    for (;;) {
        const { first, payload } = await lively.frame();

        if (first === 0x81) {
            assert.equal(String(payload), "still here");
            break;
        }
    }
});

test("--ping-interval off: no pings", async (t) => {
    const server = await serve(t, own("--ping-interval", "off",
                                      "--handshake-timeout", "500ms"));
    const quiet = await server.peer(), late = await server.peer();

    await quiet.upgrade("/plain");
    await late.end();
    assert.equal(quiet.over, undefined);
    assert.equal(quiet.bytes.length, 0);
});

test("--close-timeout: a peer that does not answer is cut", async (t) => {
    const server = await serve(t, own("--close-timeout", "400ms"));
    const silent = await server.peer();
    const start = Date.now();

    await silent.upgrade("/closer");
    silent.send(frame(0x81, "4000 bye"));
    assert.equal(await silent.closed(), 4000);
    await silent.end();
    assert.ok(Date.now() - start > 300);

    /* One that goes on talking gains nothing. */
    const chatty = await server.peer();

    await chatty.upgrade("/closer");
    chatty.send(frame(0x81, "4000 bye"));
    assert.equal(await chatty.closed(), 4000);
    const chat = setInterval(() => {
        if (!chatty.over)
            chatty.send(frame(0x81, "and another thing"));
    }, 50);

    try {
        await chatty.end();
    } finally {
        clearInterval(chat);
    }

    /* One that answers is let go at once: section 7.1.1. */
    const polite = await server.peer();

    await polite.upgrade("/closer");
    polite.send(frame(0x81, "4000 bye"));
    assert.equal(await polite.closed(), 4000);
    polite.send(closeFrame(4000));
    assert.equal(await polite.end(), "end");
});

test("an error of the peer is told, and it is cut", async (t) => {
    const server = await serve(t, own("--close-timeout", "400ms"));
    const peer = await server.peer();

    await peer.upgrade("/plain");
    peer.send(frame(0x83));
    assert.equal(await peer.closed(), 1002);
    await peer.end();
});

/* ---- Messages ------------------------------------------------------------ */

test("--message-limit: 1009", async (t) => {
    const server = await serve(t, own("--message-limit", "1K"));
    const fits = await server.peer();

    await fits.upgrade("/plain");
    fits.send(frame(0x82, Buffer.alloc(1024)));
    assert.equal((await fits.frame()).payload.length, 1024);
    fits.send(frame(0x02, Buffer.alloc(1000)), frame(0x80, Buffer.alloc(24)));
    assert.equal((await fits.frame()).payload.length, 1024);
    fits.send(frame(0x02, Buffer.alloc(1000)), frame(0x80, Buffer.alloc(25)));
    assert.equal(await fits.closed(), 1009);
    await fits.end();

    /* The announcement is enough; t1: whatever it announces. */
    for (const claim of [1025n, 65536n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n,
                         2n ** 32n + 1n, 2n ** 63n - 1n]) {
        const peer = await server.peer();

        await peer.upgrade("/plain");
        peer.send(frame(0x82, "", { claim }));
        assert.equal(await peer.closed(), 1009, `${claim}`);
    }
    for (const claim of [2n ** 63n, 2n ** 64n - 1n]) {
        const peer = await server.peer();

        await peer.upgrade("/plain");
        peer.send(frame(0x82, "", { claim }));
        assert.equal(await peer.closed(), 1002, `${claim}`);
    }
});

test("--fragment-limit: 1008", async (t) => {
    const server = await serve(t, own("--fragment-limit", "4"));
    const peer = await server.peer();
    const pieces = (count) => Array.from({ length: count }, (_, i) =>
        frame((i ? 0 : 1) | (i === count - 1 ? 0x80 : 0), "p"));

    await peer.upgrade("/plain");
    peer.send(...pieces(4));
    assert.equal(String((await peer.frame()).payload), "pppp");
    peer.send(...pieces(5));
    assert.equal(await peer.closed(), 1008);
    await peer.end();
});

/* ---- Connections --------------------------------------------------------- */

for (const flag of ["--connection-limit", "--per-address-limit"]) {
    test(`${flag}: 503`, async (t) => {
        const server = await serve(t, own(flag, "3"));
        const open = [];

        for (let i = 0; i < 3; i++) {
            open.push(await server.peer());
            await open[i].upgrade("/plain");
        }
        for (let i = 0; i < 5; i++) {
            const over = await server.peer();

            over.send(handshake("/plain"));
            assert.equal((await over.response()).status, 503);
            await over.end();
        }

        /* Those inside are not disturbed, and one that goes makes room. */
        for (const peer of open) {
            peer.send(frame(0x81, "a"));
            assert.equal(String((await peer.frame()).payload), "a");
        }
        open[0].send(closeFrame(1000));
        await open[0].end();
        await poll(async () => {
            const next = await server.peer();

            next.send(handshake("/plain"));
            if ((await next.head()).status === 101)
                return true;
            next.socket.destroy();
            return undefined;
        }, "a place");
    });
}

test("--per-address-limit counts each address for itself", async (t) => {
    const server = await serve(t, own("--per-address-limit", "1"));
    const first = await server.peer({ host: "127.0.0.1" });

    await first.upgrade("/plain");
    const second = await server.peer({ host: "127.0.0.1" });
    const other = await server.peer({ host: "::1" });

    second.send(handshake("/plain"));
    assert.equal((await second.response()).status, 503);
    await other.upgrade("/plain");
});

/* Descriptors must be left for what the server itself needs. */
test("the default of --connection-limit follows the open files", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS,
                                    under: ["prlimit", "--nofile=64"] });
    const open = [];
    let refused = 0;

    for (let i = 0; i < 100; i++) {
        const peer = await server.peer();

        peer.send(handshake("/plain"));
        if ((await peer.head()).status === 101)
            open.push(peer);
        else
            refused++;
    }
    assert.ok(open.length >= 16 && open.length < 64, `${open.length} open`);
    assert.equal(refused, 100 - open.length);
    for (const peer of open) {
        peer.send(frame(0x81, "a"));
        assert.equal(String((await peer.frame()).payload), "a");
    }
    const page = await server.peer();
    page.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert.equal((await page.response()).status, 503);
    open.forEach((peer) => peer.reset());
    await poll(async () => {
        const peer = await server.peer();

        peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return (await peer.response()).status === 200 || undefined;
    }, "a place");
});

test("--topic-limit: no more subscriptions", async (t) => {
    const server = await serve(t, own("--topic-limit", "5"));
    const peer = await server.peer();

    await peer.upgrade("/topics");
    peer.send(frame(0x81, "5"));
    assert.equal(String((await peer.frame()).payload), "5");
    peer.send(frame(0x81, "6"));
    assert.equal(String((await peer.frame()).payload), "5");
});
