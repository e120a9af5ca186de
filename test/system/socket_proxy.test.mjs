/* SPDX-License-Identifier: MIT */
/*
 * The client through a proxy that knows CONNECT: one of the tests' own, which
 * may lie, and tinyproxy. And which proxy it takes, by option and environment.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { after } from "../support/after.mjs";
import { drive, ERR, freePort, listen } from "./socket_support.mjs";
import { frame as anyFrame, poll, within } from "./support.mjs";

const TINYPROXY = "/usr/bin/tinyproxy";
const frame = (first, payload = "") =>
    anyFrame(first, payload, { masked: false });

/* Passes bytes to and fro from now on. */
function tunnel(peer, port) {
    const far = connect({ port, host: "127.0.0.1" });

    far.on("error", () => peer.socket.destroy());
    peer.socket.on("error", () => far.destroy());
    peer.socket.removeAllListeners("data");
    peer.socket.pipe(far);
    far.pipe(peer.socket);
}

/* A server, a proxy in front of it, and a driver. */
async function both(t, env) {
    const server = await listen(t);
    const proxy = await listen(t);

    return { server, proxy, driver: drive(t, env),
             at: `http://127.0.0.1:${proxy.port}` };
}

/* ---- A proxy that does what it should ------------------------------------ */

const established = [
    ["HTTP/1.1 200 OK\r\n\r\n"],
    ["HTTP/1.0 200 Connection established\r\nProxy-agent: tiny\r\n\r\n"],
    ["HTTP/1.1 299\r\n\r\n"],
    /* RFC 9110 section 9.3.6: these are not for the tunnel. */
    ["HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"],
    ["HTTP/1.1 200 OK\r\nUpgrade: x\r\nConnection: close\r\n\r\n"],
];

for (const answers of established) {
    test(`through: ${JSON.stringify(answers.join(" "))}`, async (t) => {
        const { server, proxy, driver, at } = await both(t);
        const ws = await driver.open(server.url("/x?y"), {
            proxy: at, cookie: "secret=1", origin: "https://a.example",
            header: "Authorization: Bearer secret" });
        const middle = await proxy.accept();
        const { first, fields } = await middle.request();

        assert.equal(first, `CONNECT 127.0.0.1:${server.port} HTTP/1.1`);
        assert.deepEqual(Object.keys(fields).sort(), ["host", "user-agent"]);
        assert.equal(fields.host, `127.0.0.1:${server.port}`);
        tunnel(middle, server.port);
        for (const answer of answers)
            middle.send(answer);
        const peer = await server.accept();
        const request = await peer.open();

        assert.equal(request.first, "GET /x?y HTTP/1.1");
        assert.equal(request.fields.host, `127.0.0.1:${server.port}`);
        assert.equal(request.fields.cookie, "secret=1");
        await ws.event("open");
        assert.equal((await ws.state()).status, 101);
        assert.equal(await ws.fill("text", 100000), 0);
        assert.equal((await peer.frame()).payload.length, 100000);
        peer.send(frame(0x81, "back"));
        assert.equal(String((await ws.event("message")).data), "back");
    });
}

test("through: an answer one byte at a time", async (t) => {
    const { server, proxy, driver, at } = await both(t);
    const ws = await driver.open(server.url(), { proxy: at });
    const middle = await proxy.accept();

    await middle.request();
    await middle.drip("HTTP/1.1 200 Connection established\r\nX: y\r\n\r");
    tunnel(middle, server.port);
    middle.send("\n");
    await (await server.accept()).open();
    await ws.event("open");
});

test("through: what goes over the wire is told", async (t) => {
    const { server, proxy, driver, at } = await both(t);
    const ws = await driver.open(server.url(), "wire", { proxy: at });
    const middle = await proxy.accept();

    assert.equal((await ws.event("request")).head.toString(),
                 (await middle.request()).raw);
    tunnel(middle, server.port);
    middle.send("HTTP/1.1 200 OK\r\n\r\n");
    assert.equal((await ws.event("response")).head.toString(),
                 "HTTP/1.1 200 OK\r\n\r\n");
    const { raw } = await (await server.accept()).open();

    assert.equal((await ws.event("request")).head.toString(), raw);
    await ws.event("response");
    await ws.event("open");
});

test("names are the proxy's to look up", async (t) => {
    const { proxy, driver, at } = await both(t);

    for (const [url, target] of [
        ["ws://does-not-exist.invalid/", "does-not-exist.invalid:80"],
        ["http://DOES-not-exist.invalid:81", "does-not-exist.invalid:81"],
        ["ws://[2001:db8::1]:82/", "[2001:db8::1]:82"],
    ]) {
        const ws = await driver.open(url, { proxy: at });
        const middle = await proxy.accept();
        const { first, fields } = await middle.request();

        assert.equal(first, `CONNECT ${target} HTTP/1.1`);
        assert.equal(fields.host, target);
        await ws.free();
        await middle.end();
    }
});

/* ---- User and password --------------------------------------------------- */

test("407 without a password says what to do", async (t) => {
    const { server, proxy, driver, at } = await both(t);
    const ws = await driver.open(server.url(), { proxy: at });
    const middle = await proxy.accept();
    const { fields } = await middle.request();

    assert.equal(fields["proxy-authorization"], undefined);
    middle.send("HTTP/1.1 407 Proxy Authentication Required\r\n" +
                "Proxy-Authenticate: Basic realm=x\r\n\r\n");
    const { err, why } = await ws.fails();

    assert.equal(err, ERR.REFUSED);
    assert.match(why, /the proxy answered 407 Proxy Authentication Required/);
    assert.match(why, /user:password@/);
    assert.equal((await ws.state()).status, 407);
    assert.equal(server.count, 0);
});

for (const [written, sent] of [["user:pass", "user:pass"],
                               ["user", "user:"],
                               ["us%40er:p%3Aa%2fss%20", "us@er:p:a/ss "]]) {
    test(`a proxy's password: ${written}`, async (t) => {
        const { server, proxy, driver } = await both(t);
        const ws = await driver.open(server.url(), {
            proxy: `http://${written}@127.0.0.1:${proxy.port}` });
        const middle = await proxy.accept();
        const { fields } = await middle.request();
        const [scheme, text] = fields["proxy-authorization"].split(" ");

        assert.equal(scheme, "Basic");
        assert.equal(Buffer.from(text, "base64").toString(), sent);
        tunnel(middle, server.port);
        middle.send("HTTP/1.1 200 OK\r\n\r\n");
        const request = await (await server.accept()).open();

        assert.equal(request.fields["proxy-authorization"], undefined,
                     "the password is the proxy's alone");
        await ws.event("open");
    });
}

/* ---- A proxy that does not ----------------------------------------------- */

const refusals = [
    ["HTTP/1.1 403 Forbidden\r\n\r\n", "REFUSED", /the proxy answered 403/],
    ["HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", "REFUSED",
     /the proxy answered 502/],
    ["HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n", "REFUSED",
     /the proxy answered 302/],
    ["HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
     "REFUSED", /the proxy answered 101/],
    ["SSH-2.0-OpenSSH_9.2\r\n", "PROTOCOL", /the proxy's answer is not HTTP/],
    [Buffer.alloc(64, 0x80), "PROTOCOL", /the proxy's answer is not HTTP/],
    ["HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "PROTOCOL",
     /the proxy's answer has/],
    [`HTTP/1.1 200 OK\r\nX: ${"x".repeat(70000)}\r\n\r\n`, "LIMIT",
     /the proxy's answer has/],
    /* What is behind the 200 came from a server that was not asked yet. */
    ["HTTP/1.1 200 OK\r\n\r\nSSH-2.0-OpenSSH_9.2\r\n", "PROTOCOL",
     /the server's answer is not HTTP/],
    ["HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n" +
     "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
     "PROTOCOL", /Sec-WebSocket-Accept/],
    ["HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n", "REFUSED",
     /the server answered 404/],
];

for (const [bytes, name, names] of refusals) {
    test(`refused: ${JSON.stringify(String(bytes)).slice(0, 60)}`,
         async (t) => {
        const { server, proxy, driver, at } = await both(t);
        const ws = await driver.open(server.url(), { proxy: at });
        const middle = await proxy.accept();

        await middle.request();
        middle.send(bytes);
        const { err, why, code } = await ws.fails();

        assert.equal(err, ERR[name], why);
        assert.match(why, names);
        assert.equal(code, 1006);
        await middle.end();
        assert.equal(server.count, 0);
    });
}

for (const [ending, leave] of [["RST", (peer) => peer.reset()],
                               ["FIN", (peer) => peer.socket.end()]]) {
    test(`a proxy that vanishes with ${ending}`, async (t) => {
        const { server, proxy, driver, at } = await both(t);

        for (const said of ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nX:"]) {
            const ws = await driver.open(server.url(), { proxy: at });
            const middle = await proxy.accept();

            await middle.request();
            middle.send(said);
            leave(middle);
            assert.match((await ws.fails()).why,
                         /the proxy (closed|reset) the connection/);
        }
        const ws = await driver.open(server.url(), { proxy: at });
        const middle = await proxy.accept();

        await middle.request();
        middle.send("HTTP/1.1 200 OK\r\n\r\n");
        assert.match((await middle.request()).first, /^GET \/ /);
        leave(middle);
        assert.match((await ws.fails()).why,
                     /the server (closed|reset) the connection/);
    });
}

test("a proxy that never answers", async (t) => {
    const { server, proxy, driver, at } = await both(t);
    const ws = await driver.open(server.url(), { proxy: at, connect_ms: 300 });
    const middle = await proxy.accept();

    await middle.request();
    const { err, why } = await ws.fails();

    assert.equal(err, ERR.TIMEOUT);
    assert.match(why, /waiting for the proxy's answer/);
    await middle.end();
});

test("a proxy that is not there", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const port = await freePort();
    const ws = await driver.open(server.url(), {
        proxy: `http://127.0.0.1:${port}` });
    const { err, why } = await ws.fails();

    assert.equal(err, ERR.UNREACHABLE);
    assert.match(why, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.equal(server.count, 0, "it does not go round the proxy");
});

test("what the proxy option may not be", async (t) => {
    const driver = drive(t);

    for (const proxy of ["https://127.0.0.1:1", "socks5://127.0.0.1:1",
                         "http://", "http://:80", "http://a:b:c",
                         "http://127.0.0.1:99999", "http://a b"]) {
        const { result, why } = await driver.socket().open(
            "ws://127.0.0.1:1234/", { proxy });

        assert.equal(result, ERR.INVALID, proxy);
        assert.match(why, /proxy/, proxy);
    }
});

/* ---- Which proxy --------------------------------------------------------- */

/* Who is connected to: "proxy" or "server". */
async function taken({ proxy, server, driver }, url, options = {}) {
    const ws = await driver.open(url, options);
    const who = await within(Promise.race([
        proxy.connection().then(() => "proxy"),
        server.connection().then(() => "server"),
    ]), "a connection");
    const peer = await (who === "proxy" ? proxy : server).accept();

    await ws.free();
    await peer.end();
    return who;
}

for (const [what, want, env, path] of [
    ["no variable", "server", () => ({})],
    ["http_proxy", "proxy", (p) => ({ http_proxy: p })],
    ["http_proxy without a scheme", "proxy",
     (p) => ({ http_proxy: p.replace("http://", "") })],
    ["http_proxy with a slash", "proxy", (p) => ({ http_proxy: `${p}/` })],
    /* A request's field in a CGI program. */
    ["HTTP_PROXY", "server", (p) => ({ HTTP_PROXY: p })],
    ["https_proxy is for wss", "server", (p) => ({ https_proxy: p })],
    ["all_proxy", "proxy", (p) => ({ all_proxy: p })],
    ["ALL_PROXY", "proxy", (p) => ({ ALL_PROXY: p })],
    ["no_proxy=*", "server", (p) => ({ http_proxy: p, no_proxy: "*" })],
    ["no_proxy with all_proxy", "server",
     (p) => ({ all_proxy: p, no_proxy: "*" })],
    ["no_proxy by address", "server",
     (p) => ({ http_proxy: p, no_proxy: "a.example, 127.0.0.1" })],
    ["NO_PROXY", "server", (p) => ({ http_proxy: p, NO_PROXY: "127.0.0.1" })],
    ["no_proxy by network", "server",
     (p) => ({ http_proxy: p, no_proxy: "127.0.0.0/8" })],
    ["no_proxy of another network", "proxy",
     (p) => ({ http_proxy: p, no_proxy: "10.0.0.0/8,128.0.0.0/1" })],
    ["no_proxy of another name", "proxy",
     (p) => ({ http_proxy: p, no_proxy: "localhost,example.com" })],
    ["no_proxy by name", "server",
     (p) => ({ http_proxy: p, no_proxy: "localhost" }), "localhost"],
    ["no_proxy by the name above", "server",
     (p) => ({ http_proxy: p, no_proxy: "b.localhost" }), "a.b.localhost"],
    ["no_proxy by the name above, with a dot", "server",
     (p) => ({ http_proxy: p, no_proxy: ".b.localhost" }), "a.b.localhost"],
    ["no_proxy by the end of a name", "proxy",
     (p) => ({ http_proxy: p, no_proxy: "ost" }), "localhost"],
    ["no_proxy in other case", "server",
     (p) => ({ http_proxy: p, no_proxy: "LocalHost" }), "localhost"],
    ["no_proxy with another port", "proxy",
     (p) => ({ http_proxy: p, no_proxy: "127.0.0.1:1" })],
]) {
    test(`by the environment: ${what}`, async (t) => {
        const server = await listen(t), proxy = await listen(t);
        const driver = drive(t, env(`http://127.0.0.1:${proxy.port}`));

        assert.equal(await taken({ server, proxy, driver },
                                 server.url("/", path ?? "127.0.0.1")), want);
    });
}

test("the option is stronger than the environment", async (t) => {
    const server = await listen(t), proxy = await listen(t);
    const at = `http://127.0.0.1:${proxy.port}`;
    const hosts = { server, proxy };

    hosts.driver = drive(t, { http_proxy: at });
    assert.equal(await taken(hosts, server.url(), { proxy: "" }), "server");
    hosts.driver = drive(t, { no_proxy: "*" });
    assert.equal(await taken(hosts, server.url(), { proxy: at }), "proxy");
    hosts.driver = drive(t, { http_proxy: "http://127.0.0.1:1" });
    assert.equal(await taken(hosts, server.url(), { proxy: at }), "proxy");
});

test("a variable that is no proxy is named", async (t) => {
    const driver = drive(t, { http_proxy: "socks5://127.0.0.1:1" });
    const { result, why } = await driver.socket().open("ws://127.0.0.1:1234/");

    assert.equal(result, ERR.INVALID);
    assert.match(why, /http_proxy/);
});

test("a proxy by IPv6", async (t) => {
    const server = await listen(t);
    const proxy = await listen(t, { host: "::1" });
    const driver = drive(t);

    assert.equal(await taken({ server, proxy, driver }, server.url(),
                             { proxy: `http://[::1]:${proxy.port}` }), "proxy");
});

/* ---- tinyproxy ----------------------------------------------------------- */

async function tinyproxy(t, ...lines) {
    const dir = mkdtempSync(join(tmpdir(), "weft-tinyproxy-"));
    const file = join(dir, "conf");
    const port = await freePort();

    writeFileSync(file, [`Port ${port}`, "Listen 127.0.0.1", "Timeout 600",
                         "Allow 127.0.0.1", ...lines, ""].join("\n"));
    const child = spawn(TINYPROXY, ["-d", "-c", file],
                        { stdio: ["ignore", "ignore", "ignore"] });
    const ended = once(child, "close");

    after(t, async () => {
        child.kill("SIGKILL");
        await ended;
        rmSync(dir, { recursive: true });
    });
    await poll(() => new Promise((done) => {
        const probe = connect(port, "127.0.0.1");

        probe.once("connect", () => { probe.destroy(); done(true); });
        probe.once("error", () => done(undefined));
    }), "tinyproxy to listen");
    return port;
}

const skip = existsSync(TINYPROXY) ? false : "tinyproxy is not installed";

test("tinyproxy: there and back", { skip }, async (t) => {
    const port = await tinyproxy(t);
    const server = await listen(t);
    const driver = drive(t, { http_proxy: `127.0.0.1:${port}` });
    const ws = await driver.open(server.url());
    const peer = await server.accept();

    await peer.open();
    await ws.event("open");
    for (const len of [1, 1000, 1000000]) {
        assert.equal(await ws.fill("binary", len), 0);
        assert.equal((await peer.frame()).payload.length, len);
        peer.send(frame(0x82, Buffer.alloc(len)));
        assert.equal((await ws.event("message")).len, len);
    }
    assert.equal(await ws.close(1000), 0);
    const { payload } = await peer.frame();

    peer.send(frame(0x88, payload));
    peer.socket.end();
    assert.equal((await ws.closes()).code, 1000);
});

test("tinyproxy: user and password", { skip }, async (t) => {
    const port = await tinyproxy(t, "BasicAuth someone secret");
    const server = await listen(t);
    const driver = drive(t);
    const at = `127.0.0.1:${port}`;

    for (const proxy of [`http://${at}`, `http://someone:wrong@${at}`]) {
        const ws = await driver.open(server.url(), { proxy });

        assert.equal((await ws.fails()).err, ERR.REFUSED);
        assert.ok([401, 407].includes((await ws.state()).status));
    }
    const ws = await driver.open(server.url(),
                                 { proxy: `http://someone:secret@${at}` });

    await (await server.accept()).open();
    await ws.event("open");
});

test("tinyproxy: a port that it refuses, one that nobody has", { skip },
     async (t) => {
    const none = await freePort();
    const port = await tinyproxy(t, `ConnectPort ${none}`);
    const server = await listen(t);
    const driver = drive(t);
    const proxy = `http://127.0.0.1:${port}`;

    const refused = await driver.open(server.url(), { proxy });

    assert.equal((await refused.fails()).err, ERR.REFUSED);
    assert.equal((await refused.state()).status, 403);
    const lost = await driver.open(`ws://127.0.0.1:${none}/`, { proxy });

    assert.equal((await lost.fails()).err, ERR.REFUSED);
    assert.ok((await lost.state()).status >= 500);
});
