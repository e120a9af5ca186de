/* SPDX-License-Identifier: MIT */
/*
 * The story: one connection from click to close, told by four alerts in a
 * fixed order and kept in the log on the page.
 *
 * An alert stops this page until it is dismissed, and nothing may be lost or
 * told twice meanwhile: events that come in that time wait and are delivered
 * afterwards, and a click during a story does nothing. "Connection is
 * closed..." is told only of a connection that was open; one that never opened
 * is explained on the page. Text from the server or the address bar reaches
 * the page as text, never as markup.
 */
"use strict";

const GREETING = "Message to send";
const FAREWELL = "Goodbye";

/* The log: threads that cross from side to side, and notes between them. */
const story = {
    list: document.getElementById("log"),
    empty: document.getElementById("empty"),

    clear() {
        this.list.replaceChildren();
        this.empty.hidden = false;
    },

    /* Adds a row of spans, each a [class, text]. */
    row(kind, parts) {
        const row = document.createElement("li");

        row.className = kind;
        for (const [name, text] of parts) {
            const part = document.createElement("span");

            part.className = name;
            part.textContent = text;
            row.append(part, " ");
        }
        this.list.append(row);
        this.empty.hidden = true;
        return row;
    },

    note(text) {
        return this.row("note", [["what", text]]);
    },

    sent(text) {
        this.row("sent", [["what", text], ["how", `sent, ${size(text)}`]]);
    },

    received(data) {
        const what = typeof data === "string" ? data : "(binary)";

        this.row("received",
                 [["what", what], ["how", `received, ${size(data)}`]]);
    },

    /* A fault, with the command that mends it where that is known. */
    fault(text, advice, command) {
        const row = this.row("fault", [["what", text]]);

        if (command) {
            const remedy = document.createElement("span");
            const code = document.createElement("code");

            code.textContent = command;
            remedy.className = "remedy";
            remedy.append(advice, " ", code, ", then run this again.");
            row.append(remedy);
        }
        row.scrollIntoView({ block: "nearest" });
    },
};

function size(data) {
    const bytes = new Blob([data]).size;

    return bytes === 1 ? "1 byte" : `${bytes} bytes`;
}

/* How the connection ended, as a sentence. */
function closing(event) {
    if (event.code === 1006)
        return "The connection broke: no close frame came (code 1006).";
    if (event.code === 1005)
        return "The server closed the connection and gave no code.";
    return "The server closed the connection, code " + event.code +
        (event.reason ? `: ${event.reason}` : ".");
}

/* Why there was no connection, as far as it can be known: browsers do not tell
 * a page. The server that sent the page is there; another one may not be. */
function explain(url) {
    const { host, pathname } = new URL(url);

    if (/^https?:$/.test(location.protocol) && host === location.host)
        story.fault(`No connection to ${url}: the server that sent this page ` +
                    `does not serve ${pathname}, or its rule about origins ` +
                    "refused this page.",
                    "Serve the example handlers too, with",
                    "script/server");
    else
        story.fault(`No connection to ${url}: no server is running there, or ` +
                    "it refused.",
                    "Start it in Weft’s folder with", "script/server");
}

/* Tells the story of one connection to url; done is called when it is over. */
function tell(url, done) {
    let ws;
    let opened = false;
    let answered = false;

    function send(text) {
        ws.send(text);
        story.sent(text);
    }

    ws = new WebSocket(url); /* throws for what is not a WebSocket's URL */
    story.note(`Connecting to ${url}`);

    ws.onopen = () => {
        opened = true;
        story.note("The connection is open.");
        send(GREETING);
        alert("Message is sent...");
    };
    ws.onmessage = (event) => {
        story.received(event.data);
        if (answered)
            return; /* the echo of the farewell: part of the ending */
        answered = true;
        alert("Message is received...");
        if (ws.readyState === WebSocket.OPEN) /* still, after the alert */
            send(FAREWELL);
    };
    ws.onclose = (event) => {
        done();
        if (!opened) {
            explain(url);
            return;
        }
        story.note(closing(event));
        alert("Connection is closed...");
    };
}

function start(link, url) {
    const done = () => link.removeAttribute("aria-disabled");

    story.clear();
    if (!window.WebSocket) {
        story.fault("This browser has no WebSocket.");
        alert("WebSocket NOT supported by your Browser!");
        return;
    }
    link.setAttribute("aria-disabled", "true");
    alert("WebSocket is supported by your Browser!");
    try {
        tell(url, done);
    } catch (error) {
        done();
        story.fault(`The browser refuses to connect to ${url}: ` +
                    error.message);
    }
}

function init() {
    const link = document.getElementById("run");
    const url = endpointUrl();

    document.getElementById("target").textContent = url;
    link.addEventListener("click", (event) => {
        event.preventDefault();
        if (link.getAttribute("aria-disabled") !== "true")
            start(link, url);
    });
}

init();
