/* SPDX-License-Identifier: MIT */
/*
 * What the user is about to send: text, bytes written as hexadecimal, or a
 * file, as a text or a binary message; and the texts sent before. deliver is
 * given a string or a Uint8Array and says whether it was sent; only then is
 * the draft gone.
 */
"use strict";

const MAX_HISTORY = 100;

/* Whether the focus is in form, or nowhere: so that what happens later never
 * takes it away from where the user has gone meanwhile. */
function isFocusIn(form) {
    const active = document.activeElement;

    return !active || active === document.body || form.contains(active);
}

class Composer {
    constructor(form, deliver, tell) {
        this.form = form;
        this.deliver = deliver;
        this.tell = tell;   /* shows a sentence to the user */
        this.file = null;
        this.history = [];
        this.place = 0;     /* in history; its length: the draft */
        this.kept = "";     /* the draft, while history is shown */
        this.usual = "text"; /* the format that a file displaced */
        this.draft = form.querySelector("#draft");
        this.input = form.querySelector("#file");
        this.attached = form.querySelector("#attached");

        form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.send();
        });
        form.querySelector("#detach")
            .addEventListener("click", () => this.detach());
        this.draft.addEventListener("keydown", (event) => this.key(event));
        this.input.addEventListener("change", () => {
            if (this.input.files.length)
                this.attach(this.input.files[0]);
        });
    }

    get format() {
        return this.form.querySelector("[name=format]:checked").value;
    }

    set format(name) {
        this.form.querySelector(`[name=format][value=${name}]`).checked = true;
    }

    attach(file) {
        if (!this.file)
            this.usual = this.format;
        this.file = file;
        this.format = "binary";
        this.attached.hidden = false;
        this.attached.firstElementChild.textContent =
            `${file.name}, ${formatSize(file.size)}`;
        this.draft.disabled = true;
        this.form.querySelector("#send").focus();
    }

    detach() {
        const mayFocus = isFocusIn(this.form);

        this.file = null;
        this.format = this.usual;
        this.input.value = "";
        this.attached.hidden = true;
        this.draft.disabled = false;
        if (mayFocus)
            this.draft.focus();
    }

    async send() {
        try {
            if (this.file)
                await this.sendFile();
            else
                this.sendDraft();
        } catch (error) {
            this.tell(error.message);
        }
    }

    sendDraft() {
        const text = this.draft.value;

        if (!this.deliver(this.encode(text)))
            return;
        if (text && text !== this.history[this.history.length - 1])
            this.history.push(text);
        if (this.history.length > MAX_HISTORY)
            this.history.shift();
        this.place = this.history.length;
        this.draft.value = "";
    }

    encode(text) {
        const bytes = this.format === "hex" ? parseHex(text) : null;

        if (this.format === "text")
            return text;
        if (this.format === "binary")
            return utf8.encode(text);
        if (!bytes)
            throw new Error("This is not hexadecimal: write each byte as " +
                            "two digits of 0–9 and a–f.");
        return bytes;
    }

    async sendFile() {
        const { file } = this;
        const bytes = new Uint8Array(await file.arrayBuffer());

        if (file === this.file && this.deliver(this.decode(bytes)))
            this.detach();
    }

    decode(bytes) {
        if (this.format !== "text")
            return bytes;
        try {
            return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
                .decode(bytes);
        } catch {
            throw new Error("This file is not UTF-8, so it cannot be sent " +
                            "as text. Send it as binary.");
        }
    }

    key(event) {
        if (event.isComposing) /* Enter and arrows belong to the input method */
            return;
        if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            if (event.ctrlKey || event.altKey || event.metaKey)
                this.newLine();
            else
                this.send();
        } else if (event.key === "ArrowUp" && this.caretLine().first) {
            this.recall(event, -1);
        } else if (event.key === "ArrowDown" && this.caretLine().last) {
            this.recall(event, 1);
        } else if (event.key === "Escape") {
            this.draft.value = "";
            this.place = this.history.length;
        }
    }

    newLine() {
        this.draft.setRangeText("\n", this.draft.selectionStart,
                                this.draft.selectionEnd, "end");
    }

    /* Whether the caret is on the first and on the last line. */
    caretLine() {
        const { value, selectionStart, selectionEnd } = this.draft;

        return {
            first: !value.slice(0, selectionStart).includes("\n"),
            last: !value.slice(selectionEnd).includes("\n"),
        };
    }

    recall(event, step) {
        const place = this.place + step;

        if (place < 0 || place > this.history.length)
            return;
        event.preventDefault();
        if (this.place === this.history.length)
            this.kept = this.draft.value;
        this.place = place;
        this.draft.value =
            place === this.history.length ? this.kept : this.history[place];
    }
}
