/* SPDX-License-Identifier: MIT */
/*
 * Which server a URL leads to, and what is asked there: as the WebSockets
 * standard has it, relative to a base, and with names and addresses of all
 * kinds.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drive, ERR, freePort, listen } from "./socket_support.mjs";

/* Connects, and gives the request and the url attribute. */
async function follow(driver, server, url, options = {}) {
    const ws = await driver.open(url, options);
    const peer = await server.accept();
    const { first, fields } = await peer.open();

    await ws.event("open");
    const state = await ws.state();

    await ws.free();
    return { target: first.split(" ")[1], host: fields.host, url: state.url,
             fields };
}

test("URLs, relative ones too, and what is asked for", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const { port } = server;
    const at = `127.0.0.1:${port}`;

    for (const [url, base, target, whole] of [
        [`ws://${at}`, undefined, "/", `ws://${at}/`],
        [`ws://${at}/a/../b/./c`, undefined, "/b/c", `ws://${at}/b/c`],
        [`ws://${at}?q`, undefined, "/?q", `ws://${at}/?q`],
        [`ws://${at}/a?`, undefined, "/a?", `ws://${at}/a?`],
        [`ws://${at}/é ü?x=€ "`, undefined,
         "/%C3%A9%20%C3%BC?x=%E2%82%AC%20%22",
         `ws://${at}/%C3%A9%20%C3%BC?x=%E2%82%AC%20%22`],
        [`ws://${at}/%7e%zz`, undefined, "/%7e%zz", `ws://${at}/%7e%zz`],
        [`http://${at}/x`, undefined, "/x", `ws://${at}/x`],
        [`HTTP://${at}/x`, undefined, "/x", `ws://${at}/x`],
        [`  ws://${at}/\tx\n `, undefined, "/x", `ws://${at}/x`],
        [`ws:\\\\${at}\\x`, undefined, "/x", `ws://${at}/x`],
        ["chat", `http://${at}/a/b?c`, "/a/chat", `ws://${at}/a/chat`],
        ["/chat", `http://${at}/a/b?c`, "/chat", `ws://${at}/chat`],
        ["../chat?d", `ws://${at}/a/b/c`, "/a/chat?d", `ws://${at}/a/chat?d`],
        ["?d", `http://${at}/a/b?c`, "/a/b?d", `ws://${at}/a/b?d`],
        ["", `http://${at}/a/b?c`, "/a/b?c", `ws://${at}/a/b?c`],
        [`//${at}/x`, "http://example.com/a", "/x", `ws://${at}/x`],
        [`ws://${at}/x`, "https://example.com/a", "/x", `ws://${at}/x`],
    ]) {
        const got = await follow(driver, server, url,
                                 base === undefined ? {} : { base });

        assert.deepEqual([got.target, got.url, got.host],
                         [target, whole, at], url);
    }
});

test("addresses and names that are this machine", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const { port } = server;

    for (const [name, host] of [
        ["127.0.0.1", "127.0.0.1"], ["127.1", "127.0.0.1"],
        ["0x7f.1", "127.0.0.1"], ["2130706433", "127.0.0.1"],
        ["017700000001", "127.0.0.1"], ["127.0.0.1.", "127.0.0.1"],
        ["１２７.0.0.1", "127.0.0.1"], ["%31%32%37.0.0.1", "127.0.0.1"],
        ["localhost", "localhost"], ["LOCALHOST", "localhost"],
        ["a.b.localhost", "a.b.localhost"],
        ["bücher.localhost", "xn--bcher-kva.localhost"],
        ["BÜCHER.localhost", "xn--bcher-kva.localhost"],
        ["b%C3%BCcher.localhost", "xn--bcher-kva.localhost"],
        ["例え.localhost", "xn--r8jz45g.localhost"],
        ["faß.localhost", "xn--fa-hia.localhost"],
        ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
    ]) {
        const got = await follow(driver, server, `ws://${name}:${port}/`);

        assert.equal(got.host, `${host}:${port}`, name);
        assert.equal(got.url, `ws://${host}:${port}/`, name);
    }
});

test("localhost is both addresses, whichever has the server", async (t) => {
    const driver = drive(t);

    for (const host of ["127.0.0.1", "::1"]) {
        const server = await listen(t, { host });
        const got = await follow(driver, server,
                                 `ws://localhost:${server.port}/`);

        assert.equal(got.host, `localhost:${server.port}`);
    }
    const server = await listen(t, { host: "::1" });
    const got = await follow(driver, server,
                             `ws://[0:0:0:0:0:0:0:1]:${server.port}/`);

    assert.equal(got.host, `[::1]:${server.port}`);
});

test("with nobody there, every address is named", async (t) => {
    const driver = drive(t);
    const port = await freePort();
    const ws = await driver.open(`ws://localhost:${port}/`);
    const { err, why, code } = await ws.fails();

    assert.equal(err, ERR.UNREACHABLE);
    assert.match(why, new RegExp(`\\[::1\\]:${port}`));
    assert.match(why, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.match(why, /refused/i);
    assert.equal(code, 1006);
    assert.equal((await ws.state()).status, 0);
});

test("a name that does not exist", async (t) => {
    const driver = drive(t);
    const ws = await driver.open("ws://does-not-exist.invalid/",
                                 { connect_ms: 20000 });
    const { err, why } = await ws.fails();

    assert.ok([ERR.ADDRESS, ERR.TIMEOUT].includes(err), `${err}`);
    assert.match(why, /does-not-exist\.invalid/);
});

test("user and password of the URL are not sent", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const { fields, host } = await follow(
        driver, server, `ws://user:pa%40ss@127.0.0.1:${server.port}/`);

    assert.equal(fields.authorization, undefined);
    assert.equal(host, `127.0.0.1:${server.port}`);
});

test("URLs that are none", async (t) => {
    const driver = drive(t);

    for (const [url, why, base] of [
        ["", /empty/], ["chat", /relative/], ["/chat", /relative/],
        ["//example.com/", /relative/], ["localhost:9998/echo", /./],
        ["ftp://example.com/", /scheme/], ["file:///etc/passwd", /./],
        ["wss+unix:///x", /./], ["mailto:a@b", /./], ["javascript:0", /./],
        ["ws://127.0.0.1/#", /fragment/], ["ws://127.0.0.1/x#y", /fragment/],
        ["x#y", /fragment/, "ws://127.0.0.1/"],
        ["ws://", /./], ["ws:///", /./], ["ws://:80/", /./],
        ["ws://a b/", /./], ["ws://a<b/", /./], ["ws://[::1/", /./],
        ["ws://[::g]/", /IPv6/], ["ws://1.2.3.4.5/", /IPv4/],
        ["ws://256.0.0.1/", /IPv4/], ["ws://1.2.3.0x1000/", /IPv4/],
        ["ws://127.0.0.1:65536/", /port/], ["ws://127.0.0.1:x/", /port/],
        ["ws://127.0.0.1:-1/", /port/], ["ws://xn--a/", /./],
        ["chat", /./, "mailto:a@b"], ["chat", /./, "not a base"],
    ]) {
        const { result, why: text } = await driver.socket().open(
            url, base ? { base } : {});

        assert.equal(result, ERR.INVALID, url);
        assert.match(text, why, url);
    }
});

test("ports that browsers block", async (t) => {
    const driver = drive(t);

    for (const port of [1, 22, 25, 143, 6000, 6667, 10080]) {
        const ws = await driver.open(`ws://127.0.0.1:${port}/`);
        const { err, why } = await ws.fails();

        assert.equal(err, ERR.DENIED);
        assert.match(why, new RegExp(`port ${port}\\b`));
    }
});

test("wss where nobody speaks TLS", async (t) => {
    const driver = drive(t);

    for (const scheme of ["wss", "https"]) {
        const ws = await driver.open(`${scheme}://127.0.0.1:${await freePort()}/`);
        const { err, code } = await ws.fails();

        assert.equal(err, ERR.UNREACHABLE);
        assert.equal(code, 1006);
        assert.match((await ws.state()).url, /^wss:\/\/127\.0\.0\.1/);
    }
});
