/* SPDX-License-Identifier: MIT */
/*
 * The list of events: only the rows in view exist as elements, so that ten
 * thousand events cost no more than fifty. All rows are of one height.
 *
 * A listbox: one tab stop, arrow keys move the selection. While the end is in
 * view the list follows new events; once the user scrolls up it stays where it
 * is, also when old events are dropped above. The store may change at any
 * time; changed() says so, and the screen follows at the next frame.
 */
"use strict";

const LANES = { sent: "↑", received: "↓" };
const EVENT_SIGNS = {
    connecting: "◌", open: "●", closed: "○", error: "✕",
};
const COLUMNS = ["time", "lane", "kind", "size", "data"];

class EventList {
    /* box scrolls; onSelect(event) is told of each selection, null: none. */
    constructor(box, store, onSelect) {
        this.box = box;
        this.store = store;
        this.onSelect = onSelect;
        this.onDraw = () => {};
        this.matches = () => true;
        this.shown = [];   /* numbers of the events that match, ascending */
        this.seen = store.first; /* the next number to be matched */
        this.selected = -1;
        this.follow = true;
        this.top = 0;      /* where the box was scrolled to last */
        this.frame = 0;    /* of the next drawing; 0: none is due */
        this.rows = [];

        this.spacer = document.createElement("div");
        this.spacer.className = "spacer";
        this.spacer.setAttribute("role", "presentation");
        box.append(this.spacer);
        this.listen();
    }

    listen() {
        this.box.addEventListener("scroll", () => this.scrolled());
        this.box.addEventListener("keydown", (event) => this.key(event));
        this.box.addEventListener("click", (event) => {
            const row = event.target.closest(".row");

            if (row)
                this.select(row.seq);
        });
        new ResizeObserver(() => this.changed()).observe(this.box);
    }

    /* Only a move upwards ends following: when the box has just become lower,
     * the end is out of view too, though nobody has scrolled. */
    scrolled() {
        const { scrollTop } = this.box;

        if (this.atEnd())
            this.follow = true;
        else if (scrollTop < this.top)
            this.follow = false;
        this.top = scrollTop;
        this.changed();
    }

    changed() {
        if (!this.frame)
            this.frame = requestAnimationFrame(() => this.draw());
    }

    /* Shows only events for which matches(event) holds. */
    filter(matches) {
        this.matches = matches;
        this.rewind();
    }

    cleared() {
        this.select(-1);
        this.follow = true;
        this.rewind();
    }

    rewind() {
        this.shown = [];
        this.seen = this.store.first;
        this.changed();
    }

    toEnd() {
        this.follow = true;
        this.changed();
    }

    atEnd() {
        const { scrollTop, clientHeight, scrollHeight } = this.box;

        return scrollTop + clientHeight >= scrollHeight - 2; /* rounding */
    }

    /* Takes in what the store has gained and lost; the number of rows that
     * have gone from the top. */
    catchUp() {
        const { store } = this;
        let gone = this.shown.findIndex((seq) => seq >= store.first);

        if (gone < 0)
            gone = this.shown.length;
        if (gone)
            this.shown.splice(0, gone);
        this.seen = Math.max(this.seen, store.first);
        for (; this.seen < store.next; this.seen++) {
            if (this.matches(store.at(this.seen)))
                this.shown.push(this.seen);
        }
        return gone;
    }

    draw() {
        const gone = this.catchUp();
        const height = this.rowHeight();

        this.frame = 0;
        this.spacer.style.height = `${this.shown.length * height}px`;
        if (this.follow)
            this.box.scrollTop = this.box.scrollHeight;
        else if (gone)
            this.box.scrollTop -= gone * height;
        this.top = this.box.scrollTop;
        this.drawRows(Math.floor(this.box.scrollTop / height), height);
        this.onDraw();
    }

    drawRows(first, height) {
        const count = Math.ceil(this.box.clientHeight / height) + 1;
        let active = "";

        while (this.rows.length < count)
            this.rows.push(this.newRow());
        this.rows.forEach((row, i) => {
            const seq = this.shown[first + i];

            row.hidden = i >= count || seq === undefined;
            if (row.hidden)
                return;
            row.style.transform = `translateY(${(first + i) * height}px)`;
            this.fill(row, this.store.at(seq), first + i);
            if (seq === this.selected)
                active = row.id;
        });
        this.box.setAttribute("aria-activedescendant", active);
    }

    /* The height that the style sheet gives a row, in pixels. */
    rowHeight() {
        return parseFloat(getComputedStyle(this.spacer).lineHeight);
    }

    newRow() {
        const row = document.createElement("div");

        row.className = "row";
        row.setAttribute("role", "option");
        for (const name of COLUMNS) {
            const cell = document.createElement("span");

            cell.className = name;
            row[name] = cell;
            row.append(cell, " ");
        }
        this.spacer.append(row);
        return row;
    }

    fill(row, event, index) {
        row.setAttribute("aria-selected", String(event.seq === this.selected));
        row.setAttribute("aria-posinset", index + 1);
        row.setAttribute("aria-setsize", this.shown.length);
        if (row.seq === event.seq)
            return;
        row.seq = event.seq;
        row.id = `event-${event.seq}`;
        row.dataset.dir = event.dir;
        row.dataset.kind = event.kind;
        row.time.textContent = formatTime(event.when);
        row.lane.textContent = LANES[event.dir] || EVENT_SIGNS[event.kind];
        row.kind.textContent = event.kind;
        row.size.textContent =
            event.size === null ? "" : formatSize(event.size);
        row.data.textContent = event.preview;
    }

    select(seq) {
        this.selected = seq;
        this.changed();
        this.onSelect(this.store.at(seq) || null);
    }

    key(event) {
        const page = Math.max(1, Math.floor(this.box.clientHeight /
                                            this.rowHeight()) - 1);
        const steps = {
            ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
            Home: -Infinity, End: Infinity,
        };
        const step = steps[event.key];

        if (!step || event.ctrlKey || event.altKey || event.metaKey)
            return;
        event.preventDefault();
        this.move(step);
    }

    /* Moves the selection by so many rows; the first time, to the last one. */
    move(step) {
        const last = this.shown.length - 1;
        const from = this.shown.indexOf(this.selected);
        const to = from < 0 && Math.abs(step) === 1 ? last : from + step;

        if (last < 0)
            return;
        this.reveal(Math.min(Math.max(to, 0), last));
    }

    reveal(index) {
        const height = this.rowHeight();
        const { box } = this;

        this.select(this.shown[index]);
        box.scrollTop = Math.min(box.scrollTop, index * height);
        box.scrollTop = Math.max(box.scrollTop,
                                 (index + 1) * height - box.clientHeight);
        this.follow = this.atEnd();
    }
}
