/* SPDX-License-Identifier: MIT */
/*
 * The pane beside the list: one event whole, as text or as bytes, to copy or
 * to save. Long content comes in portions, since a browser that lays out
 * megabytes of text at once stops answering.
 */
"use strict";

const FIRST_CHARS = 20000;
const FIRST_BYTES = 4096;
const PORTION_GROWTH = 4;

class EventDetail {
    /* root holds the elements of the pane; onClose is told when the user
     * closes it. */
    constructor(root, onClose) {
        this.root = root;
        this.event = null;
        this.portions = 1;
        this.onClose = onClose;
        for (const name of ["title", "body", "more", "shown", "rest", "view",
                            "copy", "save", "close"])
            this[name] = root.querySelector(`#detail-${name}`);

        this.view.addEventListener("change", () => this.draw(1));
        this.rest.addEventListener("click", () =>
            this.draw(this.portions * PORTION_GROWTH));
        this.copy.addEventListener("click", () =>
            navigator.clipboard.writeText(this.content(Infinity)));
        this.save.addEventListener("click", () => this.download());
        this.close.addEventListener("click", () => this.onClose());
        this.copy.hidden = !navigator.clipboard; /* not over plain HTTP */
    }

    get open() {
        return !this.root.hidden;
    }

    /* Shows event, or closes for null. */
    show(event) {
        const again = event && event === this.event && this.open;

        this.event = event;
        this.root.hidden = !event;
        if (!event || again)
            return;
        this.choose(event.kind === "binary" ? "hex" : "text");
        this.title.textContent = this.describe(event);
        this.body.scrollTop = 0;
        this.draw(1);
    }

    describe(event) {
        const parts = [`${event.dir === "event" ? "" : event.dir + " "}` +
                       event.kind];

        if (event.size !== null)
            parts.push(`${formatCount(event.size)} ` +
                       (event.size === 1 ? "byte" : "bytes"));
        if (event.cut)
            parts.push("only the head was kept");
        parts.push(formatTime(event.when));
        return parts.join(", ");
    }

    choose(view) {
        this.view.querySelector(`[value="${view}"]`).checked = true;
    }

    get asHex() {
        return this.view.querySelector(":checked").value === "hex";
    }

    bytes() {
        const { data } = this.event;

        return typeof data === "string" ? utf8.encode(data) : data;
    }

    /* The content as it is shown, as far as limit characters or bytes. */
    content(limit) {
        const { data } = this.event;

        if (this.asHex)
            return formatHex(this.bytes().subarray(0, limit));
        if (typeof data === "string")
            return data.slice(0, limit);
        return new TextDecoder().decode(data.subarray(0, limit));
    }

    draw(portions) {
        const { data } = this.event;
        const limit = portions * (this.asHex ? FIRST_BYTES : FIRST_CHARS);
        const length = this.asHex ? this.bytes().length : data.length;

        this.portions = portions;
        this.body.textContent = this.content(limit);
        this.more.hidden = limit >= length;
        this.shown.textContent = `${formatCount(Math.min(limit, length))} of ` +
            `${formatCount(length)} ` +
            (this.asHex ? "bytes shown." : "characters shown.");
    }

    download() {
        const link = document.createElement("a");
        const { kind, seq } = this.event;

        link.href = URL.createObjectURL(new Blob([this.event.data]));
        link.download = `message-${seq}.${kind === "binary" ? "bin" : "txt"}`;
        link.click();
        URL.revokeObjectURL(link.href);
    }
}
