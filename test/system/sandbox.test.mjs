/* SPDX-License-Identifier: MIT */
/*
 * What a handler can still reach once the server listens: the handler itself
 * tries. Everything that is refused is tried without the sandbox too, so that
 * it is the sandbox which refuses it.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync,
         mkdtempSync, readdirSync, readFileSync, renameSync, rmSync,
         writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { program, root } from "../support/server.mjs";
import { frame, poll, serve } from "./support.mjs";

const isRoot = process.getuid() === 0;
const isSanitized = (process.env.WEFT_KIND ?? "release") !== "release";
const PROBE = resolve(root, "test/system/sandbox/probe_wsh.c");

/* Folders for a test: handlers h, pages www, home, and one that no option
 * names. Each has a file, and all may be entered by every user. */
function folders(t) {
    const dir = mkdtempSync(join(tmpdir(), "weft-sandbox-"));
    const at = (...names) => join(dir, ...names);

    after(t, () => rmSync(dir, { recursive: true }));
    chmodSync(dir, 0o755);
    for (const name of ["h", "www", "home", "other", "log"]) {
        mkdirSync(at(name));
        writeFileSync(at(name, "file"), "text\n");
    }
    copyFileSync(PROBE, at("h", "probe_wsh.c"));
    writeFileSync(at("other", "script"), "#!/bin/sh\nexit 0\n",
                  { mode: 0o755 });
    return at;
}

/* A server, and what its handler says. */
async function start(t, at, { args = [], env = {} } = {}) {
    const server = await serve(t, {
        handlers: at("h"),
        www: at("www"),
        args,
        env: { HOME: at("home"), XDG_CACHE_HOME: "",
               WEFT_INCLUDE: resolve(root, "include"), ...env },
    });
    const peer = await server.peer();

    await peer.upgrade("/probe").catch((error) => {
        throw new Error(server.stderr(), { cause: error });
    });
    server.tries = async (what) => {
        peer.send(frame(0x81, what));
        return String((await peer.frame()).payload);
    };
    server.hasLandlock = /sandbox: .*Landlock \(/.test(server.stderr());
    return server;
}

/* Whether the test is to be passed over, for want of Landlock. */
function lacksLandlock(t, server) {
    if (!server.hasLandlock)
        t.skip("this kernel has no Landlock");
    return !server.hasLandlock;
}

/* What each attempt comes to: in the sandbox, and without it. */
const attempts = (at) => [
    ["read /etc/shadow", "EACCES", isRoot ? "ok" : "EACCES"],
    ["read /etc/passwd", "EACCES", "ok"],
    ["list /etc", "EACCES", "ok"],
    ["list /", "EACCES", "ok"],
    ["list /proc", "EACCES", "ok"],
    ["read /proc/1/status", "EACCES", "ok"],
    [`read ${at("other", "file")}`, "EACCES", "ok"],
    [`read ${at("home", "file")}`, "EACCES", "ok"],
    [`write ${at("home", "new")}`, "EACCES", "ok"],
    [`write ${at("h", "new")}`, "EACCES", "ok"],
    [`write ${at("h", "file")}`, "EACCES", "ok"],
    [`write ${at("www", "new")}`, "EACCES", "ok"],
    [`write ${at("new")}`, "EACCES", "ok"],
    [`remove ${at("www", "file")}`, "EACCES", "ok"],
    [`run ${at("other", "script")}`, "EACCES", "ok"],
    [`signal ${process.pid}`, "EPERM", "ok"],
    ["new-namespace", "EPERM", isRoot ? "ok" : "EPERM"],

    [`read ${at("h", "file")}`, "ok", "ok"],
    [`list ${at("h")}`, "ok", "ok"],
    ["read /etc/hosts", "ok", "ok"],
    ["read /etc/nsswitch.conf", "ok", "ok"],
    ["read /etc/localtime", "ok", "ok"],
    ["list /etc/ssl/certs", "ok", "ok"],
    ["list /usr/include", "ok", "ok"],
    ["read /dev/urandom", "ok", "ok"],
    ["read /dev/null", "ok", "ok"],
    ["write /dev/null", "ok", "ok"],
    ["read /proc/self/maps", "ok", "ok"],
    ["look-up localhost", "ok", "ok"],
    ["run /bin/true", "ok", "ok"],
];

test("in the sandbox", async (t) => {
    const at = folders(t);
    const server = await start(t, at);

    if (lacksLandlock(t, server))
        return;
    for (const [what, inside] of attempts(at))
        if (!what.startsWith("read") || existsSync(what.slice(5)))
            assert.equal(await server.tries(what), inside, what);
    assert.deepEqual(readdirSync(at("h")), ["file", "probe_wsh.c"]);
});

test("with --no-sandbox", async (t) => {
    const at = folders(t);
    const server = await start(t, at, { args: ["--no-sandbox"] });

    await server.errors(/sandbox: none/);
    for (const [what, , outside] of attempts(at))
        if (!what.startsWith("read") || existsSync(what.slice(5)))
            assert.equal(await server.tries(what), outside, what);
    assert.equal(await server.tries("status NoNewPrivs"), "0");
});

test("what the process has given up", async (t) => {
    const server = await start(t, folders(t));
    const line = await server.errors(/sandbox: /);

    assert.match(line, / info .*no_new_privs/);
    assert.equal(await server.tries("status NoNewPrivs"), "1");
    assert.equal(await server.tries("status CapEff"),
                 isRoot ? "0000000000000006" : "0000000000000000");
    const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });

    assert.match(stdout, /\blandlock\b/);
    const hasFilter = /\bseccomp\b/.test(stdout);

    assert.equal(await server.tries("status Seccomp"), hasFilter ? "2" : "0");
    /* Sanitizers look for leaks by way of it. */
    assert.equal(await server.tries("trace"),
                 hasFilter && !isSanitized ? "EPERM" : "ESRCH");
    if (isRoot)
        await server.errors(/running as root; --user/);
});

test("--allow-read and --allow-write open more", async (t) => {
    const at = folders(t);

    writeFileSync(at("other", "alone"), "text\n");
    mkdirSync(at("data"));
    const server = await start(t, at, {
        args: ["--allow-read", at("other", "alone"), "--allow-read", at("home"),
               "--allow-write", at("data")],
    });

    if (lacksLandlock(t, server))
        return;
    for (const [what, answer] of [
        [`read ${at("other", "alone")}`, "ok"],
        [`write ${at("other", "alone")}`, "EACCES"],
        [`read ${at("other", "file")}`, "EACCES"],
        [`read ${at("home", "file")}`, "ok"],
        [`write ${at("home", "file")}`, "EACCES"],
        [`write ${at("data", "new")}`, "ok"],
        [`read ${at("data", "new")}`, "ok"],
        [`remove ${at("data", "new")}`, "ok"],
        [`run ${at("data", "script")}`, "ENOENT"],
    ])
        assert.equal(await server.tries(what), answer, what);

    const { status, stderr } = spawnSync(
        program, ["serve", "-w", at("h"), "--allow-read", at("none")],
        { encoding: "utf8" });

    assert.equal(status, 2);
    assert.match(stderr, /^weft serve: --allow-read: [^\n]*none: No such/);
});

/* Compilers have their temporary files there, whatever $TMPDIR was. */
test("$TMPDIR is the folder for compiled handlers", async (t) => {
    const at = folders(t);
    const server = await start(t, at, { env: { TMPDIR: at("other") } });
    const cache = at("home", ".cache/weft/handlers");

    assert.equal(await server.tries("variable TMPDIR"), cache);
    assert.equal(await server.tries(`write ${join(cache, "new")}`), "ok");
    assert.deepEqual(readdirSync(at("other")), ["file", "script"]);
});

test("a folder of this run alone leaves nothing", async (t) => {
    const at = folders(t);

    mkdirSync(at("temp"));
    const server = await start(t, at, { env: { TMPDIR: at("temp"),
                                               HOME: "/dev/null" } });

    assert.equal(readdirSync(at("temp")).length, 1);
    assert.match(await server.tries("variable TMPDIR"), /\/temp\/weft-/);
    assert.equal(await server.stopped(), 0);
    assert.deepEqual(readdirSync(at("temp")), []);
});

test("a log that was moved away is made anew, and not read", async (t) => {
    const at = folders(t);
    const server = await start(t, at, {
        args: ["--access-log", at("log", "access")],
    });
    const requests = async (path) => {
        await fetch(server.url + path);
        await poll(() => (existsSync(at("log", "access")) &&
                          readFileSync(at("log", "access"), "utf8")
                              .includes(path)) || undefined, path);
    };

    await requests("one");
    renameSync(at("log", "access"), at("log", "moved"));
    process.kill(server.child.pid, "SIGUSR1");
    await poll(async () => {
        await fetch(`${server.url}two`);
        return existsSync(at("log", "access")) || undefined;
    }, "a new log");
    await requests("three");
    assert.ok(!readFileSync(at("log", "moved"), "utf8").includes("three"));
    if (server.hasLandlock)
        assert.equal(await server.tries(`read ${at("log", "file")}`), "EACCES");
});

/* ---- --user -------------------------------------------------------------- */

/* The leak checker cannot look at a process that has become another user's. */
const NO_LEAKS = { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ""}` +
                                 ":detect_leaks=0" };

/* Whether user nobody is there to become, and can run and read what it is to
 * serve; the test is passed over otherwise. */
function lacksNobody(t) {
    const look = isRoot && spawnSync(
        "setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups",
                    program, "--version"], { cwd: root });

    if (!isRoot)
        t.skip("only root can become another user");
    else if (look.status !== 0)
        t.skip("user nobody cannot run the program where it lies");
    return !isRoot || look.status !== 0;
}

test("--user gives root up", async (t) => {
    if (lacksNobody(t))
        return;
    for (const [user, gid] of [["nobody", "65534"], ["nobody:daemon", "1"],
                               ["12345:54321", "54321"]]) {
        const at = folders(t);
        const server = await start(t, at, {
            args: ["--user", user],
            env: { ...(isSanitized ? NO_LEAKS : {}), TMPDIR: "" },
        });
        const uid = user.startsWith("nobody") ? "65534" : "12345";

        assert.equal(await server.tries("status Uid"),
                     Array(4).fill(uid).join("\t"));
        assert.equal(await server.tries("status Gid"),
                     Array(4).fill(gid).join("\t"));
        assert.equal(await server.tries("status CapPrm"), "0".repeat(16));
        assert.equal(await server.tries("read /etc/shadow"), "EACCES");
        assert.equal(await server.tries("variable USER"),
                     uid === "65534" ? "nobody" : "none");
        assert.doesNotMatch(server.stderr(), /running as root/);
        assert.equal(await server.stopped(), 0);
    }
});

test("--user with a cache folder of that user, or not", async (t) => {
    if (lacksNobody(t))
        return;
    const at = folders(t);

    mkdirSync(at("cache"));
    const args = ["--user", "nobody", "--cache-dir", at("cache")];
    const { status, stderr } = spawnSync(
        program, ["serve", "-p", "0", "-w", at("h"), ...args],
        { encoding: "utf8", timeout: 30_000 });

    assert.equal(status, 2, stderr);
    assert.match(stderr, /^weft serve: the cache folder [^\n]*\n$/);
    chownSync(at("cache"), 65534, 65534);
    const server = await start(t, at, {
        args, env: isSanitized ? NO_LEAKS : {},
    });

    assert.ok(readdirSync(at("cache")).length >= 2);
    assert.equal(await server.tries("variable HOME"), "/nonexistent");
});

test("--user by someone else, and users that are not", (t) => {
    const dir = folders(t)("h");
    const complains = (user, about, under = []) => {
        const [file, ...args] = [...under, program, "serve", "-p", "0", "-w",
                                 dir, "--user", user];
        const { status, stderr } = spawnSync(file, args, {
            cwd: root, encoding: "utf8", timeout: 30_000,
        });

        assert.equal(status, 2, stderr);
        assert.match(stderr, /^weft serve: [^\n]*\n$/);
        assert.match(stderr, about);
    };

    complains("no-such-user", /no user no-such-user/);
    complains("nobody:no-such-group", /no group no-such-group/);
    complains("54321", /54321.*a group must be given/);
    complains("", /takes NAME/);
    if (!isRoot)
        complains("root", /only root/);
    else if (!lacksNobody(t))
        complains("root", /only root/,
                  ["setpriv", "--reuid=nobody", "--regid=nogroup",
                   "--clear-groups"]);
});

test("a server of any user is in a sandbox", async (t) => {
    if (lacksNobody(t))
        return;
    const at = folders(t);
    const server = await serve(t, {
        handlers: at("h"),
        www: at("www"),
        env: { WEFT_INCLUDE: resolve(root, "include"), TMPDIR: "" },
        under: ["setpriv", "--reuid=nobody", "--regid=nogroup",
                "--clear-groups"],
    });
    const peer = await server.peer();

    await peer.upgrade("/probe");
    peer.send(frame(0x81, "status NoNewPrivs"));
    assert.equal(String((await peer.frame()).payload), "1");
    assert.match(server.stderr(), /sandbox: /);
    assert.doesNotMatch(server.stderr(), /running as root/);
});
