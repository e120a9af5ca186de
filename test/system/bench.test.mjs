/* SPDX-License-Identifier: MIT */
/*
 * weft bench against weft serve, and against servers that lie. How fast anything
 * is is no test's concern: what is counted must add up, and what is wrong must be
 * told.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { certArgs, certPath } from "../support/certs.mjs";
import { program } from "../support/server.mjs";
import { BOUND_MS, poll, serve, socketsOf, within } from "./support.mjs";

/* Runs it to its end; interrupted gets the process. */
async function bench(args, interrupted = () => {}) {
    const child = spawn(program, ["bench", ...args],
                        { stdio: ["ignore", "pipe", "pipe"] });
    const out = { stdout: "", stderr: "" };

    for (const name of ["stdout", "stderr"]) {
        child[name].setEncoding("utf8");
        child[name].on("data", (text) => { out[name] += text; });
    }
    const ended = once(child, "close");

    await interrupted(child);
    const [status, signal] = await within(ended, "weft bench", BOUND_MS)
        .catch((error) => {
            child.kill("SIGKILL");
            throw error;
        });

    return { ...out, status: signal ?? status };
}

const SHORT = ["--json", "-t", "0.1", "--warmup", "0.05", "-c", "5"];

/* What it printed, when all was well. Where nothing was counted in so short a
 * time, it is given more. */
async function measure(...args) {
    let done;

    for (const time of ["0.1", "1", "10"]) {
        done = await bench([...SHORT, "-t", time, ...args]);
        if (!done.stderr.includes("not one message"))
            break;
    }
    assert.equal(done.stderr, "");
    assert.equal(done.status, 0);
    assert.match(done.stdout, /^\{.*\}\n$/);
    const result = JSON.parse(done.stdout);

    assert.equal(result.errors, 0);
    assert.equal(result.failed_connections, 0);
    return result;
}

function assertCounted(result, what) {
    const { latency_ns: ns } = result;

    assert.ok(result.messages > 0, what);
    assert.ok(result.seconds > 0, what);
    assert.ok(result.messages_per_s > 0, what);
    assert.ok(result.generator.cpu_ns_per_message > 0, what);
    assert.ok(result.bytes_received > 0, what);
    assert.ok(0 < ns.p50 && ns.p50 <= ns.p90 && ns.p90 <= ns.p99 &&
              ns.p99 <= ns.p99_9 && ns.p99_9 <= ns.max, what);
    assert.ok(ns.mean <= ns.max, what);
}

/* ---- Against weft serve -------------------------------------------------- */

test("an echo of every shape", async (t) => {
    const server = await serve(t);
    const url = server.ws("/echo");

    for (const args of [
        [], ["-d", "32"], ["-s", "0"], ["-s", "125", "-k", "json"],
        ["-s", "126"], ["-s", "70000", "-k", "mixed", "-d", "2"],
        ["-s", "1M", "-k", "binary", "-c", "2"], ["-j", "2"],
        ["-r", "500"], ["-r", "500", "-j", "2", "-c", "3"], ["--churn"],
        ["-z", "-s", "2K", "-k", "json"], ["-z", "-s", "100K", "-d", "3"],
        ["--bulk", "2:100K", "--slow", "2:2K"],
    ])
        assertCounted(await measure(...args, url), args.join(" "));
});

test("what was asked for is in the result", async (t) => {
    const server = await serve(t);
    const result = await measure("-c", "3", "-d", "2", "-s", "1K", "-k", "json",
                                 "-z", "-r", "300", server.ws("/echo"));

    assert.equal(result.url, server.ws("/echo"));
    assert.deepEqual(
        [result.work, result.connections, result.depth, result.size,
         result.kind, result.deflate, result.takeover, result.rate],
        ["echo", 3, 2, 1024, "json", true, false, 300]);
    assert.equal(result.server, undefined);
    assert.ok(result.packed_bytes_per_message > 300, "packed");
    assert.ok(result.packed_bytes_per_message < 600, "packed");
    assert.equal((await measure(server.ws("/echo"))).packed_bytes_per_message,
                 undefined);
});

test("deliveries are counted", async (t) => {
    const server = await serve(t);
    const url = server.ws("/broadcast");

    for (const args of [["--broadcast"], ["--broadcast", "-j", "2", "-d", "4"],
                        ["--broadcast", "-z", "-s", "600"], ["--publish"],
                        ["--publish", "-j", "2", "-d", "3", "-k", "mixed"],
                        ["--publish", "-s", "8", "-k", "binary"]])
        assertCounted(await measure(...args, url), args.join(" "));
});

test("idle connections are not counted", async (t) => {
    const server = await serve(t);
    const { pid } = server.child;
    const result = await measure("--idle", "-c", "50", "--pid", String(pid),
                                 server.ws("/echo"));

    assert.equal(result.messages, undefined);
    assert.equal(result.latency_ns, undefined);
    assert.ok(result.server.rss_bytes_before > 0);
    assert.ok(result.server.rss_bytes_after > 0);
});

test("a server's process is measured", async (t) => {
    const server = await serve(t);
    const { pid } = server.child;
    const { server: used } = await measure("--pid", `${pid},${process.pid}`,
                                           server.ws("/echo"));

    assert.ok(used.cpu_ns_per_message > 0);
    assert.ok(used.rss_bytes_after > 0);
});

/* What a server makes of messages that are not all the same: about what zlib
 * does without a window, and less with one, but not next to nothing. */
test("a context that the server keeps", async (t) => {
    const server = await serve(t, { args: ["--deflate", "takeover=both"] });
    const args = ["-z", "-s", "1K", "-k", "json", server.ws("/echo")];

    for (const [takeover, least, most] of [[false, 0.8, 1.3],
                                           [true, 0.4, 0.8]]) {
        const result = await measure(...(takeover ? ["--takeover"] : []),
                                     "-d", "4", "-t", "1", ...args);
        const part = result.bytes_received / result.messages /
            result.packed_bytes_per_message;

        assert.equal(result.takeover, takeover);
        assertCounted(result);
        assert.ok(least < part && part < most, `${takeover}: ${part}`);
    }
});

test("wss", async (t) => {
    const server = await serve(t, { args: ["--tls", ...certArgs("server")] });
    const url = `wss://localhost:${server.port}/echo`;
    const trust = ["--ca-file", certPath("ca.pem")];

    for (const args of [["-d", "4"], ["-s", "300K", "-c", "2"], ["--churn"]])
        assertCounted(await measure(...trust, ...args, url), args.join(" "));
    assertCounted(await measure("--insecure", url));
    const { status, stderr } = await bench([...SHORT, url]);

    assert.equal(status, 1);
    assert.match(stderr, /certificate/);
});

test("a figure for people", async (t) => {
    const server = await serve(t);
    const { status, stdout, stderr } = await bench(
        ["-t", "0.1", "-c", "2", "--quiet", server.ws("/echo")]);

    assert.equal(status, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /^echo: 2 connections, 20 bytes of ascii/);
    assert.match(stdout, /^messages\/s +[\d,]+$/m);
    assert.match(stdout, /^latency +p50 .* max /m);
});

/* The run would take a minute. */
test("an interruption ends it with what there is", async (t) => {
    const server = await serve(t);
    const before = socketsOf(server.child);
    const { status, stdout } = await bench(
        ["--json", "-t", "60", "--warmup", "0", "-c", "2", server.ws("/echo")],
        async (child) => {
            await poll(() => socketsOf(server.child) >= before + 2 || undefined,
                       "two connections");
            child.kill("SIGINT");
        });

    /* It was counting by then, or not yet. */
    if (status === 0)
        assert.ok(JSON.parse(stdout).seconds < 60);
    else
        assert.equal(stdout, "");
});

/* ---- Against servers that lie -------------------------------------------- */

/* A server whose connections, once upgraded, give their bytes to talk. */
async function liar(t, talk) {
    const sockets = new Set();
    const server = createServer((socket) => {
        let head = "", state;

        sockets.add(socket);
        socket.on("error", () => {});
        socket.on("data", (chunk) => {
            if (state) {
                talk(socket, chunk, state);
                return;
            }
            head += chunk.toString("latin1");
            const key = /^Sec-WebSocket-Key: (.*)\r\n[^]*\r\n\r\n/im.exec(head);

            if (!key)
                return;
            state = {};
            socket.write("HTTP/1.1 101 Switching Protocols\r\n" +
                "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
                "Sec-WebSocket-Accept: " + createHash("sha1")
                .update(`${key[1]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
                .digest("base64") + "\r\n\r\n");
        });
    });

    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    after(t, () => {
        for (const socket of sockets)
            socket.destroy();
        server.close();
    });
    return `ws://127.0.0.1:${server.address().port}/`;
}

const LIES = {
    "other bytes": [
        (socket) => socket.write(Buffer.concat([Buffer.from([0x81, 20]),
                                                Buffer.alloc(20, "x")])),
        /an answer is wrong: its bytes are not those that were sent/],
    "another length": [
        (socket) => socket.write(Buffer.from([0x81, 1, 0x61])),
        /an answer is wrong: 20 bytes were sent, and 1 came back/],
    "the other kind": [
        (socket) => socket.write(Buffer.from([0x82, 0])),
        /an answer is wrong: it is binary, and text was sent/],
    "a close": [
        (socket) => socket.write(Buffer.from([0x88, 2, 3, 0xf3])),
        /the server closed it with 1011/],
    "an end in the middle": [
        (socket) => socket.end(Buffer.from([0x81])),
        /the server ended it without a close frame/],
    "nothing": [() => {}, /no answer came within 0\.3 s/],
};

for (const [what, [talk, told]] of Object.entries(LIES))
    test(`${what} in place of an echo`, async (t) => {
        const url = await liar(t, talk);
        const { status, stdout, stderr } = await bench(
            [...SHORT, "-c", "8", "--timeout", "0.3", url]);

        assert.equal(status, 1);
        assert.equal(stdout, "");
        assert.match(stderr, told);
        /* Five of them, and a count. */
        assert.equal(stderr.trim().split("\n").length, 6, stderr);
        assert.match(stderr, /^weft bench: and 3 more$/m);
    });

test("one that is not there, and one that refuses", async (t) => {
    const server = await serve(t);

    for (const [url, told] of [["ws://127.0.0.1:1/", /Connection refused/],
                               [server.ws("/none"), /answered 404/]]) {
        const { status, stdout, stderr } = await bench([...SHORT, url]);

        assert.equal(status, 1);
        assert.equal(stdout, "");
        assert.match(stderr, told);
    }
});

test("usage", async () => {
    for (const args of [[], ["x"], ["ws://h/", "ws://h/"], ["-c", "0", "ws://h/"],
                        ["--nonsense", "ws://h/"], ["--echo", "--idle", "ws://h/"],
                        ["-t", "soon", "ws://h/"], ["-H", "x", "ws://h/"]]) {
        const { status, stdout, stderr } = await bench(args);

        assert.equal(status, 2, args.join(" "));
        assert.equal(stdout, "");
        assert.match(stderr, /^weft bench: [^\n]+\n$/);
    }
});
