/* SPDX-License-Identifier: MIT */
/*
 * The client from OPEN to CLOSED, against a server that speaks in bytes: frames
 * that are wrong, closing from either side, and servers that vanish.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, drive, ERR, joined, listen } from "./socket_support.mjs";
import { frame as anyFrame } from "./support.mjs";

const frame = (first, payload = "", options = {}) =>
    anyFrame(first, payload, { masked: false, ...options });

const closing = (code, reason = "") =>
    frame(0x88, Buffer.concat([Buffer.from([code >> 8, code & 255]),
                               Buffer.from(reason)]));

const FIN = 0x80, CONT = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9,
      PONG = 10;

/* The close code that the client sends, behind what else it may send. */
async function closeOf(peer) {
    for (;;) {
        const { first, payload } = await peer.frame();

        if (first === (FIN | CLOSE))
            return payload.length > 0 ? payload.readUInt16BE() : 1005;
    }
}

/* ---- Frames that are right ----------------------------------------------- */

test("messages of every length, whole and byte by byte", async (t) => {
    const { ws, peer } = await joined(t);

    for (const len of [0, 1, 2, 124, 125, 126, 127, 128, 65535, 65536,
                       1000000]) {
        const data = Buffer.alloc(len, "weft");

        peer.send(frame(FIN | BINARY, data));
        const got = await ws.event("message");

        assert.deepEqual([got.kind, got.len], ["binary", len]);
        if (len < 4096)
            assert.ok(got.data.equals(data));
        assert.equal(await ws.fill("text", len), 0);
        const { first, payload } = await peer.frame();

        assert.deepEqual([first, payload.length], [FIN | TEXT, len]);
    }
    for (const bytes of [frame(FIN | TEXT, "héllo"),
                         frame(FIN | TEXT, "x".repeat(300)),
                         frame(FIN | BINARY, Buffer.alloc(700))]) {
        await peer.drip(bytes);
        await ws.event("message");
    }
});

test("fragments, with control frames between them", async (t) => {
    const { ws, peer } = await joined(t);
    const euro = Buffer.from("€€");

    peer.send(frame(TEXT, euro.subarray(0, 1)), frame(FIN | PING, "one"),
              frame(CONT, euro.subarray(1, 5)), frame(CONT),
              frame(FIN | PONG, "two"), frame(FIN | CONT, euro.subarray(5)));
    const ping = await ws.event("control");
    const pong = await ws.event("control");
    const message = await ws.event("message");

    assert.deepEqual([ping.kind, String(ping.data)], ["ping", "one"]);
    assert.deepEqual([pong.kind, String(pong.data)], ["pong", "two"]);
    assert.deepEqual([message.kind, String(message.data)], ["text", "€€"]);
    const reply = await peer.frame();

    assert.deepEqual([reply.first, String(reply.payload)],
                     [FIN | PONG, "one"]);
});

test("every frame has a mask of its own", async (t) => {
    const { ws, peer } = await joined(t);
    const keys = new Set();

    for (let i = 0; i < 100; i++) {
        assert.equal(await ws.send("the same"), 0);
        keys.add((await peer.frame()).key.toString("hex"));
    }
    assert.ok(keys.size > 95, `${keys.size} of 100`);
});

/* ---- Frames that are wrong ----------------------------------------------- */

const huge = (n) => frame(FIN | BINARY, "", { claim: n });

/* What is wrong, the bytes, the error, and the code that is sent. */
const wrong = [
    ["a masked frame", anyFrame(FIN | TEXT, "x"), "PROTOCOL", 1002],
    ["a masked ping", anyFrame(FIN | PING), "PROTOCOL", 1002],
    ["RSV1", frame(0xc1, "x"), "PROTOCOL", 1002],
    ["RSV2", frame(0xa1, "x"), "PROTOCOL", 1002],
    ["RSV3", frame(0x91, "x"), "PROTOCOL", 1002],
    ["RSV1 on a ping", frame(0xc9), "PROTOCOL", 1002],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
        [`opcode ${opcode}`, frame(FIN | opcode), "PROTOCOL", 1002]),
    ["a ping in fragments", frame(PING), "PROTOCOL", 1002],
    ["a close in fragments", frame(CLOSE), "PROTOCOL", 1002],
    ["a ping of 126 bytes", frame(FIN | PING, "p".repeat(126)), "PROTOCOL",
     1002],
    ["a close of 126 bytes", closing(1000, "r".repeat(124)), "PROTOCOL", 1002],
    ["a continuation of nothing", frame(FIN | CONT, "x"), "PROTOCOL", 1002],
    ["a message inside another",
     Buffer.concat([frame(TEXT, "a"), frame(FIN | TEXT, "b")]), "PROTOCOL",
     1002],
    ["125 in 16 bits", Buffer.from([0x82, 126, 0, 125]), "PROTOCOL", 1002],
    ["65535 in 64 bits",
     Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255]), "PROTOCOL", 1002],
    ["2^63 bytes", huge(1n << 63n), "PROTOCOL", 1002],
    ["2^64 - 1 bytes", huge((1n << 64n) - 1n), "PROTOCOL", 1002],
    ["2^63 - 1 bytes", huge((1n << 63n) - 1n), "LIMIT", 1009],
    ["2^32 bytes", huge(1n << 32n), "LIMIT", 1009],
    ["a message over the limit", frame(FIN | BINARY, Buffer.alloc(1001)),
     "LIMIT", 1009],
    ["fragments over the limit", Buffer.concat([
        frame(BINARY, Buffer.alloc(600)), frame(CONT, Buffer.alloc(600))]),
     "LIMIT", 1009],
    ["too many fragments", Buffer.concat([
        frame(BINARY, "1"), ...Array(8).fill(frame(CONT))]), "POLICY", 1008],
    ["text that is not UTF-8", frame(FIN | TEXT, Buffer.from([0xff])), "UTF8",
     1007],
    ["a surrogate", frame(FIN | TEXT, Buffer.from([0xed, 0xa0, 0x80])), "UTF8",
     1007],
    ["a long form", frame(FIN | TEXT, Buffer.from([0xc0, 0xaf])), "UTF8",
     1007],
    ["text that ends in a character",
     frame(FIN | TEXT, Buffer.from([0xe2, 0x82])), "UTF8", 1007],
    ["bad text in a second fragment", Buffer.concat([
        frame(TEXT, Buffer.from([0xe2])), frame(CONT, "x")]), "UTF8", 1007],
    ["a close of one byte", frame(FIN | CLOSE, "x"), "PROTOCOL", 1002],
    ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000,
        65535].map((code) =>
        [`close code ${code}`, closing(code), "PROTOCOL", 1002]),
    ["a close reason that is not UTF-8",
     closing(1000, Buffer.from([0xc3, 0x28])), null, 1007],
];

for (const [what, bytes, name, sent] of wrong) {
    test(`failed: ${what}`, async (t) => {
        const { ws, peer } = await joined(t, { message_limit: 1000,
                                               fragment_limit: 8 });

        peer.send(frame(FIN | TEXT, "good"), bytes, frame(FIN | TEXT, "late"));
        assert.equal(String((await ws.event("message")).data), "good");
        const { err, why, code } = await ws.fails();

        if (name)
            assert.equal(err, ERR[name], why);
        assert.ok(why.length > 10, why);
        assert.equal(code, 1006);
        assert.equal(await closeOf(peer), sent);
        await peer.end();
        assert.equal(ws.waiting, 0);
    });
}

test("failed: each of them byte by byte", async (t) => {
    const server = await listen(t);
    const driver = drive(t);

    for (const [what, bytes, name, sent] of wrong) {
        const ws = await driver.open(server.url(), { message_limit: 1000,
                                                     fragment_limit: 8 });
        const peer = await server.accept();

        await peer.open();
        await ws.event("open");
        /* It may be over before its last byte. */
        await peer.drip(bytes);
        const { err } = await ws.fails();

        if (name)
            assert.equal(err, ERR[name], what);
        assert.equal(await closeOf(peer), sent, what);
    }
});

/* ---- Closing ------------------------------------------------------------- */

for (const [args, sent, reason] of [
    [[], 1005, ""], [[1000], 1000, ""], [[3000, "é"], 3000, "é"],
    [[4999, "r".repeat(123)], 4999, "r".repeat(123)],
    [[0, "bye"], 1000, "bye"],
]) {
    test(`closed by the client: ${JSON.stringify(args).slice(0, 20)}`,
         async (t) => {
        const { ws, peer } = await joined(t);

        assert.equal(await ws.close(...args), 0);
        assert.equal((await ws.state()).ready, 2);
        assert.equal(await ws.close(4000, "again"), 0);
        const { first, payload } = await peer.frame();

        assert.equal(first, FIN | CLOSE);
        assert.equal(payload.length > 0 ? payload.readUInt16BE() : 1005, sent);
        assert.equal(String(payload.subarray(2)), reason);
        peer.send(frame(FIN | CLOSE, payload));
        /* The server ends the stream first (RFC 6455 section 7.1.1). */
        assert.equal((await ws.state()).ready, 2);
        assert.equal(ws.waiting, 0);
        peer.socket.end();
        assert.deepEqual(await ws.closes(), { code: sent, reason });
        assert.equal((await ws.state()).ready, 3);
        await peer.end();
    });
}

test("close codes and reasons that cannot be", async (t) => {
    const { ws } = await joined(t);

    for (const args of [[1], [999], [1001], [1002], [1005], [1006], [1015],
                        [2999], [5000], [65535], [1000, "r".repeat(124)],
                        [1000, "é".repeat(62)],
                        [1000, Buffer.from([0xff])]])
        assert.equal(await ws.close(...args), ERR.INVALID, `${args}`);
    assert.equal((await ws.state()).ready, 1);
});

for (const [bytes, code, reason] of [
    [frame(FIN | CLOSE), 1005, ""], [closing(1000), 1000, ""],
    [closing(1001, "going"), 1001, "going"], [closing(1011, "é"), 1011, "é"],
    [closing(1014), 1014, ""], [closing(3999, "r".repeat(123)), 3999,
                                "r".repeat(123)],
]) {
    test(`closed by the server: ${code}`, async (t) => {
        const { ws, peer } = await joined(t);

        peer.send(frame(FIN | TEXT, "last"), bytes, frame(FIN | TEXT, "late"));
        await ws.event("message");
        assert.equal(await closeOf(peer), code);
        peer.socket.end();
        assert.deepEqual(await ws.closes(), { code, reason });
        assert.equal(ws.waiting, 0);
    });
}

test("both close at once", async (t) => {
    const { ws, peer } = await joined(t);

    assert.equal(await ws.close(4001, "ours"), 0);
    peer.send(closing(4002, "theirs"));
    assert.equal(await closeOf(peer), 4001);
    peer.socket.end();
    assert.deepEqual(await ws.closes(), { code: 4002, reason: "theirs" });
    assert.equal(peer.bytes.length, 0, "one close frame is all");
});

test("no message is told after close", async (t) => {
    const { ws, peer } = await joined(t);

    assert.equal(await ws.close(1000), 0);
    peer.send(frame(FIN | TEXT, "on its way"), frame(FIN | PING, "too"));
    assert.equal(await closeOf(peer), 1000);
    peer.send(frame(FIN | CLOSE));
    peer.socket.end();
    assert.deepEqual(await ws.closes(), { code: 1005, reason: "" });
});

test("send in every state", async (t) => {
    const { ws, peer } = await joined(t);

    assert.equal(await ws.send("x"), 0);
    assert.equal(await ws.send(Buffer.from([0xff, 0])), 0);
    assert.equal(await ws.call("send", "text", Buffer.from([0xff]))
        .then(({ result }) => result), ERR.INVALID);
    assert.equal((await ws.call("send", "ping", "x")).result, ERR.USAGE);
    await peer.frame();
    await peer.frame();
    assert.equal((await ws.state()).buffered, 0);
    assert.equal(await ws.close(1000), 0);
    assert.equal(await ws.send("é€"), 0); /* 5 bytes */
    assert.equal((await ws.state()).buffered, 5);
    assert.equal(await ws.ping("x"), ERR.USAGE);
    assert.equal(await closeOf(peer), 1000);
    peer.send(closing(1000));
    peer.socket.end();
    await ws.closes();
    assert.equal(await ws.send(Buffer.alloc(10)), 0);
    assert.equal((await ws.state()).buffered, 15);
    assert.equal(await ws.close(1000), 0);
});

/* ---- close and free inside events ---------------------------------------- */

/* How each event is brought about. */
const causes = {
    open: () => {},
    message: (peer) => peer.send(frame(FIN | TEXT, "x"),
                                 frame(FIN | TEXT, "y")),
    control: (peer) => peer.send(frame(FIN | PING, "x"),
                                 frame(FIN | PONG, "y")),
    frame: (peer) => peer.send(frame(TEXT, "x"), frame(CONT, "y"),
                               frame(FIN | CONT, "z")),
    error: (peer) => peer.send(frame(0xff), frame(FIN | TEXT, "y")),
    close: (peer) => peer.send(frame(0xff), frame(FIN | TEXT, "y")),
};

for (const [event, cause] of Object.entries(causes)) {
    const wire = event === "frame" ? ["wire"] : [];

    for (const command of ["close", "free"]) {
        test(`${command} inside ${event}`, async (t) => {
            const server = await listen(t);
            const driver = drive(t);
            const ws = driver.socket();
            const opened = ws.open(server.url(), ...wire);

            await ws.on(event, command);
            assert.equal((await opened).result, 0);
            const peer = await server.accept();
            const request = await peer.request();

            /* In one piece: bytes that nobody reads any more make of the end
             * a reset, which may overtake the close frame. */
            peer.socket.cork();
            peer.send(answer(request), frame(FIN | TEXT, "first"));
            cause(peer);
            peer.socket.uncork();
            await ws.until(event);
            if (event !== "error" && event !== "close") {
                const sent = await closeOf(peer);

                assert.equal(sent, command === "free" ? 1001 : 1005);
                peer.send(frame(FIN | CLOSE));
            }
            peer.socket.end();
            if (command === "close" && event !== "close")
                await ws.until("close");
            await peer.end();
            assert.ok(ws.reactions.every(({ result }) =>
                result === 0 || result === ERR.MISSING));
            assert.ok(ws.reactions.length > 0);
        });
    }
}

test("free while open leaves with 1001", async (t) => {
    const { ws, peer } = await joined(t);

    assert.equal(await ws.send("last words"), 0);
    await ws.free();
    assert.equal(String((await peer.frame()).payload), "last words");
    assert.equal(await closeOf(peer), 1001);
    await peer.end();
    assert.equal(ws.waiting, 0);
});

/* ---- Servers that vanish ------------------------------------------------- */

const states = {
    "at rest": async () => {},
    "in a frame's header": async ({ peer }) =>
        peer.send(frame(FIN | TEXT, "x".repeat(300)).subarray(0, 3)),
    "in a frame's payload": async ({ peer }) =>
        peer.send(frame(FIN | BINARY, Buffer.alloc(5000)).subarray(0, 2000)),
    "between two fragments": async ({ peer }) =>
        peer.send(frame(TEXT, "begun")),
    "behind a message": async ({ ws, peer }) => {
        assert.equal(await ws.fill("binary", 100000), 0);
        await peer.frame();
    },
};

for (const [ending, leave] of [["RST", (peer) => peer.reset()],
                               ["FIN", (peer) => peer.socket.end()]]) {
    for (const [state, act] of Object.entries(states)) {
        test(`the server vanishes with ${ending} ${state}`, async (t) => {
            const both = await joined(t);

            await act(both);
            leave(both.peer);
            const { err, code } = await both.ws.fails();

            assert.ok([ERR.EOF, ERR.GONE].includes(err), `${err}`);
            assert.equal(code, 1006);
            await both.peer.end();
        });
    }

    test(`the server vanishes with ${ending} after our close`, async (t) => {
        const { ws, peer } = await joined(t);

        assert.equal(await ws.close(1000), 0);
        assert.equal(await closeOf(peer), 1000);
        leave(peer);
        const { code, clean } = await ws.until("close");

        assert.deepEqual([code, clean], [1006, false]);
    });

    test(`the server vanishes with ${ending} after its close`, async (t) => {
        const { ws, peer } = await joined(t);

        peer.send(closing(4000, "bye"));
        assert.equal(await closeOf(peer), 4000);
        leave(peer);
        const { code, reason, clean } = await ws.until("close");

        assert.deepEqual([code, reason, clean], [4000, "bye", true]);
    });
}

test("a server that never answers a close", async (t) => {
    const { ws, peer } = await joined(t, { close_ms: 200 });

    assert.equal(await ws.close(1000, "bye"), 0);
    assert.equal(await closeOf(peer), 1000);
    const { code, clean, err } = await ws.event("close");

    assert.deepEqual([code, clean, err], [1006, false, ERR.TIMEOUT]);
    await peer.end();
});

test("a server that never ends the stream", async (t) => {
    const { ws, peer } = await joined(t, { close_ms: 200 });

    peer.send(closing(4000, "bye"));
    assert.equal(await closeOf(peer), 4000);
    assert.deepEqual(await ws.closes(), { code: 4000, reason: "bye" });
    await peer.end();
});

test("silence, with a keepalive", async (t) => {
    const { ws, peer } = await joined(t, { ping_ms: 200, pong_ms: 200 });
    const { first, payload } = await peer.frame();

    assert.equal(first, FIN | PING);
    peer.send(frame(FIN | PONG, payload)); /* it lives, once */
    await ws.event("control");
    assert.equal((await peer.frame()).first, FIN | PING);
    const { err, code } = await ws.fails();

    assert.deepEqual([err, code], [ERR.TIMEOUT, 1006]);
    await peer.end();
});

test("a keepalive leaves alone who speaks", async (t) => {
    const { ws, peer } = await joined(t, { ping_ms: 300, pong_ms: 300 });
    let pings = 0;

    for (let i = 0; i < 4; i++) {
        const { first } = await peer.frame();

        assert.equal(first, FIN | PING);
        pings++;
        peer.send(frame(FIN | TEXT, `${i}`)); /* any frame is a sign of life */
        await ws.event("message");
    }
    assert.equal(pings, 4);
});

test("pings of the owner's", async (t) => {
    const { ws, peer } = await joined(t);

    for (const len of [0, 1, 125]) {
        assert.equal(await ws.ping(Buffer.alloc(len, "p")), 0);
        const { first, payload } = await peer.frame();

        assert.deepEqual([first, payload.length], [FIN | PING, len]);
        peer.send(frame(FIN | PONG, payload));
        assert.equal((await ws.event("control")).data.length, len);
    }
    assert.equal(await ws.ping(Buffer.alloc(126)), ERR.USAGE);
    assert.equal((await ws.state()).ready, 1);
});
