/* SPDX-License-Identifier: MIT */
/* Static files: what is served, how, and what never is (hostile.md T20). */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync,
         writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { OWN_HANDLERS, serve } from "./support.mjs";

const TEXT = "0123456789abcdefghijklmnopqrstuvwxyz";
const SECRET = "the secret beside the root";
const WHEN = new Date("2024-02-29T12:34:56Z");

/* A folder with a root to serve, and beside it what must stay hidden. */
function makeTree(t) {
    const top = mkdtempSync(join(tmpdir(), "weft-files-"));
    const www = join(top, "www");

    after(t, () => rmSync(top, { recursive: true }));
    mkdirSync(join(www, "sub"), { recursive: true });
    mkdirSync(join(www, "bare"));
    mkdirSync(join(top, "www-private"));
    writeFileSync(join(top, "secret.txt"), SECRET);
    writeFileSync(join(top, "www-private", "secret.txt"), SECRET);
    writeFileSync(join(www, "index.html"), "<!doctype html><title>x</title>");
    writeFileSync(join(www, "sub", "index.html"), "<p>sub");
    writeFileSync(join(www, "file.txt"), TEXT);
    writeFileSync(join(www, "empty.txt"), "");
    writeFileSync(join(www, "with space.txt"), "space");
    writeFileSync(join(www, "é.txt"), "accent");
    writeFileSync(join(www, "big.bin"), Buffer.alloc(3_000_000, "big"));
    for (const name of ["a.js", "a.css", "a.svg", "a.png", "a.json", "a.wasm",
                        "a.unknown-type"])
        writeFileSync(join(www, name), "x");
    utimesSync(join(www, "file.txt"), WHEN, WHEN);
    symlinkSync("../secret.txt", join(www, "link.txt"));
    symlinkSync("/etc/passwd", join(www, "passwd"));
    symlinkSync("..", join(www, "up"));
    symlinkSync("../www-private", join(www, "private"));
    return www;
}

async function start(t) {
    const server = await serve(t, { handlers: OWN_HANDLERS, www: makeTree(t) });

    server.ask = async (target, fields = {}, method = "GET") => {
        const peer = await server.peer();
        const lines = Object.entries(fields)
            .map(([name, value]) => `${name}: ${value}\r\n`).join("");

        peer.send(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\n` +
                  `${lines}\r\n`);
        const answer = await peer.response({ method });

        peer.socket.destroy();
        return { ...answer, text: answer.body.toString() };
    };
    return server;
}

test("files and their kinds", async (t) => {
    const server = await start(t);
    const kinds = {
        "/": /^text\/html; *charset=utf-8$/i,
        "/index.html": /^text\/html; *charset=utf-8$/i,
        "/sub/": /^text\/html; *charset=utf-8$/i,
        "/file.txt": /^text\/plain; *charset=utf-8$/i,
        "/a.js": /^(text|application)\/javascript/i,
        "/a.css": /^text\/css/i,
        "/a.svg": /^image\/svg\+xml/i,
        "/a.png": /^image\/png$/i,
        "/a.json": /^application\/json/i,
        "/a.wasm": /^application\/wasm$/i,
        "/a.unknown-type": /^application\/octet-stream$/i,
    };

    for (const [path, kind] of Object.entries(kinds)) {
        const { status, fields } = await server.ask(path);

        assert.equal(status, 200, path);
        assert.match(fields["content-type"], kind, path);
        assert.equal(fields["x-content-type-options"], "nosniff", path);
    }
    assert.equal((await server.ask("/file.txt")).text, TEXT);
    assert.equal((await server.ask("/file.txt?a=b&c")).text, TEXT);
    assert.equal((await server.ask("/sub/")).text, "<p>sub");
    assert.equal((await server.ask("/empty.txt")).text, "");
    assert.equal((await server.ask("/with%20space.txt")).text, "space");
    assert.equal((await server.ask("/%C3%A9.txt")).text, "accent");
    assert.equal((await server.ask("/%66ile.txt")).text, TEXT);
    assert.ok((await server.ask("/big.bin")).body
        .equals(Buffer.alloc(3_000_000, "big")));
});

test("folders are not listed", async (t) => {
    const server = await start(t);

    for (const path of ["/bare/", "/bare"]) {
        const { status, text } = await server.ask(path);

        assert.ok([301, 308, 403, 404].includes(status), `${status}`);
        assert.doesNotMatch(text, /index of/i);
    }
    assert.equal((await server.ask("/bare/")).status, 404);
});

test("HEAD is GET without the body", async (t) => {
    const server = await start(t);

    for (const path of ["/", "/file.txt", "/empty.txt", "/big.bin", "/none"]) {
        const get = await server.ask(path);
        const head = await server.ask(path, {}, "HEAD");

        delete get.fields.date;
        delete head.fields.date;
        assert.equal(head.status, get.status);
        assert.deepEqual(head.fields, get.fields);
    }

    /* And nothing follows it: the next answer is the next request's. */
    const peer = await server.peer();
    const request = (method, path) =>
        `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

    peer.send(request("HEAD", "/file.txt") + request("GET", "/sub/"));
    const { fields } = await peer.response({ method: "HEAD" });
    assert.equal(fields["content-length"], `${TEXT.length}`);
    assert.equal((await peer.response()).body.toString(), "<p>sub");
});

test("304 for what the client has", async (t) => {
    const server = await start(t);
    const { fields } = await server.ask("/file.txt");
    const { etag } = fields;
    const stamp = fields["last-modified"];
    const later = new Date(WHEN.getTime() + 1000).toUTCString();
    const earlier = new Date(WHEN.getTime() - 1000).toUTCString();

    assert.match(etag, /^"[^"]+"$/);
    assert.equal(stamp, WHEN.toUTCString());
    assert.match(fields.date, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    for (const [want, asked] of [
        [304, { "If-None-Match": etag }],
        [304, { "If-None-Match": `W/${etag}` }],
        [304, { "If-None-Match": `"other", ${etag}` }],
        [304, { "If-None-Match": "*" }],
        [200, { "If-None-Match": '"other"' }],
        [304, { "If-Modified-Since": stamp }],
        [304, { "If-Modified-Since": later }],
        [200, { "If-Modified-Since": earlier }],
        [200, { "If-Modified-Since": "yesterday" }],
        /* RFC 9110 section 13.2.2: the tag decides where both are there. */
        [200, { "If-None-Match": '"other"', "If-Modified-Since": stamp }],
        [304, { "If-None-Match": etag, "If-Modified-Since": earlier }],
        [412, { "If-Match": '"other"' }],
        [200, { "If-Match": etag }],
        [412, { "If-Unmodified-Since": earlier }],
    ]) {
        const answer = await server.ask("/file.txt", asked);

        assert.equal(answer.status, want, JSON.stringify(asked));
        if (want === 304)
            assert.equal(answer.fields.etag, etag);
        if (want === 200)
            assert.equal(answer.text, TEXT);
    }

    /* Another content, another tag. */
    assert.notEqual((await server.ask("/a.css")).fields.etag, etag);
});

test("single ranges", async (t) => {
    const server = await start(t);
    const size = TEXT.length;
    const { etag } = (await server.ask("/file.txt")).fields;

    assert.equal((await server.ask("/file.txt")).fields["accept-ranges"],
                 "bytes");
    for (const [range, from, to] of [
        ["bytes=0-4", 0, 4], ["bytes=0-0", 0, 0], ["bytes=5-", 5, size - 1],
        ["bytes=-5", size - 5, size - 1], ["bytes=30-99999", 30, size - 1],
        ["bytes=-99999", 0, size - 1], [`bytes=${size - 1}-`, size - 1,
                                        size - 1],
        ["BYTES=1-2", 1, 2],
        ["bytes=0-18446744073709551615", 0, size - 1],
    ]) {
        const answer = await server.ask("/file.txt", { Range: range });

        assert.equal(answer.status, 206, range);
        assert.equal(answer.fields["content-range"],
                     `bytes ${from}-${to}/${size}`);
        assert.equal(answer.text, TEXT.slice(from, to + 1), range);
    }
    for (const range of [`bytes=${size}-`, "bytes=99999-", "bytes=-0",
                         "bytes=18446744073709551615-"]) {
        const answer = await server.ask("/file.txt", { Range: range });

        assert.equal(answer.status, 416, range);
        assert.equal(answer.fields["content-range"], `bytes */${size}`);
    }
    for (const range of ["bytes=4-1", "bytes=a-b", "bytes=", "bytes=0-1,3-4",
                         "lines=0-1", "bytes 0-1", "bytes=--1",
                         "bytes=99999999999999999999999999-"]) {
        const answer = await server.ask("/file.txt", { Range: range });

        assert.ok([200, 416].includes(answer.status), range);
        if (answer.status === 200)
            assert.equal(answer.text, TEXT, range);
    }
    const half = { Range: "bytes=0-3" };

    assert.equal((await server.ask("/file.txt", { ...half, "If-Range": etag }))
        .text, "0123");
    assert.equal((await server.ask("/file.txt",
                                   { ...half, "If-Range": '"old"' })).text,
                 TEXT);
    const head = await server.ask("/file.txt", half, "HEAD");
    assert.ok([200, 206].includes(head.status));
});

test("T20: nothing outside the root", async (t) => {
    const server = await start(t);

    for (const path of [
        "/../secret.txt", "/sub/../../secret.txt", "/./../secret.txt",
        "/%2e%2e/secret.txt", "/%2E%2E/secret.txt", "/.%2e/secret.txt",
        "/%2e./secret.txt", "/sub/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt", "/%2e%2e%2fsecret.txt", "/..%5csecret.txt",
        "/..\\secret.txt", "/%252e%252e/secret.txt", "/..;/secret.txt",
        "/%c0%ae%c0%ae/secret.txt", "/%c0%ae%c0%ae%c0%afsecret.txt",
        "/../www-private/secret.txt", "/..%00/secret.txt",
        "//../secret.txt", "///secret.txt", "//etc/passwd", "/etc/passwd",
        "/%2fetc/passwd", "//%2fetc/passwd", "/file.txt/../../secret.txt",
        "/link.txt", "/passwd", "/up/secret.txt", "/up/www/file.txt",
        "/private/secret.txt", "/proc/self/environ", "/%2e%2e",
        "http://localhost/../secret.txt", "http://localhost//etc/passwd",
    ]) {
        const { status, text } = await server.ask(path);

        assert.ok([400, 403, 404].includes(status), `${path}: ${status}`);
        assert.ok(!text.includes(SECRET) && !text.includes("root:"), path);
    }
});

test("T20: names that are not names", async (t) => {
    const server = await start(t);

    for (const path of [
        "/file.txt%00", "/file.txt%00.html", "/%00", "/%", "/%zz", "/%4",
        "/file.txt/", "/file.txt/index.html", "/none", "/" + "a".repeat(3000),
        "/" + "a/".repeat(2000), "/index.html%2f",
    ]) {
        const { status, text } = await server.ask(path);

        assert.ok([400, 403, 404, 414].includes(status), `${path}: ${status}`);
        assert.notEqual(text, TEXT, path);
    }
});

test("handlers are no files, and files no handlers", async (t) => {
    const server = await start(t);

    assert.equal((await server.ask("/plain_wsh.c")).status, 404);
    assert.equal((await server.ask("/plain")).status, 426);
    assert.equal((await server.ask("/file.txt", {
        Upgrade: "websocket", Connection: "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    })).status, 404);
});
