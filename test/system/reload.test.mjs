/* SPDX-License-Identifier: MIT */
/* Handlers that change while they are served, and how they are compiled. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync,
         readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { program, root } from "../support/server.mjs";
import { frame, handshake, poll, serve, within } from "./support.mjs";

/* A handler that answers every message with a text, an expression in C. */
const says = (text) => `#include <weft/handler.h>
static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    weft_send_text(conn, ${text});
}
WEFT_HANDLER(.message = on_message)
`;

/* A folder for a test, with handlers in "h" and a cache of its own. */
function workshop(t) {
    const dir = mkdtempSync(join(tmpdir(), "weft-reload-"));
    const shop = {
        dir,
        handlers: join(dir, "h"),
        cache: join(dir, "cache"),
        write(name, text, mode = 0o644) {
            const path = join(dir, name);

            mkdirSync(dirname(path), { recursive: true });
            writeFileSync(path, text, { mode });
            return path;
        },
        /* As editors do: a new file takes the old one's place. */
        replace(name, text) {
            renameSync(shop.write(`${name}.new~`, text), join(dir, name));
        },
        serve: (...args) => serve(t, {
            handlers: shop.handlers,
            args: ["--cache-dir", shop.cache, ...args],
        }),
    };

    mkdirSync(shop.handlers);
    after(t, () => rmSync(dir, { recursive: true }));
    return shop;
}

async function ask(peer) {
    peer.send(frame(0x81, "?"));
    return String((await peer.frame()).payload);
}

/* What a new connection is told; the status when there is none. */
async function told(server, path) {
    const peer = await server.peer();

    try {
        peer.send(handshake(path));
        const { status } = await peer.head();

        return status === 101 ? await ask(peer) : status;
    } finally {
        peer.socket.destroy();
    }
}

const becomes = (server, path, answer) =>
    poll(async () => await told(server, path) === answer || undefined,
         `${path} that says ${answer}`);

test("new connections get the new code, old ones keep theirs", async (t) => {
    const shop = workshop(t);

    shop.write("h/say_wsh.c", `#include "words.h"\n${says("WORD")}`);
    shop.write("h/words.h", `#define WORD "one"\n`);
    const server = await shop.serve();
    const peers = [await server.peer()];

    await peers[0].upgrade("/say");
    shop.replace("h/words.h", `#define WORD "two"\n`);
    await becomes(server, "/say", "two");
    peers.push(await server.peer());
    await peers[1].upgrade("/say");
    shop.write("h/say_wsh.c", says(`"three"`));
    await becomes(server, "/say", "three");
    /* Back to a text that was compiled before. */
    shop.replace("h/say_wsh.c", `#include "words.h"\n${says("WORD")}`);
    await becomes(server, "/say", "two");
    assert.equal(await ask(peers[0]), "one");
    assert.equal(await ask(peers[1]), "two");
});

/* The old code goes when its last connection does, and not before. */
test("many changes while connections come and go", async (t) => {
    const shop = workshop(t);

    shop.write("h/say_wsh.c", says(`"0"`));
    const server = await shop.serve("--cflags", "-O0 -g0");

    for (let i = 1; i <= 8; i++) {
        const peer = await server.peer();

        await peer.upgrade("/say");
        shop.replace("h/say_wsh.c", says(`"${i}"`));
        await becomes(server, "/say", String(i));
        assert.equal(await ask(peer), String(i - 1));
        peer.reset();
    }
});

test("a change that does not compile leaves the old code", async (t) => {
    const shop = workshop(t);

    shop.write("h/say_wsh.c", says(`"old"`));
    const server = await shop.serve();

    shop.replace("h/say_wsh.c", says("undeclared"));
    await server.errors(/say_wsh\.c:\d+:\d+: error: .*undeclared/);
    await server.errors(/keeps the code it has/);
    assert.equal(await told(server, "/say"), "old");
    shop.replace("h/say_wsh.c", says("none()"));
    await server.errors(/undefined symbol: none/);
    assert.equal(await told(server, "/say"), "old");
    shop.replace("h/say_wsh.c", says(`"new"`));
    await becomes(server, "/say", "new");
});

test("files and folders come and go", async (t) => {
    const shop = workshop(t);
    const server = await shop.serve();

    assert.equal(await told(server, "/a"), 404);
    shop.write("h/a_wsh.c", says(`"a"`));
    await becomes(server, "/a", "a");
    shop.write("h/sub/below/b_wsh.c", says(`"b"`));
    await becomes(server, "/sub/below/b", "b");
    shop.replace("h/sub/below/b_wsh.c", says(`"c"`));
    await becomes(server, "/sub/below/b", "c");
    renameSync(join(shop.dir, "h/sub"), join(shop.dir, "h/over"));
    await becomes(server, "/over/below/b", "c");
    await becomes(server, "/sub/below/b", 404);
    rmSync(join(shop.dir, "h/over"), { recursive: true });
    await becomes(server, "/over/below/b", 404);
    shop.write("h/.hidden_wsh.c", says(`"hidden"`));
    shop.write("h/last_wsh.c", says(`"last"`));
    await becomes(server, "/last", "last");
    assert.equal(await told(server, "/.hidden"), 404);
});

test("--no-watch: what was there at the start", async (t) => {
    const shop = workshop(t);

    shop.write("h/say_wsh.c", says(`"old"`));
    const server = await shop.serve("--no-watch");

    shop.write("h/say_wsh.c", says(`"new"`));
    shop.write("h/other_wsh.c", says(`"other"`));
    assert.equal(await told(server, "/say"), "old");
    assert.equal(await told(server, "/other"), 404);
    assert.deepEqual(readdirSync(`/proc/${server.child.pid}/fd`)
        .filter((fd) => isInotify(server.child.pid, fd)), []);
});

function isInotify(pid, fd) {
    try {
        return readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8")
            .includes("inotify");
    } catch {
        return false; /* closed meanwhile */
    }
}

test("a start with unchanged sources compiles nothing", async (t) => {
    const shop = workshop(t);
    const runs = join(shop.dir, "runs");
    const cc = shop.write("cc.sh",
                          `#!/bin/sh\necho >>"${runs}"\nexec cc "$@"\n`, 0o755);

    shop.write("h/one_wsh.c", says(`"1"`));
    shop.write("h/two_wsh.c", says(`"2"`));
    let before = 0;

    for (let i = 0; i < 3; i++) {
        const server = await shop.serve("--cc", cc, "--allow-write", shop.dir);
        const count = readFileSync(runs).length;

        assert.equal(await told(server, "/one"), "1");
        assert.equal(await told(server, "/two"), "2");
        assert.equal(await server.stopped(), 0);
        assert.ok(i === 0 ? count >= 2 : count === before, `${count} runs`);
        before = count;
    }
});

test("shared objects are loaded as they are", async (t) => {
    const shop = workshop(t);
    const compile = (text) => {
        const source = shop.write("say.c", says(text));
        const { status } = spawnSync(
            "cc", ["-shared", "-fPIC", "-I", resolve(root, "include"), "-o",
                   join(shop.dir, "h/say_wsh.so"), source],
            { stdio: "inherit" });

        assert.equal(status, 0);
    };

    compile(`"one"`);
    const server = await shop.serve();
    const peer = await server.peer();

    await peer.upgrade("/say");
    compile(`"two"`); /* over the file, in place */
    await becomes(server, "/say", "two");
    assert.equal(await ask(peer), "one");
});

test("a compiler that does not end is ended by SIGTERM", async (t) => {
    const shop = workshop(t);
    const fifo = join(shop.dir, "fifo"), begun = join(shop.dir, "begun");
    const cc = shop.write("cc.sh", `#!/bin/sh
exec 3>"${fifo}"
>"${begun}"
exec sleep 1000
`, 0o755);

    assert.equal(spawnSync("mkfifo", [fifo]).status, 0);
    const server = await shop.serve("--cc", cc, "--allow-write", shop.dir);
    /* cat ends when all who can write to the FIFO have. */
    const ended = once(spawn("cat", [fifo]), "exit");

    shop.write("h/say_wsh.c", says(`"never"`));
    await poll(() => existsSync(begun) || undefined, "the compiler");
    assert.equal(await server.stopped(), 0);
    assert.deepEqual(await within(ended, "the compiler's end"), [0, null]);
    assert.deepEqual(readdirSync(shop.cache), []);
});

test("without a compiler, pages are served and the log says what to do",
     async (t) => {
    const shop = workshop(t);

    shop.write("h/say_wsh.c", says(`"?"`));
    const server = await shop.serve("--cc", "weft-no-such-compiler");

    await server.errors(/weft-no-such-compiler.*apt-get install gcc/);
    assert.equal(await told(server, "/say"), 404);
    assert.equal((await fetch(server.url)).status, 200);
});

test("a cache folder that others can write to is refused", async (t) => {
    const shop = workshop(t);

    shop.write("h/say_wsh.c", says(`"?"`));
    mkdirSync(shop.cache);
    chmodSync(shop.cache, 0o777);
    const { status, stderr } = spawnSync(
        program, ["serve", "-p", "0", "-w", shop.handlers, "--cache-dir",
                  shop.cache], { encoding: "utf8", timeout: 30_000 });

    assert.equal(status, 2, stderr);
    assert.match(stderr, /^weft serve: [^\n]*cache[^\n]*\n$/);
});
