/* SPDX-License-Identifier: MIT */
/*
 * Values as text for people: sizes, times, bytes as hexadecimal, close codes,
 * and one-line previews in which no character of a message can act: controls,
 * line ends and marks of direction appear as escapes.
 */
"use strict";

const PREVIEW_CHARS = 200; /* more than a row shows at any usual width */
const PREVIEW_BYTES = 32;
const HEX_COLUMNS = 16;

/* RFC 6455 section 7.4.1, the IANA registry, and what browsers make up. */
const CLOSE_CODES = {
    1000: "normal closure",
    1001: "going away",
    1002: "protocol error",
    1003: "unsupported data",
    1005: "no code was given",
    1006: "no close frame came",
    1007: "invalid data",
    1008: "policy violation",
    1009: "message too big",
    1010: "extension missing",
    1011: "internal error",
    1012: "service restart",
    1013: "try again later",
    1014: "bad gateway",
    1015: "TLS handshake failed",
};

/* Controls, format characters such as marks of direction, line ends. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const SHORT_ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const utf8 = new TextEncoder();

function formatSize(bytes) {
    const units = ["B", "kB", "MB", "GB"];
    let unit = 0;

    while (bytes >= 999.95 && unit < units.length - 1) {
        bytes /= 1000;
        unit++;
    }
    return `${unit ? bytes.toFixed(1) : bytes} ${units[unit]}`;
}

function formatCount(n) {
    return n.toLocaleString("en");
}

function pad(n, width) {
    return String(n).padStart(width, "0");
}

/* Local time of day, to the millisecond. */
function formatTime(date) {
    return `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:` +
        `${pad(date.getSeconds(), 2)}.${pad(date.getMilliseconds(), 3)}`;
}

function formatClose(code) {
    const name = CLOSE_CODES[code];

    return name ? `${code} (${name})` : String(code);
}

function hexByte(byte) {
    return pad(byte.toString(16), 2);
}

function escapeUnseen(text) {
    return text.replace(UNSEEN, (c) =>
        SHORT_ESCAPES[c] || `\\u{${c.codePointAt(0).toString(16)}}`);
}

function previewText(text) {
    const cut = text.length > PREVIEW_CHARS;

    return escapeUnseen(cut ? text.slice(0, PREVIEW_CHARS) : text) +
        (cut ? "…" : "");
}

function previewBytes(bytes) {
    const head = Array.from(bytes.subarray(0, PREVIEW_BYTES), hexByte);

    return head.join(" ") + (bytes.length > PREVIEW_BYTES ? " …" : "");
}

/* One line of a dump: offset, bytes, and the same bytes as ASCII. */
function hexLine(bytes, offset) {
    const part = bytes.subarray(offset, offset + HEX_COLUMNS);
    const hex = Array.from(part, hexByte);
    const ascii = Array.from(part, (byte) =>
        byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".");

    hex.splice(HEX_COLUMNS / 2, 0, ""); /* a wider space in the middle */
    return pad(offset.toString(16), 8) + "  " +
        hex.join(" ").padEnd(HEX_COLUMNS * 3 + 1) + " " + ascii.join("");
}

function formatHex(bytes) {
    const lines = [];

    for (let at = 0; at < bytes.length; at += HEX_COLUMNS)
        lines.push(hexLine(bytes, at));
    return lines.join("\n");
}

/* "de ad be ef", spaces and line ends anywhere between bytes. null: not so. */
function parseHex(text) {
    const digits = text.replace(/\s+/g, "");

    if (digits.length % 2 || /[^0-9a-f]/i.test(digits))
        return null;
    return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
        parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
