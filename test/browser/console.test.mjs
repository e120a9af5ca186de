/* SPDX-License-Identifier: MIT */
/*
 * The console page in a real browser, against the echo handler: what the user
 * does on one side, the rows that must appear on the other.
 */
import assert from "node:assert/strict";
import {
    browserTests, faintTexts, fileUrl, isTooWide, newPage, picture,
} from "./browser.mjs";

const MAX_ROWS = 10_000; /* event-store.js */

/* The rows on the screen, from the top: direction, kind, size, data. */
function rows(page) {
    return page.$$eval("#list .row", (all) => all
        .filter((row) => !row.hidden)
        .sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)
        .map((row) => [row.dataset.dir, row.dataset.kind,
                       row.querySelector(".size").textContent,
                       row.querySelector(".data").textContent]));
}

function waitText(page, selector, text) {
    return page.waitForFunction(
        ([where, what]) =>
            document.querySelector(where).textContent.includes(what),
        [selector, text]);
}

async function connect(page) {
    await page.click("#connect");
    await waitText(page, "#ready-state", "1 OPEN");
}

/* Sends text and waits until so many messages have come back in all. */
async function sendText(page, text, count) {
    await page.fill("#draft", text);
    await page.press("#draft", "Enter");
    await waitText(page, "#received",
                   `${count} message${count === 1 ? "" : "s"},`);
}

async function closeWith(page, code, reason) {
    await page.fill("#close-code", code);
    await page.fill("#close-reason", reason);
    await page.click("#close");
    await waitText(page, "#ready-state", "3 CLOSED");
    await waitText(page, "#status", "Closed");
}

/* Lets the screen catch up with what has happened so far. */
function nextFrame(page) {
    return page.evaluate(() => new Promise((done) =>
        requestAnimationFrame(() => requestAnimationFrame(done))));
}

/* Sends numbered messages with the keyboard's own event, quickly. */
function sendMany(page, count) {
    return page.evaluate((n) => {
        const draft = document.getElementById("draft");

        for (let i = 0; i < n; i++) {
            draft.value = `message ${i}`;
            draft.dispatchEvent(new KeyboardEvent("keydown", {
                key: "Enter", cancelable: true, bubbles: true,
            }));
        }
    }, count);
}

browserTests("console", (shared, test) => {
    async function openConsole(t, options) {
        const page = await newPage(t, shared.browser, options);

        await page.goto(`${shared.server.url}console.html`);
        return page;
    }

    test("connect, text, a binary file, close", async (t) => {
        const page = await openConsole(t);
        const bytes = Buffer.from([0, 1, 2, 253, 254, 255]);

        assert.equal(await page.inputValue("#url"), shared.echoUrl);
        assert.equal(await page.textContent("#ready-state"), "3 CLOSED");
        await connect(page);
        await sendText(page, "Grüße", 1);
        await page.setInputFiles("#file", {
            name: "six.bin", mimeType: "application/octet-stream",
            buffer: bytes,
        });
        await page.click("#send");
        await waitText(page, "#received", "2 messages, 13 B");
        assert.equal(await page.textContent("#sent"), "2 messages, 13 B");
        await page.waitForSelector("#buffered:text-is('0 B')");
        await closeWith(page, "4001", "enough");
        await nextFrame(page);

        const [connecting, open, ...rest] = await rows(page);

        assert.deepEqual(connecting,
                         ["event", "connecting", "", shared.echoUrl]);
        assert.deepEqual(open.slice(0, 2), ["event", "open"]);
        assert.match(open[3], /^subprotocol none, extensions /);
        assert.deepEqual(rest, [
            ["sent", "text", "7 B", "Grüße"],
            ["received", "text", "7 B", "Grüße"],
            ["sent", "binary", "6 B", "00 01 02 fd fe ff"],
            ["received", "binary", "6 B", "00 01 02 fd fe ff"],
            ["event", "closed", "", "4001, reason “enough”"],
        ]);
    });

    test("what a peer sends is text, never markup", async (t) => {
        const page = await openConsole(t);
        const hostile = "<img src=x onerror=alert(1)>";

        await connect(page);
        await sendText(page, hostile, 1);
        await nextFrame(page);
        assert.equal((await rows(page)).at(-1)[3], hostile);
        await page.click("#list .row[data-dir=received]");
        assert.equal(await page.textContent("#detail-body"), hostile);
        assert.equal(await page.locator("#list img, #detail img").count(), 0);

        await page.fill("#draft", "a\u202eb\nc");
        await page.press("#draft", "Enter");
        await waitText(page, "#received", "2 messages");
        await nextFrame(page);
        assert.equal((await rows(page)).at(-1)[3], "a\\u{202e}b\\nc");
        assert.deepEqual(page.said, []);
    });

    test("keys: new line, history, clear, selection", async (t) => {
        const page = await openConsole(t);
        const draft = () => page.inputValue("#draft");

        await connect(page);
        await sendText(page, "first", 1);
        await page.keyboard.type("two");
        await page.keyboard.press("Control+Enter");
        await page.keyboard.type("lines");
        assert.equal(await draft(), "two\nlines");
        await page.keyboard.press("Shift+Enter");
        assert.equal(await draft(), "two\nlines\n");
        await page.keyboard.press("Backspace");
        await page.keyboard.press("Enter");
        await waitText(page, "#received", "2 messages");
        assert.equal(await draft(), "");

        await page.keyboard.type("unsent");
        await page.keyboard.press("ArrowUp");
        assert.equal(await draft(), "two\nlines");
        await page.keyboard.press("Home");
        await page.keyboard.press("ArrowUp"); /* to the line above */
        await page.keyboard.press("ArrowUp");
        assert.equal(await draft(), "first");
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("ArrowDown");
        assert.equal(await draft(), "unsent");
        await page.keyboard.press("Escape");
        assert.equal(await draft(), "");

        await page.focus("#list");
        await page.keyboard.press("ArrowUp"); /* the last row */
        assert.equal(await page.textContent("#detail-body"), "two\nlines");
        await page.keyboard.press("Home");
        assert.equal(await page.textContent("#detail-body"), shared.echoUrl);
        await page.keyboard.press("Escape");
        assert.equal(await page.isVisible("#detail"), false);
    });

    test("bytes as hexadecimal, both ways, and long messages", async (t) => {
        const page = await openConsole(t);

        await connect(page);
        await page.check("[name=format][value=hex]");
        await page.fill("#draft", "zz");
        await page.press("#draft", "Enter");
        await waitText(page, "#status", "not hexadecimal");
        await sendText(page, "48 65 6c 6c 6f 00", 1);
        await page.focus("#list");
        await page.keyboard.press("ArrowUp");
        assert.equal(await page.textContent("#detail-body"),
                     "00000000  48 65 6c 6c 6f 00" + " ".repeat(33) + "Hello.");
        await page.check("#detail-view [value=text]");
        assert.equal(await page.textContent("#detail-body"), "Hello\0");

        await page.check("[name=format][value=text]");
        await sendText(page, "x".repeat(50_000), 2);
        await page.focus("#list");
        await page.keyboard.press("End");
        assert.equal((await page.textContent("#detail-body")).length, 20_000);
        await page.click("#detail-rest");
        assert.equal((await page.textContent("#detail-body")).length, 50_000);
        assert.equal(await page.isVisible("#detail-more"), false);
    });

    test("a file as text, and one that is not UTF-8", async (t) => {
        const page = await openConsole(t);
        const file = (buffer) =>
            page.setInputFiles("#file", { name: "f", mimeType: "", buffer });

        await connect(page);
        await file(Buffer.from("täxt"));
        await page.check("[name=format][value=text]");
        await page.click("#send");
        await waitText(page, "#received", "1 message, 5 B");
        await file(Buffer.from([0xc3, 0x28]));
        await page.check("[name=format][value=text]");
        await page.click("#send");
        await waitText(page, "#status", "not UTF-8");
        assert.equal(await page.textContent("#sent"), "1 message, 5 B");
    });

    test("filter and clear", async (t) => {
        const page = await openConsole(t);
        const data = async () => {
            await nextFrame(page);
            return (await rows(page)).map((row) => row[3]);
        };

        await connect(page);
        await sendText(page, "apple (1)", 1);
        await sendText(page, "Pear", 2);
        await page.check("#kinds [value=received]");
        assert.deepEqual(await data(), ["apple (1)", "Pear"]);
        await page.fill("#filter", "APPLE (");
        assert.deepEqual(await data(), ["apple (1)"]);
        await sendText(page, "another apple (2)", 3);
        assert.deepEqual(await data(), ["apple (1)", "another apple (2)"]);
        assert.equal(await page.textContent("#kept"), "2 of 8 rows");
        await page.fill("#filter", "plum");
        assert.deepEqual(await data(), []);
        assert.equal(await page.textContent("#empty"), "No event matches.");
        await page.click("#clear");
        await page.fill("#filter", "");
        assert.deepEqual(await data(), []);
        assert.equal(await page.textContent("#sent"), "0 messages, 0 B");
        await sendText(page, "after", 1);
        assert.deepEqual(await data(), ["after"]);
    });

    test("refusals are told: URL, subprotocol, close code", async (t) => {
        const page = await openConsole(t);
        const lastError = async () => {
            await nextFrame(page);
            const [, kind, , text] = (await rows(page)).at(-1);

            assert.equal(kind, "error");
            return text;
        };

        await page.fill("#url", "nonsense:");
        await page.click("#connect");
        assert.match(await lastError(), /URL/);
        await page.fill("#url", shared.echoUrl);
        await page.fill("#protocols", "a@b");
        await page.click("#connect");
        assert.match(await lastError(), /subprotocol/);
        await page.fill("#protocols", "");
        await connect(page);
        await page.fill("#close-code", "99");
        await page.click("#close");
        assert.match(await lastError(), /99/);
        assert.equal(await page.textContent("#ready-state"), "1 OPEN");
        await page.fill("#close-code", "");
        await page.click("#close");
        await waitText(page, "#status", "Closed: 1005");
    });

    test("a connection that fails", async (t) => {
        const page = await openConsole(t);

        await page.fill("#url", shared.echoUrl + "/no/such/handler");
        await page.click("#connect");
        await waitText(page, "#status", "Closed: 1006");
        await nextFrame(page);
        assert.deepEqual((await rows(page)).map((row) => row[1]),
                         ["connecting", "error", "closed"]);
        assert.ok(await page.isEnabled("#connect"));
    });

    test("more rows than are kept", async (t) => {
        const page = await openConsole(t);
        const each = 6_000; /* sent and echoed: 12,000 rows and two more */

        await connect(page);
        await sendMany(page, each);
        await waitText(page, "#received", "6,000 messages");
        await nextFrame(page);
        assert.equal(await page.textContent("#kept"),
                     "10,000 rows, the oldest 2,002 dropped");
        assert.ok(await page.locator("#list .row").count() < 100,
                  "only the rows in view are elements");
        const last = page.locator(`#list .row[aria-posinset="${MAX_ROWS}"]`);

        assert.ok(await last.isVisible(), "the end is in view");
        assert.equal(await last.locator(".data").textContent(),
                     `message ${each - 1}`);
    });

    test("scrolled up, the list stays until told otherwise", async (t) => {
        const page = await openConsole(t);
        const top = () => page.$eval("#list", (list) => list.scrollTop);

        await connect(page);
        await sendMany(page, 200);
        await waitText(page, "#received", "200 messages");
        await nextFrame(page);
        assert.equal(await page.isVisible("#newest"), false);
        await page.$eval("#list", (list) => { list.scrollTop = 500; });
        await page.waitForSelector("#newest");
        const seen = await rows(page);

        await sendText(page, "one more", 201);
        await nextFrame(page);
        assert.equal(await top(), 500);
        assert.deepEqual(await rows(page), seen);
        await page.click("#newest");
        await nextFrame(page);
        assert.equal((await rows(page)).at(-1)[3], "one more");
        assert.equal(await page.isVisible("#newest"), false);
    });

    test("the list follows when the message box grows", async (t) => {
        const page = await openConsole(t);

        await connect(page);
        await sendMany(page, 200);
        await page.fill("#draft", "line\n".repeat(20));
        await waitText(page, "#received", "200 messages");
        await nextFrame(page);
        assert.equal((await rows(page)).at(-1)[3], "message 199");
        assert.equal(await page.isVisible("#newest"), false);
    });

    test("opened as a file", async (t) => {
        const page = await newPage(t, shared.browser);

        await page.goto(fileUrl("console.html", shared.echoUrl));
        await connect(page);
        await sendText(page, "from a file", 1);
        await closeWith(page, "1000", "");
    });

    /* A session with something of everything, as a picture. */
    for (const [colorScheme, name] of [["light", "console.png"],
                                       ["dark", "console-dark.png"]]) {
        test(`legible, ${colorScheme}`, async (t) => {
            const page = await openConsole(t, {
                colorScheme, viewport: { width: 1280, height: 800 },
            });

            await connect(page);
            await sendText(page, "Message to send", 1);
            await sendText(page, '{"op":"subscribe","topics":["looms/4"]}', 2);
            await sendText(page, "warp and weft, ".repeat(2_500), 3);
            await page.setInputFiles("#file", {
                name: "pattern.bin", mimeType: "application/octet-stream",
                buffer: Buffer.from(Array.from({ length: 6_000 },
                                               (_, i) => i * 37 + (i >> 4))),
            });
            await page.click("#send");
            await waitText(page, "#received", "4 messages");
            await page.fill("#close-code", "99");
            await page.click("#close");
            await closeWith(page, "4001", "enough for today");
            await page.click("#connect");
            await waitText(page, "#ready-state", "1 OPEN");
            await sendText(page, "Once more", 5);
            await page.click("#list .row[data-kind=binary]");
            await nextFrame(page);
            assert.deepEqual(await faintTexts(page), []);
            await page.focus("#draft");
            await page.screenshot({ path: picture(name) });
        });
    }

    test("fits a narrow screen", async (t) => {
        const page = await openConsole(t, {
            viewport: { width: 320, height: 640 },
        });

        await connect(page);
        await sendText(page, "x".repeat(1_000), 1);
        await page.click("#list .row[data-dir=received]");
        assert.equal(await isTooWide(page), false);
    });
});
