/* SPDX-License-Identifier: MIT */
/*
 * Which pages may open a connection, and under which names a server that
 * listens on loopback only may be called: hostile.md T12.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { handshake, OWN_HANDLERS, serve } from "./support.mjs";

async function verdict(server, fields, path = "/plain") {
    const peer = await server.peer();

    peer.send(handshake(path, fields));
    const { status } = await peer.head();

    peer.socket.destroy();
    return status;
}

async function check(server, host, table) {
    for (const [origin, want] of table) {
        const fields = { Host: host, Origin: origin };

        assert.equal(await verdict(server, fields), want,
                     `${JSON.stringify(origin)} at ${host}`);
    }
}

test("T12: without --origin, pages of the same host", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS, origin: null });

    await check(server, "app.example:9998", [
        [undefined, 101],
        ["http://app.example:9998", 101],
        ["http://app.example", 101],
        ["https://app.example:8443", 101],
        ["http://APP.Example", 101],
        ["null", 403],
        ["http://evil.example", 403],
        ["http://app.example.evil.example", 403],
        ["http://evilapp.example", 403],
        ["http://sub.app.example", 403],
        ["http://app.example@evil.example", 403],
        ["http://evil.example/app.example", 403],
        ["http://evil.example#app.example", 403],
        ["http://app.exampl", 403],
        ["http://127.0.0.1:9998", 403],
        ["app.example", 403],
        ["file://", 403],
        ["http://", 403],
        ["", 403],
    ]);
    await check(server, "127.0.0.1:9998", [
        ["http://127.0.0.1:8000", 101],
        ["http://127.0.0.2:9998", 403],
        ["http://127.0.0.1.evil.example", 403],
        ["http://localhost:9998", 403],
    ]);
    await check(server, "[::1]:9998", [
        ["http://[::1]:8000", 101],
        ["http://[::2]", 403],
    ]);
});

test("T12: several origins are none", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS, origin: null });
    const status = await verdict(server, {
        Host: "app.example",
        Origin: ["http://app.example", "http://evil.example"],
    });

    assert.ok(status === 400 || status === 403, `${status}`);
});

test("--origin lets in those it names", async (t) => {
    const server = await serve(t, {
        handlers: OWN_HANDLERS,
        origin: null,
        args: ["--origin", "https://a.example",
               "--origin", "http://b.example:8080"],
    });

    await check(server, "app.example", [
        ["https://a.example", 101],
        ["https://A.Example", 101],
        ["https://a.example:443", 101],
        ["http://b.example:8080", 101],
        ["http://app.example", 101], /* the same host still */
        ["http://a.example", 403],
        ["https://a.example:8443", 403],
        ["http://b.example", 403],
        ["https://a.example.evil.example", 403],
        ["https://xa.example", 403],
        ["null", 403],
    ]);
});

test("--origin any lets in all", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS, origin: "any" });

    await check(server, "app.example", [
        ["http://evil.example", 101], ["null", 101], ["file://", 101],
    ]);
});

test("a refusal names the flag that would allow it", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS, origin: null });

    assert.equal(await verdict(server, { Host: "app.example",
                                         Origin: "http://other.example" }),
                 403);
    await server.errors(/\/plain.*--origin/);
});

/* An attacker's page calls its own name, which now points here. */
test("T12: names of a server on loopback", async (t) => {
    const server = await serve(t, { handlers: OWN_HANDLERS,
                                    args: ["-H", "127.0.0.1"] });
    const { port } = server;
    const table = [
        ["localhost", 101], [`localhost:${port}`, 101],
        [`127.0.0.1:${port}`, 101], ["127.0.0.1", 101],
        [`[::1]:${port}`, 101], ["LOCALHOST", 101],
        ["evil.example", 403], [`evil.example:${port}`, 403],
        ["localhost.evil.example", 403], ["127.0.0.1.evil.example", 403],
        ["", 403],
    ];

    for (const [host, want] of table)
        assert.equal(await verdict(server, { Host: host }), want, host);

    /* Files as well, or the page would read those. */
    const peer = await server.peer();

    peer.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert.equal((await peer.response()).status, 403);
    await server.errors(/--host/);
});

test("--host adds names", async (t) => {
    const server = await serve(t, {
        handlers: OWN_HANDLERS,
        args: ["-H", "127.0.0.1", "--host", "dev.example"],
    });

    for (const [host, want] of [["dev.example", 101], ["DEV.example:1", 101],
                                ["localhost", 101], ["a.dev.example", 403]])
        assert.equal(await verdict(server, { Host: host }), want, host);
});

test("--host any, and other addresses, take all names", async (t) => {
    const any = await serve(t, { handlers: OWN_HANDLERS,
                                 args: ["-H", "127.0.0.1", "--host", "any"] });
    const everywhere = await serve(t, { handlers: OWN_HANDLERS });

    assert.equal(await verdict(any, { Host: "evil.example" }), 101);
    assert.equal(await verdict(everywhere, { Host: "app.example" }), 101);
});
