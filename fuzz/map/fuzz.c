/* SPDX-License-Identifier: MIT */
/*
 * The hash map against a list that is searched: what is found, what a walk
 * gives, each node once, also when it removes what it has passed, and how many
 * there are. Without memory the first insertion fails and changes nothing; a
 * table that cannot grow serves on.
 *
 * Input: one byte for the seed; then operations of two bytes: what to do, and
 * one of the keys.
 */
#include "fuzz.h"

#include "base/map.h"

#define KEYS 256
#define KEY_MAX 20

enum {
    INSERT,
    REMOVE,
    FIND,
    INSERT_MANY, /* the keys from there on, to make the table grow */
    WALK,
    WALK_AND_REMOVE, /* those with the lowest bit of their number as given */
    NO_MEMORY,       /* from here on */
    MEMORY,
    OPERATIONS,
};

struct entry {
    struct weft_map_node node;
    char key[KEY_MAX];
    size_t len;
    bool is_in;
    bool is_passed; /* by the walk */
};

struct model {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_map map;
    struct entry entries[KEYS];
    size_t count;
};

static struct entry *entry_of(const struct weft_map_node *node)
{
    return (struct entry *)(uintptr_t)node; /* the node comes first in it */
}

static struct weft_slice key_of(const struct weft_map_node *node)
{
    const struct entry *entry = entry_of(node);

    return (struct weft_slice){entry->key, entry->len};
}

/* The empty key, and all lengths up to KEY_MAX: dots, and in one place, which
 * moves, the key's number. */
static void make_key(struct entry *entry, size_t i)
{
    entry->len = i == 0 ? 0 : 1 + i % KEY_MAX;
    memset(entry->key, '.', KEY_MAX);
    if (i > 0)
        entry->key[i % entry->len] = (char)i;
}

static void start(struct model *m, unsigned seed)
{
    const uint64_t seeds[2] = {seed, seed * UINT64_C(0x9e3779b97f4a7c15)};

    memset(m, 0, sizeof(*m));
    m->fm.left = -1;
    m->mem = (struct weft_mem){fail_realloc, &m->fm};
    weft_map_init(&m->map, &m->mem, key_of, seeds);
    for (size_t i = 0; i < KEYS; i++)
        make_key(&m->entries[i], i);
}

static void find(const struct model *m, const struct entry *entry)
{
    /* Not where the entry's own key lies: bytes count, not places. */
    struct weft_slice key = {(const char *)at_page_end(entry->key, entry->len),
                             entry->len};
    const struct weft_map_node *found = weft_map_find(&m->map, key);

    CHECK(found == (entry->is_in ? &entry->node : NULL), "key %zu",
          (size_t)(entry - m->entries));
}

static void insert(struct model *m, struct entry *entry)
{
    bool must_fail = !m->map.buckets && m->fm.left == 0;
    int err;

    if (entry->is_in)
        return;
    err = weft_map_insert(&m->map, &entry->node);
    CHECK(err == (must_fail ? WEFT_ERR_NOMEM : 0), "%d", err);
    entry->is_in = !must_fail;
    m->count += entry->is_in;
}

static void take_out(struct model *m, struct entry *entry)
{
    if (!entry->is_in)
        return;
    weft_map_remove(&m->map, &entry->node);
    entry->is_in = false;
    m->count--;
}

/* removes says which are removed once they have been given: those whose number
 * is even (0) or odd (1); 2 for none. */
static void walk(struct model *m, unsigned removes)
{
    struct weft_map_node *node = NULL;
    size_t count = m->count, steps = 0;

    for (size_t i = 0; i < KEYS; i++)
        m->entries[i].is_passed = false;
    while ((node = weft_map_next(&m->map, node))) {
        struct entry *entry = entry_of(node);

        CHECK(entry->is_in && !entry->is_passed, "given twice, or not in");
        entry->is_passed = true;
        steps++;
        if ((size_t)(entry - m->entries) % 2 == removes)
            take_out(m, entry);
    }
    CHECK(steps == count, "%zu of %zu nodes", steps, count);
}

static void operate(struct model *m, unsigned what, size_t i)
{
    switch (what % OPERATIONS) {
    case INSERT:
        insert(m, &m->entries[i]);
        break;
    case REMOVE:
        take_out(m, &m->entries[i]);
        break;
    case INSERT_MANY:
        for (size_t n = 0; n < 32; n++)
            insert(m, &m->entries[(i + n) % KEYS]);
        break;
    case WALK:
        walk(m, 2);
        break;
    case WALK_AND_REMOVE:
        walk(m, i % 2);
        break;
    case NO_MEMORY:
        m->fm.left = 0;
        break;
    case MEMORY:
        m->fm.left = -1;
        break;
    default:
        break;
    }
    find(m, &m->entries[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model m;
    struct fuzz_input in = {data, size};

    start(&m, fuzz_byte(&in));
    while (in.left > 0) {
        unsigned what = fuzz_byte(&in);

        operate(&m, what, fuzz_byte(&in));
        CHECK(m.map.count == m.count, "%zu, not %zu", m.map.count, m.count);
    }
    for (size_t i = 0; i < KEYS; i++)
        find(&m, &m.entries[i]);
    walk(&m, 2);
    weft_map_release(&m.map);
    CHECK(m.fm.live == 0, "%zu bytes leaked", m.fm.live);
    return 0;
}
