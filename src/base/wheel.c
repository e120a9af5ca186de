/* SPDX-License-Identifier: MIT */
/*
 * Time is counted in ticks. Tick t has the slot t modulo the number of slots;
 * a deadline belongs to the first tick that is not before it. At any moment
 * the slots stand for the ticks from wheel->tick to one turn later, each for
 * exactly one, so the order of slots from there is the order of time. The
 * slot of wheel->tick itself was offered, and is offered again when something
 * that is late has been put there since.
 *
 * A node leaves its slot by weft_list_remove, which knows nothing of the
 * wheel; so a bit in used says that a slot may hold nodes, a clear one that it
 * does not.
 */
#include "base/wheel.h"

#define SLOTS WEFT_WHEEL_SLOTS

void weft_wheel_init(struct weft_wheel *wheel, uint64_t now_ns)
{
    for (unsigned i = 0; i < SLOTS; i++)
        weft_list_init(&wheel->slots[i]);
    for (unsigned i = 0; i < SLOTS / 64; i++)
        wheel->used[i] = 0;
    wheel->tick = now_ns / WEFT_WHEEL_TICK_NS;
}

void weft_wheel_add(struct weft_wheel *wheel, struct weft_list *node,
                    uint64_t deadline_ns)
{
    uint64_t tick = deadline_ns / WEFT_WHEEL_TICK_NS;
    unsigned slot;

    if (deadline_ns % WEFT_WHEEL_TICK_NS != 0)
        tick++;
    if (tick < wheel->tick)
        tick = wheel->tick;
    else if (tick - wheel->tick >= SLOTS)
        tick = wheel->tick + SLOTS - 1;

    slot = tick % SLOTS;
    weft_list_append(&wheel->slots[slot], node);
    wheel->used[slot / 64] |= UINT64_C(1) << slot % 64;
}

/*
 * How many ticks after wheel->tick the first slot with its bit set comes;
 * SLOTS when there is none. The word where the search begins is seen twice:
 * its upper bits first and its lower ones, a turn later, last.
 */
static unsigned first_used(const struct weft_wheel *wheel)
{
    for (unsigned ahead = 0; ahead < SLOTS;) {
        unsigned slot = (wheel->tick + ahead) % SLOTS;
        uint64_t bits = wheel->used[slot / 64] >> slot % 64;

        if (bits)
            return ahead + (unsigned)__builtin_ctzll(bits);
        ahead += 64 - slot % 64;
    }
    return SLOTS;
}

static void mark_empty(struct weft_wheel *wheel, unsigned slot)
{
    wheel->used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

void weft_wheel_advance(struct weft_wheel *wheel, uint64_t now_ns,
                        struct weft_list *due)
{
    uint64_t now = now_ns / WEFT_WHEEL_TICK_NS;
    unsigned ahead, slot;

    if (now < wheel->tick)
        return; /* a clock that went back: nothing is due before it is again */
    while ((ahead = first_used(wheel)) < SLOTS && ahead <= now - wheel->tick) {
        wheel->tick += ahead;
        slot = wheel->tick % SLOTS;
        weft_list_move(due, &wheel->slots[slot]);
        mark_empty(wheel, slot);
    }
    wheel->tick = now;
}

uint64_t weft_wheel_next(struct weft_wheel *wheel)
{
    unsigned ahead, slot;

    while ((ahead = first_used(wheel)) < SLOTS) {
        slot = (wheel->tick + ahead) % SLOTS;
        if (!weft_list_is_empty(&wheel->slots[slot]))
            return (wheel->tick + ahead) * WEFT_WHEEL_TICK_NS;
        mark_empty(wheel, slot);
    }
    return UINT64_MAX;
}
