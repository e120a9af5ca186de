/* SPDX-License-Identifier: MIT */
/*
 * How the program starts, ends and fails: signals, exit statuses, and the one
 * line on standard error that says what is wrong.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { program, root } from "../support/server.mjs";
import { closeFrame, frame, handshake, OWN_HANDLERS, poll, serve, within }
    from "./support.mjs";

const own = (...args) => ({ handlers: OWN_HANDLERS, args });

/* The exit status of the child, or the name of the signal that ended it. */
const exit = (child) => child.exitCode ?? child.signalCode ??
    within(once(child, "exit"), "the end of the program")
        .then(([code, signal]) => signal ?? code);

/* Runs the program to its end. */
async function run(args, options = {}) {
    const child = spawn(program, args, { cwd: root, ...options });
    const output = { stdout: "", stderr: "" };

    for (const name of ["stdout", "stderr"])
        child[name].setEncoding("utf8")
            .on("data", (text) => { output[name] += text; });
    const closed = once(child, "close");

    try {
        const [code, signal] = await within(closed, "the end of the program");

        return { status: signal ?? code, ...output };
    } finally {
        child.kill("SIGKILL");
    }
}

/* ---- Signals ------------------------------------------------------------- */

for (const signal of ["SIGTERM", "SIGINT"]) {
    test(`${signal}: 1001 to everyone, then exit 0`, async (t) => {
        const server = await serve(t, own());
        const peers = [];

        for (let i = 0; i < 50; i++) {
            peers.push(await server.peer());
            await peers[i].upgrade(i % 2 ? "/plain" : "/topics");
        }
        const idle = await server.peer();
        idle.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await idle.response();
        peers[0].send(frame(0x01, "a message that is not whole"));

        server.child.kill(signal);
        await Promise.all(peers.map(async (peer) => {
            assert.equal(await peer.closed(), 1001);
            peer.send(closeFrame(1001));
            assert.equal(await peer.end(), "end");
        }));
        await idle.end();
        assert.equal(await exit(server.child), 0);
    });
}

test("SIGTERM without connections ends at once", async (t) => {
    const server = await serve(t, own("--drain-timeout", "60s"));

    server.child.kill("SIGTERM");
    assert.equal(await exit(server.child), 0);
});

test("no connection is taken after SIGTERM", async (t) => {
    const server = await serve(t, own("--drain-timeout", "60s",
                                      "--close-timeout", "60s"));
    const peer = await server.peer();

    await peer.upgrade("/plain");
    server.child.kill("SIGTERM");
    assert.equal(await peer.closed(), 1001);
    await poll(async () => {
        try {
            const late = await server.peer();

            late.send(handshake("/plain"));
            await late.end();
            assert.doesNotMatch(String(late.bytes), /^HTTP\/1\.1 101/);
            return undefined; /* taken by the kernel before it closed */
        } catch (error) {
            assert.equal(error.code, "ECONNREFUSED");
            return true;
        }
    }, "a refusal");
    peer.send(closeFrame(1001));
    assert.equal(await exit(server.child), 0);
});

test("--drain-timeout bounds the wait for clients", async (t) => {
    const server = await serve(t, own("--drain-timeout", "500ms",
                                      "--close-timeout", "60s"));
    const silent = await server.peer(), streaming = await server.peer();

    await silent.upgrade("/plain");
    await streaming.upgrade("/ticker");
    streaming.socket.pause();
    const start = Date.now();

    server.child.kill("SIGTERM");
    assert.equal(await silent.closed(), 1001);
    await silent.end();
    assert.equal(await exit(server.child), 0);
    assert.ok(Date.now() - start > 400);
});

test("--close-timeout bounds it as well", async (t) => {
    const server = await serve(t, own("--drain-timeout", "60s",
                                      "--close-timeout", "300ms"));
    const silent = await server.peer();

    await silent.upgrade("/plain");
    server.child.kill("SIGTERM");
    assert.equal(await exit(server.child), 0);
});

test("a second SIGTERM ends at once", async (t) => {
    const server = await serve(t, own("--drain-timeout", "60s",
                                      "--close-timeout", "60s"));
    const silent = await server.peer();

    await silent.upgrade("/plain");
    server.child.kill("SIGTERM");
    assert.equal(await silent.closed(), 1001);
    assert.equal(server.child.exitCode, null);
    server.child.kill("SIGTERM");
    await exit(server.child);
    await silent.end();
    server.stopped = async () => 0; /* how it ended is not promised */
});

/* What was sent before the signal arrives before the close. */
test("SIGTERM loses nothing that was queued", async (t) => {
    const server = await serve(t, own("--drain-timeout", "60s",
                                      "--close-timeout", "60s",
                                      "--queue-limit", "100M"));
    const peer = await server.peer();

    await peer.upgrade("/flood");
    peer.socket.pause();
    peer.send(frame(0x81, "300"));
    const other = await server.peer();
    await other.upgrade("/plain");
    peer.socket.resume();
    assert.equal((await peer.frame()).payload.length, 65536);
    peer.socket.pause();
    server.child.kill("SIGTERM");
    assert.equal(await other.closed(), 1001);
    other.send(closeFrame(1001));
    peer.socket.resume();
    for (let i = 1; i < 300; i++)
        assert.equal((await peer.frame()).payload.readUInt32BE(), i);
    assert.equal(await peer.closed(), 1001);
    peer.send(closeFrame(1001));
    assert.equal(await exit(server.child), 0);
});

/* ---- Starts that fail ---------------------------------------------------- */

function assertRefusal({ status, stdout, stderr }, about, what) {
    const lines = stderr.split("\n").filter((one) => one !== "");

    assert.equal(status, 2, `${what}: ${stderr}`);
    assert.equal(stdout, "", what);
    assert.equal(lines.length, 1, `${what}: ${stderr}`);
    assert.match(lines[0], about, what);
}

test("exit 2 and one line for what makes no sense", async (t) => {
    const serving = (...args) =>
        ["serve", "-p", "0", "-w", OWN_HANDLERS, ...args];

    for (const [about, args] of [
        [/--nonsense/, serving("--nonsense")],
        [/nonsense/, ["nonsense"]],
        [/--nonsense/, ["--nonsense"]],
        [/extra/, serving("extra")],
        [/no-such-folder/, serving("-d", "/no-such-folder")],
        [/no-such-folder/, ["serve", "-p", "0", "-w", "/no-such-folder"]],
        [/./, serving("-d", resolve(root, "meson.build"))],
        [/banana/, serving("-p", "banana")],
        [/65536/, serving("-p", "65536")],
        [/-1/, serving("-p", "-1")],
        [/12X/, serving("--message-limit", "12X")],
        [/./, serving("--message-limit", "")],
        [/99999999999999999999/,
         serving("--message-limit", "99999999999999999999")],
        [/10parsecs/, serving("--close-timeout", "10parsecs")],
        [/off/, serving("--header-limit", "off")],
        [/off/, serving("--field-limit", "off")],
        [/threads|-2/, serving("--threads", "-2")],
        [/loud/, serving("--log-level", "loud")],
        [/-p|port|argument/, ["serve", "-w", OWN_HANDLERS, "-p"]],
        [/not-an-address/, serving("-H", "not-an-address.invalid")],
        [/192\.0\.2\.1/, serving("-H", "192.0.2.1")],
        [/./, serving("--origin", "nonsense")],
        [/access/, serving("--access-log", "/no-such-folder/access")],
        [/error/, serving("--error-log", "/no-such-folder/error")],
    ]) {
        const what = args.join(" ").replace(`${root}`, "");

        await t.test(what, async () =>
            assertRefusal(await run(args), about, what));
    }
});

test("exit 2 and one line for a port in use", async (t) => {
    const foreign = createServer();

    await once(foreign.listen(0), "listening");
    after(t, () => foreign.close());
    const taken = String(foreign.address().port);
    const args = ["serve", "-w", OWN_HANDLERS, "-p"];

    assertRefusal(await run([...args, taken]), new RegExp(taken), "foreign");

    /* A second server of one's own too, though all of one's threads share a
     * port. */
    const server = await serve(t, own());
    const port = String(server.port);

    assertRefusal(await run([...args, port]), new RegExp(port), "own");
    for (let i = 0; i < 20; i++) {
        const peer = await server.peer();

        await peer.upgrade("/plain");
    }
});

test("help and version", async () => {
    for (const [args, about] of [
        [["--help"], /\bserve\b/], [["serve", "--help"], /--message-limit/],
        [["serve", "-h"], /--message-limit/],
        [["--version"], /^weft \d+\.\d+\.\d+/],
    ]) {
        const { status, stdout, stderr } = await run(args);

        assert.equal(status, 0, args);
        assert.equal(stderr, "", args);
        assert.match(stdout, about);
        assert.match(stdout, /[^\n]\n$/);
        assert.ok(stdout.split("\n").every((one) => one.length <= 80), args);
    }
});

/* ---- Handlers at the start ----------------------------------------------- */

test("a handler with an error is told of, and the others are served",
     async (t) => {
    const dir = mkdtempSync(join(tmpdir(), "weft-handlers-"));

    after(t, () => rmSync(dir, { recursive: true }));
    writeFileSync(join(dir, "broken_wsh.c"),
                  "#include <weft/handler.h>\nthis is no C;\n");
    writeFileSync(join(dir, "right_wsh.c"), `#include <weft/handler.h>
static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}
WEFT_HANDLER(.message = on_message)
`);
    const server = await serve(t, { handlers: dir });
    const peer = await server.peer(), broken = await server.peer();

    await peer.upgrade("/right");
    broken.send(handshake("/broken"));
    assert.equal((await broken.response()).status, 404);
    await server.errors(/broken_wsh\.c/);
    await server.errors(/error:/);
});

test("a changed handler serves new connections", async (t) => {
    const dir = mkdtempSync(join(tmpdir(), "weft-handlers-"));
    const write = (answer) => writeFileSync(
        join(dir, "say_wsh.c"), `#include <weft/handler.h>
static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    weft_send_text(conn, "${answer}");
}
WEFT_HANDLER(.message = on_message)
`);
    const say = async (peer) => {
        peer.send(frame(0x81, "?"));
        return String((await peer.frame()).payload);
    };

    after(t, () => rmSync(dir, { recursive: true }));
    write("old");
    const server = await serve(t, { handlers: dir });
    const old = await server.peer();

    await old.upgrade("/say");
    assert.equal(await say(old), "old");
    write("new");
    await poll(async () => {
        const peer = await server.peer();

        await peer.upgrade("/say");
        const answer = await say(peer);

        peer.socket.destroy();
        return answer === "new" || undefined;
    }, "the new code");
    assert.equal(await say(old), "old");
    rmSync(join(dir, "say_wsh.c"));
    await poll(async () => {
        const peer = await server.peer();

        peer.send(handshake("/say"));
        const { status } = await peer.head();

        peer.socket.destroy();
        return status === 404 || undefined;
    }, "404");
    assert.equal(await say(old), "old");
});

/* ---- Where it listens ---------------------------------------------------- */

test("-H takes several addresses", async (t) => {
    const probe = createServer();

    await once(probe.listen(0), "listening");
    const { port } = probe.address();
    await once(probe.close(), "close");
    const server = await serve(t, {
        handlers: OWN_HANDLERS, port, args: ["-H", "127.0.0.1", "-H", "::1"],
    });

    for (const host of ["127.0.0.1", "::1"]) {
        const peer = await server.peer({ host });

        await peer.upgrade("/plain");
    }
});

test("-H unix: listens on a socket in a folder", async (t) => {
    const dir = mkdtempSync(join(tmpdir(), "weft-unix-"));
    const socketPath = join(dir, "socket");
    const child = spawn(program, ["serve", "-w", OWN_HANDLERS,
                                  "-H", `unix:${socketPath}`], { cwd: root });

    after(t, () => rmSync(dir, { recursive: true }));
    after(t, () => child.kill("SIGKILL"));
    assert.equal(await poll(async () => {
        try {
            const [answer] = await once(
                request({ socketPath, path: "/plain", agent: false }).end(),
                "response");

            answer.resume();
            return answer.statusCode;
        } catch {
            return undefined; /* it does not listen yet */
        }
    }, "an answer over the Unix socket"), 426);
    child.kill("SIGTERM");
    assert.equal(await exit(child), 0);
    assert.equal(existsSync(socketPath), false);
});
