/* SPDX-License-Identifier: MIT */
/*
 * The events of the console, newest last, bounded in number and in bytes: when
 * either is passed the oldest go. An event has a number that is never used
 * again, so that a number says whether its event is still here:
 *
 *   seq     the number, set here
 *   when    Date
 *   dir     "sent", "received" or "event"
 *   kind    "text", "binary", or the event's name
 *   size    bytes of the message; null for an event without one
 *   data    string or Uint8Array, the whole message or its head
 *   cut     true where data is only the head
 *   preview one line of text
 */
"use strict";

const MAX_EVENTS = 10000;
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
const MAX_WHOLE_BYTES = 16 * 1024 * 1024; /* the server's own limit */
const HEAD_BYTES = 1024 * 1024;           /* kept of a message beyond that */

class EventStore {
    constructor() {
        this.ring = new Array(MAX_EVENTS);
        this.first = 0; /* number of the oldest */
        this.next = 0;  /* number the next one gets */
        this.bytes = 0;
        this.dropped = 0;
    }

    get length() {
        return this.next - this.first;
    }

    /* The event with this number, or undefined once it is gone. */
    at(seq) {
        if (seq >= this.first && seq < this.next)
            return this.ring[seq % MAX_EVENTS];
    }

    push(event) {
        this.shorten(event);
        if (this.length === MAX_EVENTS)
            this.drop();
        event.seq = this.next++;
        this.ring[event.seq % MAX_EVENTS] = event;
        this.bytes += event.data.length;
        while (this.bytes > MAX_KEPT_BYTES)
            this.drop();
    }

    /* Keeps only the head of a message that is very long. */
    shorten(event) {
        const { data } = event;

        event.cut = data.length > MAX_WHOLE_BYTES;
        if (!event.cut)
            return;
        event.data = data.slice(0, HEAD_BYTES);
        if (typeof data === "string") /* else the slice keeps the whole */
            event.data = new TextDecoder().decode(utf8.encode(event.data));
    }

    drop() {
        const slot = this.first % MAX_EVENTS;

        this.bytes -= this.ring[slot].data.length;
        this.ring[slot] = undefined;
        this.first++;
        this.dropped++;
    }

    clear() {
        this.ring.fill(undefined);
        this.first = this.next;
        this.bytes = 0;
        this.dropped = 0;
    }
}
