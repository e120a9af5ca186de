/* SPDX-License-Identifier: MIT */
/*
 * Back-pressure in both directions: a client that is paused and resumed, and
 * one whose server reads slowly, or not at all.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drive, ERR, joined, listen } from "./socket_support.mjs";
import { frame as anyFrame, poll } from "./support.mjs";

const MIB = 1024 * 1024;

const frame = (first, payload = "") =>
    anyFrame(first, payload, { masked: false });

const numbered = (i, len = 64) => {
    const data = Buffer.alloc(len);

    data.writeUInt32BE(i);
    return frame(0x82, data);
};

/* Waits until what the kernel has not taken stays the same: the other end does
 * not read. Gives how much that is. */
function stuck(socket) {
    let before = -1;

    return poll(async () => {
        const now = socket.writableLength;
        const same = now === before;

        before = now;
        await new Promise((done) => setTimeout(done, 100));
        return same ? now : undefined;
    }, "a stream that is stuck");
}

/* ---- Paused -------------------------------------------------------------- */

test("the server feels a pause, and nothing is lost", async (t) => {
    const { ws, peer } = await joined(t);
    const count = 512, len = 65536; /* more than the kernel keeps for both */

    assert.equal(await ws.pause(), 0);
    assert.equal(await ws.pause(), 0);
    for (let i = 0; i < count; i++)
        peer.send(numbered(i, len));
    assert.ok(await stuck(peer.socket) > 0);
    assert.equal(ws.waiting, 0);
    assert.equal(await ws.resume(), 0);
    for (let i = 0; i < count; i++) {
        const { len: got, kind } = await ws.event("message");

        assert.deepEqual([kind, got], ["binary", len]);
    }
    peer.send(frame(0x81, "last"));
    assert.equal(String((await ws.event("message")).data), "last");
});

test("each message pauses, and the next waits for a resume", async (t) => {
    const { ws, peer } = await joined(t);

    await ws.on("message", "pause");
    peer.send(Buffer.concat([0, 1, 2, 3, 4].map((i) => numbered(i))));
    for (let i = 0; i < 5; i++) {
        assert.equal((await ws.event("message")).data.readUInt32BE(), i);
        await ws.state();
        await ws.state();
        assert.equal(ws.waiting, 0);
        assert.equal(await ws.resume(), 0);
    }
});

test("paused in the middle of a message, of a frame, of a header",
     async (t) => {
    const { ws, peer } = await joined(t);
    const bytes = Buffer.concat([frame(0x01, "h\u00e9l"), frame(0x89, "p"),
                                 frame(0x80, "lo"),
                                 frame(0x82, Buffer.alloc(300))]);

    for (let cut = 1; cut < 24; cut++) {
        peer.send(bytes.subarray(0, cut));
        await ws.pause();
        peer.send(bytes.subarray(cut));
        await ws.resume();
        assert.equal(String((await ws.until("message")).data), "hello"
            .replace("e", "\u00e9"));
        assert.equal((await ws.until("message")).len, 300);
        assert.equal(String((await peer.frame()).payload), "p");
    }
});

test("paused before it opens", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const ws = driver.socket();
    const opened = ws.open(server.url());

    assert.equal(await ws.pause(), 0);
    await opened;
    const peer = await server.accept();

    await peer.open({}, frame(0x81, "behind the answer"));
    await ws.event("open");
    await ws.state();
    await ws.state();
    assert.equal(ws.waiting, 0);
    assert.equal(await ws.resume(), 0);
    assert.equal(String((await ws.event("message")).data),
                 "behind the answer");
});

test("a paused client sends, but answers no pings", async (t) => {
    const { ws, peer } = await joined(t);

    await ws.pause();
    peer.send(frame(0x89, "are you there?"));
    assert.equal(await ws.send("I speak"), 0);
    assert.equal(String((await peer.frame()).payload), "I speak");
    assert.equal(await ws.resume(), 0);
    assert.equal((await ws.event("control")).kind, "ping");
    const { first, payload } = await peer.frame();

    assert.deepEqual([first, String(payload)], [0x8a, "are you there?"]);
});

test("a paused client does not see the end, until it is resumed", async (t) => {
    const { ws, peer } = await joined(t);

    await ws.pause();
    peer.send(frame(0x81, "last words"));
    peer.socket.end();
    await ws.state();
    await ws.state();
    assert.equal(ws.waiting, 0);
    await ws.resume();
    assert.equal(String((await ws.event("message")).data), "last words");
    assert.equal((await ws.fails()).code, 1006);
});

test("close while paused reads again", async (t) => {
    const { ws, peer } = await joined(t);

    await ws.pause();
    peer.send(frame(0x81, "too late"));
    assert.equal(await ws.close(1000), 0);
    const { first, payload } = await peer.frame();

    assert.deepEqual([first, payload.readUInt16BE()], [0x88, 1000]);
    peer.send(frame(0x88, payload));
    peer.socket.end();
    assert.equal((await ws.closes()).code, 1000);
});

test("free while paused", async (t) => {
    const { ws, peer } = await joined(t);

    await ws.pause();
    peer.send(frame(0x81, "never told"));
    await ws.state();
    await ws.free();
    assert.equal((await peer.frame()).first, 0x88);
    await peer.end();
    assert.equal(ws.waiting, 0);
});

test("a keepalive does not cut who does not listen", async (t) => {
    const { ws, peer } = await joined(t, { ping_ms: 100, pong_ms: 100 });
    const long = new Promise((done) => setTimeout(done, 1000));

    await ws.pause();
    await long; /* the one thing that must not happen takes time */
    peer.send(frame(0x81, "here I am"));
    await ws.resume();
    assert.equal(String((await ws.event("message")).data), "here I am");
});

/* A small generator (Numerical Recipes), so that a failure can be repeated. */
function dice(seed) {
    let state = seed;

    return (n) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor(state / 4294967296 * n);
    };
}

/* Messages in fragments, pings between them; what is to come of them. */
function speech(roll) {
    const pieces = [], messages = [], pings = [];

    for (let i = 0; i < 200; i++) {
        const len = [0, 1, 125, 126, 3000, 70000][roll(6)];
        const data = Buffer.alloc(len, `${i} `);
        const parts = 1 + roll(3);

        messages.push(data);
        for (let k = 0, at = 0; k < parts; k++) {
            const end = k === parts - 1 ? len : at + roll(len - at + 1);

            pieces.push(frame((k === 0 ? 2 : 0) | (k === parts - 1 ? 0x80 : 0),
                              data.subarray(at, end)));
            at = end;
            if (roll(4) === 0) {
                pings.push(`${i}.${k}`);
                pieces.push(frame(0x89, `${i}.${k}`));
            }
        }
    }
    return { bytes: Buffer.concat(pieces), messages, pings };
}

for (const seed of [1, 2, 3, 4, 5]) {
    test(`pauses and cuts anywhere, seed ${seed}`, async (t) => {
        const { ws, peer } = await joined(t);
        const roll = dice(seed);
        const { bytes, messages, pings } = speech(roll);

        for (let at = 0; at < bytes.length;) {
            const end = at + 1 + roll([10, 1000, 100000][roll(3)]);

            peer.send(bytes.subarray(at, end));
            at = end;
            if (roll(3) === 0)
                await ws[["pause", "resume", "state"][roll(3)]]();
        }
        await ws.resume();
        for (let i = 0, asked = 0; i < messages.length || asked < pings.length;
        ) {
            const got = await ws.next();

            if (got.event === "control") {
                assert.equal(String(got.data), pings[asked++]);
                continue;
            }
            assert.equal(got.event, "message");
            assert.equal(got.len, messages[i].length);
            if (got.len <= 4096)
                assert.ok(got.data.equals(messages[i]), `message ${i}`);
            i++;
        }
        for (const ping of pings) {
            const { first, payload } = await peer.frame();

            assert.deepEqual([first, String(payload)], [0x8a, ping]);
        }
    });
}

/* ---- A server that reads slowly ------------------------------------------ */

test("the buffered amount: payload that has not left", async (t) => {
    const { ws, peer } = await joined(t, { buffer_limit: "never" });
    const len = 32 * MIB;

    peer.socket.pause();
    for (const some of [1, 0, 200, 70000])
        assert.equal(await ws.fill("text", some), 0);
    await poll(async () => (await ws.state()).buffered === 0 || undefined,
               "all of a little to leave");
    assert.equal(await ws.fill("binary", len), 0);
    const { buffered } = await ws.state();

    assert.ok(buffered > 0 && buffered <= len, `${buffered}`);
    peer.socket.resume();
    await peer.frame();
    for (const some of [0, 200, 70000, len])
        assert.equal((await peer.frame()).payload.length, some);
    assert.equal((await ws.state()).buffered, 0);
});

test("the buffered amount stays when the connection goes", async (t) => {
    const { ws, peer } = await joined(t, { buffer_limit: "never" });

    peer.socket.pause();
    assert.equal(await ws.fill("binary", 32 * MIB), 0);
    peer.reset();
    await ws.fails();
    const { buffered } = await ws.state();

    assert.ok(buffered > 0 && buffered <= 32 * MIB, `${buffered}`);
    assert.equal(await ws.send("12345"), 0);
    assert.equal((await ws.state()).buffered, buffered + 5);
});

test("drain: refused, then told when to go on", async (t) => {
    const { ws, peer } = await joined(t, "drain", { buffer_limit: 200000 });
    const count = 500, len = 65536;

    peer.socket.pause();
    assert.equal(await ws.pour(count, len), 0);
    const { err, left } = await ws.event("busy");

    assert.equal(err, ERR.BUSY);
    assert.ok(left > 0 && left < count, `${left}`);
    const { buffered } = await ws.state();

    assert.ok(buffered >= 200000 && buffered < 200000 + 2 * len);
    peer.socket.resume();
    for (let i = 0; i < count; i++)
        assert.equal((await peer.frame()).payload.length, len);
    const { buffered: half } = await ws.event("drain");

    assert.ok(half <= 100000, `${half}`);
    await ws.until("poured");
    assert.equal((await ws.state()).buffered, 0);
    assert.equal(await ws.send("still open"), 0);
    assert.equal(String((await peer.frame()).payload), "still open");
});

test("close and free inside drain", async (t) => {
    for (const command of ["close", "free"]) {
        const { ws, peer } = await joined(t, "drain",
                                          { buffer_limit: 100000 });

        peer.socket.pause();
        await ws.on("drain", command);
        assert.equal(await ws.pour(200, 65536), 0);
        await ws.event("busy");
        peer.socket.resume();
        let last;

        do
            last = await peer.frame();
        while (last.first !== 0x88);
        await ws.until("drain");
        peer.send(frame(0x88));
        peer.socket.end();
        await peer.end();
    }
});

test("without drain, too much fails the connection", async (t) => {
    const { ws, peer } = await joined(t, { buffer_limit: 100000 });

    peer.socket.pause();
    assert.equal(await ws.fill("binary", 32 * MIB), 0);
    const before = (await ws.state()).buffered;

    assert.equal(await ws.send("one more"), ERR.BUSY);
    const { err, why, code } = await ws.fails();

    assert.equal(err, ERR.BUSY);
    assert.match(why, /more was sent than the buffer holds/);
    assert.equal(code, 1006);
    assert.ok((await ws.state()).buffered >= 8);
    assert.ok((await ws.state()).buffered <= before + 8);
    peer.resume();
});

/* Pings and pongs are no messages: nothing else is refused for them. */
test("pings go out while the buffer is full", async (t) => {
    const { ws, peer } = await joined(t, "drain", { buffer_limit: 100000 });

    peer.socket.pause();
    assert.equal(await ws.pour(300, 65536), 0);
    await ws.event("busy");
    assert.equal(await ws.ping("through"), 0);
    peer.socket.resume();
    for (;;) {
        const { first, payload } = await peer.frame();

        if (first !== 0x89)
            continue;
        assert.equal(String(payload), "through");
        break;
    }
});

/* Its answers would otherwise pile up: what it sends is not read. */
test("a server that floods with pings and does not read", async (t) => {
    const { ws, peer } = await joined(t, { buffer_limit: 100000 });
    const pings = Buffer.concat(Array(1000).fill(
        frame(0x89, "p".repeat(125))));

    peer.socket.pause();
    for (let i = 0; i < 200; i++)
        peer.send(pings);
    await stuck(peer.socket);
    assert.equal((await ws.state()).ready, 1);
    peer.socket.removeAllListeners("data"); /* its answers, to nobody */
    peer.socket.resume();
    peer.send(frame(0x81, "enough"));
    assert.equal(String((await ws.until("message")).data), "enough");
});
