/* SPDX-License-Identifier: MIT */
/* hostile.md T9: the masks of our client, and the refusal of what is masked the
 * wrong way, on both sides. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { program } from "../support/server.mjs";
import { closeFrame, frame, OWN_HANDLERS, poll, serve, within }
    from "../system/support.mjs";

const FRAMES = 5000;

const ofServer = (first, payload) => frame(first, payload, { masked: false });

/* Frames of at most 125 bytes, with their masks and their payloads. */
function framesOf(bytes) {
    const frames = [];

    for (let at = 0; at + 6 <= bytes.length;) {
        const len = bytes[at + 1] & 127;
        const key = bytes.subarray(at + 2, at + 6);

        assert.ok(bytes[at + 1] & 128 && len < 126);
        if (at + 6 + len > bytes.length)
            break;
        frames.push({
            first: bytes[at],
            end: at += 6 + len,
            mask: key.readUInt32BE(),
            payload: bytes.subarray(at - len, at)
                .map((byte, i) => byte ^ key[i % 4]),
        });
    }
    return frames;
}

const answerTo = (head) => {
    const [, key] = /Sec-WebSocket-Key: (\S+)/i.exec(head);
    const accept = createHash("sha1")
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
        `Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
};

/* A server that keeps the frames that come, and answers the request with these
 * bytes behind; then pings and the close frame. */
async function listen(t, behind = "") {
    const kept = { frames: [] };
    const server = createServer((socket) => {
        let waiting = Buffer.alloc(0), isOpen = false;

        socket.on("error", () => {});
        socket.on("data", (bytes) => {
            waiting = Buffer.concat([waiting, bytes]);
            const end = waiting.indexOf("\r\n\r\n");

            if (!isOpen && end >= 0) {
                socket.write(answerTo(waiting.subarray(0, end)
                    .toString("latin1")));
                socket.write(behind);
                waiting = waiting.subarray(end + 4);
                isOpen = true;
            }
            const frames = isOpen ? framesOf(waiting) : [];

            for (const one of frames) {
                if (one.first === 0x89)
                    socket.write(ofServer(0x8a, one.payload));
                if (one.first === 0x88)
                    socket.end(ofServer(0x88, one.payload));
            }
            kept.frames.push(...frames);
            waiting = waiting.subarray(frames.at(-1)?.end ?? 0);
        });
    });

    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    after(t, () => server.close());
    kept.url = `ws://127.0.0.1:${server.address().port}/`;
    return kept;
}

/* Runs weft connect over these lines, to its end. */
async function connect(url, input) {
    const child = spawn(program, ["connect", "--linger", "0", url],
                        { stdio: ["pipe", "pipe", "pipe"] });
    const result = { output: "", errors: "" };

    child.stdout.on("data", (text) => { result.output += text; });
    child.stderr.on("data", (text) => { result.errors += text; });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    result.status = await within(
        new Promise((done) => child.once("close", done)), "its end");
    return result;
}

test("T9: a mask for each frame, and none to be foreseen", async (t) => {
    const kept = await listen(t);

    await connect(kept.url, "the same line\n".repeat(FRAMES));
    const masks = kept.frames.map(({ mask }) => mask);

    assert.ok(masks.length >= FRAMES, `${masks.length}`);
    /* Of 5,000 random masks 0.003 pairs are equal. */
    assert.ok(masks.length - new Set(masks).size <= 1, "masks come again");
    /* Each bit is set in half of them: six deviations either way. */
    const spread = 6 * Math.sqrt(masks.length) / 2;

    for (let bit = 0; bit < 32; bit++) {
        const set = masks.filter((mask) => mask >>> bit & 1).length;

        assert.ok(Math.abs(set - masks.length / 2) < spread,
                  `bit ${bit}: ${set} of ${masks.length}`);
    }
    /* And differs from the one before in half of them. */
    for (let bit = 0; bit < 32; bit++) {
        const changed = masks.filter((mask, i) =>
            i > 0 && (mask ^ masks[i - 1]) >>> bit & 1).length;

        assert.ok(Math.abs(changed - masks.length / 2) < spread,
                  `bit ${bit} changes ${changed} times`);
    }
});

test("T9: a server refuses what is not masked", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS });

    for (const bytes of [frame(0x81, "text", { masked: false }),
                         frame(0x82, "", { masked: false }),
                         frame(0x89, "ping", { masked: false }),
                         Buffer.from([0x88, 0])]) {
        const peer = await server.peer();

        await peer.upgrade("/plain");
        peer.send(bytes);
        assert.equal(await peer.closed(), 1002);
        await peer.end();
    }
});

test("T9: a client refuses what is masked", async (t) => {
    for (const bytes of [frame(0x81, "text"), frame(0x89, "ping"),
                         closeFrame(1000)]) {
        const kept = await listen(t, bytes);
        const { output, status } = await connect(kept.url, "");

        assert.equal(output, "");
        assert.notEqual(status, 0);
        /* What it says last is its close frame. */
        const { first, payload } = await poll(() => kept.frames.at(-1),
                                              "its close frame");

        assert.equal(first, 0x88);
        assert.equal(payload.readUInt16BE(), 1002);
    }
});
