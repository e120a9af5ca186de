/* SPDX-License-Identifier: MIT */
/*
 * hostile.md T8: memory that was another's, or nobody's. Conversations over
 * every way of sending run under valgrind, which sees bytes on their way out
 * that were never written; and what one connection said never shows in what
 * another gets. Under the address sanitizer what lies in a pool is poisoned.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { program } from "../support/server.mjs";
import { built } from "../system/socket_support.mjs";
import { closeFrame, frame, handshake, OWN_HANDLERS, Peer, poll, serve, within }
    from "../system/support.mjs";
import { isAsan } from "./measure.mjs";

const SIZES = [0, 1, 2, 64, 125, 126, 1000, 4096, 16383, 16384, 65535, 65536,
               200000];

/* All that a server sends on a path that echoes, as payloads and bodies. */
async function conversation(server, path, letter) {
    const heard = [];
    const peer = await server.peer();
    const hear = async (from) => {
        const { payload } = await from.frame(120_000);

        heard.push(Buffer.from(payload));
    };

    await peer.upgrade(path);
    for (const size of SIZES) {
        const text = letter.repeat(size);

        peer.send(frame(0x82, text));
        await hear(peer);
        peer.send(frame(0x02, text.slice(1)), frame(0x89, "p"),
                  frame(0x80, letter));
        await hear(peer);
        await hear(peer);
    }
    peer.send(frame(0x89, letter.repeat(40)));
    await hear(peer);
    peer.send(closeFrame(4000, letter.repeat(40)));
    await hear(peer);
    await peer.end();

    for (const said of [frame(0x83), closeFrame(999), frame(0x88, "x"),
                        frame(0x81, Buffer.from([0xff])), frame(0x88),
                        frame(0x82, "", { claim: 2n ** 40n })]) {
        const other = await server.peer();

        await other.upgrade(path);
        other.send(said);
        await hear(other);
        await other.end();
    }
    for (const request of [
        "GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n",
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
        "nonsense\r\n\r\n", handshake("/nowhere"),
        handshake(path, { "Sec-WebSocket-Version": "9" }),
        handshake(path, { Origin: "http://evil.example" }),
    ]) {
        const other = await server.peer();

        other.send(request);
        heard.push(Buffer.from((await other.response()).body));
        other.socket.destroy();
    }
    return heard;
}

/* ---- Under valgrind ------------------------------------------------------ */

const VALGRIND = ["--quiet", "--error-exitcode=99", "--leak-check=no"];

function why() {
    if (isAsan)
        return "valgrind does not run what has the address sanitizer";
    return spawnSync("valgrind", ["--version"]).status !== 0 &&
        "valgrind is not installed";
}

const skip = why();

function underValgrind(...argv) {
    const child = spawn("valgrind", [...VALGRIND, ...argv],
                        { stdio: ["pipe", "pipe", "pipe"] });
    const run = { child, stdout: "", stderr: "" };

    for (const name of ["stdout", "stderr"]) {
        child[name].setEncoding("utf8");
        child[name].on("data", (text) => { run[name] += text; });
    }
    child.stdin.on("error", () => {});
    run.ended = new Promise((done) =>
        child.once("close", (code, signal) => done(signal ?? code)));
    return run;
}

/* Files and handlers are opened with a system call that valgrind does not know
 * (openat2), so it is the server of example/embed that runs there. */
test("T8: a server sends nothing that was never written", { skip },
     async (t) => {
         const run = underValgrind(built("example/embed/server"), "0");

         after(t, () => run.child.kill("SIGKILL"));
         const port = await poll(() => /:(\d+)\/echo/.exec(run.stdout)?.[1],
                                 "a port");
         const server = { peer: () => Peer.connect(Number(port)) };
         const heard = await conversation(server, "/echo", "v");

         assert.ok(heard.length > 40);
         run.child.kill("SIGTERM");
         assert.equal(await within(run.ended, "its end"), 0, run.stderr);
         assert.doesNotMatch(run.stderr, /==\d+==/);
     });

test("T8: a client sends nothing that was never written", { skip },
     async (t) => {
         const server = await serve(t, { handlers: OWN_HANDLERS });
         const lines = SIZES.map((size) => `${"c".repeat(size)}\n`).join("");
         const run = underValgrind(program, "connect", "--linger", "2",
                                   server.ws("/plain"));

         after(t, () => run.child.kill("SIGKILL"));
         run.child.stdin.end(lines);
         assert.equal(await within(run.ended, "its end"), 0, run.stderr);
         assert.equal(run.stdout, lines);
         assert.doesNotMatch(run.stderr, /==\d+==/);
     });

/* ---- Others' words ------------------------------------------------------- */

test("T8: what one connection said does not show in another's", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS,
                                    args: ["--threads", "1"] });
    const canary = "\u2620";
    const bytes = Buffer.from(canary);

    for (let i = 0; i < 3; i++) {
        const heard = await conversation(server, "/plain", canary);

        assert.notEqual(Buffer.concat(heard).indexOf(bytes), -1);
    }
    /* Some leave in the middle of a message, with it in every buffer. */
    for (const size of SIZES) {
        const peer = await server.peer();

        await peer.upgrade("/plain");
        peer.send(frame(0x01, canary.repeat(size)),
                  frame(0x00, canary.repeat(size + 1)).subarray(0, -1));
        peer.reset();
    }
    for (let i = 0; i < 5; i++) {
        const heard = Buffer.concat(await conversation(server, "/plain", "b"));

        assert.ok(heard.length > 500_000);
        for (const part of [bytes, bytes.subarray(0, 2), bytes.subarray(1)])
            assert.equal(heard.indexOf(part), -1);
    }
});
