/* SPDX-License-Identifier: MIT */
/*
 * File descriptors used up: the listener waits, without spinning; who is inside
 * is served on; and accepting resumes by itself when one is free again.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { closeFrame, frame, handshake, OWN_HANDLERS, poll, serve }
    from "./support.mjs";

const LIMIT = 64; /* descriptors of the server */
const STARVED = /cannot accept connections for now: Too many open files/;

/* Processor time that the server has used, in milliseconds, and how often its
 * threads have been woken. */
function effort({ pid }) {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    let wakes = 0;

    for (const task of readdirSync(`/proc/${pid}/task`)) {
        const status = readFileSync(`/proc/${pid}/task/${task}/status`,
                                    "latin1");

        wakes += Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)[1]);
    }
    /* Of 100 ticks a second: proc(5), USER_HZ. */
    return { cpu: 10 * (Number(fields[11]) + Number(fields[12])), wakes };
}

async function echoes(peer, text) {
    peer.send(frame(0x81, text));
    for (;;) {
        const { first, payload } = await peer.frame();

        if (first === 0x89)
            peer.send(frame(0x8a, payload));
        else
            return assert.equal(String(payload), text);
    }
}

const isStarved = (server) => STARVED.test(server.stderr());

/* Peers come until there are no descriptors: those who are inside. The kernel
 * says so at the last one already; whether it was let in, its echo tells. */
async function fill(server) {
    const inside = [];

    while (!isStarved(server)) {
        const peer = await server.peer();

        peer.send(handshake("/plain"));
        await poll(() => peer.bytes.length > 0 || isStarved(server) ||
                         undefined, "an answer, or no descriptors");
        inside.push(peer);
        assert.ok(inside.length < LIMIT, "more than there are descriptors");
    }
    const last = inside.pop();

    for (const [i, peer] of inside.entries()) {
        assert.equal((await peer.head()).status, 101);
        await echoes(peer, `inside ${i}`);
    }
    if (last.bytes.length > 0) {
        assert.equal((await last.head()).status, 101);
        inside.push(last);
    } else {
        last.socket.destroy();
    }
    return inside;
}

test("descriptors used up: the listener waits", async (t) => {
    const server = await serve(t, {
        handlers: OWN_HANDLERS,
        args: ["--connection-limit", "off", "--threads", "1",
               "--ping-interval", "1s", "--handshake-timeout", "60s",
               "--http-idle-timeout", "60s"],
        under: ["prlimit", `--nofile=${LIMIT}`],
    });
    const reader = await server.peer();
    const page = "GET /style.css HTTP/1.1\r\nHost: localhost\r\n\r\n";

    reader.send(page);
    assert.equal((await reader.response()).status, 200);
    const inside = await fill(server);
    const waiting = [await server.peer(), await server.peer()];

    assert.ok(inside.length > LIMIT / 2, `${inside.length} are inside`);
    for (const peer of waiting)
        peer.send(handshake("/plain"));

    /* Whoever is inside is served, as far as that takes no descriptor. */
    for (const [i, peer] of inside.entries())
        await echoes(peer, `inside ${i}`);
    if (!reader.over) {
        reader.send(page);
        assert.match(String((await reader.response()).status), /^(200|5..)$/);
    }

    /* The server tries again ten times a second, and does nothing else but send
     * its pings, for which is waited here. */
    const before = effort(server.child), began = Date.now();
    const { first } = await inside[0].frame();
    const after = effort(server.child), passed = Date.now() - began;

    assert.equal(first, 0x89);
    assert.ok(after.cpu - before.cpu <= 200 + passed / 4,
              `${after.cpu - before.cpu} ms of processor in ${passed} ms`);
    assert.ok(after.wakes - before.wakes <= 100 + passed / 5,
              `${after.wakes - before.wakes} wakes in ${passed} ms`);
    for (const peer of waiting)
        assert.equal(peer.bytes.length, 0);

    /* One leaves, and one comes in; and so on. Who gave up waiting above may
     * have a place for a moment, too. */
    for (const next of waiting) {
        inside.pop().send(closeFrame(1000));
        assert.equal((await next.head()).status, 101);
        await echoes(next, "at last");
    }
    for (const peer of inside)
        await echoes(peer, "still inside");
    assert.equal(server.stderr().match(new RegExp(STARVED, "g")).length, 1,
                 "it is said once");
});
