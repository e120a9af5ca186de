/* SPDX-License-Identifier: MIT */
/*
 * The client against servers of others: npm's ws, and Weft's own with its
 * example handlers. And a thousand sockets on one loop.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { WebSocketServer } from "ws";
import { after } from "../support/after.mjs";
import { drive, ERR } from "./socket_support.mjs";
import { OWN_HANDLERS, serve, within } from "./support.mjs";

const MIB = 1024 * 1024;
const SIZES = [0, 1, 124, 125, 126, 127, 128, 65535, 65536, 65537, MIB,
               16 * MIB];

/* The letters a to z, again and again, as the driver's fill has them. */
const letters = (len) => Buffer.alloc(len, "abcdefghijklmnopqrstuvwxyz");

/* RFC 1950 section 9. */
function adler32(bytes) {
    let a = 1, b = 0;

    for (let i = 0; i < bytes.length; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b * 65536 + a;
}

/* npm's ws on a free port, which sends everything back. */
async function echo(t, options = {}) {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1",
                                         maxPayload: 64 * MIB, ...options });

    await once(server, "listening");
    after(t, () => {
        for (const socket of server.clients)
            socket.terminate();
        server.close();
    });
    server.on("connection", (socket) => socket.on(
        "message", (data, binary) => socket.send(data, { binary })));
    return { server, url: `ws://127.0.0.1:${server.address().port}/` };
}

async function open(driver, url, ...options) {
    const ws = await driver.open(url, ...options);

    ws.opened = await ws.event("open");
    return ws;
}

/* ---- Both ---------------------------------------------------------------- */

const servers = {
    "npm's ws": async (t) => (await echo(t)).url,
    "weft serve": async (t) => (await serve(t)).ws("/echo"),
};

for (const [name, start] of Object.entries(servers)) {
    test(`${name}: every size comes back, text and binary`, async (t) => {
        const url = await start(t);
        const driver = drive(t);
        const ws = await open(driver, url);

        for (const size of SIZES) {
            const sum = adler32(letters(size));

            for (const kind of ["text", "binary"]) {
                assert.equal(await ws.fill(kind, size), 0);
                const got = await ws.event("message");

                assert.deepEqual([got.kind, got.len, got.sum],
                                 [kind, size, sum]);
            }
        }
        assert.equal((await ws.state()).buffered, 0);
        assert.equal(await ws.close(1000, "done"), 0);
        assert.equal((await ws.closes()).code, 1000);
    });

    test(`${name}: any bytes, any text`, async (t) => {
        const url = await start(t);
        const driver = drive(t);
        const ws = await open(driver, url);

        for (const data of ["", "\0", "é€😀", " %20 \n", "a".repeat(1000),
                            Buffer.from([0, 255, 128]), randomBytes(1000)]) {
            assert.equal(await ws.send(data), 0);
            assert.deepEqual((await ws.event("message")).data,
                             Buffer.from(data));
        }
    });

    test(`${name}: many messages keep their order`, async (t) => {
        const url = await start(t);
        const driver = drive(t);
        const ws = await open(driver, url);

        await Promise.all(Array.from({ length: 2000 }, (_, i) =>
            ws.send(i % 2 ? `${i}` : Buffer.from(`${i}`))));
        for (let i = 0; i < 2000; i++) {
            const { kind, data } = await ws.event("message");

            assert.deepEqual([kind, String(data)],
                             [i % 2 ? "text" : "binary", `${i}`]);
        }
    });

    test(`${name}: close codes go there and come back`, async (t) => {
        const url = await start(t);
        const driver = drive(t);

        for (const [args, code] of [[[], 1005], [[1000], 1000],
                                    [[3000, "é"], 3000],
                                    [[4999, "r".repeat(123)], 4999]]) {
            const ws = await open(driver, url);

            assert.equal(await ws.close(...args), 0);
            assert.equal((await ws.closes()).code, code);
        }
    });

    test(`${name}: pings of every length come back`, async (t) => {
        const url = await start(t);
        const driver = drive(t);
        const ws = await open(driver, url);

        for (let len = 0; len <= 125; len++) {
            const data = randomBytes(len);

            assert.equal(await ws.ping(data), 0);
            const pong = await ws.event("control");

            assert.deepEqual([pong.kind, pong.data], ["pong", data]);
        }
    });

    test(`${name}: a thousand sockets on one loop`, async (t) => {
        const url = await start(t);
        const driver = drive(t);
        const sockets = await Promise.all(Array.from(
            { length: 1000 }, () => driver.open(url)));

        await Promise.all(sockets.map((ws) => ws.event("open")));
        for (let round = 0; round < 3; round++) {
            await Promise.all(sockets.map((ws, i) =>
                ws.send(`${i} says ${round}`)));
            await Promise.all(sockets.map(async (ws, i) => assert.equal(
                String((await ws.event("message")).data),
                `${i} says ${round}`)));
        }
        /* A third each closes, is given back, and is left to the end. */
        await Promise.all(sockets.map(async (ws, i) => {
            if (i % 3 === 0) {
                assert.equal(await ws.close(1000), 0);
                assert.equal((await ws.closes()).code, 1000);
            } else if (i % 3 === 1) {
                assert.equal(await ws.free(), 0);
            }
        }));
    });
}

/* ---- npm's ws ------------------------------------------------------------ */

test("npm's ws: subprotocols", async (t) => {
    const { url } = await echo(t, {
        handleProtocols: (offered) => [...offered].at(-1) });
    const driver = drive(t);
    const ws = await open(driver, url, { protocol: ["one", "two", "three"] });

    assert.equal(ws.opened.protocol, "three");
    assert.equal((await open(driver, url)).opened.protocol, "");
});

/* No extension is offered, so none may be used. */
test("npm's ws: compression is not offered", async (t) => {
    const { server, url } = await echo(t, { perMessageDeflate: true });
    const driver = drive(t);
    const asked = once(server, "connection");
    const ws = await open(driver, url);
    const [, request] = await asked;

    assert.equal(request.headers["sec-websocket-extensions"], undefined);
    assert.equal(ws.opened.extensions, "");
    assert.equal(await ws.fill("text", 5000), 0);
    assert.equal((await ws.event("message")).sum, adler32(letters(5000)));
});

test("npm's ws: fragments and pings between them", async (t) => {
    const { server, url } = await echo(t);
    const driver = drive(t);
    const connected = once(server, "connection");
    const ws = await open(driver, url);
    const [socket] = await connected;
    const pong = once(socket, "pong");

    socket.send("é€", { fin: false });
    socket.ping("between");
    socket.send("", { fin: false });
    socket.send("😀", { fin: true });
    assert.equal((await ws.event("control")).kind, "ping");
    assert.equal(String((await ws.event("message")).data), "é€😀");
    assert.equal(String((await within(pong, "a pong"))[0]), "between");
});

test("npm's ws: codes that the server closes with", async (t) => {
    const { server, url } = await echo(t);
    const driver = drive(t);

    for (const [args, code, reason] of [
        [[], 1005, ""], [[1000], 1000, ""], [[1001, "é"], 1001, "é"],
        [[1014], 1014, ""], [[4999, "r".repeat(123)], 4999, "r".repeat(123)],
    ]) {
        const connected = once(server, "connection");
        const ws = await open(driver, url);
        const [socket] = await connected;

        socket.close(...args);
        assert.deepEqual(await ws.closes(), { code, reason });
    }
    const connected = once(server, "connection");
    const ws = await open(driver, url);
    const [socket] = await connected;

    socket.terminate();
    assert.equal((await ws.fails()).code, 1006);
});

test("npm's ws: a refusal", async (t) => {
    const { url } = await echo(t, {
        verifyClient: (info, done) => done(false, 429, "Slow down",
                                           { "Retry-After": "1" }) });
    const driver = drive(t);
    const ws = await driver.open(url);
    const { err, why } = await ws.fails();

    assert.equal(err, ERR.REFUSED);
    assert.match(why, /429 Slow down|429 Too Many Requests/);
});

test("node's http server, which knows no upgrade", async (t) => {
    const server = createServer((request, response) =>
        response.end("a page"));

    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    after(t, () => server.close());
    const driver = drive(t);
    const ws = await driver.open(`ws://127.0.0.1:${server.address().port}/`);
    const { err, why } = await ws.fails();

    assert.equal(err, ERR.REFUSED);
    assert.match(why, /200 OK/);
});

/* ---- weft serve ---------------------------------------------------------- */

test("weft serve: subprotocols, cookies and origins", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS, origin: null });
    const driver = drive(t);
    const ws = await open(driver, server.ws("/protocol"),
                          { protocol: ["first", "second"] });

    assert.equal(ws.opened.protocol, "second");
    const foreign = await driver.open(server.ws("/plain"),
                                      { origin: "https://evil.example" });

    assert.equal((await foreign.fails()).err, ERR.REFUSED);
    assert.equal((await foreign.state()).status, 403);
    await open(driver, server.ws("/plain"),
               { origin: `http://127.0.0.1:${server.port}` });
});

test("weft serve: refusals", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS });
    const driver = drive(t);

    for (const [path, status] of [["/none", 404], ["/refuse", 401]]) {
        const ws = await driver.open(server.ws(path));
        const { err, why } = await ws.fails();

        assert.equal(err, ERR.REFUSED);
        assert.match(why, new RegExp(`the server answered ${status} `));
        assert.equal((await ws.state()).status, status);
    }
});

test("weft serve: limits", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS,
                                    args: ["--message-limit", "1K"] });
    const driver = drive(t);
    const ws = await open(driver, server.ws("/plain"));

    assert.equal(await ws.fill("binary", 1024), 0);
    assert.equal((await ws.event("message")).len, 1024);
    assert.equal(await ws.fill("binary", 1025), 0);
    const { code } = await ws.until("close");

    assert.equal(code, 1009);
});

test("weft serve: its end", async (t) => {
    const server = await serve(t);
    const driver = drive(t);
    const sockets = await Promise.all(Array.from(
        { length: 20 }, () => open(driver, server.ws("/echo"))));

    server.child.kill("SIGTERM");
    for (const ws of sockets)
        assert.equal((await ws.closes()).code, 1001);
});
