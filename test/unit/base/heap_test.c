/* SPDX-License-Identifier: MIT */
/* Nodes come out by key and, within a key, in the order of insertion, whatever
 * was removed in between; and no shape is too deep. */
#include "base/heap.h"
#include "support.h"

#include <stdlib.h>

static struct weft_heap_node *pop(struct weft_heap *heap)
{
    struct weft_heap_node *node = heap->top;

    weft_heap_remove(heap, node);
    return node;
}

static void test_empty(void **state)
{
    struct weft_heap heap = {0};
    struct weft_heap_node node = {0}, other = {0};

    (void)state;
    assert_false(weft_heap_has(&node));
    weft_heap_remove(&heap, &node);
    assert_null(heap.top);
    weft_heap_insert(&heap, &other, 5);
    weft_heap_remove(&heap, &node);
    assert_ptr_equal(heap.top, &other);
    assert_true(weft_heap_has(&other));
    weft_heap_remove(&heap, &other);
    weft_heap_remove(&heap, &other);
    assert_false(weft_heap_has(&other));
    assert_null(heap.top);
}

static void test_extreme_keys(void **state)
{
    static const uint64_t keys[] = {
        UINT64_MAX, 0, UINT64_MAX - 1, 1, INT64_MAX, (uint64_t)INT64_MAX + 1};
    static const size_t want[] = {1, 3, 4, 5, 2, 0};
    struct weft_heap heap = {0};
    struct weft_heap_node nodes[COUNT(keys)];

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++)
        weft_heap_insert(&heap, &nodes[i], keys[i]);
    for (size_t i = 0; i < COUNT(keys); i++)
        assert_ptr_equal(pop(&heap), &nodes[want[i]]);
}

static void test_equal_keys_in_order(void **state)
{
    enum { NODES = 1000, KEYS = 7 };
    static struct weft_heap_node nodes[NODES];
    struct weft_heap heap = {0};
    uint64_t key = 0;
    size_t last = 0, count = 0;

    (void)state;
    for (size_t i = 0; i < NODES; i++)
        weft_heap_insert(&heap, &nodes[i], i * 5 % KEYS);
    while (heap.top) {
        struct weft_heap_node *node = pop(&heap);
        size_t index = (size_t)(node - nodes);

        assert_true(node->key >= key);
        assert_true(node->key > key || index >= last);
        key = node->key;
        last = index;
        count++;
    }
    assert_int_equal(count, NODES);
}

/* Goes around the whole heap without recursion: down to a child, along to a
 * sibling, back up by a stack. */
static size_t check_shape(struct weft_heap *heap)
{
    static struct weft_heap_node *stack[1000];
    size_t depth = 0, count = 0;

    if (!heap->top)
        return 0;
    assert_ptr_equal(heap->top->link, &heap->top);
    assert_null(heap->top->next);
    stack[depth++] = heap->top;
    while (depth > 0) {
        struct weft_heap_node *parent = stack[--depth];

        count++;
        for (struct weft_heap_node *n = parent->child; n; n = n->next) {
            assert_ptr_equal(*n->link, n);
            assert_true(parent->key < n->key ||
                        (parent->key == n->key && parent->seq < n->seq));
            stack[depth++] = n;
        }
    }
    return count;
}

/* The model: pointers to nodes in the order in which they must come out. */
struct model {
    struct weft_heap_node *sorted[200];
    size_t count;
};

static void model_insert(struct model *m, struct weft_heap_node *node)
{
    size_t at = m->count++;

    for (; at > 0 && m->sorted[at - 1]->key > node->key; at--)
        m->sorted[at] = m->sorted[at - 1];
    m->sorted[at] = node;
}

static void model_remove(struct model *m, struct weft_heap_node *node)
{
    size_t at = 0;

    while (m->sorted[at] != node)
        at++;
    m->count--;
    memmove(m->sorted + at, m->sorted + at + 1,
            (m->count - at) * sizeof(*m->sorted));
}

static void run_random(unsigned seed, uint64_t key_max)
{
    static struct weft_heap_node nodes[200];
    struct weft_heap heap = {0};
    struct model model = {.count = 0};

    memset(nodes, 0, sizeof(nodes));
    srandom(seed);
    for (int i = 0; i < 5000; i++) {
        struct weft_heap_node *node = &nodes[random() % 200];

        if (random() % 4 == 0 && model.count > 0)
            node = model.sorted[0];
        if (weft_heap_has(node)) {
            weft_heap_remove(&heap, node);
            model_remove(&model, node);
        } else {
            weft_heap_insert(&heap, node, (uint64_t)random() % key_max);
            model_insert(&model, node);
        }
        assert_ptr_equal(heap.top, model.count ? model.sorted[0] : NULL);
        assert_int_equal(check_shape(&heap), model.count);
    }
    for (size_t i = 0; i < model.count; i++)
        assert_ptr_equal(pop(&heap), model.sorted[i]);
    assert_null(heap.top);
}

static void test_against_sorted_array(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 10; seed++) {
        run_random(seed, 5);
        run_random(seed, 1000000);
    }
}

#define MANY 100000

/* Ascending keys make one node the parent of all others; descending ones make
 * a chain as deep as there are nodes. */
static void test_many(void **state)
{
    static struct weft_heap_node nodes[MANY];
    struct weft_heap heap = {0};

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        weft_heap_insert(&heap, &nodes[i], i);
    for (size_t i = 0; i < MANY; i++)
        assert_true(pop(&heap) == &nodes[i]);
    assert_null(heap.top);

    for (size_t i = 0; i < MANY; i++)
        weft_heap_insert(&heap, &nodes[i], MANY - i);
    for (size_t i = MANY; i > 0; i--)
        assert_true(pop(&heap) == &nodes[i - 1]);
    assert_null(heap.top);
}

/* All but the top and the last, from inside, then the two that are left. */
static void test_remove_inside(void **state)
{
    static struct weft_heap_node nodes[MANY];
    struct weft_heap heap = {0};

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        weft_heap_insert(&heap, &nodes[i], i);
    for (size_t i = 1; i + 1 < MANY; i++)
        weft_heap_remove(&heap, &nodes[i]);
    assert_ptr_equal(pop(&heap), &nodes[0]);
    assert_ptr_equal(pop(&heap), &nodes[MANY - 1]);
    assert_null(heap.top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_extreme_keys),
        cmocka_unit_test(test_equal_keys_in_order),
        cmocka_unit_test(test_against_sorted_array),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_remove_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
