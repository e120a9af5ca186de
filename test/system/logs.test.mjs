/* SPDX-License-Identifier: MIT */
/*
 * The logs: one line an event, no secrets (hostile.md T22), and nothing that a
 * client sends can forge a line or reach the terminal.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { closeFrame, frame, handshake, line, OWN_HANDLERS, poll, serve }
    from "./support.mjs";

async function start(t, ...args) {
    const dir = mkdtempSync(join(tmpdir(), "weft-logs-"));
    const files = { access: join(dir, "access"), error: join(dir, "error") };
    const server = await serve(t, {
        handlers: OWN_HANDLERS,
        origin: null,
        args: ["--access-log", files.access, "--error-log", files.error,
               ...args],
    });

    after(t, () => rmSync(dir, { recursive: true }));
    for (const name of ["access", "error"])
        server[name] = () => readFileSync(files[name], "latin1");
    server.accessLines = () =>
        server.access().split("\n").filter((one) => one !== "");
    return server;
}

const get = (path, fields = "") =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`;

async function ask(server, bytes) {
    const peer = await server.peer();

    peer.send(bytes);
    const answer = await peer.response();

    peer.socket.destroy();
    return answer;
}

test("one line for each request", async (t) => {
    const server = await start(t);

    for (const path of ["/", "/none", "/style.css"])
        await ask(server, get(path));
    await ask(server, handshake("/nowhere"));
    await ask(server, "nonsense\r\n\r\n");
    await poll(() => server.accessLines().length >= 5 || undefined,
               "five lines");
    const lines = server.accessLines();

    assert.equal(lines.length, 5);
    for (const [i, status, path] of [[0, 200, "/"], [1, 404, "/none"],
                                     [2, 200, "/style.css"],
                                     [3, 404, "/nowhere"], [4, 400, ""]]) {
        assert.match(lines[i], new RegExp(`\\b${status}\\b`));
        assert.ok(lines[i].includes(path), lines[i]);
        assert.ok(lines[i].includes("127.0.0.1"), lines[i]);
    }
});

test("one line for each connection's beginning and end", async (t) => {
    const server = await start(t);
    const peer = await server.peer();

    await peer.upgrade("/plain");
    peer.send(frame(0x81, "a"));
    await peer.frame();
    peer.send(closeFrame(4321, "the reason"));
    await peer.closed();
    await peer.end();
    await poll(() => server.accessLines().length >= 2 || undefined,
               "two lines");
    const [begin, end] = server.accessLines();

    assert.match(begin, /\b101\b/);
    assert.match(begin, /\/plain/);
    assert.match(end, /\b4321\b/);
    assert.match(end, /\/plain/);
    assert.equal(server.accessLines().length, 2);

    const cut = await server.peer();
    await cut.upgrade("/plain");
    cut.reset();
    await line(server.access, /\b1006\b/);
    assert.equal(server.accessLines().length, 4);
});

test("T22: no secrets in either log", async (t) => {
    const server = await start(t, "--log-level", "debug");
    const secrets = ["sEcReT-query", "sEcReT-cookie", "sEcReT-auth",
                     "sEcReT-protocol", "sEcReT-referer", "sEcReT-key",
                     "sEcReT-message", "sEcReT-user"];
    const fields = {
        Cookie: "session=sEcReT-cookie",
        Authorization: "Bearer sEcReT-auth",
        "Proxy-Authorization": "Basic sEcReT-auth",
        "Sec-WebSocket-Protocol": "token, sEcReT-protocol",
        Referer: "http://localhost/?a=sEcReT-referer",
        "X-Api-Key": "sEcReT-key",
    };
    const query = "?token=sEcReT-query&b";
    const raw = Object.entries(fields)
        .map(([name, value]) => `${name}: ${value}\r\n`).join("");

    for (const path of ["/", "/none", "/plain", "/refuse", "/%zz", "/.."])
        await ask(server, get(path + query, raw));
    for (const path of ["/none", "/refuse"])
        await ask(server, handshake(path + query, fields));
    for (const more of [{ Origin: "http://evil.example" },
                        { "Sec-WebSocket-Version": "9" },
                        { "Sec-WebSocket-Key": "sEcReT-key" }])
        await ask(server, handshake(`/plain${query}`, { ...fields, ...more }));
    await ask(server, get(`http://u:sEcReT-user@localhost/${query}`));
    await ask(server, get(`/${"a".repeat(9000)}${query}`, raw));
    await ask(server, get(`/${query}`, raw.repeat(30)));

    const peer = await server.peer();
    await peer.upgrade(`/plain${query}`, { fields });
    peer.send(frame(0x81, "sEcReT-message"));
    await peer.frame();
    peer.send(frame(0x83, "sEcReT-message"));
    assert.equal(await peer.closed(), 1002);
    await peer.end();
    const count = server.accessLines.bind(server);
    await poll(() => count().length >= 16 || undefined, "all lines");

    const all = server.access() + server.error() + server.stderr() +
        server.stdout();
    for (const secret of secrets)
        assert.ok(!all.includes(secret), `${secret} in\n${all}`);
});

/* Lines are made of printable ASCII, or UTF-8 beyond it, and what a client
 * sends stays inside its own. */
test("T22: nothing forges a line or an escape sequence", async (t) => {
    const server = await start(t, "--log-level", "debug");
    const evil = "%0d%0a127.0.0.1%20FORGED%0aFORGED%1b[31m%9b%00%7f%08";

    await ask(server, get(`/x${evil}`));
    await ask(server, get(`/x?${evil}`));
    await ask(server, handshake(`/${evil}`));
    for (const field of ["Origin: http://a\x1b[2Jb", "Origin: http://\x9b2Jb",
                         "Origin: http://e.example\r\nX: \xff\xfe",
                         "Origin: http://evil.example/\"FORGED\""])
        await ask(server, handshake("/plain").replace(
            "\r\n\r\n", `\r\n${field}\r\n\r\n`));
    await ask(server, "G\x1b[31mT / HTTP/1.1\r\nHost: x\r\n\r\n");
    await ask(server, get("/", "Host: \x1b[31m\r\n"));
    await ask(server, get("/", "User-Agent: \xc2\x9b31m \u202e\r\n"));

    const peer = await server.peer();
    await peer.upgrade("/plain");
    peer.send(closeFrame(4000, "bye\n127.0.0.1 FORGED\r\x1b[31m\u0085\u2028"));
    await peer.closed();
    await peer.end();
    await line(server.access, /\b4000\b/);

    for (const text of [server.access(), server.error()]) {
        for (const one of text.split("\n")) {
            assert.doesNotMatch(one, /^(127\.0\.0\.1 )?FORGED/, text);
            assert.doesNotMatch(one, /[\0-\x08\x0b-\x1f\x7f]/, text);
            assert.doesNotMatch(one, /\x9b|\xc2[\x80-\x9f]/, text);
        }
    }
    assert.ok(server.accessLines().length <= 12, server.access());
});

/* Many at once: no line is torn by another. */
test("lines of many threads do not mix", async (t) => {
    const server = await start(t, "--threads", "4");
    const peers = await Promise.all(Array.from({ length: 50 },
                                               () => server.peer()));

    await Promise.all(peers.map(async (peer, p) => {
        for (let i = 0; i < 20; i++) {
            peer.send(get(`/none-${p}-${i}-end`));
            assert.equal((await peer.response()).status, 404);
        }
    }));
    await poll(() => server.accessLines().length >= 1000 || undefined,
               "a thousand lines");
    const names = server.accessLines().map((one) =>
        /\/none-\d+-\d+-end\b/.exec(one)?.[0]);

    assert.equal(new Set(names).size, 1000);
    assert.equal(names.length, 1000);
});

test("--access-log - goes to standard output", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS,
                                    args: ["--access-log", "-"] });

    await ask(server, get("/none"));
    await line(() => server.stdout(), /\/none.*\b404\b|\b404\b.*\/none/);
    assert.doesNotMatch(server.stderr(), /\/none/);
});

test("--log-level warn leaves out the start", async (t) => {
    const server = await start(t, "--log-level", "warn");

    await ask(server, get("/none"));
    assert.equal(server.error(), "");
});
