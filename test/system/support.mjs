/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the real program share: a server that must end well, and a
 * peer that speaks in bytes, for what no decent client would say. Nothing here
 * sleeps to wait for something: it waits for the thing itself, with a bound.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readlinkSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { resolve } from "node:path";
import { connect as connectSecurely } from "node:tls";
import { after } from "../support/after.mjs";
import { root, startServer } from "../support/server.mjs";

/* More than anything takes, also under sanitizers on a busy machine. */
export const BOUND_MS = 30_000;

export const OWN_HANDLERS = resolve(root, "test/system/handlers");

export function within(promise, what, ms = BOUND_MS) {
    let timer;
    const late = new Promise((_, fail) => {
        timer = setTimeout(
            () => fail(new Error(`${what}: not within ${ms} ms`)), ms);
    });

    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/* The first value of test() that is not undefined. For what can only be asked
 * for again and again; where there is an event, wait for that. */
export async function poll(test, what, ms = BOUND_MS) {
    const end = Date.now() + ms;

    for (;;) {
        const value = await test();

        if (value !== undefined)
            return value;
        if (Date.now() > end)
            throw new Error(`${what}: not within ${ms} ms`);
        await new Promise((done) => setTimeout(done, 5));
    }
}

/*
 * Starts a server for a test, as startServer does. When the test is over, its
 * peers are cut off and the server is told to stop; it must exit with 0, which
 * under sanitizers also means that nothing was leaked.
 */
export async function serve(t, options = {}) {
    const server = await startServer(options);
    const peers = new Set();
    let ended;

    server.stopped = () => ended ??= server.stop();
    server.peer = async (how) => {
        const peer = await Peer.connect(server.port, how);

        peers.add(peer);
        return peer;
    };
    server.ws = (path) => `ws://127.0.0.1:${server.port}${path}`;
    server.errors = (pattern, ms) => line(() => server.stderr(), pattern, ms);
    after(t, async () => {
        for (const peer of peers)
            peer.socket.destroy();
        assert.equal(await server.stopped(), 0, server.stderr());
    });
    return server;
}

/* The first line of a text that grows, and fits a pattern. */
export function line(text, pattern, ms) {
    return poll(() => text().split("\n").find((l) => pattern.test(l)),
                `a line like ${pattern}`, ms);
}

/* How many sockets a process has open. */
export function socketsOf(child) {
    const dir = `/proc/${child.pid}/fd`;

    return readdirSync(dir).filter((fd) => {
        try {
            return readlinkSync(`${dir}/${fd}`).startsWith("socket:");
        } catch {
            return false; /* closed meanwhile */
        }
    }).length;
}

/* A frame of a client: first byte, payload, and what is wrong with it. */
export function frame(first, payload = "", { masked = true, claim } = {}) {
    const body = Buffer.from(payload);
    const len = claim ?? BigInt(body.length);
    const head = [Buffer.from([first])];
    const mask = masked ? 0x80 : 0;

    if (len < 126n) {
        head.push(Buffer.from([mask | Number(len)]));
    } else {
        const long = len > 65535n;
        const ext = Buffer.alloc(long ? 8 : 2);

        if (long)
            ext.writeBigUInt64BE(len);
        else
            ext.writeUInt16BE(Number(len));
        head.push(Buffer.from([mask | (long ? 127 : 126)]), ext);
    }
    if (masked) {
        const key = randomBytes(4);

        head.push(key);
        for (let i = 0; i < body.length; i++)
            body[i] ^= key[i % 4];
    }
    return Buffer.concat([...head, body]);
}

export const closeFrame = (code, reason = "") =>
    frame(0x88, Buffer.concat([Buffer.from([code >> 8, code & 255]),
                               Buffer.from(reason)]));

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/* The request that opens a connection; fields given replace or (undefined)
 * remove those of a good one. */
export function handshake(path, fields = {}, version = "HTTP/1.1") {
    const all = {
        Host: "127.0.0.1",
        Upgrade: "websocket",
        Connection: "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        ...fields,
    };
    const lines = Object.entries(all).flatMap(([name, value]) =>
        value === undefined ? [] :
            [value].flat().map((one) => `${name}: ${one}\r\n`));

    return `GET ${path} ${version}\r\n${lines.join("")}\r\n`;
}

const ACCEPT = createHash("sha1")
    .update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");

/* One TCP connection, with what came over it. */
export class Peer {
    over; /* "end", or the code of the error that ended it */
    #chunks = []; /* what came and was not taken */
    #length = 0;
    #wake = () => {};

    /* tls: what node's tls.connect takes; undefined: plain TCP. */
    static async connect(port, { paused = false, host = "127.0.0.1",
                                 tls } = {}) {
        const socket = tls ? connectSecurely({ port, host, ...tls })
            : connect({ port, host });
        const peer = new Peer(socket);

        if (paused)
            socket.pause();
        else
            peer.resume();
        await within(new Promise((done, fail) => {
            socket.once(tls ? "secureConnect" : "connect", done);
            socket.once("error", fail);
        }), "connecting");
        socket.setNoDelay(true);
        return peer;
    }

    constructor(socket) {
        this.socket = socket;
        socket.on("error", (error) => this.#finish(error.code));
        socket.on("end", () => this.#finish("end"));
        socket.on("close", () => this.#finish("close"));
    }

    #finish(how) {
        this.over ??= how;
        this.#wake();
    }

    /* Begins to read. */
    resume() {
        this.socket.on("data", (chunk) => {
            this.#chunks.push(chunk);
            this.#length += chunk.length;
            this.#wake();
        });
        this.socket.resume();
    }

    /* What came and was not taken yet. */
    get bytes() {
        if (this.#chunks.length !== 1)
            this.#chunks = [Buffer.concat(this.#chunks)];
        return this.#chunks[0];
    }

    send(...parts) {
        for (const part of parts)
            this.socket.write(part);
        return this;
    }

    /* Cuts the connection with RST, whatever is still to be written. Node's
     * resetAndDestroy would write it first and send FIN; on Node 20 it then
     * often leaves a handle behind, with which the process never ends. */
    reset() {
        if (!this.over)
            this.socket.resetAndClosing = true;
        this.socket.destroy();
    }

    /* Waits until take() gives something other than undefined; fails when the
     * stream ends before. */
    async #until(take, what, ms) {
        const wait = async () => {
            for (;;) {
                const value = take();

                if (value !== undefined)
                    return value;
                if (this.over)
                    throw new Error(`${what}: the stream is over ` +
                        `(${this.over}) after "${this.bytes}"`);
                await new Promise((done) => { this.#wake = done; });
            }
        };

        return within(wait(), what, ms);
    }

    #take(len) {
        const { bytes } = this;

        this.#chunks = [bytes.subarray(len)];
        this.#length = bytes.length - len;
        return bytes.subarray(0, len);
    }

    read(len, ms) {
        return this.#until(
            () => this.#length >= len ? this.#take(len) : undefined,
            `${len} bytes`, ms);
    }

    /* The end of the stream: how it came. What came before stays in bytes. */
    async end(ms) {
        const state = { over: undefined };

        await within((async () => {
            while (!this.over)
                await new Promise((done) => { this.#wake = done; });
            state.over = this.over;
        })(), "the end of the stream", ms);
        return state.over;
    }

    /* What comes up to an empty line, and that. */
    lines(what, ms) {
        return this.#until(() => {
            const end = this.bytes.indexOf("\r\n\r\n");

            return end < 0 ? undefined : this.#take(end + 4);
        }, what, ms);
    }

    /* The head of a response: status and fields by their names in lower case,
     * those of one name joined. */
    async head(ms) {
        const raw = await this.lines("the head of a response", ms);
        const [first, ...lines] = raw.toString("latin1").trimEnd()
            .split("\r\n");
        const [, status] = /^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(first) ??
            assert.fail(`a status line: ${first}`);
        const fields = {};

        for (const one of lines) {
            const [, name, value] =
                /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*)$/.exec(one) ??
                assert.fail(`a header field: ${one}`);
            const key = name.toLowerCase();

            fields[key] = key in fields ? `${fields[key]}, ${value}` : value;
        }
        return { status: Number(status), fields };
    }

    /* A response with its body. */
    async response({ method = "GET", ms } = {}) {
        const head = await this.head(ms);
        const none = method === "HEAD" || head.status === 304 ||
            head.status === 204 || head.status < 200;

        if (none)
            return { ...head, body: Buffer.alloc(0) };
        assert.match(head.fields["content-length"] ?? "missing", /^\d+$/);
        const body = await this.read(Number(head.fields["content-length"]), ms);

        return { ...head, body: Buffer.from(body) };
    }

    /* Opens a WebSocket connection; bytes may go out right behind the request.
     */
    async upgrade(path, { fields, behind = "" } = {}) {
        this.send(Buffer.concat([Buffer.from(handshake(path, fields)),
                                 Buffer.from(behind)]));
        const head = await this.head();

        assert.equal(head.status, 101, JSON.stringify(head.fields));
        assert.equal(head.fields["sec-websocket-accept"], ACCEPT);
        assert.match(head.fields.upgrade, /^websocket$/i);
        assert.match(head.fields.connection, /^upgrade$/i);
        return head;
    }

    /* A frame of the server. */
    async frame(ms) {
        const [first, second] = await this.read(2, ms);
        let len = second & 127;

        assert.equal(second & 128, 0, "a server does not mask");
        if (len === 126)
            len = (await this.read(2, ms)).readUInt16BE();
        else if (len === 127)
            len = Number((await this.read(8, ms)).readBigUInt64BE());
        return { first, payload: await this.read(len, ms) };
    }

    /* The code of the close frame that comes next, behind whatever comes. */
    async closed(ms) {
        for (;;) {
            const { first, payload } = await this.frame(ms);

            if (first === 0x88)
                return payload.length ? payload.readUInt16BE() : 1005;
        }
    }
}
