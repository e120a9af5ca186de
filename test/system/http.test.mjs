/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 as the server speaks it: connections that stay, requests in a row,
 * errors, upgrades that are refused, and what must never be read as a second
 * request.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { closeFrame, frame, handshake, OWN_HANDLERS, serve }
    from "./support.mjs";

const MARKER = "this file was not asked for";

async function start(t, options = {}) {
    const www = mkdtempSync(join(tmpdir(), "weft-http-"));

    after(t, () => rmSync(www, { recursive: true }));
    writeFileSync(join(www, "index.html"), "the page");
    writeFileSync(join(www, "marker.txt"), MARKER);
    return serve(t, { handlers: OWN_HANDLERS, www, ...options });
}

const get = (path, fields = "", version = "HTTP/1.1") =>
    `GET ${path} ${version}\r\nHost: localhost\r\n${fields}\r\n`;
const smuggled = get("/marker.txt");

/* ---- Connections that stay ----------------------------------------------- */

test("a connection serves one request after another", async (t) => {
    const server = await start(t);
    const peer = await server.peer();

    for (let i = 0; i < 20; i++) {
        peer.send(get(i % 2 ? "/none" : "/"));
        const { status } = await peer.response();

        assert.equal(status, i % 2 ? 404 : 200);
    }
});

test("requests in a row are answered in their order", async (t) => {
    const server = await start(t);
    const row = Array.from({ length: 50 }, (_, i) =>
        get(["/", "/marker.txt", "/none"][i % 3])).join("");

    for (const step of [row.length, 1, 7, 1000]) {
        const peer = await server.peer();

        for (let at = 0; at < row.length; at += step)
            peer.send(row.slice(at, at + step));
        for (let i = 0; i < 50; i++) {
            const { status, body } = await peer.response();

            assert.equal(status, i % 3 === 2 ? 404 : 200);
            if (i % 3 < 2)
                assert.equal(String(body), ["the page", MARKER][i % 3]);
        }
    }
});

test("a handshake may follow other requests", async (t) => {
    const server = await start(t);
    const peer = await server.peer();

    peer.send(get("/") + handshake("/plain"), frame(0x81, "hello"));
    assert.equal((await peer.response()).status, 200);
    assert.equal((await peer.head()).status, 101);
    assert.equal(String((await peer.frame()).payload), "hello");
});

test("Connection: close, and HTTP/1.0", async (t) => {
    const server = await start(t);

    for (const [request, stays] of [
        [get("/", "Connection: close\r\n"), false],
        [get("/", "Connection: CLOSE\r\n"), false],
        [get("/", "Connection: keep-alive\r\n"), true],
        [get("/", "", "HTTP/1.0"), false],
        ["GET / HTTP/1.0\r\n\r\n", false],
    ]) {
        const peer = await server.peer();

        peer.send(request);
        assert.equal((await peer.response()).status, 200, request);
        if (stays) {
            peer.send(get("/"));
            assert.equal((await peer.response()).status, 200, request);
        } else {
            assert.equal(await peer.end(), "end", request);
        }
    }
});

test("half-closed clients get their answers", async (t) => {
    const server = await start(t);
    const peer = await server.peer();

    peer.socket.end(get("/") + get("/marker.txt"));
    assert.equal(String((await peer.response()).body), "the page");
    assert.equal(String((await peer.response()).body), MARKER);
    assert.equal(await peer.end(), "end");
});

/* ---- Errors -------------------------------------------------------------- */

const bad = {
    "no version": "GET /\r\n\r\n",
    "two spaces": "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tab": "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "no method": " / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method that is no token": "G(T / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target without slash": "GET index.html HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the target": "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "a control in the target": "GET /a\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no Host": "GET / HTTP/1.1\r\n\r\n",
    "two Hosts": "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two Hosts that agree": "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "a Host that is none": "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "a space before the colon": "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded line": "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "a line that begins with a space": "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
    "no colon": "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    "no name": "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
    "a name that is no token": "GET / HTTP/1.1\r\nHost: x\r\nA(b: c\r\n\r\n",
    "NUL in a value": "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
    "CR in a value": "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
    "LF alone": "GET / HTTP/1.1\nHost: x\n\n",
    "two lengths": "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n" +
        "Content-Length: 2\r\n\r\n",
    "a length that is none": "GET / HTTP/1.1\r\nHost: x\r\n" +
        "Content-Length: +1\r\n\r\n",
    "a length that is huge": "GET / HTTP/1.1\r\nHost: x\r\n" +
        "Content-Length: 99999999999999999999\r\n\r\n",
    "length and coding": "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n" +
        "Transfer-Encoding: chunked\r\n\r\n",
    "bytes of TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a user in the target": "GET http://u@localhost/ HTTP/1.1\r\n" +
        "Host: x\r\n\r\n",
    "a fragment in the target": "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n",
};

test("400, the end, and nothing behind it", async (t) => {
    const server = await start(t);

    for (const [what, request] of Object.entries(bad)) {
        const peer = await server.peer();

        peer.send(Buffer.from(request, "latin1"), smuggled);
        const { status, fields } = await peer.response();

        assert.equal(status, 400, what);
        assert.match(fields.connection ?? "", /^close$/i, what);
        await peer.end();
        assert.equal(peer.bytes.length, 0, what);
    }
});

test("versions", async (t) => {
    const server = await start(t);

    for (const [version, want] of [
        ["HTTP/2.0", 505], ["HTTP/1.2", 505], ["HTTP/3.0", 505],
        ["HTTP/0.9", 505], ["http/1.1", 400], ["HTTP/1.10", 400],
        ["HTTP/1,1", 400], ["HTTPS/1.1", 400], ["HTTP/1.1x", 400],
    ]) {
        const peer = await server.peer();

        peer.send(get("/", "", version));
        const { status } = await peer.response();

        /* What is no HTTP-version at all may be called either. */
        assert.ok(status === want || (want === 400 && status === 505),
                  `${version}: ${status}`);
        await peer.end();
    }
});

test("404, 405, 414, 426, 501", async (t) => {
    const server = await start(t, { args: ["--header-limit", "16K"] });

    for (const [want, request] of [
        [404, get("/none")],
        [404, get("/plain/none")],
        [405, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"],
        [405, "DELETE /marker.txt HTTP/1.1\r\nHost: x\r\n\r\n"],
        [405, "PUT /new HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"],
        [414, get(`/${"a".repeat(9000)}`)],
        [426, get("/plain")],
        [426, get("/plain?query")],
        [426, get("/plain", "Upgrade: h2c\r\nConnection: Upgrade\r\n")],
        [426, handshake("/plain", { "Sec-WebSocket-Version": "8" })],
        [426, handshake("/plain", { "Sec-WebSocket-Version": "14" })],
        [501, "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n"],
    ]) {
        const peer = await server.peer();

        peer.send(request);
        const { status, fields } = await peer.response();
        const first = request.slice(0, 60);

        assert.equal(status, want, first);
        if (want === 405)
            assert.match(fields.allow ?? "", /GET, *HEAD/, first);
        if (want === 426) {
            assert.match(fields.upgrade ?? "", /^websocket$/i, first);
            assert.match(fields.connection ?? "", /upgrade/i, first);
        }
        if (request.includes("Sec-WebSocket-Version")) /* section 4.4 */
            assert.equal(fields["sec-websocket-version"], "13", request);
    }
});

/* ---- Handshakes that are refused ----------------------------------------- */

const refusals = {
    "an unknown path": [404, handshake("/none")],
    "a file's path": [404, handshake("/marker.txt")],
    "another version": [426, handshake("/plain",
                                       { "Sec-WebSocket-Version": "12" })],
    "no version": [[400, 426], handshake("/plain",
                                         { "Sec-WebSocket-Version":
                                           undefined })],
    "two versions": [[400, 426], handshake("/plain",
                                           { "Sec-WebSocket-Version":
                                             ["13", "8"] })],
    "no key": [400, handshake("/plain", { "Sec-WebSocket-Key": undefined })],
    "two keys": [400, handshake("/plain", {
        "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ==",
                              "AAAAAAAAAAAAAAAAAAAAAA=="],
    })],
    "a short key": [400, handshake("/plain",
                                   { "Sec-WebSocket-Key": "dGhlIHNhbXBs" })],
    "a key that is not Base64": [400, handshake("/plain", {
        "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!==",
    })],
    "no Connection": [[400, 426], handshake("/plain",
                                            { Connection: undefined })],
    "HTTP/1.0": [[400, 426, 505], handshake("/plain", {}, "HTTP/1.0")],
    "POST": [[400, 405], handshake("/plain").replace("GET", "POST")],
    "the handler's refusal": [401, handshake("/refuse")],
    "extensions that are nonsense": [400, handshake("/plain", {
        "Sec-WebSocket-Extensions": "a; =b",
    })],
    "a quoted value that is no token": [400, handshake("/plain", {
        "Sec-WebSocket-Extensions": "a; b=\"c, d\"", /* section 9.1 */
    })],
    "protocols that are nonsense": [400, handshake("/plain", {
        "Sec-WebSocket-Protocol": "a b",
    })],
};

test("T13: behind a refused handshake nothing is a request", async (t) => {
    const server = await start(t);

    for (const [what, [want, request]] of Object.entries(refusals)) {
        for (const behind of [smuggled, smuggled + smuggled,
                              Buffer.concat([frame(0x81, smuggled),
                                             Buffer.from(smuggled)])]) {
            const peer = await server.peer();

            peer.send(Buffer.concat([Buffer.from(request),
                                     Buffer.from(behind)]));
            const { status } = await peer.response();

            assert.ok([want].flat().includes(status), `${what}: ${status}`);
            await peer.end();
            assert.equal(String(peer.bytes), "", what);
        }
    }
});

test("T13: nor when it comes later", async (t) => {
    const server = await start(t);

    for (const [what, [, request]] of Object.entries(refusals)) {
        const peer = await server.peer();

        peer.send(request);
        await peer.response();
        peer.send(smuggled);
        await peer.end();
        assert.ok(!String(peer.bytes).includes(MARKER), what);
    }
});

/* A body is not the next request either. */
test("T13: bodies are not requests", async (t) => {
    const server = await start(t);
    const len = smuggled.length;
    const chunked = `${len.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;

    for (const request of [
        get("/", `Content-Length: ${len}\r\n`) + smuggled,
        get("/none", `Content-Length: ${len}\r\n`) + smuggled,
        get("/", "Transfer-Encoding: chunked\r\n") + chunked,
        `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${len}\r\n\r\n` +
            smuggled,
        handshake("/plain", { "Content-Length": `${len}` }) + smuggled,
        handshake("/none", { "Content-Length": `${len}` }) + smuggled,
    ]) {
        const peer = await server.peer();

        peer.send(request);
        peer.socket.end();
        await peer.end();
        assert.ok(!String(peer.bytes).includes(MARKER), request);
        assert.match(String(peer.bytes), /^HTTP\/1\.1 [1-5]\d\d /);
    }
});

/* ---- Handshakes that are right ------------------------------------------- */

test("T14: frames in the segment of the handshake", async (t) => {
    const server = await start(t);
    const behind = Buffer.concat([
        frame(0x81, "one"), frame(0x89, "ping"), frame(0x01, "t"),
        frame(0x80, "wo"), closeFrame(1000),
    ]);

    /* Cut at every place, before and behind the end of the request. */
    for (let cut = 0; cut <= behind.length; cut++) {
        const peer = await server.peer();

        await peer.upgrade("/plain", { behind: behind.subarray(0, cut) });
        peer.send(behind.subarray(cut));
        assert.equal(String((await peer.frame()).payload), "one");
        assert.equal(String((await peer.frame()).payload), "ping");
        assert.equal(String((await peer.frame()).payload), "two");
        assert.equal(await peer.closed(), 1000);
        await peer.end();
    }
});

test("T14: a handshake that comes byte by byte", async (t) => {
    const server = await start(t);
    const peer = await server.peer();

    for (const byte of Buffer.concat([Buffer.from(handshake("/plain")),
                                      frame(0x81, "slowly")]))
        peer.send(Buffer.from([byte]));
    assert.equal((await peer.head()).status, 101);
    assert.equal(String((await peer.frame()).payload), "slowly");
});

test("forms of a right handshake", async (t) => {
    const server = await start(t);

    for (const fields of [
        { Upgrade: "WebSocket" },
        { Upgrade: "WEBSOCKET" },
        { Upgrade: "h2c, websocket" },
        { Connection: "upgrade" },
        { Connection: "keep-alive, Upgrade" },
        { Connection: ["keep-alive", "UPGRADE"] },
        { "Sec-WebSocket-Extensions": "permessage-deflate; " +
            "server_max_window_bits=7, ,x" },
        { "Sec-WebSocket-Extensions": "x-unknown; a=\"bc\"; d" },
        { "Sec-WebSocket-Protocol": "a, b" },
        { "User-Agent": "é", Cookie: "a=b; c=d" },
        { "Content-Length": "0" },
    ]) {
        const peer = await server.peer();
        const head = await peer.upgrade("/plain", { fields });

        assert.equal(head.fields["sec-websocket-extensions"], undefined);
        assert.equal(head.fields["sec-websocket-protocol"], undefined);
    }
    const odd = await server.peer();
    const request = handshake("/plain").replace("Sec-WebSocket-Key",
                                                "sEC-wEBsOCKET-kEY");

    odd.send(request.replace("GET /plain", "GET http://localhost/pl%61in?a=b"));
    assert.equal((await odd.head()).status, 101);
});

test("frames without mask are refused", async (t) => {
    const server = await start(t);
    const peer = await server.peer();

    await peer.upgrade("/plain");
    peer.send(frame(0x81, "plain", { masked: false }));
    assert.equal(await peer.closed(), 1002);
    await peer.end();
});
