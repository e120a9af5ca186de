/* SPDX-License-Identifier: MIT */
/*
 * Debian's Chromium for the tests of the pages. A page of a test collects what
 * it says by alert, in order, and whatever went wrong in it: an exception, or
 * something that its Content-Security-Policy refused.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { after as afterAll, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { after } from "../support/after.mjs";
import { root, startServer } from "../support/server.mjs";

const CHROMIUM = "/usr/bin/chromium";
const ARGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
];
const WAIT_MS = 20_000;

const skip = process.env.WEFT_NO_BROWSER ? "WEFT_NO_BROWSER is set" : false;

/*
 * A group of tests that share a server and a browser. define is given an
 * object, whose server, browser and echoUrl are there once a test runs, and
 * the function that defines a test. options are those of startServer.
 */
export function browserTests(name, define, options = {}) {
    const shared = {
        get echoUrl() {
            return `ws://localhost:${this.server.port}/echo`;
        },
    };

    describe(name, () => {
        before(async () => {
            if (skip)
                return;
            shared.server = await startServer(options);
            shared.browser = await openBrowser();
        });
        afterAll(async () => {
            await shared.browser?.close();
            if (shared.server)
                assert.equal(await shared.server.stop(), 0,
                             shared.server.stderr());
        });
        define(shared, (title, body) => test(title, { skip }, body));
    });
}

async function openBrowser() {
    if (!existsSync(CHROMIUM))
        throw new Error(`${CHROMIUM} does not exist: script/bootstrap ` +
                        "installs it; WEFT_NO_BROWSER=1 skips these tests");
    return chromium.launch({ executablePath: CHROMIUM, args: ARGS });
}

/*
 * A page of its own context, closed when the test t ends, which fails it if
 * anything went wrong in the page. options are Playwright's for a context;
 * said is the list of alerts so far.
 */
export async function newPage(t, browser, options = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const faults = [];

    page.setDefaultTimeout(WAIT_MS);
    page.said = [];
    page.on("dialog", async (dialog) => {
        page.said.push(dialog.message());
        await dialog.accept();
    });
    page.on("pageerror", (error) => faults.push(error.stack));
    page.on("console", (message) => {
        if (/Content.Security.Policy/i.test(message.text()))
            faults.push(message.text());
    });
    after(t, async () => {
        await context.close();
        if (faults.length)
            throw new Error(faults.join("\n"));
    });
    return page;
}

/* The address of a file in example/www, with ?url= if url is given. */
export function fileUrl(name, url) {
    const address = pathToFileURL(resolve(root, "example/www", name));

    if (url)
        address.searchParams.set("url", url);
    return address.href;
}

/* Waits until isTrue() holds, within a bound. */
export async function until(isTrue, what) {
    const end = Date.now() + WAIT_MS;

    while (!isTrue()) {
        if (Date.now() > end)
            throw new Error(`waited too long for ${what()}`);
        await delay(5);
    }
}

/* Where a screenshot of this name goes. */
export function picture(name) {
    const folder = resolve(root, process.env.WEFT_BUILD || "build");

    mkdirSync(folder, { recursive: true });
    return resolve(folder, name);
}

/*
 * The texts of the page with a contrast to their ground below 4.5 (WCAG 2.2,
 * 1.4.3), each as "ratio text". Disabled controls are exempt there.
 */
export function faintTexts(page) {
    return page.evaluate(() => {
        const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
        const linear = (c) =>
            c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
        const luminance = (colour) => {
            const [r, g, b] = channels(colour).map((c) => linear(c / 255));

            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ground = (node) => {
            const colour = getComputedStyle(node).backgroundColor;
            const alpha = channels(colour)[3];

            return alpha === 0 ? ground(node.parentElement) : colour;
        };
        const ratio = (node) => {
            const pair = [getComputedStyle(node).color, ground(node)]
                .map(luminance);

            return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        };

        return [...document.querySelectorAll("body *")]
            .filter((node) => node.checkVisibility() &&
                !node.matches(":disabled, noscript") &&
                [...node.childNodes].some((child) =>
                    child.nodeType === Node.TEXT_NODE && child.data.trim()))
            .map((node) => [ratio(node), node])
            .filter(([value]) => value < 4.5)
            .map(([value, node]) =>
                `${value.toFixed(2)} ${node.textContent.trim()}`);
    });
}

/* Whether the page would have to be scrolled sideways. */
export function isTooWide(page) {
    return page.evaluate(() => document.documentElement.scrollWidth >
                               document.documentElement.clientWidth);
}
