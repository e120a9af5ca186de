/* SPDX-License-Identifier: MIT */
/*
 * The heap against a list that is searched. After each operation the top is
 * the node with the least key, of equal keys the one that went in first, and
 * each node knows whether it is in; at the end all come out in that order.
 *
 * Input: operations of three bytes: what to do, with which node, its key.
 */
#include "fuzz.h"

#include "base/heap.h"

#define NODES 64

enum { INSERT, REMOVE, TAKE_TOP, OPERATIONS };

struct model {
    struct weft_heap heap;
    struct weft_heap_node nodes[NODES];
    bool is_in[NODES];
    uint64_t key[NODES];
    uint64_t turn[NODES]; /* when it went in */
    uint64_t turns;
    size_t count;
};

/* Few keys, so that many are equal, and some at both ends. */
static uint64_t key_of(unsigned byte)
{
    return byte < 128 ? byte : UINT64_MAX - (255 - byte);
}

/* The node that must be on top; NODES when the heap is empty. */
static size_t least(const struct model *m)
{
    size_t best = NODES;

    for (size_t i = 0; i < NODES; i++) {
        if (!m->is_in[i])
            continue;
        if (best == NODES || m->key[i] < m->key[best] ||
            (m->key[i] == m->key[best] && m->turn[i] < m->turn[best]))
            best = i;
    }
    return best;
}

static void check(const struct model *m)
{
    size_t best = least(m);

    CHECK(m->heap.top == (best < NODES ? &m->nodes[best] : NULL),
          "another node is on top of %zu", m->count);
    for (size_t i = 0; i < NODES; i++) {
        CHECK(weft_heap_has(&m->nodes[i]) == m->is_in[i], "node %zu", i);
        CHECK(!m->is_in[i] || *m->nodes[i].link == &m->nodes[i],
              "the link of node %zu", i);
    }
}

static void take_out(struct model *m, size_t i)
{
    weft_heap_remove(&m->heap, &m->nodes[i]);
    m->count -= m->is_in[i];
    m->is_in[i] = false;
}

/* Also moves one that is in. */
static void put_in(struct model *m, size_t i, uint64_t key)
{
    take_out(m, i);
    weft_heap_insert(&m->heap, &m->nodes[i], key);
    m->is_in[i] = true;
    m->key[i] = key;
    m->turn[i] = m->turns++;
    m->count++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct model m = {0};
    size_t top;

    while (in.left > 0) {
        unsigned what = fuzz_byte(&in);
        size_t i = fuzz_byte(&in) % NODES;
        uint64_t key = key_of(fuzz_byte(&in));

        if (what % OPERATIONS == INSERT)
            put_in(&m, i, key);
        else if (what % OPERATIONS == REMOVE)
            take_out(&m, i);
        else if (m.count > 0)
            take_out(&m, least(&m));
        check(&m);
    }
    while ((top = least(&m)) < NODES) {
        take_out(&m, top);
        check(&m);
    }
    return 0;
}
