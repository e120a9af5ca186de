/* SPDX-License-Identifier: MIT */
/*
 * TLS as the server speaks it: with node's own TLS, npm's ws and undici as the
 * clients, and with clients that are silent, slow or speak something else.
 */
import assert from "node:assert/strict";
import { X509Certificate, randomBytes } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Agent, WebSocket as Undici } from "undici";
import Ws from "ws";
import { after } from "../support/after.mjs";
import { certArgs, certFile, certPath, identity } from "../support/certs.mjs";
import { BOUND_MS, closeFrame, frame, handshake, OWN_HANDLERS, Peer, poll,
         serve, within } from "./support.mjs";

const MIB = 1024 * 1024;

/* With TLS on a port beside the plain one. */
async function start(t, ...args) {
    const server = await serve(t, {
        handlers: OWN_HANDLERS,
        args: ["--tls-port", "0", ...args,
               ...(args.includes("-c") ? [] : certArgs("server"))],
    });
    const peers = new Set();

    /* A peer over TLS; options are those of tls.connect. */
    server.secure = async (tls = {}) => {
        const peer = await Peer.connect(server.securePort, {
            tls: { ca: certFile("ca.pem"), servername: "localhost", ...tls } });

        peers.add(peer);
        return peer;
    };
    server.wss = (path) => `wss://localhost:${server.securePort}${path}`;
    after(t, () => {
        for (const peer of peers)
            peer.socket.destroy();
    });
    return server;
}

async function echoes(peer, text = "Hello") {
    peer.send(frame(0x81, text));
    assert.equal(`${(await peer.frame()).payload}`, text);
}

/* A server that has lived through something still takes others. */
async function lives(server) {
    const peer = await server.secure();

    await peer.upgrade("/plain");
    await echoes(peer);
    peer.socket.destroy();
}

async function closes(peer) {
    peer.send(closeFrame(1000));
    assert.equal(await peer.closed(), 1000);
    assert.equal(await peer.end(), "end");
}

const serialOf = (peer) =>
    new X509Certificate(peer.socket.getPeerCertificate().raw).serialNumber;
const nameOf = (peer) => peer.socket.getPeerCertificate().subject.CN;

/* ---- Versions and peers -------------------------------------------------- */

for (const version of ["TLSv1.2", "TLSv1.3"]) {
    test(`${version}: messages of every size`, async (t) => {
        const server = await start(t);
        const peer = await server.secure({
            minVersion: version, maxVersion: version,
            ALPNProtocols: ["h2", "http/1.1"] });

        assert.equal(peer.socket.getProtocol(), version);
        assert.equal(peer.socket.alpnProtocol, "http/1.1");
        await peer.upgrade("/plain");
        for (const size of [0, 1, 125, 16383, 16384, 16385, 65536, MIB,
                            16 * MIB]) {
            const data = randomBytes(size);

            peer.send(frame(0x82, data));
            const back = await peer.frame();

            assert.ok(data.equals(back.payload), `${size} bytes`);
        }
        await closes(peer);
    });
}

test("TLS 1.1 and older are refused", async (t) => {
    const server = await start(t);

    for (const version of ["TLSv1", "TLSv1.1"])
        await assert.rejects(server.secure({
            minVersion: version, maxVersion: version,
            ciphers: "ALL:@SECLEVEL=0" }), /version|protocol/i);
    await lives(server);
    await server.errors(/127\.0\.0\.1: TLS handshake failed: .*version/);
});

test("npm's ws and undici, over wss", async (t) => {
    const server = await start(t);
    const ca = certFile("ca.pem");
    const dispatcher = new Agent({ connect: { ca } });
    const makers = [
        () => new Ws(server.wss("/plain"), { ca }),
        () => new Undici(server.wss("/plain"), { dispatcher }),
    ];

    for (const make of makers) {
        const socket = make();
        const message = new Promise((done) => { socket.onmessage = done; });
        const closed = new Promise((done) => { socket.onclose = done; });

        await within(new Promise((done, fail) => {
            socket.onopen = done;
            socket.onerror = ({ error }) => fail(error);
        }), "open");
        socket.send("é".repeat(100_000));
        assert.equal((await within(message, "a message")).data,
                     "é".repeat(100_000));
        socket.close(4000, "bye");
        const { code, wasClean } = await within(closed, "the end");

        assert.deepEqual([code, wasClean], [4000, true]);
    }
    await dispatcher.close();
});

test("pages over https, and the plain port beside it", async (t) => {
    const server = await start(t);
    const plain = await server.peer();

    plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const page = await plain.response();

    assert.equal(page.status, 200);
    const [response] = await within(
        once(get(`https://localhost:${server.securePort}/`,
                 { ca: certFile("ca.pem") }), "response"), "a response");
    const chunks = [];

    for await (const chunk of response)
        chunks.push(chunk);
    assert.equal(response.statusCode, 200);
    assert.ok(Buffer.concat(chunks).equals(page.body));
});

test("--tls: the port of -p has TLS, and no other", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS,
                                    args: ["--tls", ...certArgs("server")] });
    const peer = await Peer.connect(server.port, {
        tls: { ca: certFile("ca.pem"), servername: "localhost" } });

    assert.equal(server.port, server.securePort);
    assert.match(server.stdout(), /listening on \S+ \(TLS\)\n/);
    assert.doesNotMatch(server.stdout(), /http:\/\//);
    await peer.upgrade("/plain");
    await echoes(peer);
    peer.socket.destroy();
});

test("the key may be in the certificate's file", async (t) => {
    const server = await start(t, "-c", certPath("both.pem"));

    await lives(server);
});

/* The page's host counts, on any port, by http or https. */
test("origins of https", async (t) => {
    const server = await serve(t, {
        handlers: OWN_HANDLERS, origin: null,
        args: ["--tls-port", "0", ...certArgs("server")] });

    for (const [origin, status] of [["https://localhost", 101],
                                    ["https://localhost:1", 101],
                                    ["http://localhost:1", 101],
                                    ["https://elsewhere.example", 403],
                                    ["wss://localhost", 403]]) {
        const peer = await Peer.connect(server.securePort, {
            tls: { ca: certFile("ca.pem"), servername: "localhost" } });

        peer.send(handshake("/plain", {
            Host: `localhost:${server.securePort}`, Origin: origin }));
        assert.equal((await peer.head()).status, status, origin);
        peer.socket.destroy();
    }
});

/* ---- Identities ---------------------------------------------------------- */

test("sni: the certificate for the name that is asked for", async (t) => {
    const server = await start(t, ...certArgs("server", "a", "b"));

    for (const [servername, want] of [["localhost", "server"],
                                      ["a.example", "a"],
                                      ["A.Example", "a"],
                                      ["sub.a.example", "a"],
                                      ["b.example", "b"],
                                      ["sub.b.example", "server"],
                                      ["c.example", "server"],
                                      ["", "server"]]) {
        const peer = await server.secure({ servername,
                                           rejectUnauthorized: false });

        assert.equal(nameOf(peer), want, servername);
        await peer.upgrade("/plain");
        await echoes(peer);
        peer.socket.destroy();
    }
});

/* What /whoami says of a client with this certificate. */
async function whoami(server, name) {
    const peer = await server.secure(name ? identity(name) : {});

    await peer.upgrade("/whoami");
    const [how, who] = [await peer.frame(), await peer.frame()];

    peer.socket.destroy();
    return [`${how.payload}`, `${who.payload}`];
}

/* In TLS 1.3 a client learns only afterwards that it was refused. */
async function isRefused(server, name) {
    const peer = await server.secure(name ? identity(name) : {});

    peer.send(handshake("/whoami"));
    assert.match(await peer.end(), /^ERR_SSL|ECONNRESET|EPIPE/);
    assert.equal(peer.bytes.length, 0);
}

const ALICE = ["secure", "CN=alice,O=Example"], NOBODY = ["secure", "nobody"];

test("clients are not asked for certificates", async (t) => {
    const server = await start(t);
    const plain = await server.peer();

    assert.deepEqual(await whoami(server), NOBODY);
    assert.deepEqual(await whoami(server, "alice"), NOBODY);
    await plain.upgrade("/whoami");
    assert.equal(`${(await plain.frame()).payload}`, "plain");
    assert.equal(`${(await plain.frame()).payload}`, "nobody");
});

test("clients must have a certificate", async (t) => {
    const server = await start(t, "--tls-client-auth", "--tls-client-ca",
                               certPath("ca.pem"));

    assert.deepEqual(await whoami(server, "alice"), ALICE);
    await isRefused(server);
    await isRefused(server, "mallory");
    await isRefused(server, "server"); /* not a client's */
    assert.deepEqual(await whoami(server, "alice"), ALICE);
    await server.errors(/TLS handshake failed: .*certificate/);
});

test("clients may have a certificate, which must be good", async (t) => {
    const server = await start(t, "--tls-client-auth",
                               "--tls-client-cert-optional",
                               "--tls-client-ca", certPath("ca.pem"));

    assert.deepEqual(await whoami(server, "alice"), ALICE);
    assert.deepEqual(await whoami(server), NOBODY);
    await isRefused(server, "mallory");
});

/* ---- Renewal ------------------------------------------------------------- */

/* A server whose certificate can be replaced by another of the set. */
async function renewable(t, ...args) {
    const dir = mkdtempSync(join(tmpdir(), "weft-tls-"));
    const cert = join(dir, "cert.pem"), key = join(dir, "key.pem");
    const put = (name) => {
        copyFileSync(certPath(`${name}.pem`), cert);
        copyFileSync(certPath(`${name}.key`), key);
    };

    after(t, () => rmSync(dir, { recursive: true }));
    put("server");
    const server = await start(t, "-c", cert, "-k", key, ...args);
    let logged = 0;

    /* The lines that come of a signal. */
    server.hangUp = async (pattern) => {
        server.child.kill("SIGHUP");
        const lines = await poll(() => {
            const text = server.stderr().slice(logged);

            return pattern.test(text) ? text : undefined;
        }, `${pattern}`);

        logged = server.stderr().length;
        return lines;
    };
    return { server, put, cert };
}

test("SIGHUP: new certificates, and no connection is lost", async (t) => {
    const { server, put, cert } = await renewable(t);
    const old = await server.secure();

    await old.upgrade("/plain");
    put("renewed");
    assert.equal(nameOf(await server.secure()), "server");
    await server.hangUp(/certificates read again/);
    for (let i = 0; i < 8; i++) /* whichever thread takes it */
        assert.equal(nameOf(await server.secure()), "renewed");
    await echoes(old);

    writeFileSync(cert, "nonsense");
    assert.match(await server.hangUp(/the old certificates stay/),
                 /cert\.pem/);
    assert.equal(nameOf(await server.secure()), "renewed");
    put("soon");
    assert.match(await server.hangUp(/expires on/),
                 /the certificate in \S*cert\.pem expires on .* GMT/);
    assert.equal(nameOf(await server.secure()), "soon");
    put("expired");
    assert.match(await server.hangUp(/has expired/), /has expired on .* GMT/);
    put("server");
    await server.hangUp(/certificates read again/);
    assert.equal(nameOf(await server.secure()), "server");
    await echoes(old);
    await closes(old);
});

test("SIGHUP with TLS and log files does both", async (t) => {
    const dir = mkdtempSync(join(tmpdir(), "weft-tls-log-"));
    const access = join(dir, "access");

    after(t, () => rmSync(dir, { recursive: true }));
    const { server, put } = await renewable(t, "--access-log", access);

    await lives(server);
    rmSync(access);
    put("renewed");
    await server.hangUp(/certificates read again/);
    await lives(server);
    copyFileSync(access, join(dir, "is-there-again"));
    assert.equal(nameOf(await server.secure()), "renewed");
});

/* Else a handler could read all that lies beside it. */
test("a certificate in a folder that is not for certificates", async (t) => {
    const path = join(tmpdir(), `weft-tls-${process.pid}.pem`);

    copyFileSync(certPath("both.pem"), path);
    after(t, () => rmSync(path));
    const server = await start(t, "-c", path);

    await server.errors(/takes its place cannot be read.*sandbox/);
    await lives(server);
});

/* ---- Resumption ---------------------------------------------------------- */

async function resumable(peer, version) {
    const session = version === "TLSv1.2" ? peer.socket.getSession()
        : once(peer.socket, "session").then(([one]) => one);

    await peer.upgrade("/plain");
    await echoes(peer);
    return within(Promise.resolve(session), "a session");
}

for (const version of ["TLSv1.2", "TLSv1.3"]) {
    test(`${version}: sessions are resumed, also after a renewal`,
         async (t) => {
        const { server } = await renewable(t, "--threads", "2");
        const only = { minVersion: version, maxVersion: version };
        let peer = await server.secure(only);

        assert.equal(peer.socket.isSessionReused(), false);
        for (let i = 0; i < 6; i++) {
            const session = await resumable(peer, version);

            peer.socket.destroy();
            if (i === 3)
                await server.hangUp(/certificates read again/);
            peer = await server.secure({ ...only, session });
            assert.equal(peer.socket.isSessionReused(), true, `time ${i}`);
        }
        await peer.upgrade("/plain");
        await echoes(peer);
    });
}

test("a resumed session keeps the client's certificate", async (t) => {
    const server = await start(t, "--tls-client-auth", "--tls-client-ca",
                               certPath("ca.pem"));
    const peer = await server.secure(identity("alice"));
    const session = await resumable(peer, "TLSv1.3");

    peer.socket.destroy();
    const again = await server.secure({ ...identity("alice"), session });

    assert.equal(again.socket.isSessionReused(), true);
    await again.upgrade("/whoami");
    await again.frame();
    assert.equal(`${(await again.frame()).payload}`, ALICE[1]);
});

test("renegotiation is refused", async (t) => {
    const server = await start(t);
    const peer = await server.secure({ maxVersion: "TLSv1.2" });

    await peer.upgrade("/plain");
    await echoes(peer);
    peer.socket.renegotiate({}, () => {});
    assert.match(await peer.end(), /^ERR_SSL_NO_RENEGOTIATION/);
    await lives(server);
});

/* ---- Clients that are none ----------------------------------------------- */

test("plain HTTP to the port with TLS gets a readable 400", async (t) => {
    const server = await start(t);

    for (const text of ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        handshake("/plain"), "POST / HTTP/1.0\r\n\r\n"]) {
        const peer = await Peer.connect(server.securePort);

        peer.send(text);
        const answer = await peer.response();

        assert.equal(answer.status, 400);
        assert.match(`${answer.body}`, /https|TLS/);
        assert.equal(await peer.end(), "end");
    }
    await lives(server);
});

/* The beginning of a good handshake, as node makes it. */
async function clientHello() {
    const { connect, createServer } = await import("node:net");
    const tls = await import("node:tls");
    const server = createServer().listen(0, "127.0.0.1");

    await once(server, "listening");
    const client = tls.connect({ socket: connect(server.address().port),
                                 servername: "localhost" });

    client.on("error", () => {});
    const [socket] = await once(server, "connection");
    const [hello] = await once(socket, "data");

    client.destroy();
    socket.destroy();
    server.close();
    return hello;
}

test("garbage and handshakes that break off", async (t) => {
    const server = await start(t);
    const open = await server.secure();
    const hello = await clientHello();
    const flipped = Buffer.from(hello);

    await open.upgrade("/plain");
    flipped[hello.length >> 1] ^= 0xff;
    for (const bytes of [randomBytes(1000), Buffer.alloc(70000),
                         Buffer.from("SSH-2.0-x\r\n"), Buffer.from("\x16\x03"),
                         Buffer.from("\x16\x03\x01\xff\xff"), hello,
                         hello.subarray(0, 5), hello.subarray(0, -1),
                         Buffer.concat([hello, randomBytes(100)]), flipped]) {
        const peer = await Peer.connect(server.securePort);

        peer.send(bytes);
        peer.socket.end();
        await peer.end();
        peer.socket.destroy();
        await echoes(open);
    }
    await lives(server);
});

test("whoever says nothing, or too slowly, is cut", async (t) => {
    const server = await start(t, "--handshake-timeout", "500ms");
    const open = await server.secure();
    const hello = await clientHello();
    const silent = await Peer.connect(server.securePort);
    const half = await Peer.connect(server.securePort);
    const dripping = await Peer.connect(server.securePort);
    let at = 0;
    const drip = setInterval(() => {
        dripping.socket.write(hello.subarray(at, ++at));
    }, 50);

    await open.upgrade("/plain");
    half.send(hello);
    const shaken = await server.secure(); /* and then nothing */

    assert.match(await silent.end(), /end|ECONNRESET/);
    assert.match(await half.end(), /end|ECONNRESET/);
    assert.match(await dripping.end(), /end|ECONNRESET|EPIPE/);
    clearInterval(drip);
    assert.equal(silent.bytes.length, 0);
    assert.equal(dripping.bytes.length, 0);
    assert.equal((await shaken.head()).status, 408);
    await server.errors(/TLS handshake failed: .*too long/);
    await echoes(open);
    half.socket.destroy();
});

/* All at once, from a thread of their own: it says when the last is over. */
const STORM = `
    const { connect } = require("node:tls");
    const { parentPort, workerData } = require("node:worker_threads");
    const { port, count } = workerData;
    let over = 0;

    for (let i = 0; i < count; i++) {
        const socket = connect({ port, host: "127.0.0.1",
                                 rejectUnauthorized: false }, () => {
            socket.destroy();
            if (++over === count)
                parentPort.postMessage(over);
        });
    }
`;

/* Nobody who is connected waits long for all those who are not yet. */
test("a storm of handshakes holds up nobody", async (t) => {
    const server = await start(t, "--threads", "1");
    const open = await server.secure();
    const delays = [];
    let done = 0;

    await open.upgrade("/plain");
    const storm = new Worker(STORM, {
        eval: true, workerData: { port: server.securePort, count: 200 } });

    storm.once("message", (number) => { done = number; });
    while (done === 0) {
        const begin = performance.now();

        await echoes(open);
        delays.push(performance.now() - begin);
    }
    assert.equal(done, 200);
    assert.ok(Math.max(...delays) < BOUND_MS / 30, `${Math.max(...delays)} ms`);
    await closes(open);
    await storm.terminate();
});

/* ---- Ends ---------------------------------------------------------------- */

test("a connection too many gets its 503 over TLS", async (t) => {
    const server = await start(t, "--connection-limit", "1");
    const first = await server.secure();

    await first.upgrade("/plain");
    const second = await server.secure();

    assert.equal((await second.response()).status, 503);
    assert.equal(await second.end(), "end");
    await echoes(first);
});

test("SIGTERM: 1001, and the end of TLS and TCP", async (t) => {
    const server = await start(t);
    const peer = await server.secure();

    await peer.upgrade("/plain");
    server.child.kill("SIGTERM");
    assert.equal(await peer.closed(), 1001);
    peer.send(closeFrame(1001));
    assert.equal(await peer.end(), "end");
    assert.equal(await server.stopped(), 0);
});

test("a client that vanishes is told as 1006", async (t) => {
    const server = await start(t, "--access-log", "-");
    const peer = await server.secure();

    await peer.upgrade("/plain");
    await echoes(peer);
    peer.socket.destroy();
    await poll(() => /closed 1006/.test(server.stdout()) || undefined, "1006");
    await lives(server);
});
