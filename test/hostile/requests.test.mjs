/* SPDX-License-Identifier: MIT */
/* hostile.md T6, T7 and T13: headers, their grammar, and answers to clients. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { program } from "../support/server.mjs";
import { frame, handshake, OWN_HANDLERS, poll, serve, within }
    from "../system/support.mjs";
import { cpuOf, isAsan, MIB, pour, rssOf } from "./measure.mjs";

const own = (...args) => ({ handlers: OWN_HANDLERS, args });

/* ---- T6 ------------------------------------------------------------------ */

async function status(peer) {
    return (await peer.head()).status;
}

test("T6: 100,000 fields, and a field of 10 MB: 431, and early", async (t) => {
    const server = await serve(t, own());
    const begin = "GET / HTTP/1.1\r\nHost: localhost\r\n";
    const floods = {
        "100,000 fields": [begin, "X: y\r\n".repeat(1000), 100],
        "10 MB in a field": [`${begin}X: `, "f".repeat(MIB), 10],
        "10 MB in a name": [begin, "f".repeat(MIB), 10],
        "10 MB in a target": ["GET /", "a".repeat(MIB), 10],
        "10 MB in a method": ["", "A".repeat(MIB), 10],
    };

    for (const [what, [head, piece, times]] of Object.entries(floods)) {
        const peer = await server.peer();
        let poured = 0;

        await pour(peer, head);
        while (poured < times && await pour(peer, piece))
            poured++;
        await poll(() => peer.bytes.length > 0 || peer.over || undefined, what);
        if (peer.bytes.length > 0)
            assert.match(String(peer.bytes), /^HTTP\/1\.1 (431|414|501) /,
                         what);
        peer.reset();
    }
});

/* The whole head is read again for each piece by a parser that is quadratic:
 * four times the bytes then take sixteen times as long. */
test("T6: a head that drips takes time in proportion to it", async (t) => {
    const server = await serve(t, own("--header-limit", "64M",
                                      "--field-limit", "10000",
                                      "--handshake-timeout", "10m"));
    const unit = (isAsan ? 1 : 4) * (MIB >> 2);
    const shapes = {
        "one field": (len) => `X: ${"f".repeat(len)}`,
        "many fields": (len) =>
            `X-${"n".repeat(200)}: ${"v".repeat(800)}\r\n`.repeat(len / 1006),
        "a line that is open": (len) => `X: ${" ".repeat(len)}`,
    };

    for (const [what, shape] of Object.entries(shapes)) {
        const took = [];

        for (const len of [unit, 4 * unit]) {
            const peer = await server.peer();
            const bytes = Buffer.from(handshake("/plain").replace(
                /\r\n$/, `${shape(len).replace(/\r\n$/, "")}\r\n\r\n`));
            const before = cpuOf(server.child);

            for (let at = 0; at < bytes.length; at += 128)
                await pour(peer, bytes.subarray(at, at + 128));
            assert.equal(await status(peer), 101, what);
            took.push(cpuOf(server.child) - before);
            peer.reset();
        }
        assert.ok(took[1] < 8 * took[0] + 200, `${what}: ${took} ms`);
    }
});

test("T6: memory before the handshake is bounded", async (t) => {
    const server = await serve(t, own("--handshake-timeout", "60s"));
    const count = 400, limit = 8192;
    const begin = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
    const part = begin + "f".repeat(limit - begin.length - 1);
    const first = await server.peer();

    await first.upgrade("/plain");
    const before = rssOf(server.child);

    for (let i = 0; i < count; i++) {
        const peer = await server.peer();

        await pour(peer, part.slice(0, limit / 2));
        await pour(peer, part.slice(limit / 2));
    }
    first.send(frame(0x81, "behind them"));
    await first.frame();
    /* The head, the table of its fields, and what the allocator adds. */
    const each = (limit + 100 * 40) * (isAsan ? 4 : 2);
    const rise = rssOf(server.child) - before;

    assert.ok(rise < count * each + 8 * MIB, `${rise} bytes`);
});

/* ---- T7 ------------------------------------------------------------------ */

const SPACES = " ".repeat(100_000);
const lists = [
    ",,,", "a,", ",a", "a,,b", " , , a", "a ,", `a${SPACES}b`, `${SPACES}a`,
    `a${SPACES},${SPACES}b`, `a;${SPACES}b`, `a;b=${SPACES}c`,
    `a; b="${"\\a".repeat(40_000)}"`, `a; b="${"x".repeat(90_000)}`,
    `a; b="${"\\".repeat(90_000)}`, "a;".repeat(40_000), ",".repeat(100_000),
    "a,".repeat(40_000), "a; b=\"\"", "a; b=\"c", "a; b=\"c\"d", "a; =c", "a; b=",
    ";", "=", "\"", "\"\"", "\\", "a b", "a\tb", "a=b", "(a)", "a/b", "\x80",
    "é", "permessage-deflate; permessage-deflate",
];

test("T7: lists that are hostile", async (t) => {
    const server = await serve(t, own("--header-limit", "1M"));

    for (const name of ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions",
                        "Connection", "Upgrade"]) {
        for (const path of ["/plain", "/protocol"]) {
            for (const list of lists) {
                const peer = await server.peer();
                const before = cpuOf(server.child);

                peer.send(handshake(path, { [name]: list }));
                const got = await status(peer);
                const took = cpuOf(server.child) - before;

                assert.ok([101, 400, 426].includes(got),
                          `${name}: ${list.slice(0, 30)}: ${got}`);
                assert.ok(took < (isAsan ? 1000 : 300),
                          `${name}: ${list.slice(0, 30)}: ${took} ms`);
                peer.reset();
            }
        }
    }
});

test("T7: bytes that no field may have: 400", async (t) => {
    const server = await serve(t, own());

    for (const name of ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions",
                        "Sec-WebSocket-Key", "Origin", "X-Other"]) {
        for (const byte of ["\0", "\x01", "\x07", "\x1b", "\x7f", "\r", "\n"]) {
            const peer = await server.peer();

            peer.send(Buffer.from(handshake("/plain", {
                [name]: `a${byte}b` }), "latin1"));
            assert.equal(await status(peer), 400,
                         `${name}: ${JSON.stringify(byte)}`);
            await peer.end();
        }
    }
});

/* ---- T13: the client ----------------------------------------------------- */

/* A good answer to a request, with what is given replaced. */
function answerTo(key, line, replaced) {
    const fields = {
        Upgrade: "websocket",
        Connection: "Upgrade",
        "Sec-WebSocket-Accept": createHash("sha1")
            .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
            .digest("base64"),
        ...replaced,
    };

    return `${line}\r\n${Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

const SWITCHING = "HTTP/1.1 101 Switching Protocols";
const answers = {
    "200": ["HTTP/1.1 200 OK", {}],
    "426": ["HTTP/1.1 426 Upgrade Required", {}],
    "no Upgrade": [SWITCHING, { Upgrade: undefined }],
    "another Upgrade": [SWITCHING, { Upgrade: "h2c" }],
    "no Connection": [SWITCHING, { Connection: undefined }],
    "another Connection": [SWITCHING, { Connection: "keep-alive" }],
    "no Accept": [SWITCHING, { "Sec-WebSocket-Accept": undefined }],
    "another Accept": [SWITCHING, { "Sec-WebSocket-Accept":
                                        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" }],
    "an extension": [SWITCHING, { "Sec-WebSocket-Extensions": "x-mine" }],
    "a subprotocol": [SWITCHING, { "Sec-WebSocket-Protocol": "chat" }],
};

/* What weft connect prints, for a server that answers so and goes on with a
 * message at once. */
async function connectTo(t, line, replaced) {
    const server = createServer((socket) => {
        let head = "";

        socket.on("error", () => {});
        socket.on("data", (bytes) => {
            head += bytes.toString("latin1");
            const [, key] = /Sec-WebSocket-Key: (\S+)/i.exec(head) ?? [];

            if (!head.includes("\r\n\r\n"))
                return;
            socket.write(answerTo(key, line, replaced));
            socket.end(Buffer.concat([
                frame(0x81, "smuggled", { masked: false }),
                frame(0x88, "\x03", { masked: false })]));
        });
    });

    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    after(t, () => server.close());
    const child = spawn(program, ["connect",
                                  `ws://127.0.0.1:${server.address().port}/`],
                        { stdio: ["pipe", "pipe", "ignore"] });
    let output = "";

    child.stdout.on("data", (text) => { output += text; });
    await within(new Promise((done) => child.once("close", done)), "its end");
    return output;
}

test("T13: the client takes no frame behind a wrong answer", async (t) => {
    assert.match(await connectTo(t, SWITCHING, {}), /smuggled/);
    for (const [what, [line, replaced]] of Object.entries(answers))
        assert.equal(await connectTo(t, line, replaced), "", what);
});
