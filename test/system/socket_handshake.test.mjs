/* SPDX-License-Identifier: MIT */
/*
 * The client's handshake against a server that speaks in bytes: what is asked,
 * and what is refused, with a text that says which field was wrong.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accept, answer, drive, ERR, joined, listen }
    from "./socket_support.mjs";
import { frame } from "./support.mjs";

const hello = frame(0x81, "hello", { masked: false });

/* ---- What is asked ------------------------------------------------------- */

test("the request has what it must, once, and nothing else", async (t) => {
    const { server, request } = await joined(t);
    const { first, fields } = request;

    assert.equal(first, "GET / HTTP/1.1");
    assert.deepEqual(Object.keys(fields).sort(),
                     ["connection", "host", "sec-websocket-key",
                      "sec-websocket-version", "upgrade", "user-agent"]);
    assert.equal(fields.host, `127.0.0.1:${server.port}`);
    assert.match(fields.upgrade, /^websocket$/i);
    assert.match(fields.connection, /^upgrade$/i);
    assert.equal(fields["sec-websocket-version"], "13");
    assert.match(fields["sec-websocket-key"], /^[A-Za-z0-9+/]{21}[AQgw]==$/);
    assert.match(fields["user-agent"], /^Weft\//);
});

test("every key is another", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const keys = new Set();

    for (let i = 0; i < 50; i++) {
        const ws = await driver.open(server.url());
        const { fields } = await (await server.accept()).open();

        keys.add(fields["sec-websocket-key"]);
        await ws.until("open");
        await ws.free();
    }
    assert.equal(keys.size, 50);
});

test("what the caller gives is in the request", async (t) => {
    const { ws, request } = await joined(t, {
        origin: "https://example.com", cookie: "a=1; b=2",
        header: ["X-One: 1", "x-two:  2 ", "User-Agent: mine/1",
                 "Host: other.example", "Authorization: Basic eDp5"],
    });
    const { fields } = request;

    assert.equal(fields.origin, "https://example.com");
    assert.equal(fields.cookie, "a=1; b=2");
    assert.equal(fields["x-one"], "1");
    assert.equal(fields["x-two"], "2");
    assert.equal(fields["user-agent"], "mine/1");
    assert.equal(fields.host, "other.example");
    assert.equal(fields.authorization, "Basic eDp5");
    assert.equal((await ws.state()).status, 101);
});

test("subprotocols: the offer and the choice", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const ws = await driver.open(server.url(),
                                 { protocol: ["one", "Two.2", "three"] });
    const peer = await server.accept();
    const { fields } =
        await peer.open({ "Sec-WebSocket-Protocol": "Two.2" });

    assert.equal(fields["sec-websocket-protocol"], "one, Two.2, three");
    assert.equal((await ws.until("open")).protocol, "Two.2");
    assert.equal((await ws.state()).protocol, "Two.2");
});

test("what goes over the wire is told", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const ws = await driver.open(server.url("/a?b"), "wire");
    const peer = await server.accept();
    const request = await peer.request();
    const reply = answer(request, { "X-More": "\u00e9" });

    assert.equal((await ws.event("request")).head.toString(), request.raw);
    peer.send(reply);
    assert.equal((await ws.event("response")).head.toString(), reply);
    await ws.event("open");
    peer.send(hello);
    assert.deepEqual(await ws.event("frame"), {
        event: "frame", way: "received", fin: true, rsv: 0, opcode: 1,
        masked: false, key: Buffer.alloc(0), len: 5,
    });
    await ws.event("message");
    assert.equal(await ws.send("answer"), 0);
    const told = await ws.event("frame");
    const seen = await peer.frame();

    assert.deepEqual([told.way, told.opcode, told.masked, told.len],
                     ["sent", 1, true, 6]);
    assert.ok(told.key.equals(seen.key));
    assert.equal(String(seen.payload), "answer");
});

test("a request of almost a megabyte, and of more", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const ws = await driver.open(server.url(),
                                 { header: `X-Long: ${"x".repeat(1000000)}` });
    const peer = await server.accept();
    const { fields } = await peer.request();

    assert.equal(fields["x-long"].length, 1000000);
    peer.send(answer({ fields }));
    await ws.event("open");

    const { result, why } = await driver.socket().open(
        server.url(), { header: `X-Long: ${"x".repeat(1100000)}` });

    assert.equal(result, ERR.INVALID);
    assert.match(why, /megabyte/);
});

/* It may, where it does not like what it has seen of the request. */
test("a server that answers before it has read", async (t) => {
    const server = await listen(t);
    const driver = drive(t);

    for (const first of ["HTTP/1.1 431 Too Large", "HTTP/1.1 503 Busy"]) {
        const ws = await driver.open(
            server.url(), { header: `X-Long: ${"x".repeat(1000000)}` });
        const peer = await server.accept();

        peer.socket.pause();
        peer.send(`${first}\r\nContent-Length: 0\r\n\r\n`);
        const { err, why } = await ws.fails();

        assert.equal(err, ERR.REFUSED, why);
        peer.socket.resume();
        await peer.end();
    }
});

/* ---- What is wrong with the call ----------------------------------------- */

test("what the caller has wrong is told at once", async (t) => {
    const driver = drive(t);
    const url = "ws://127.0.0.1:1234/";

    for (const [options, why] of [
        [{ protocol: "" }, /subprotocol is not a token/],
        [{ protocol: "a b" }, /subprotocol is not a token/],
        [{ protocol: "a\r\nX: y" }, /subprotocol is not a token/],
        [{ protocol: "é" }, /subprotocol is not a token/],
        [{ protocol: ["a", "b", "a"] }, /subprotocol is there twice/],
        [{ header: "X-One" }, /header has no colon/],
        [{ header: "X One: 1" }, /header has a character/],
        [{ header: "X: a\r\nY: b" }, /header has a character/],
        [{ header: ": a" }, /header has a character/],
        [{ header: "Sec-WebSocket-Key: x" }, /handshake sets by itself/],
        [{ header: "sec-websocket-extensions: x" }, /sets by itself/],
        [{ header: "Connection: close" }, /sets by itself/],
        [{ header: "UPGRADE: h2c" }, /sets by itself/],
        [{ header: "Transfer-Encoding: chunked" }, /sets by itself/],
        [{ header: ["Host: a", "Host: b"] }, /twice/],
        [{ origin: "a\nb" }, /origin or the cookie/],
        [{ cookie: "a=\r\n" }, /origin or the cookie/],
        [{ proxy: "socks5://127.0.0.1:1" }, /proxy/],
        [{ proxy: "http://" }, /proxy/],
    ]) {
        const { result, why: text } = await driver.socket().open(url, options);

        assert.equal(result, ERR.INVALID, JSON.stringify(options));
        assert.match(text, why);
    }
    for (const protocols of [["a", "A"], ["!#$%&'*+-.^_`|~09az"]]) {
        const ws = driver.socket();

        assert.equal((await ws.open(url, { protocol: protocols })).result, 0);
        await ws.free();
    }
});

/* ---- Lies ---------------------------------------------------------------- */

const P = { protocol: ["chat", "news"] };
const ACCEPT = "Sec-WebSocket-Accept";
const PROTOCOL = "Sec-WebSocket-Protocol";
const EXTENSIONS = "Sec-WebSocket-Extensions";

/* What is wrong, the fields that are, options, and what the error must name. */
const lies = [
    ["no Upgrade", { Upgrade: undefined }, {}, /Upgrade/],
    ["an empty Upgrade", { Upgrade: "" }, {}, /Upgrade/],
    ["Upgrade to something else", { Upgrade: "h2c" }, {}, /Upgrade/],
    ["Upgrade to more", { Upgrade: "websocket, h2c" }, {}, /Upgrade/],
    ["Upgrade with a version", { Upgrade: "websocket/13" }, {}, /Upgrade/],
    ["Upgrade twice", { Upgrade: ["websocket", "websocket"] }, {}, /Upgrade/],
    ["no Connection", { Connection: undefined }, {}, /Connection/],
    ["an empty Connection", { Connection: "" }, {}, /Connection/],
    ["Connection: close", { Connection: "close" }, {}, /Connection/],
    ["Connection: upgraded", { Connection: "upgraded" }, {}, /Connection/],
    ["no accept", { [ACCEPT]: undefined }, {}, /Sec-WebSocket-Accept/],
    ["an empty accept", { [ACCEPT]: "" }, {}, /Sec-WebSocket-Accept/],
    ["the accept of another key",
     { [ACCEPT]: accept("dGhlIHNhbXBsZSBub25jZQ==") }, {},
     /Sec-WebSocket-Accept/],
    ["the key for an accept", (r) => ({
        [ACCEPT]: r.fields["sec-websocket-key"] }), {}, /Sec-WebSocket-Accept/],
    ["an accept of other case", (r) => ({
        [ACCEPT]: accept(r.fields["sec-websocket-key"]).replace(
            /[a-z]/i, (c) => c === c.toLowerCase() ? c.toUpperCase()
                                                   : c.toLowerCase()) }), {},
     /Sec-WebSocket-Accept/],
    ["an accept that is cut", (r) => ({
        [ACCEPT]: accept(r.fields["sec-websocket-key"]).slice(0, -1) }), {},
     /Sec-WebSocket-Accept/],
    ["an accept with more behind it", (r) => ({
        [ACCEPT]: `${accept(r.fields["sec-websocket-key"])}=` }), {},
     /Sec-WebSocket-Accept/],
    ["the accept twice", (r) => ({
        [ACCEPT]: Array(2).fill(accept(r.fields["sec-websocket-key"])) }), {},
     /Sec-WebSocket-Accept/],
    ["a subprotocol that was not offered", { [PROTOCOL]: "other" }, P,
     /Sec-WebSocket-Protocol/],
    ["one where none was offered", { [PROTOCOL]: "chat" }, {},
     /Sec-WebSocket-Protocol/],
    ["an empty one where none was offered", { [PROTOCOL]: "" }, {},
     /Sec-WebSocket-Protocol/],
    ["none where some were offered", {}, P, /Sec-WebSocket-Protocol/],
    ["an empty one", { [PROTOCOL]: "" }, P, /Sec-WebSocket-Protocol/],
    ["one of other case", { [PROTOCOL]: "Chat" }, P, /Sec-WebSocket-Protocol/],
    ["both", { [PROTOCOL]: "chat, news" }, P, /Sec-WebSocket-Protocol/],
    ["the same twice", { [PROTOCOL]: ["chat", "chat"] }, P,
     /Sec-WebSocket-Protocol/],
    ["an extension that was not offered",
     { [EXTENSIONS]: "permessage-deflate" }, {},
     /an extension that was not offered/],
    ["an extension with parameters",
     { [EXTENSIONS]: "x-deflate; server_max_window_bits=16" }, {},
     /an extension that was not offered/],
    ["an extension that is none", { [EXTENSIONS]: "a b" }, {},
     /Sec-WebSocket-Extensions/],
    ["an extension in quotes", { [EXTENSIONS]: '"x"' }, {},
     /Sec-WebSocket-Extensions/],
];

for (const [what, fields, options, names] of lies) {
    test(`refused: ${what}`, async (t) => {
        const server = await listen(t);
        const driver = drive(t);
        const ws = await driver.open(server.url(), options);
        const peer = await server.accept();
        const request = await peer.request();

        peer.send(answer(request, typeof fields === "function"
            ? fields(request) : fields), hello);
        const { err, why, code } = await ws.fails();

        assert.equal(err, ERR.PROTOCOL, why);
        assert.match(why, names);
        assert.equal(code, 1006);
        assert.deepEqual([(await ws.state()).ready, (await ws.state()).status],
                         [3, 101]);
        await peer.end();
        assert.equal(peer.bytes.length, 0, "nothing goes to such a server");
    });
}

/* What stands in other places, and is no lie. */
const truths = [
    ["fields in any case and order", (r) =>
        "HTTP/1.1 101\r\n" +
        `SEC-WEBSOCKET-ACCEPT:${accept(r.fields["sec-websocket-key"])}\r\n` +
        "connection:keep-alive,  UPGRADE\r\nupgrade:\tWebSocket \r\n\r\n"],
    ["Connection in two fields", (r) =>
        answer(r, { Connection: ["keep-alive", "upgrade"] })],
    ["any reason", (r) => answer(r, {}, "HTTP/1.1 101 Whatever (you) like")],
    /* RFC 9110 section 2.5: read as the newest that is known. */
    ["HTTP/1.2", (r) => answer(r, {}, "HTTP/1.2 101 Switching Protocols")],
    ["a version field", (r) => answer(r, { "Sec-WebSocket-Version": "13" })],
    ["many fields", (r) => answer(r, Object.fromEntries(
        Array.from({ length: 80 }, (_, i) => [`X-${i}`, "x".repeat(i)])))],
    ["a long field", (r) => answer(r, { "X-Long": "x".repeat(30000) })],
    ["interim answers in front", (r) =>
        "HTTP/1.1 100 Continue\r\n\r\n" +
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(r)],
];

for (const [what, make] of truths) {
    test(`accepted: ${what}`, async (t) => {
        const server = await listen(t);
        const driver = drive(t);
        const ws = await driver.open(server.url());
        const peer = await server.accept();

        peer.send(Buffer.concat([Buffer.from(make(await peer.request())),
                                 hello]));
        await ws.event("open");
        assert.equal(String((await ws.event("message")).data), "hello");
    });
}

/* ---- Answers that are not 101 -------------------------------------------- */

for (const status of [200, 204, 301, 302, 307, 400, 401, 403, 404, 407, 426,
                      429, 500, 503]) {
    test(`refused: status ${status}`, async (t) => {
        const server = await listen(t);
        const driver = drive(t);
        const ws = await driver.open(server.url());
        const peer = await server.accept();
        const request = await peer.request();

        peer.send(answer(request, { Location: server.url("/else"),
                                    "WWW-Authenticate": "Basic" },
                         `HTTP/1.1 ${status} So it is`));
        const { err, why, code } = await ws.fails();

        assert.equal(err, ERR.REFUSED);
        assert.match(why, new RegExp(`\\b${status} So it is`));
        assert.equal(code, 1006);
        assert.equal((await ws.state()).status, status);
        await peer.end();
        assert.equal(server.count, 1, "neither followed nor tried again");
    });
}

test("a reason is shown so that no terminal minds", async (t) => {
    const server = await listen(t);
    const driver = drive(t);

    for (const reason of ["caf\u00e9", "\u009b31m", "a\\b", "x".repeat(1000),
                          "\t"]) {
        const ws = await driver.open(server.url());
        const peer = await server.accept();

        await peer.request();
        peer.send(`HTTP/1.1 404 ${reason}\r\n\r\n`);
        const { why } = await ws.fails();

        assert.ok(why.length > 10 && why.length < 256);
        assert.doesNotMatch(why, /\p{Cc}/u);
    }
});

const notAnswers = [
    ["HTTP/1.0", "HTTP/1.0 101 Switching Protocols", /HTTP\/1\.0/],
    ["HTTP/2", "HTTP/2 101 Switching Protocols", /HTTP\/2/],
    ["no HTTP", "SSH-2.0-OpenSSH_9.2", /not HTTP/],
    ["HTTP in small letters", "http/1.1 101 x", /not HTTP/],
    ["four digits", "HTTP/1.1 1010 x", /status/],
    ["two digits", "HTTP/1.1 10 x", /status/],
    ["no digits", "HTTP/1.1 abc x", /status/],
    ["a status of 600", "HTTP/1.1 600 x", /status/],
    ["a status of 099", "HTTP/1.1 099 x", /status/],
    ["no status", "HTTP/1.1", /status|HTTP/],
    ["a field without a colon",
     "HTTP/1.1 101 Switching Protocols\r\nUpgrade", /colon/],
    ["a space in front of the colon",
     "HTTP/1.1 101 Switching Protocols\r\nX : y", /white space/],
    ["a NUL in a field", "HTTP/1.1 101 Switching Protocols\r\nX: a\0b",
     /control character/],
    ["a bare LF", "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket",
     /CR LF/],
    ["300 fields", `HTTP/1.1 101 Switching Protocols\r\n${
        Array.from({ length: 300 }, (_, i) => `X-${i}: y`).join("\r\n")}`,
     /more fields/],
];

for (const [what, head, names] of notAnswers) {
    test(`refused: ${what}`, async (t) => {
        const server = await listen(t);
        const driver = drive(t);
        const ws = await driver.open(server.url());
        const peer = await server.accept();

        peer.send(answer(await peer.request(), {}, head));
        const { err, why } = await ws.fails();

        assert.ok([ERR.PROTOCOL, ERR.LIMIT].includes(err), `${err} ${why}`);
        assert.match(why, names);
        await peer.end();
    });
}

test("refused: an alert of TLS, binary rubbish", async (t) => {
    const server = await listen(t);
    const driver = drive(t);

    for (const bytes of [Buffer.from([21, 3, 1, 0, 2, 2, 70]),
                         Buffer.alloc(100, 255), Buffer.from("\r\n\r\n")]) {
        const ws = await driver.open(server.url(), "wire");
        const peer = await server.accept();

        await peer.request();
        peer.send(bytes);
        await ws.event("request");
        assert.ok((await ws.event("response")).head.equals(bytes));
        const { err, why } = await ws.fails();

        assert.equal(err, ERR.PROTOCOL);
        assert.match(why, /not HTTP/);
    }
});

test("refused: a head over the limit, whole or dripping", async (t) => {
    const server = await listen(t);
    const driver = drive(t);

    for (const [limit, size] of [[1000, 2000], [undefined, 70000],
                                 [1000, 1000000]]) {
        const ws = await driver.open(
            server.url(), limit ? { header_limit: limit } : []);
        const peer = await server.accept();
        const request = await peer.request();

        peer.send(answer(request, { "X-Long": "x".repeat(size) }));
        const { err, why } = await ws.fails();

        assert.equal(err, ERR.LIMIT);
        assert.match(why, /limit/);
    }
    const ws = await driver.open(server.url(), { header_limit: 300 });
    const peer = await server.accept();

    await peer.request();
    peer.send("HTTP/1.1 101 Switching Protocols\r\n");
    for (let i = 0; i < 400 && !peer.over; i++)
        await peer.drip("X");
    assert.equal((await ws.fails()).err, ERR.LIMIT);
});

/* A name has no end, so a field is refused before its line has one. */
test("header_limit switched off", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const ws = await driver.open(server.url(), { header_limit: "never" });
    const peer = await server.accept();
    const request = await peer.request();

    peer.send(answer(request, { "X-Long": "x".repeat(1000000) }));
    await ws.event("open");
});

/* ---- Slowly, or never ---------------------------------------------------- */

test("an answer one byte at a time", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const ws = await driver.open(server.url(), { protocol: "chat" });
    const peer = await server.accept();
    const request = await peer.request();

    await peer.drip("HTTP/1.1 100 Continue\r\n\r\n");
    await peer.drip(answer(request, { [PROTOCOL]: "chat" }));
    await peer.drip(hello);
    assert.equal((await ws.event("open")).protocol, "chat");
    assert.equal(String((await ws.event("message")).data), "hello");
});

const silences = {
    "no answer": [async () => {}, /waiting for the server's answer/],
    "half an answer": [async (peer) => peer.send("HTTP/1.1 101 Swit"),
                       /waiting for the server's answer/],
    "interim answers without end": [async (peer) => {
        for (let i = 0; i < 1000; i++)
            peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    }, /waiting for the server's answer/],
};

for (const [what, [act, names]] of Object.entries(silences)) {
    test(`connect_ms: ${what}`, async (t) => {
        const server = await listen(t);
        const driver = drive(t);
        const ws = await driver.open(server.url(), { connect_ms: 300 });
        const peer = await server.accept();

        await peer.request();
        await act(peer);
        const { err, why, code } = await ws.fails();

        assert.equal(err, ERR.TIMEOUT);
        assert.match(why, /0\.3 s/);
        assert.match(why, names);
        assert.equal(code, 1006);
        await peer.end();
    });
}

test("connect_ms has no effect once it is open", async (t) => {
    const { ws, peer } = await joined(t, { connect_ms: 200 });
    const late = new Promise((done) => setTimeout(done, 400));

    await late; /* the one thing that must not happen takes time */
    peer.send(hello);
    assert.equal(String((await ws.event("message")).data), "hello");
});

/* ---- Ends ---------------------------------------------------------------- */

const stages = {
    "before the request was read": async () => {},
    "after the request": async (peer) => { await peer.request(); },
    "in the status line": async (peer) => {
        await peer.request();
        peer.send("HTTP/1.1 1");
    },
    "in the fields": async (peer) => {
        const reply = answer(await peer.request());

        peer.send(reply.slice(0, reply.length - 3));
    },
    "after an interim answer": async (peer) => {
        await peer.request();
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    },
};

for (const [ending, leave] of [["RST", (peer) => peer.reset()],
                               ["FIN", (peer) => peer.socket.end()]]) {
    for (const [stage, act] of Object.entries(stages)) {
        test(`the server vanishes with ${ending} ${stage}`, async (t) => {
            const server = await listen(t);
            const driver = drive(t);
            const ws = await driver.open(server.url());
            const peer = await server.accept();

            await act(peer);
            leave(peer);
            const { err, why, code } = await ws.fails();

            assert.equal(code, 1006);
            /* A reset may be there before the client sees that it connected. */
            if (act === stages["before the request was read"] &&
                err === ERR.UNREACHABLE) {
                assert.match(why, /reset/);
                return;
            }
            assert.ok([ERR.EOF, ERR.GONE].includes(err), `${err}`);
            assert.match(why, /the server (closed|reset) the connection/);
        });
    }
}

/* ---- close and free while CONNECTING ------------------------------------- */

for (const [stage, act] of Object.entries(stages)) {
    test(`closed by its owner ${stage}`, async (t) => {
        const server = await listen(t);
        const driver = drive(t);
        const ws = await driver.open(server.url());
        const peer = await server.accept();

        await act(peer);
        assert.equal(await ws.send("too early"), ERR.USAGE);
        assert.equal(await ws.close(4000, "no more"), 0);
        assert.ok([2, 3].includes((await ws.state()).ready));
        const { code } = await ws.fails();

        assert.equal(code, 1006);
        assert.equal((await ws.state()).ready, 3);
        await peer.end();
    });

    test(`freed by its owner ${stage}`, async (t) => {
        const server = await listen(t);
        const driver = drive(t);
        const ws = await driver.open(server.url());
        const peer = await server.accept();

        await act(peer);
        await ws.free();
        await peer.end();
        assert.equal(ws.waiting, 0);
    });
}

test("closed at once, before any turn of the loop", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const ws = driver.socket();
    const opened = ws.open(server.url());

    assert.equal(await ws.close(), 0); /* both lines come in one piece */
    assert.equal((await opened).result, 0);
    assert.equal((await ws.fails()).code, 1006);
});

test("many that are freed while they connect", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const done = [];

    for (let i = 0; i < 300; i++) {
        const ws = driver.socket();

        done.push(ws.open(server.url("/", i % 3 ? "localhost" : "127.0.0.1")));
        if (i % 7 === 0)
            await ws.state();
        done.push(ws.free());
    }
    await Promise.all(done);
    const last = await driver.open(server.url("/last"));

    for (;;) {
        const peer = await server.accept();
        const request = await peer.request().catch(() => undefined);

        if (request?.first.startsWith("GET /last ")) {
            peer.send(answer(request));
            break;
        }
    }
    await last.event("open");
});

for (const event of ["request", "response"]) {
    for (const command of ["close", "free"]) {
        test(`${command} inside ${event}`, async (t) => {
            const server = await listen(t);
            const driver = drive(t);
            const ws = driver.socket();
            const opened = ws.open(server.url(), "wire");

            await ws.on(event, command);
            assert.equal((await opened).result, 0);
            const peer = await server.accept();

            if (event === "response")
                peer.send(answer(await peer.request()));
            await ws.event("request");
            if (event === "response")
                await ws.event("response");
            if (command === "close")
                assert.equal((await ws.fails()).code, 1006);
            await peer.end();
            assert.deepEqual(ws.reactions, [{ name: command, result: 0 }]);
            assert.equal(ws.waiting, 0);
        });
    }
}
