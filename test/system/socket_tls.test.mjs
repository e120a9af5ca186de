/* SPDX-License-Identifier: MIT */
/*
 * The client over wss: against node's TLS, good and bad certificates, servers
 * that break off, and proxies. Nothing of a request may reach a server that
 * could not prove who it is.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttps } from "node:https";
import { connect } from "node:net";
import { test } from "node:test";
import { createServer } from "node:tls";
import { WebSocketServer } from "ws";
import { after } from "../support/after.mjs";
import { certArgs, certFile, certPath, identity }
    from "../support/certs.mjs";
import { drive, ERR, listen, ServerPeer } from "./socket_support.mjs";
import { closeFrame, frame as anyFrame, poll, serve, within, OWN_HANDLERS }
    from "./support.mjs";

const frame = (first, payload = "") =>
    anyFrame(first, payload, { masked: false });
const CA = { ca_file: certPath("ca.pem") };

/*
 * A server with TLS, as listen() is one without: accept() gives the next
 * connection whose handshake is over. errors are those of handshakes.
 */
async function listenSecurely(t, options = {}, host = "127.0.0.1") {
    const waiting = [], all = new Set(), errors = [];
    let wake = () => {};
    const server = createServer({ ...identity("server"), ...options },
                                (socket) => {
        const peer = new ServerPeer(socket);

        peer.resume();
        waiting.push(peer);
        wake();
    });

    server.on("connection", (socket) => {
        all.add(socket);
        socket.on("error", () => {});
    });
    server.on("tlsClientError", (error) => errors.push(error));
    server.listen({ host, port: 0 });
    await once(server, "listening");
    const { port } = server.address();
    const connection = async () => {
        while (waiting.length === 0)
            await new Promise((done) => { wake = done; });
        return waiting.shift();
    };

    after(t, () => {
        for (const socket of all)
            socket.destroy();
        server.close();
    });
    return {
        port, errors, server,
        url: (path = "/", name = "localhost") => `wss://${name}:${port}${path}`,
        accept: () => within(connection(), "a connection"),
        get count() { return all.size; },
        /* Ends TCP without a word of TLS. */
        cut() {
            for (const socket of all)
                socket.destroy();
        },
    };
}

/* A connection that is open, from both ends. */
async function joins(driver, server, ...options) {
    const ws = await driver.open(server.url("/chat"), ...options);
    const peer = await server.accept();

    await peer.open();
    await ws.until("open");
    return { ws, peer };
}

/* ---- Good ones ----------------------------------------------------------- */

for (const version of ["TLSv1.2", "TLSv1.3"]) {
    test(`${version}: there and back`, async (t) => {
        const server = await listenSecurely(t, { minVersion: version,
                                                 maxVersion: version,
                                                 ALPNProtocols: ["http/1.1"] });
        const driver = drive(t);
        const { ws, peer } = await joins(driver, server, CA);
        const { tls, subject, url } = await ws.state();

        assert.match(tls, new RegExp(`^${version} \\S+$`));
        assert.equal(subject, "CN=server");
        assert.equal(url, server.url("/chat"));
        assert.equal(peer.socket.servername, "localhost");
        assert.equal(peer.socket.alpnProtocol, "http/1.1");
        for (const size of [0, 1, 16384, 100_000, 3_000_000]) {
            assert.equal(await ws.fill("binary", size), 0);
            const { payload } = await peer.frame();

            assert.equal(payload.length, size);
            peer.send(frame(0x82, payload));
            assert.equal((await ws.event("message")).len, size);
        }
        assert.equal((await ws.state()).buffered, 0);
        assert.equal(await ws.close(3000, "bye"), 0);
        assert.equal((await peer.frame()).payload.readUInt16BE(), 3000);
        peer.send(frame(0x88, Buffer.from([0x0b, 0xb8])));
        peer.socket.end();
        assert.deepEqual(await ws.closes(), { code: 3000, reason: "" });
        assert.equal((await ws.state()).tls, "");
    });
}

test("by address, and by https", async (t) => {
    const driver = drive(t);

    for (const [host, name] of [["127.0.0.1", "127.0.0.1"], ["::1", "[::1]"]]) {
        const server = await listenSecurely(t, {}, host);
        const ws = await driver.open(
            server.url("/", name).replace("wss", "https"), CA);
        const peer = await server.accept();

        /* RFC 6066 section 3: an address is no name. */
        assert.equal(peer.socket.servername || "", "");
        await peer.open();
        await ws.event("open");
    }
});

test("npm's ws, and our own server", async (t) => {
    const https = createHttps(identity("server"));
    const server = new WebSocketServer({ server: https });
    const driver = drive(t);
    const ours = await serve(t, {
        handlers: OWN_HANDLERS,
        args: ["--tls-port", "0", ...certArgs("server")] });

    server.on("connection", (socket) => socket.on(
        "message", (data, binary) => socket.send(data, { binary })));
    https.listen(0, "localhost");
    await once(https, "listening");
    after(t, () => {
        for (const client of server.clients)
            client.terminate();
        https.close();
    });
    for (const [port, path] of [[https.address().port, "/"],
                                [ours.securePort, "/plain"]]) {
        const ws = await driver.open(`wss://localhost:${port}${path}`, CA);

        await ws.event("open");
        assert.equal(await ws.send("Hello"), 0);
        assert.equal(`${(await ws.event("message")).data}`, "Hello");
        assert.equal(await ws.close(), 0);
        assert.deepEqual(await ws.closes(), { code: 1005, reason: "" });
    }
});

test("a client's certificate", async (t) => {
    const server = await listenSecurely(t, {
        requestCert: true, rejectUnauthorized: true, ca: certFile("ca.pem") });
    const driver = drive(t);
    const { peer } = await joins(driver, server, CA, {
        certificate: certPath("alice.pem"), key: certPath("alice.key") });

    assert.equal(peer.socket.getPeerCertificate().subject.CN, "alice");
    /* Without one, or with a wrong one, node ends the connection when the
     * handshake is over. */
    for (const own of [{}, { certificate: certPath("mallory.pem"),
                             key: certPath("mallory.key") }]) {
        const ws = await driver.open(server.url(), CA, own);
        const { err, why, code } = await ws.fails();

        assert.ok([ERR.TLS, ERR.EOF, ERR.GONE].includes(err), why);
        assert.equal(code, 1006);
    }
});

test("sessions are resumed", async (t) => {
    const server = await listenSecurely(t);
    const driver = drive(t);

    /* RFC 8446 appendix C.4: each ticket once; and node gives no new one for
     * it. */
    for (let i = 0; i < 2; i++) {
        const { ws, peer } = await joins(driver, server, CA);

        peer.send(frame(0x81, "x")); /* behind the ticket */
        await ws.event("message");
        assert.equal(peer.socket.isSessionReused(), i > 0, `time ${i}`);
        assert.equal(await ws.free(), 0);
        await peer.end();
    }
});

test("the request is told when it goes, behind the handshake", async (t) => {
    const server = await listenSecurely(t);
    const driver = drive(t);
    const ws = await driver.open(server.url("/x"), CA, "wire");

    await ws.on("request", "state");
    const peer = await server.accept();
    const { head } = await ws.event("request");

    assert.match(`${head}`, /^GET \/x HTTP\/1\.1\r\n/);
    await peer.open();
    await ws.event("response");
    await ws.event("open");
});

/* ---- Bad ones ------------------------------------------------------------ */

const bad = [
    ["another name", "elsewhere", CA, /localhost/],
    ["expired", "expired", CA, /expired/],
    ["signed by itself", "self", CA, /self/],
    ["by an authority that is unknown", "unknown", CA, /authority|issuer/],
    ["by an authority the system does not know", "server", {},
     /authority|issuer/],
    ["a client's", "alice", CA, /certificate/],
];

for (const [what, name, options, pattern] of bad) {
    test(`refused: a certificate ${what}`, async (t) => {
        const server = await listenSecurely(t, identity(name));
        const driver = drive(t);
        const ws = await driver.open(server.url(), options, "wire",
                                     { cookie: "secret=1" });
        const { event, err, why } = await ws.next();

        assert.equal(event, "error", "not even the request was told");
        assert.equal(err, ERR.TLS);
        assert.match(why, /^TLS handshake failed: the server's certificate/);
        assert.match(why, pattern);
        const { code, clean } = await ws.event("close");

        assert.deepEqual([code, clean], [1006, false]);
        assert.equal((await ws.state()).tls, "");
    });
}

test("insecure: any certificate will do", async (t) => {
    const driver = drive(t);

    for (const name of ["elsewhere", "expired", "self", "unknown", "server"]) {
        const server = await listenSecurely(t, identity(name));
        const { ws } = await joins(driver, server, "insecure");
        const { tls, subject } = await ws.state();

        assert.match(tls, /^TLSv1\.3 /);
        assert.equal(subject, "", "nobody has checked it");
    }
});

test("a certificate of nobody's but its own can be trusted by name",
     async (t) => {
    const server = await listenSecurely(t, identity("self"));
    const driver = drive(t);

    await joins(driver, server, { ca_file: certPath("self.pem") });
});

test("files that are none are the caller's mistake", async (t) => {
    const driver = drive(t);

    for (const [options, pattern] of [
        [{ ca_file: "/none/such.pem" }, /\/none\/such\.pem/],
        [{ ca_file: certPath("ca.key") }, /ca\.key/],
        [{ certificate: "/none/such.pem" }, /\/none\/such\.pem/],
        [{ certificate: certPath("alice.pem") }, /alice\.pem/],
        [{ certificate: certPath("alice.pem"), key: certPath("b.key") },
         /b\.key/],
    ]) {
        const ws = driver.socket();
        const { result, why } = await ws.open("wss://localhost/", options);

        assert.equal(result, ERR.INVALID);
        assert.match(why, pattern);
    }
    /* Without TLS nobody looks. */
    const ws = await driver.open("ws://127.0.0.1:1/", { ca_file: "/none" });

    assert.equal((await ws.fails()).err, ERR.DENIED);
});

/* ---- Servers that are none ----------------------------------------------- */

test("a server that speaks plain", async (t) => {
    const server = await listen(t);
    const driver = drive(t);

    for (const text of ["HTTP/1.1 400 Bad Request\r\n\r\n", "220 ready\r\n"]) {
        const ws = await driver.open(
            server.url().replace("ws:", "wss:"), CA, { connect_ms: 20_000 });
        const peer = await server.accept();

        peer.send(text);
        const { err, why } = await ws.fails();

        assert.equal(err, ERR.TLS);
        assert.match(why, /TLS/);
    }
});

test("a server that ends TCP in the handshake", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const url = server.url().replace("ws:", "wss:");

    for (const bytes of ["", "\x16\x03\x03", "\x16\x03\x03\x00\x10\x02\x00"]) {
        const ws = await driver.open(url, CA);
        const peer = await server.accept();

        await peer.read(100); /* its hello */
        peer.send(Buffer.from(bytes, "latin1"));
        peer.socket.end();
        const { why, code } = await ws.fails();

        assert.match(why, /TLS/);
        assert.equal(code, 1006);
    }
    const ws = await driver.open(url, CA);
    const peer = await server.accept();

    await peer.read(100);
    peer.reset();
    assert.match((await ws.fails()).why, /TLS/);
});

test("connect_ms covers the handshake", async (t) => {
    const server = await listen(t);
    const driver = drive(t);
    const ws = await driver.open(server.url().replace("ws:", "wss:"), CA,
                                 { connect_ms: 300 });
    const { err, why } = await ws.fails();

    assert.equal(err, ERR.TIMEOUT);
    assert.match(why, /TLS handshake/);
});

test("a connection that is cut in the middle", async (t) => {
    const server = await listenSecurely(t);
    const driver = drive(t);
    const { ws } = await joins(driver, server, CA);

    server.cut();
    const { code } = await ws.fails();

    assert.equal(code, 1006);
});

test("one that is closed by the TLS of the server alone", async (t) => {
    const server = await listenSecurely(t);
    const driver = drive(t);
    const { ws, peer } = await joins(driver, server, CA);

    peer.socket.end();
    const { err, code } = await ws.fails();

    assert.deepEqual([err, code], [ERR.EOF, 1006]);
});

/* ---- Through a proxy ----------------------------------------------------- */

/* Connects the proxy's end of a connection with the server. */
function tunnel(middle, port) {
    const far = connect({ port, host: "127.0.0.1" });

    far.on("error", () => middle.socket.destroy());
    middle.socket.on("error", () => far.destroy());
    middle.socket.removeAllListeners("data");
    middle.socket.pipe(far);
    far.pipe(middle.socket);
}

test("through a proxy, which sees nothing", async (t) => {
    const server = await listenSecurely(t);
    const proxy = await listen(t);
    const driver = drive(t, { https_proxy: `http://127.0.0.1:${proxy.port}` });
    const ws = await driver.open(server.url("/secret"), CA, "wire",
                                 { cookie: "secret=1" });
    const middle = await proxy.accept();
    const { first, raw } = await middle.request();

    assert.equal(first, `CONNECT localhost:${server.port} HTTP/1.1`);
    assert.doesNotMatch(raw, /secret/);
    assert.match(`${(await ws.event("request")).head}`, /^CONNECT /);
    tunnel(middle, server.port);
    middle.send("HTTP/1.1 200 OK\r\n\r\n");
    const peer = await server.accept();

    assert.equal((await peer.open()).first, "GET /secret HTTP/1.1");
    await ws.event("response");
    assert.match(`${(await ws.event("request")).head}`, /^GET \/secret /);
    await ws.event("response");
    await ws.event("open");
    assert.match((await ws.state()).tls, /^TLSv1\.3 /);
    assert.equal(await ws.fill("text", 100_000), 0);
    assert.equal((await peer.frame()).payload.length, 100_000);
});

test("the name that counts is the server's, not the proxy's", async (t) => {
    const server = await listenSecurely(t, identity("elsewhere"));
    const proxy = await listen(t);
    const driver = drive(t);
    const ws = await driver.open(server.url(), CA,
                                 { proxy: `127.0.0.1:${proxy.port}` });
    const middle = await proxy.accept();

    await middle.request();
    tunnel(middle, server.port);
    middle.send("HTTP/1.1 200 OK\r\n\r\n");
    assert.match((await ws.fails()).why, /the server's certificate is not for localhost/);
});

test("a proxy may say nothing behind its answer", async (t) => {
    const proxy = await listen(t);
    const driver = drive(t);
    const ws = await driver.open("wss://a.example/", CA,
                                 { proxy: `127.0.0.1:${proxy.port}` });
    const middle = await proxy.accept();

    await middle.request();
    middle.send("HTTP/1.1 200 OK\r\n\r\n\x16");
    const { err, why } = await ws.fails();

    assert.equal(err, ERR.PROTOCOL);
    assert.match(why, /proxy/);
});

test("a proxy that is itself reached by TLS is refused", async (t) => {
    const driver = drive(t);
    const { result, why } = await driver.socket().open(
        "wss://localhost/", { proxy: "https://localhost:1" });

    assert.equal(result, ERR.INVALID);
    assert.match(why, /proxy has a scheme other than http/);
});

/* ---- One at a time ------------------------------------------------------- */

test("the second to a host waits for the first one's handshake", async (t) => {
    const server = await listenSecurely(t);
    const driver = drive(t);
    const first = await driver.open(server.url(), CA);
    const second = await driver.open(server.url(), CA);
    const peer = await server.accept();

    assert.equal(server.count, 1);
    await peer.open();
    await first.event("open");
    const other = await server.accept();

    await other.open();
    await second.event("open");
    await poll(() => server.count === 2 || undefined, "two");
    other.send(closeFrame(1000));
});
