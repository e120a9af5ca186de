/* SPDX-License-Identifier: MIT */
/*
 * The story over https and wss. The certificate is that of an authority which
 * only tests know, so the browser is told to take any; that it would not
 * otherwise is seen too.
 */
import assert from "node:assert/strict";
import { certArgs } from "../support/certs.mjs";
import { browserTests, newPage, until } from "./browser.mjs";

const STORY = [
    "WebSocket is supported by your Browser!",
    "Message is sent...",
    "Message is received...",
    "Connection is closed...",
];
const TRUSTING = { ignoreHTTPSErrors: true };

browserTests("over https", (shared, test) => {
    const secure = () => `https://localhost:${shared.server.securePort}/`;

    test("the story", async (t) => {
        const page = await newPage(t, shared.browser, TRUSTING);
        const opened = [];

        page.on("websocket", (socket) => opened.push(socket.url()));
        await page.goto(secure());
        await page.click("#run");
        await until(() => page.said.length >= STORY.length,
                    () => `the story after ${JSON.stringify(page.said)}`);
        assert.deepEqual(page.said, STORY);
        assert.deepEqual(opened, [secure().replace("https", "wss") + "echo"]);
    });

    test("the console connects to wss by itself", async (t) => {
        const page = await newPage(t, shared.browser, TRUSTING);

        await page.goto(`${secure()}console.html`);
        assert.match(await page.inputValue("#url"), /^wss:\/\/localhost:\d+\//);
    });

    test("a page over http may connect to wss", async (t) => {
        const page = await newPage(t, shared.browser, TRUSTING);

        await page.goto(shared.server.url);
        const answer = await page.evaluate((url) => new Promise((done) => {
            const socket = new WebSocket(url);

            socket.onopen = () => socket.send("Hello");
            socket.onmessage = ({ data }) => done(data);
            socket.onerror = () => done("failed");
        }), secure().replace("https", "wss") + "echo");

        assert.equal(answer, "Hello");
    });

    test("a certificate of nobody's is refused, and nothing breaks",
         async (t) => {
        const page = await newPage(t, shared.browser);

        await assert.rejects(page.goto(secure()), /ERR_CERT_AUTHORITY_INVALID/);
    });
}, { args: ["--tls-port", "0", ...certArgs("server")] });
