/* SPDX-License-Identifier: MIT */
/*
 * Two foreign clients, npm's ws and undici's WebSocket (which is also Node's
 * own), against the example echo and handlers of ours.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { WebSocket as Undici } from "undici";
import Ws from "ws";
import { BOUND_MS, OWN_HANDLERS, serve, within } from "./support.mjs";

const MIB = 1024 * 1024;
const SIZES = [0, 1, 124, 125, 126, 127, 128, 65535, 65536, 65537, MIB,
               16 * MIB];

/* Both clients in one shape: messages are queued until they are asked for, as
 * strings or Buffers; closed resolves to { code, reason, clean }. */
class Client {
    #queue = [];
    #wake = () => {};

    constructor(Socket, url, protocols = []) {
        this.socket = Socket === Ws
            ? new Ws(url, protocols, { maxPayload: 64 * MIB,
                                       perMessageDeflate: false })
            : new Socket(url, protocols);
        this.socket.binaryType = "arraybuffer";
        this.socket.onmessage = ({ data }) => {
            this.#queue.push(typeof data === "string" ? data
                                                      : Buffer.from(data));
            this.#wake();
        };
        this.closed = new Promise((done) => {
            this.socket.onclose = ({ code, reason, wasClean }) => {
                done({ code, reason: String(reason), clean: wasClean });
                this.#wake();
            };
        });
        this.opened = new Promise((done, fail) => {
            this.socket.onopen = () => done(this);
            this.socket.onerror = (event) =>
                fail(event.error ?? new Error("the connection failed"));
        });
        this.opened.catch(() => {});
    }

    async next() {
        const wait = async () => {
            while (this.#queue.length === 0)
                await new Promise((done) => { this.#wake = done; });
            return this.#queue.shift();
        };

        return within(wait(), "a message");
    }

    async close(...args) {
        this.socket.close(...args);
        return within(this.closed, "the end");
    }
}

const open = (Socket, url, protocols) =>
    within(new Client(Socket, url, protocols).opened, "open");

for (const [name, Socket] of [["ws", Ws], ["undici", Undici]]) {
    test(`${name}: every size comes back, text and binary`, async (t) => {
        const server = await serve(t);
        const client = await open(Socket, server.ws("/echo"));

        for (const size of SIZES) {
            const binary = randomBytes(size);
            const text = "é€😀a".repeat(size / 10); /* 10 bytes of UTF-8 */

            client.socket.send(binary);
            assert.ok(binary.equals(await client.next()), `${size} bytes`);
            client.socket.send(text);
            assert.ok(text === await client.next(), `${text.length} units`);
        }
        const { code, clean } = await client.close(1000, "done");

        assert.deepEqual([code, clean], [1000, true]);
    });

    test(`${name}: text of a whole 16 MiB`, async (t) => {
        const server = await serve(t);
        const client = await open(Socket, server.ws("/echo"));
        const text = "w".repeat(16 * MIB);

        client.socket.send(text);
        assert.ok(text === await client.next());
        client.socket.send(`${text}w`);
        assert.equal((await within(client.closed, "the end")).code, 1009);
    });

    test(`${name}: many messages keep their order`, async (t) => {
        const server = await serve(t);
        const client = await open(Socket, server.ws("/echo"));

        for (let i = 0; i < 5000; i++)
            client.socket.send(i % 2 ? `${i}` : Buffer.from(`${i}`));
        for (let i = 0; i < 5000; i++) {
            const message = await client.next();

            assert.equal(typeof message, i % 2 ? "string" : "object");
            assert.equal(String(message), `${i}`);
        }
        await client.close();
    });

    test(`${name}: the server closes after Goodbye`, async (t) => {
        const server = await serve(t);
        const client = await open(Socket, server.ws("/echo"));

        client.socket.send("Goodbye");
        assert.equal(await client.next(), "Goodbye");
        assert.deepEqual(await within(client.closed, "the end"),
                         { code: 1000, reason: "", clean: true });
    });

    test(`${name}: codes the client closes with come back`, async (t) => {
        const server = await serve(t);

        for (const code of [1000, 3000, 3999, 4000, 4999]) {
            const client = await open(Socket, server.ws("/echo"));
            const how = await client.close(code, "é".repeat(61));

            assert.equal(how.code, code);
            assert.equal(how.clean, true);
        }
        const client = await open(Socket, server.ws("/echo"));
        assert.deepEqual(await client.close(),
                         { code: 1005, reason: "", clean: true });
    });

    test(`${name}: codes the server closes with arrive`, async (t) => {
        const server = await serve(t, { handlers: OWN_HANDLERS });
        const reason = "r".repeat(123);
        const cases = [
            ["1000", 1000, ""], ["1001 bye", 1001, "bye"],
            ["1011 é", 1011, "é"], ["1012", 1012, ""], ["1013", 1013, ""],
            ["3000", 3000, ""], [`4999 ${reason}`, 4999, reason],
            ["0", 1005, ""],
        ];

        for (const [order, code, why] of cases) {
            const client = await open(Socket, server.ws("/closer"));

            client.socket.send(order);
            assert.deepEqual(await within(client.closed, "the end"),
                             { code, reason: why, clean: true });
        }
        for (const order of ["1004", "1005", "1006", "1015", "999", "5000",
                             `1000 ${reason}r`]) {
            const client = await open(Socket, server.ws("/closer"));

            client.socket.send(order);
            assert.equal(await client.next(), "refused", order);
            await client.close();
        }
    });

    test(`${name}: a connection that is cut is 1006`, async (t) => {
        const server = await serve(t, { handlers: OWN_HANDLERS });
        const client = await open(Socket, server.ws("/closer"));

        client.socket.send("abort");
        const how = await within(client.closed, "the end");
        assert.equal(how.code, 1006);
        assert.equal(how.clean, false);
    });

    test(`${name}: subprotocols`, async (t) => {
        const server = await serve(t, { handlers: OWN_HANDLERS });
        const cases = [[["first", "second"], "second"], [["first"], "first"],
                       [[], ""]];

        for (const [offered, chosen] of cases) {
            const client = await open(Socket, server.ws("/protocol"), offered);

            assert.equal(client.socket.protocol, chosen);
            client.socket.send("?");
            assert.equal(await client.next(), chosen);
            await client.close();
        }
    });

    test(`${name}: no handler, no connection`, async (t) => {
        const server = await serve(t, { handlers: OWN_HANDLERS });

        for (const path of ["/nowhere", "/refuse", "/", "/plain/", "/Plain"]) {
            const client = new Client(Socket, server.ws(path));

            await assert.rejects(within(client.opened, "refusal"), path);
        }
    });

    test(`${name}: a thousand connections at once`, async (t) => {
        const server = await serve(t);
        const clients = await Promise.all(Array.from({ length: 1000 }, () =>
            open(Socket, server.ws("/echo"))));

        await Promise.all(clients.map(async (client, i) => {
            client.socket.send(`I am ${i}`);
            assert.equal(await client.next(), `I am ${i}`);
        }));
        const ends = await Promise.all(clients.map((client) =>
            client.close(1000)));
        assert.ok(ends.every(({ code, clean }) => code === 1000 && clean));
    });
}

test("ws: fragments, with a ping between them", async (t) => {
    const server = await serve(t);
    const client = await open(Ws, server.ws("/echo"));
    const pongs = [];

    client.socket.on("pong", (data) => pongs.push(String(data)));
    for (const piece of ["a", "", "é", "€".repeat(50000)]) {
        client.socket.send(piece, { fin: false });
        client.socket.ping(`${pongs.length}`);
        client.socket.send(piece, { fin: false });
        client.socket.send("", { fin: true });
        assert.equal(await client.next(), piece + piece);
    }
    for (let i = 0; i < 1000; i++)
        client.socket.send(Buffer.from([i & 255]), { fin: i === 999 });
    assert.equal((await client.next()).length, 1000);
    assert.equal(pongs.length, 4);
    await client.close();
});

test("ws: pings of every length come back", async (t) => {
    const server = await serve(t);
    const client = await open(Ws, server.ws("/echo"));

    for (let len = 0; len <= 125; len++) {
        const payload = randomBytes(len);
        const pong = once(client.socket, "pong");

        client.socket.ping(payload);
        assert.ok(payload.equals((await within(pong, "a pong"))[0]), `${len}`);
    }
    await client.close();
});

test("ws: what the handler says in a refusal arrives", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS });
    const socket = new Ws(server.ws("/refuse"));
    const [request, response] = await within(
        once(socket, "unexpected-response"), "the refusal");
    let body = "";

    for await (const chunk of response.setEncoding("utf8"))
        body += chunk;
    assert.equal(response.statusCode, 401);
    assert.equal(response.headers["www-authenticate"], "Basic");
    assert.equal(body, "Not without a ticket.\n");
    request.destroy();
});

test("ws: offers of compression are taken", async (t) => {
    const server = await serve(t);
    const socket = new Ws(server.ws("/echo"), { perMessageDeflate: true });

    await within(once(socket, "open"), "open");
    assert.equal(socket.extensions, "permessage-deflate");
    socket.send("w".repeat(5000));
    assert.equal(String((await within(once(socket, "message"), "echo"))[0]),
                 "w".repeat(5000));
    socket.close();
    await within(once(socket, "close"), "the end", BOUND_MS);
});
