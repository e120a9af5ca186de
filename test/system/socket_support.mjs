/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the client share: socket_driver, a program whose sockets
 * are driven from here, and a server that speaks in bytes, for what no decent
 * server would say. Nothing here sleeps to wait for something.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { after } from "../support/after.mjs";
import { root } from "../support/server.mjs";
import { BOUND_MS, Peer, within } from "./support.mjs";

const build = resolve(root, process.env.WEFT_BUILD || "build");

/* A program over the public interface, by its path in the build's folder. A
 * build without tests makes it only now. */
export function built(path) {
    execFileSync("ninja", ["-C", build, path], { stdio: "pipe" });
    return resolve(build, path);
}

/* enum weft_err and enum weft_close_code, from the header. */
const header = readFileSync(resolve(root, "include/weft/error.h"), "utf8");

export const ERR = Object.fromEntries(
    [...header.matchAll(/X\((\w+), (-\d+)/g)]
        .map(([, name, value]) => [name, Number(value)]));

/* ---- The driver ---------------------------------------------------------- */

const encode = (word) => typeof word === "string"
    ? encodeURIComponent(word)
    : Buffer.isBuffer(word)
        ? word.toString("hex").replace(/../g, "%$&")
        : `${word}`;

function decode(word) {
    const bytes = Buffer.from(word, "latin1");
    let len = 0;

    for (let i = 0; i < bytes.length; i++) {
        if (bytes[i] === 0x25) {
            bytes[len++] = parseInt(word.slice(i + 1, i + 3), 16);
            i += 2;
        } else {
            bytes[len++] = bytes[i];
        }
    }
    return bytes.subarray(0, len);
}

const text = (word) => decode(word).toString("utf8");

const shapes = {
    open: ([protocol, extensions]) =>
        ({ protocol: text(protocol), extensions: text(extensions) }),
    message: ([kind, len, sum, data]) =>
        ({ kind, len: Number(len), sum: Number(sum), data: decode(data) }),
    control: ([kind, , , data]) => ({ kind, data: decode(data) }),
    error: ([err, why]) => ({ err: Number(err), why: text(why) }),
    close: ([code, clean, err, reason]) =>
        ({ code: Number(code), clean: clean === "1", err: Number(err),
           reason: text(reason) }),
    drain: ([buffered]) => ({ buffered: Number(buffered) }),
    busy: ([err, left]) => ({ err: Number(err), left: Number(left) }),
    poured: () => ({}),
    request: ([head]) => ({ head: decode(head) }),
    response: ([head]) => ({ head: decode(head) }),
    frame: ([way, fin, rsv, opcode, masked, key, len]) =>
        ({ way, fin: fin === "1", rsv: Number(rsv), opcode: Number(opcode),
           masked: masked === "1", key: decode(key), len: Number(len) }),
};

/* One socket of the driver's: commands resolve to what the library returned,
 * events wait until they are asked for. */
export class Socket {
    reactions = []; /* what commands inside events gave */
    #events = [];
    #wake = () => {};
    #results = [];
    #state;

    constructor(driver, id) {
        this.driver = driver;
        this.id = id;
    }

    take(event, args) {
        if (event === "did") {
            this.#results.shift()({ result: Number(args[1]),
                                    why: text(args[2]) });
        } else if (event === "reacted") {
            this.reactions.push({ name: args[0], result: Number(args[1]) });
        } else if (event === "state") {
            const [ready, buffered, status] = args.map(Number);
            const [url, protocol, extensions, tls, subject] =
                args.slice(3).map(text);

            this.#state = { ready, buffered, status, url, protocol,
                            extensions, tls, subject };
        } else {
            this.#events.push({ event, ...shapes[event](args) });
            this.#wake();
        }
    }

    async call(name, ...args) {
        const done = new Promise((give) => this.#results.push(give));

        this.driver.write(name, this.id, ...args);
        return within(this.driver.alive(done), name);
    }

    async #result(name, ...args) {
        return (await this.call(name, ...args)).result;
    }

    open(url, ...options) {
        return this.call("open", url, ...options.flatMap((one) =>
            typeof one === "string" ? [one] :
                Object.entries(one).flatMap(([name, value]) =>
                    [value].flat().map((v) => `${name}=${v}`))));
    }

    send(data) {
        return this.#result("send",
                            typeof data === "string" ? "text" : "binary", data);
    }

    fill(kind, len) {
        return this.#result("fill", kind, len);
    }

    pour(count, len) {
        return this.#result("pour", count, len);
    }

    ping(data = "") {
        return this.#result("ping", data);
    }

    close(...args) {
        return this.#result("close", ...args);
    }

    pause() {
        return this.#result("pause");
    }

    resume() {
        return this.#result("resume");
    }

    free() {
        return this.#result("free");
    }

    async state() {
        assert.equal(await this.#result("state"), 0);
        return this.#state;
    }

    /* Runs a command inside an event, each time. */
    on(event, name, ...args) {
        return this.#result("on", event,
                            [name, this.id, ...args].map(encode).join(" "));
    }

    get waiting() {
        return this.#events.length;
    }

    async #some() {
        while (this.#events.length === 0)
            await new Promise((done) => { this.#wake = done; });
    }

    /* The next event, whichever it is. */
    async next(what = "an event") {
        if (this.#events.length === 0)
            await within(this.driver.alive(this.#some()), what);
        return this.#events.shift();
    }

    /* The next event, which must be that one. */
    async event(name) {
        const got = await this.next(name);

        assert.equal(got.event, name, JSON.stringify(got));
        return got;
    }

    /* The next event of that name, whatever comes before. */
    async until(name) {
        for (;;) {
            const got = await this.next(name);

            if (got.event === name)
                return got;
            assert.notEqual(got.event, "close", `${name} was to come`);
        }
    }

    /* A connection that fails: its error, and behind it at once its close. */
    async fails() {
        const { err, why } = await this.until("error");
        const { code, clean, err: how } = await this.event("close");

        assert.equal(clean, false);
        assert.equal(how, err);
        return { err, why, code };
    }

    /* One that is closed as it should be. */
    async closes() {
        const { code, clean, reason, err } = await this.event("close");

        assert.deepEqual([clean, err], [true, 0]);
        return { code, reason };
    }
}

class Driver {
    #sockets = new Map();
    #partial = "";
    #stderr = "";
    #last = 0;

    constructor(env) {
        this.child = spawn(built("test/system/driver/socket_driver"), [],
                           { env: { ...process.env, ...env } });
        this.ended = new Promise((done) => this.child.once(
            "close", (code, signal) => done(signal ?? code)));
        this.child.stdin.on("error", () => {}); /* alive() tells */
        this.child.stdout.setEncoding("latin1");
        this.child.stdout.on("data", (chunk) => this.#take(chunk));
        this.child.stderr.setEncoding("utf8");
        this.child.stderr.on("data", (chunk) => { this.#stderr += chunk; });
    }

    #take(chunk) {
        const lines = (this.#partial + chunk).split("\n");

        this.#partial = lines.pop();
        for (const line of lines) {
            const [id, event, ...args] = line.split(" ");

            this.#sockets.get(id).take(event, args);
        }
    }

    write(...words) {
        this.child.stdin.write(`${words.map(encode).join(" ")}\n`);
    }

    /* A promise that fails when the driver has ended. */
    alive(promise) {
        return Promise.race([promise, this.ended.then((how) => {
            throw new Error(`socket_driver ended: ${how}\n${this.#stderr}`);
        })]);
    }

    socket() {
        const socket = new Socket(this, `${this.#last++}`);

        this.#sockets.set(socket.id, socket);
        return socket;
    }

    /* A socket that connects. */
    async open(url, ...options) {
        const socket = this.socket();
        const { result, why } = await socket.open(url, ...options);

        assert.equal(result, 0, `${url}: ${why}`);
        return socket;
    }

    async stop() {
        this.child.stdin.end();
        const timer = setTimeout(() => this.child.kill("SIGKILL"), BOUND_MS);
        const how = await this.ended;

        clearTimeout(timer);
        assert.equal(how, 0, this.#stderr);
        assert.equal(this.#stderr, "");
    }
}

/* Variables that say which proxy to take, lest the machine's do. */
const NO_PROXIES = Object.fromEntries(
    ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].flatMap(
        (name) => [[name, ""], [name.toUpperCase(), ""]]));

/* A driver for a test. When the test is over it must end well, which under
 * sanitizers also means that nothing was leaked. */
export function drive(t, env = {}) {
    const driver = new Driver({ ...NO_PROXIES, ...env });

    after(t, () => driver.stop());
    return driver;
}

/* ---- A server in bytes --------------------------------------------------- */

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export const accept = (key) =>
    createHash("sha1").update(key + GUID).digest("base64");

/* The answer that opens a connection; fields given replace or (undefined)
 * remove those of a good one. */
export function answer(request, fields = {},
                       first = "HTTP/1.1 101 Switching Protocols") {
    const all = {
        Upgrade: "websocket",
        Connection: "Upgrade",
        "Sec-WebSocket-Accept": accept(request.fields["sec-websocket-key"]),
        ...fields,
    };
    const lines = Object.entries(all).flatMap(([name, value]) =>
        value === undefined ? [] :
            [value].flat().map((one) => `${name}: ${one}\r\n`));

    return `${first}\r\n${lines.join("")}\r\n`;
}

/* The server's end of a connection. */
export class ServerPeer extends Peer {
    /* The head of a request: its first line, fields by their names in lower
     * case, and the whole text. */
    async request() {
        const raw = (await this.lines("a request")).toString("latin1");
        const [first, ...lines] = raw.trimEnd().split("\r\n");
        const fields = {};

        for (const one of lines) {
            const [, name, value] = /^([\w-]+): (.*)$/.exec(one) ??
                assert.fail(`a header field: ${one}`);

            assert.ok(!(name.toLowerCase() in fields), `${name} twice`);
            fields[name.toLowerCase()] = value;
        }
        return { first, fields, raw };
    }

    /* Answers as one should; the request is returned. */
    async open(fields, behind = "") {
        const request = await this.request();

        this.send(Buffer.concat([Buffer.from(answer(request, fields)),
                                 Buffer.from(behind)]));
        return request;
    }

    /* A frame of the client, unmasked. */
    async frame(ms) {
        const [first, second] = await this.read(2, ms);
        let len = second & 127;

        assert.equal(second & 128, 128, "a client masks");
        if (len === 126)
            len = (await this.read(2, ms)).readUInt16BE();
        else if (len === 127)
            len = Number((await this.read(8, ms)).readBigUInt64BE());
        const key = Buffer.from(await this.read(4, ms));
        const payload = Buffer.from(await this.read(len, ms));

        for (let i = 0; i < len; i++)
            payload[i] ^= key[i % 4];
        return { first, key, payload };
    }

    /* One byte at a time, each in a segment of its own as far as the kernel
     * goes along. */
    async drip(bytes) {
        for (const byte of Buffer.from(bytes)) {
            this.send(Buffer.from([byte]));
            await new Promise((done) => setImmediate(done));
        }
    }
}

/*
 * Listens on a free port. accept() gives the next connection; what is still
 * open at the end of the test is cut.
 */
export async function listen(t, { host = "127.0.0.1", port = 0 } = {}) {
    const waiting = [], all = new Set();
    let wake = () => {};
    const server = createServer({ allowHalfOpen: true }, (socket) => {
        const peer = new ServerPeer(socket);

        socket.setNoDelay(true);
        peer.resume();
        all.add(peer);
        waiting.push(peer);
        wake();
    });
    const connection = async () => {
        while (waiting.length === 0)
            await new Promise((done) => { wake = done; });
    };

    await within(new Promise((done, fail) => {
        server.once("error", fail);
        server.listen({ host, port }, done);
    }), "listening");
    ({ port } = server.address());
    after(t, () => {
        for (const peer of all)
            peer.socket.destroy();
        server.close();
    });
    return {
        port,
        get count() { return all.size; },
        url: (path = "/", name = "127.0.0.1") => `ws://${name}:${port}${path}`,
        connection, /* one waits to be accepted */
        async accept() {
            await within(connection(), "a connection");
            return waiting.shift();
        },
    };
}

/* A port on which nobody listens. */
export async function freePort() {
    const probe = createServer().listen(0, "127.0.0.1");

    await once(probe, "listening");
    const { port } = probe.address();

    probe.close();
    await once(probe, "close");
    return port;
}

/* Both ends of a connection that is open: { ws, peer, request, server }. */
export async function joined(t, ...options) {
    const server = await listen(t);
    const driver = drive(t);
    const ws = await driver.open(server.url(), ...options);
    const peer = await server.accept();
    const request = await peer.open();

    await ws.until("open");
    return { driver, server, ws, peer, request };
}
