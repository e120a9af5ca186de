/* SPDX-License-Identifier: MIT */
/*
 * Sends a class with the WebSocket interface of the WHATWG standard through the
 * cases of conform --serve --client, whose lines test/conform/guide.h describes.
 *
 * A close event is the last thing that is told. For a class that has none where
 * the connection never opened, lastMs says how long to wait for it there.
 */
import { createInterface } from "node:readline";

const encode = (text) =>
    Array.from(Buffer.from(text, "utf8"), (byte) =>
        "%" + byte.toString(16).padStart(2, "0")).join("");

/* Parameters of permessage-deflate: values are numbers, or true for none. */
function readTerms(text) {
    const terms = {};

    for (const term of text.split(";").filter(Boolean)) {
        const [name, value] = term.split("=");

        terms[name] = value ? Number(value) : true;
    }
    return terms;
}

/* The words behind the URL. */
function readWords(words) {
    const told = { protocols: [], close: null, deflate: null };

    for (const word of words) {
        const [, name, value] = /^(\w+)=(.*)$/s.exec(word);

        if (name === "protocol") {
            told.protocols.push(value);
        } else if (name === "deflate") {
            told.deflate = readTerms(value);
        } else if (name === "close") {
            const [, code, reason] = /^(\d*):(.*)$/s.exec(value);

            told.close = code ? [Number(code)] : [];
            if (reason)
                told.close.push(decodeURIComponent(reason));
        }
    }
    return told;
}

function runCase(open, lastMs, line, finish) {
    const [id, url, ...words] = line.split(" ");
    const { protocols, close, deflate } = readWords(words);
    let ws = null, events = "", messages = 0, timer = null;

    const tell = (ev) => {
        clearTimeout(timer);
        finish(`${id} events=${events} messages=${messages}` +
               ` protocol=${encode(ws?.protocol ?? "")} code=${ev?.code ?? 0}` +
               ` clean=${ev?.wasClean ? 1 : 0}` +
               ` reason=${encode(ev?.reason ?? "")}`);
    };

    try {
        ws = open(url, protocols, deflate);
    } catch {
        tell(null); /* no events, which is never right */
        return;
    }
    ws.binaryType = "arraybuffer";
    ws.onopen = () => {
        events += "o";
        if (close)
            ws.close(...close);
    };
    ws.onmessage = (ev) => {
        messages++;
        if (!events.endsWith("m"))
            events += "m";
        ws.send(ev.data);
    };
    ws.onerror = () => {
        events += "e";
        if (lastMs && events === "e")
            timer = setTimeout(tell, lastMs);
    };
    ws.onclose = (ev) => {
        events += "c";
        tell(ev);
    };
}

/* open(url, protocols, deflate) makes a socket; deflate is what readTerms gives,
 * or null for no compression. Ends with standard input. */
export function guide(open, lastMs = 0) {
    const lines = createInterface({ input: process.stdin });

    lines.on("line", (line) =>
        runCase(open, lastMs, line, (told) => process.stdout.write(told + "\n")));
    lines.on("close", () => process.exit(0));
    process.stdout.write("ready\n");
}
