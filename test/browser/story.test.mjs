/* SPDX-License-Identifier: MIT */
/*
 * The story in a real browser: click the link and hear the four alerts, served
 * and as a file, by mouse and by keyboard, with and without a server.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { root, startServer } from "../support/server.mjs";
import {
    browserTests, faintTexts, fileUrl, isTooWide, newPage, picture, until,
} from "./browser.mjs";

const STORY = [
    "WebSocket is supported by your Browser!",
    "Message is sent...",
    "Message is received...",
    "Connection is closed...",
];
const DEFAULT_PORT = 9998;

/* A row of the log: its class, then the texts of its parts. */
const MESSAGES = [
    ["sent", "Message to send", "sent, 15 bytes"],
    ["received", "Message to send", "received, 15 bytes"],
    ["sent", "Goodbye", "sent, 7 bytes"],
    ["received", "Goodbye", "received, 7 bytes"],
];

function logRows(page) {
    return page.$$eval("#log li", (rows) => rows.map((row) =>
        [row.className, ...Array.from(row.children, (c) => c.textContent)]));
}

async function hear(page, count) {
    await until(() => page.said.length >= count,
                () => `alert ${count} after ${JSON.stringify(page.said)}`);
}

/* The story has been told: four alerts, four messages, an end, no more. */
async function checkStory(page) {
    await hear(page, STORY.length);
    await page.waitForSelector("#run:not([aria-disabled])");
    const rows = await logRows(page);

    assert.deepEqual(rows.filter(([kind]) => kind !== "note"), MESSAGES);
    assert.deepEqual(rows.at(-1),
                     ["note", "The server closed the connection, code 1000."]);
    assert.deepEqual(page.said, STORY);
}

/* Listens at port for a moment; the port, or null where it is in use. */
function tryPort(port) {
    return new Promise((done) => {
        const server = createServer();

        server.once("error", () => done(null));
        server.listen(port, () => {
            const found = server.address().port;

            server.close(() => done(found));
        });
    });
}

browserTests("story", (shared, test) => {
    test("served, click", async (t) => {
        const page = await newPage(t, shared.browser);

        await page.goto(shared.server.url);
        assert.equal(await page.textContent("#target"), shared.echoUrl);
        await page.click("a:text-is('Run WebSocket')");
        await checkStory(page);
    });

    test("served, twice: the second story replaces the first", async (t) => {
        const page = await newPage(t, shared.browser);

        await page.goto(shared.server.url);
        await page.click("#run");
        await checkStory(page);
        page.said.length = 0;
        await page.click("#run");
        await checkStory(page);
    });

    test("a click during the story does nothing", async (t) => {
        const page = await newPage(t, shared.browser);

        await page.goto(shared.server.url);
        await page.evaluate(() => {
            const link = document.getElementById("run");

            link.click();
            link.click();
        });
        await checkStory(page);
    });

    test("opened as a file, with ?url=", async (t) => {
        const page = await newPage(t, shared.browser);

        await page.goto(fileUrl("index.html", shared.echoUrl));
        await page.click("#run");
        await checkStory(page);
    });

    test("opened as a file, port 9998", async (t) => {
        if (!await tryPort(DEFAULT_PORT)) {
            t.skip(`port ${DEFAULT_PORT} is in use`);
            return;
        }
        const page = await newPage(t, shared.browser);
        const own = await startServer({ port: DEFAULT_PORT });

        try {
            await page.goto(fileUrl("index.html"));
            await page.click("#run");
            await checkStory(page);
        } finally {
            assert.equal(await own.stop(), 0, own.stderr());
        }
    });

    test("by keyboard", async (t) => {
        const page = await newPage(t, shared.browser);
        const focused = () =>
            page.evaluate(() => document.activeElement.textContent.trim());

        await page.goto(shared.server.url);
        for (let tabs = 0; await focused() !== "Run WebSocket"; tabs++) {
            assert.ok(tabs < 5, "the link is among the first tab stops");
            await page.keyboard.press("Tab");
        }
        await page.keyboard.press("Enter");
        await checkStory(page);
    });

    test("without a server the page says what to do", async (t) => {
        const page = await newPage(t, shared.browser);
        const port = await tryPort(0);

        await page.goto(fileUrl("index.html", `ws://localhost:${port}/echo`));
        await page.click("#run");
        const fault = await page.waitForSelector("#log .fault");

        assert.ok(await fault.isVisible());
        assert.match(await fault.textContent(),
                     /No connection .*script\/server/);
        assert.deepEqual(page.said, STORY.slice(0, 1));
    });

    test("a server without /echo: the page says so", async (t) => {
        const page = await newPage(t, shared.browser);
        const empty = mkdtempSync(resolve(tmpdir(), "weft-story-"));
        const own = await startServer({ handlers: empty });

        try {
            await page.goto(own.url);
            await page.click("#run");
            const fault = await page.waitForSelector("#log .fault");
            const text = await fault.textContent();

            assert.match(text, /does not serve \/echo, or its rule about origins/);
            assert.doesNotMatch(text, /no server is running/);
            assert.deepEqual(page.said, STORY.slice(0, 1));
        } finally {
            assert.equal(await own.stop(), 0, own.stderr());
            rmdirSync(empty);
        }
    });

    test("a URL that is none", async (t) => {
        const page = await newPage(t, shared.browser);

        await page.goto(fileUrl("index.html", "nonsense:<img>"));
        await page.click("#run");
        assert.match(await page.textContent("#log .fault"),
                     /refuses to connect to nonsense:<img>/);
        assert.deepEqual(page.said, STORY.slice(0, 1));
    });

    test("a browser without WebSocket", async (t) => {
        const page = await newPage(t, shared.browser);

        await page.addInitScript(() => { delete window.WebSocket; });
        await page.goto(shared.server.url);
        await page.click("#run");
        await hear(page, 1);
        assert.deepEqual(page.said,
                         ["WebSocket NOT supported by your Browser!"]);
    });

    test("the C code on the page is the handler's", async (t) => {
        const page = await newPage(t, shared.browser);
        const source = readFileSync(
            resolve(root, "example/handlers/echo_wsh.c"), "utf8");
        const words = (text) => text.replace(/\/\*[^]*?\*\//g, "")
            .replace(/\s+/g, " ").trim();

        await page.goto(shared.server.url);
        assert.equal(words(await page.textContent("#handler-code")),
                     words(source));
    });

    test("the JavaScript on the page does what it says", async (t) => {
        const page = await newPage(t, shared.browser);

        await page.goto(shared.server.url);
        const code = await page.textContent("#page-code");

        await page.evaluate(code.replace("ws://localhost:9998/echo",
                                         shared.echoUrl));
        await hear(page, STORY.length);
        assert.deepEqual(page.said, STORY);
    });

    for (const colorScheme of ["light", "dark"]) {
        test(`legible, ${colorScheme}`, async (t) => {
            const page = await newPage(t, shared.browser, {
                colorScheme, viewport: { width: 1280, height: 900 },
                reducedMotion: "reduce",
            });

            await page.goto(shared.server.url);
            await page.click("#run");
            await checkStory(page);
            await page.mouse.move(0, 0);
            assert.deepEqual(await faintTexts(page), []);
            await page.screenshot({ path: picture(`story-${colorScheme}.png`),
                                    fullPage: true });
        });
    }

    test("fits a narrow screen", async (t) => {
        const page = await newPage(t, shared.browser,
                                   { viewport: { width: 320, height: 640 } });

        await page.goto(shared.server.url);
        await page.click("#run");
        await checkStory(page);
        assert.equal(await isTooWide(page), false);
    });
});
