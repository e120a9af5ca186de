/* SPDX-License-Identifier: MIT */
/*
 * The console: one WebSocket, opened and closed by hand, and all that happens
 * to it as rows. What comes from the peer is shown as text only.
 *
 * There is at most one socket that is not CLOSED. A message costs a row in the
 * store when it comes; the screen is brought up to date once a frame.
 */
"use strict";

const GAUGE_MS = 100; /* between looks at bufferedAmount while connected */
const STATES = ["0 CONNECTING", "1 OPEN", "2 CLOSING", "3 CLOSED"];
const NO_EVENTS = "Nothing yet. Connect, then send something.";
const EXAMPLES = ["/echo", "/chat", "/bench", "/close", "/subprotocol"];

const element = (id) => document.getElementById(id);
const store = new EventStore();
const totals = {
    sent: { messages: 0, bytes: 0 },
    received: { messages: 0, bytes: 0 },
};
let socket = null;
let gaugeTimer = 0;

const detail = new EventDetail(element("detail"), () => {
    list.select(-1);
    element("list").focus();
});
const list = new EventList(element("list"), store,
                           (event) => detail.show(event));
const composer = new Composer(element("composer"), deliver, tell);

function setText(id, text) {
    const node = element(id);

    if (node.textContent !== text)
        node.textContent = text;
}

/* A sentence for the user, also read aloud. */
function tell(text) {
    setText("status", text);
}

/* ---- Rows ---- */

function log(dir, kind, size, data, preview) {
    store.push({ when: new Date(), dir, kind, size, data, preview });
    list.changed();
}

function logEvent(kind, text) {
    log("event", kind, null, text, escapeUnseen(text));
}

function logMessage(dir, data) {
    const isText = typeof data === "string";
    const size = isText ? utf8.encode(data).length : data.length;

    totals[dir].messages++;
    totals[dir].bytes += size;
    log(dir, isText ? "text" : "binary", size, data,
        isText ? previewText(data) : previewBytes(data));
}

/* ---- The socket ---- */

function isLive() {
    return socket !== null && socket.readyState !== WebSocket.CLOSED;
}

function protocolList() {
    return element("protocols").value.split(/[\s,]+/).filter(Boolean);
}

function connect() {
    const url = element("url").value.trim();

    if (isLive())
        return;
    try {
        socket = new WebSocket(url, protocolList());
    } catch (error) {
        logEvent("error", error.message);
        tell(error.message);
        return;
    }
    logEvent("connecting", socket.url);
    tell(`Connecting to ${socket.url}`);
    listen(socket);
    gaugeTimer = setInterval(showGauges, GAUGE_MS);
    showState();
}

function listen(ws) {
    ws.binaryType = "arraybuffer";
    ws.onopen = () => {
        logEvent("open", `subprotocol ${ws.protocol || "none"}, ` +
                 `extensions ${ws.extensions || "none"}`);
        tell("Connected.");
        if (isFocusIn(element("connect-form")))
            composer.draft.focus();
        showState();
    };
    ws.onmessage = ({ data }) => {
        logMessage("received", typeof data === "string" ? data
                                                        : new Uint8Array(data));
    };
    ws.onerror = () => {
        logEvent("error", "The connection failed. Browsers do not tell pages " +
                 "why; the browser’s own console may.");
    };
    ws.onclose = (event) => {
        const how = formatClose(event.code) +
            (event.reason ? `, reason “${event.reason}”` : "") +
            (event.wasClean ? "" : ", not clean");

        clearInterval(gaugeTimer);
        logEvent("closed", how);
        tell(`Closed: ${how}`);
        showState();
        if (isFocusIn(element("close-form")))
            element("connect").focus();
    };
}

function close() {
    const code = element("close-code").value.trim();
    const reason = element("close-reason").value;

    try {
        if (code)
            socket.close(Number(code), reason);
        else
            socket.close();
    } catch (error) {
        logEvent("error", error.message);
        tell(error.message);
    }
    showState();
}

/* For the composer: whether data was given to the socket. */
function deliver(data) {
    if (!isLive() || socket.readyState !== WebSocket.OPEN) {
        tell("Not connected.");
        return false;
    }
    socket.send(data);
    logMessage("sent", data);
    tell("");
    showGauges();
    return true;
}

/* ---- The screen ---- */

function showState() {
    const live = isLive();
    const state = socket ? socket.readyState : WebSocket.CLOSED;

    for (const id of ["url", "protocols", "connect"])
        element(id).disabled = live;
    element("close").disabled = !live || state === WebSocket.CLOSING;
    element("send").disabled = state !== WebSocket.OPEN;
    showGauges();
}

function showGauges() {
    const state = socket ? socket.readyState : WebSocket.CLOSED;

    setText("ready-state", STATES[state]);
    element("ready-state").dataset.state = state;
    setText("buffered", formatSize(socket ? socket.bufferedAmount : 0));
}

function showTotals() {
    for (const dir of ["sent", "received"]) {
        const { messages, bytes } = totals[dir];

        setText(dir, `${formatCount(messages)} ` +
                (messages === 1 ? "message, " : "messages, ") +
                formatSize(bytes));
    }
}

/* How many rows there are, which are not shown, and which are gone. */
function showKept() {
    const shown = list.shown.length;
    const parts = [];

    if (shown < store.length)
        parts.push(`${formatCount(shown)} of ${formatCount(store.length)} ` +
                   "rows");
    else
        parts.push(`${formatCount(shown)} ${shown === 1 ? "row" : "rows"}`);
    if (store.dropped)
        parts.push(`the oldest ${formatCount(store.dropped)} dropped`);
    setText("kept", parts.join(", "));
    element("empty").hidden = shown > 0;
    setText("empty", store.length ? "No event matches." : NO_EVENTS);
    element("newest").hidden = list.follow;
}

function applyFilter() {
    const show = document.querySelector("[name=show]:checked").value;
    const literal =
        element("filter").value.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    const pattern = new RegExp(literal, "iu");

    list.filter(({ dir, data, preview }) =>
        (show === "all" || show === dir) &&
        pattern.test(typeof data === "string" ? data : preview));
}

function clear() {
    store.clear();
    list.cleared();
    for (const total of Object.values(totals))
        total.messages = total.bytes = 0;
}

/* Escape closes the pane, from wherever the focus is but a text field. */
function escapeKey(event) {
    if (event.key === "Escape" && detail.open &&
        !event.target.matches("input, textarea"))
        detail.onClose();
}

function onSubmit(id, action) {
    element(id).addEventListener("submit", (event) => {
        event.preventDefault();
        action();
    });
}

function suggestUrls(base) {
    for (const path of EXAMPLES) {
        const option = document.createElement("option");

        option.value = base.replace(/\/echo$/, path);
        element("urls").append(option);
    }
}

function dropFiles() {
    document.addEventListener("dragover", (event) => {
        if (event.dataTransfer.types.includes("Files"))
            event.preventDefault();
    });
    document.addEventListener("drop", (event) => {
        if (!event.dataTransfer.files.length)
            return; /* text goes where it is dropped */
        event.preventDefault();
        composer.attach(event.dataTransfer.files[0]);
    });
}

function init() {
    element("url").value = endpointUrl();
    suggestUrls(endpointUrl());
    onSubmit("connect-form", connect);
    onSubmit("close-form", close);
    element("filter").addEventListener("input", applyFilter);
    element("kinds").addEventListener("change", applyFilter);
    element("clear").addEventListener("click", clear);
    element("newest").addEventListener("click", () => list.toEnd());
    document.addEventListener("keydown", escapeKey);
    dropFiles();
    list.onDraw = () => {
        showTotals();
        showKept();
    };
    showState();
    list.changed();
}

init();
