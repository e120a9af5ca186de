/* SPDX-License-Identifier: MIT */
/* The example handlers, with npm's ws as the client. */
import assert from "node:assert/strict";
import { test } from "node:test";
import Ws from "ws";
import { serve, within } from "./support.mjs";

/* A client that keeps messages until they are asked for: text as strings,
 * binary as Buffers. */
class Client {
    #queue = [];
    #wake = () => {};

    constructor(url, protocols, options) {
        this.socket = new Ws(url, protocols,
                             { perMessageDeflate: false, ...options });
        this.socket.on("message", (data, isBinary) => {
            this.#queue.push(isBinary ? data : String(data));
            this.#wake();
        });
        this.closed = new Promise((done) => this.socket.on(
            "close", (code, reason) => done({ code, reason: String(reason) })));
        this.opened = new Promise((done, fail) => {
            this.socket.on("open", () => done(this));
            this.socket.on("error", fail);
        });
    }

    get waiting() {
        return this.#queue.length;
    }

    send(data) {
        this.socket.send(data);
        return this;
    }

    async next() {
        const wait = async () => {
            while (this.#queue.length === 0)
                await new Promise((done) => { this.#wake = done; });
            return this.#queue.shift();
        };

        return within(wait(), "a message");
    }

    end() {
        return within(this.closed, "the end");
    }
}

const open = (url, protocols = [], options = {}) =>
    within(new Client(url, protocols, options).opened, "open");

/* The answer to a handshake that is refused. */
function refusal(url, protocols = [], options = {}) {
    const socket = new Ws(url, protocols, options);

    return within(new Promise((done, fail) => {
        socket.on("open", () => fail(new Error("it was not refused")));
        socket.on("error", fail);
        socket.on("unexpected-response", (_, answer) => {
            let body = "";

            answer.setEncoding("utf8").on("data", (text) => { body += text; })
                .on("end", () => done({ status: answer.statusCode, body }));
        });
    }), "a refusal");
}

test("echo: every message comes back; Goodbye closes", async (t) => {
    const server = await serve(t);
    const client = await open(server.ws("/echo"));

    for (const text of ["Message to send", "", "é€😀", "goodbye", "Goodbye!"])
        assert.equal(await client.send(text).next(), text);
    assert.deepEqual(await client.send(Buffer.from([0, 255])).next(),
                     Buffer.from([0, 255]));
    assert.equal(await client.send("Goodbye").next(), "Goodbye");
    assert.deepEqual(await client.end(), { code: 1000, reason: "" });
});

test("close: as it is told", async (t) => {
    const server = await serve(t);

    for (const [told, code, reason] of [
        ["1000", 1000, ""],
        ["1000 ", 1000, ""],
        ["4001 over and out", 4001, "over and out"],
        ["3000  two spaces", 3000, " two spaces"],
        ["1001 1002", 1001, "1002"],
        ["1011 é€😀", 1011, "é€😀"],
        [`4999 ${"x".repeat(123)}`, 4999, "x".repeat(123)],
    ]) {
        const client = await open(server.ws("/close"));

        assert.deepEqual(await client.send(told).end(), { code, reason }, told);
        assert.equal(client.waiting, 0, told);
    }
});

test("close: what cannot be sent is explained", async (t) => {
    const server = await serve(t);
    const client = await open(server.ws("/close"));

    for (const [told, about] of [
        ["", /four digits/], ["close", /four digits/], ["100", /four digits/],
        ["10000", /four digits/], ["4001x", /four digits/],
        [" 4001", /four digits/], ["+400", /four digits/],
        ["0000 none", /cannot be sent/], ["0999", /cannot be sent/],
        ["1004", /cannot be sent/], ["1005", /cannot be sent/],
        ["1006", /cannot be sent/], ["1015", /cannot be sent/],
        ["2999", /cannot be sent/], ["5000", /cannot be sent/],
        ["4001 a\0b", /NUL/], [`4001 ${"x".repeat(124)}`, /123 bytes/],
        [`4001 ${"é".repeat(62)}`, /123 bytes/], ["x".repeat(5000), /123 bytes/],
        [Buffer.from("4001 \xff", "latin1"), /UTF-8/],
    ])
        assert.match(await client.send(told).next(), about, String(told));
    assert.deepEqual(await client.send("4000 still here").end(),
                     { code: 4000, reason: "still here" });
});

test("origin_check: only http://localhost", async (t) => {
    const server = await serve(t, { origin: null });
    const url = server.ws("/origin_check");

    for (const origin of ["http://localhost", "http://localhost:8080"]) {
        const client = await open(url, [], { origin });

        assert.equal(await client.send("hello").next(), "hello");
        client.socket.close(1000);
        assert.equal((await client.end()).code, 1000);
    }
    for (const origin of [undefined, "null", "https://localhost",
                          "http://localhost.evil.example", "http://localhostx",
                          "http://localhost:80.evil.example",
                          "http://localhost:x", "http://127.0.0.1",
                          "http://evil.example", "http://a@localhost"]) {
        const { status, body } = await refusal(url, [], { origin });

        assert.equal(status, 403, origin);
        assert.match(body, /http:\/\/localhost/, origin);
    }
});

test("subprotocol: the first offered that is known", async (t) => {
    const server = await serve(t);
    const url = server.ws("/subprotocol");

    for (const [offers, choice] of [
        [["chat.v1"], "chat.v1"], [["chat.v2"], "chat.v2"],
        [["chat.v1", "chat.v2"], "chat.v1"],
        [["chat.v2", "chat.v1"], "chat.v2"],
        [["other", "Chat.v2", "chat.v1"], "chat.v1"], [[], ""],
    ]) {
        const client = await open(url, offers);

        assert.equal(client.socket.protocol, choice);
        assert.equal(await client.next(), `subprotocol: ${choice || "none"}`);
        client.socket.close();
        await client.end();
    }
    for (const offers of [["other"], ["chat.v3", "CHAT.V1"]]) {
        const { status, body } = await refusal(url, offers);

        assert.equal(status, 400);
        assert.match(body, /chat\.v2/);
    }
});

/* On several threads, and in one order for all. */
test("chat: everyone hears everyone", async (t) => {
    const server = await serve(t, { args: ["--threads", "4"] });
    const clients = [];
    const hear = async (text) => {
        for (const one of clients)
            assert.equal(await one.next(), text);
    };

    for (const name of ["Ann", "Bob", "Zoë", "Dan"]) {
        clients.push(await open(
            server.ws(`/chat?name=${encodeURIComponent(name)}`)));
        await hear(`${name} joined`);
    }
    for (const [from, text] of [[0, "hello"], [1, ""], [2, "é€😀"],
                                [3, "a: b"], [0, "\0"], [1, "x".repeat(4096)]]) {
        clients[from].send(text);
        await hear(`${["Ann", "Bob", "Zoë", "Dan"][from]}: ${text}`);
    }
    clients[1].socket.close();
    await clients.splice(1, 1)[0].end();
    await hear("Bob left");
    clients[1].socket.terminate();
    clients.splice(1, 1);
    await hear("Zoë left");
});

test("chat: guests without a name get one each", async (t) => {
    const server = await serve(t);
    const first = await open(server.ws("/chat"));
    const second = await open(server.ws("/chat?name="));

    assert.equal(await first.next(), "guest 1 joined");
    assert.equal(await first.next(), "guest 2 joined");
    assert.equal(await second.next(), "guest 2 joined");
    first.send("hello");
    assert.equal(await second.next(), "guest 1: hello");
});

test("chat: what is not taken", async (t) => {
    const server = await serve(t);
    const witness = await open(server.ws("/chat?name=w"));
    const speak = async (data) => {
        const client = await open(server.ws("/chat?name=x"));

        return (await client.send(data).end()).code;
    };

    assert.equal(await witness.next(), "w joined");
    assert.equal((await refusal(server.ws(`/chat?name=${"x".repeat(33)}`)))
        .status, 400);
    assert.equal((await (await open(server.ws("/chat?name=%ff"))).end()).code,
                 1007);
    assert.equal(await speak(Buffer.from("binary")), 1003);
    assert.equal(await speak("x".repeat(4097)), 1009);
    for (let i = 0; i < 2; i++) {
        assert.equal(await witness.next(), "x joined");
        assert.equal(await witness.next(), "x left");
    }
    witness.send("still here");
    assert.equal(await witness.next(), "w: still here");
});

test("bench: so many, so large, then 1000", async (t) => {
    const server = await serve(t);

    for (const [query, count, size] of [
        ["?size=0&rate=1000&count=3", 3, 0],
        ["?size=1&rate=1000000&count=5000", 5000, 1],
        ["?size=65536&rate=1000000&count=20", 20, 65536],
        ["?size=1048576&rate=1000000&count=5", 5, 1048576],
        ["?rate=10000", 100, 1024], ["?count=0", 0, 0],
    ]) {
        const client = await open(server.ws(`/bench${query}`));

        assert.deepEqual(await client.end(), { code: 1000, reason: "" }, query);
        assert.equal(client.waiting, count, query);
        for (let i = 0; i < count; i++) {
            const message = await client.next();

            assert.equal(message.length, size, query);
            assert.ok(Buffer.isBuffer(message), query);
        }
    }
});

/* The rate bounds how fast it can be, not how slow a busy machine is. */
test("bench: not faster than its rate", async (t) => {
    const server = await serve(t);
    const client = await open(server.ws("/bench?rate=100&count=51&size=8"));
    const begun = Date.now();

    await client.end();
    assert.equal(client.waiting, 51);
    assert.ok(Date.now() - begun > 400, `${Date.now() - begun} ms`);
});

/* 64 MiB for a client that does not read, then does: nothing is lost. */
test("bench: waits for a slow reader", async (t) => {
    const server = await serve(t, { args: ["--queue-limit", "1M"] });
    const query = "?size=65536&rate=1000000&count=1024";
    const client = await open(server.ws(`/bench${query}`));

    client.socket.pause();
    const other = await open(server.ws("/echo"));
    for (let i = 0; i < 100; i++)
        await other.send("meanwhile").next();
    client.socket.resume();
    assert.equal((await client.end()).code, 1000);
    assert.equal(client.waiting, 1024);
});

test("bench: bounds", async (t) => {
    const server = await serve(t);

    for (const query of ["size=-1", "size=1048577", "size=x", "size=",
                         "size=1k", "rate=0", "rate=1000001", "count=1.5",
                         "count=1000000001", "count=99999999999999999999999",
                         "count=+1"]) {
        const { status, body } = await refusal(server.ws(`/bench?${query}`));

        assert.equal(status, 400, query);
        assert.match(body, /1048576/, query);
    }
});
