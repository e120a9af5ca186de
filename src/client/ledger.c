/* SPDX-License-Identifier: MIT */
/*
 * Frames lie in the ring in the order in which they go out. Control frames
 * need no entry: their bytes are added to the gap in front of the next message,
 * so that writing one down cannot fail.
 */
#include "client/ledger.h"

#include "base/mem.h"
#include "base/sizes.h"

#include <assert.h>

void weft_ledger_init(struct weft_ledger *ledger, const struct weft_mem *mem)
{
    *ledger = (struct weft_ledger){.mem = mem};
}

static void free_entries(struct weft_ledger *ledger)
{
    weft_free(ledger->mem, ledger->entries,
              ledger->room * sizeof(*ledger->entries));
    ledger->entries = NULL;
    ledger->room = ledger->first = 0;
}

void weft_ledger_release(struct weft_ledger *ledger)
{
    free_entries(ledger);
    *ledger = (struct weft_ledger){.mem = ledger->mem};
}

static struct weft_ledger_entry *entry_at(struct weft_ledger *ledger, size_t i)
{
    return &ledger->entries[(ledger->first + i) % ledger->room];
}

int weft_ledger_reserve(struct weft_ledger *ledger)
{
    size_t room = ledger->room > 0 ? 2 * ledger->room : WEFT_LEDGER_ROOM;
    struct weft_ledger_entry *entries;

    if (ledger->count < ledger->room)
        return 0;
    if (room > SIZE_MAX / sizeof(*entries))
        return WEFT_ERR_NOMEM;
    entries = weft_alloc(ledger->mem, room * sizeof(*entries));
    if (!entries)
        return WEFT_ERR_NOMEM;
    for (size_t i = 0; i < ledger->count; i++)
        entries[i] = *entry_at(ledger, i);
    free_entries(ledger);
    ledger->entries = entries;
    ledger->room = room;
    return 0;
}

void weft_ledger_add_message(struct weft_ledger *ledger, size_t head,
                             uint64_t wire, uint64_t payload)
{
    assert(ledger->count < ledger->room);
    *entry_at(ledger, ledger->count++) = (struct weft_ledger_entry){
        .before = ledger->behind + head, .wire = wire, .payload = payload};
    ledger->behind = 0;
    ledger->wire += head + wire;
    ledger->payload += payload;
}

void weft_ledger_add_control(struct weft_ledger *ledger, uint64_t bytes)
{
    ledger->behind += bytes;
    ledger->wire += bytes;
}

static uint64_t take(uint64_t *from, uint64_t gone)
{
    uint64_t n = *from < gone ? *from : gone;

    *from -= n;
    return n;
}

/* Strikes gone bytes off one message; what is left of them for the next. */
static uint64_t strike_off(struct weft_ledger *ledger,
                           struct weft_ledger_entry *entry, uint64_t gone)
{
    uint64_t counted;

    gone -= take(&entry->before, gone);
    counted = take(&entry->wire, gone);
    gone -= counted;
    if (entry->before == 0 && entry->wire == 0)
        counted = entry->payload;
    ledger->payload -= take(&entry->payload, counted);
    return gone;
}

uint64_t weft_ledger_settle(struct weft_ledger *ledger, uint64_t unsent)
{
    uint64_t gone;

    assert(unsent <= ledger->wire);
    gone = ledger->wire - unsent;
    ledger->wire = unsent;
    while (gone > 0 && ledger->count > 0) {
        struct weft_ledger_entry *entry = entry_at(ledger, 0);

        gone = strike_off(ledger, entry, gone);
        if (entry->before > 0 || entry->wire > 0)
            return ledger->payload;
        ledger->first = (ledger->first + 1) % ledger->room;
        ledger->count--;
    }
    ledger->behind -= gone;
    if (ledger->count == 0 && ledger->room > WEFT_LEDGER_ROOM)
        free_entries(ledger); /* a burst is over */
    return ledger->payload;
}
