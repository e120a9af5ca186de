/* SPDX-License-Identifier: MIT */
/*
 * The map finds what is in it and nothing else, with or without memory to
 * grow. SipHash-1-3 is held against an implementation that is as plain as the
 * paper's text and takes the numbers of rounds as arguments: with 2 and 4 it
 * must give the vectors published for SipHash-2-4, so with 1 and 3 it can be
 * trusted; and against what CPython 3.11 gives with PYTHONHASHSEED=0, where
 * hash() of bytes is SipHash-1-3 under a key of zeros.
 */
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t turn_left(uint64_t x, int n)
{
    for (; n > 0; n--)
        x = x * 2 + (x > INT64_MAX ? 1 : 0);
    return x;
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static void reference_rounds(struct sip *s, int count)
{
    for (; count > 0; count--) {
        s->v0 += s->v1;
        s->v1 = turn_left(s->v1, 13);
        s->v1 ^= s->v0;
        s->v0 = turn_left(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = turn_left(s->v3, 16);
        s->v3 ^= s->v2;
        s->v0 += s->v3;
        s->v3 = turn_left(s->v3, 21);
        s->v3 ^= s->v0;
        s->v2 += s->v1;
        s->v1 = turn_left(s->v1, 17);
        s->v1 ^= s->v2;
        s->v2 = turn_left(s->v2, 32);
    }
}

/* Pads the message to whole words as the paper does: zeros, then the length
 * modulo 256 as the last byte. At most 200 bytes. */
static uint64_t reference(int c, int d, const uint64_t seed[2],
                          const uint8_t *data, size_t len)
{
    uint8_t padded[208] = {0};
    size_t whole = (len / 8 + 1) * 8;
    struct sip s = {
        seed[0] ^ UINT64_C(0x736f6d6570736575),
        seed[1] ^ UINT64_C(0x646f72616e646f6d),
        seed[0] ^ UINT64_C(0x6c7967656e657261),
        seed[1] ^ UINT64_C(0x7465646279746573),
    };

    for (size_t i = 0; i < len; i++)
        padded[i] = data[i];
    padded[whole - 1] = (uint8_t)len;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t m = 0;

        for (size_t n = 8; n > 0; n--)
            m = m * 256 + padded[i + n - 1];
        s.v3 ^= m;
        reference_rounds(&s, c);
        s.v0 ^= m;
    }
    s.v2 ^= 255;
    reference_rounds(&s, d);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* The key 00 01 .. 0f of the paper's appendix, as two words. */
static const uint64_t paper_key[2] = {UINT64_C(0x0706050403020100),
                                      UINT64_C(0x0f0e0d0c0b0a0908)};

static void test_reference_is_right(void **state)
{
    /* Messages 00 01 02 … of 0, 1, 2, 7, 8 and (the paper's own) 15 bytes. */
    static const struct {
        size_t len;
        uint64_t want;
    } vectors[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)}, {1, UINT64_C(0x74f839c593dc67fd)},
        {2, UINT64_C(0x0d6c8009d9a94f5a)}, {7, UINT64_C(0xab0200f58b01d137)},
        {8, UINT64_C(0x93f5f5799a932462)}, {15, UINT64_C(0xa129ca6149be45e5)},
    };
    uint8_t message[15];

    (void)state;
    for (size_t i = 0; i < sizeof(message); i++)
        message[i] = (uint8_t)i;
    for (size_t i = 0; i < COUNT(vectors); i++)
        CHECK(reference(2, 4, paper_key, message, vectors[i].len) ==
                  vectors[i].want,
              "%zu bytes", vectors[i].len);
}

static void test_siphash(void **state)
{
    uint8_t message[200];

    (void)state;
    srandom(6);
    for (size_t len = 0; len <= sizeof(message); len++) {
        uint64_t seed[2];

        for (size_t i = 0; i < len; i++)
            message[i] = (uint8_t)random();
        for (size_t i = 0; i < 2; i++)
            seed[i] = (uint64_t)random() << 33 ^ (uint64_t)random();
        assert_true(weft_siphash13(seed, at_page_end(message, len), len) ==
                    reference(1, 3, seed, message, len));
    }
}

static void test_siphash_of_python(void **state)
{
    static const uint64_t zeros[2] = {0, 0};
    static const struct {
        const char *text;
        uint64_t want;
    } vectors[] = {
        {"a", UINT64_C(0x407448d2b89b1813)},
        {"abcdefg", UINT64_C(0x6db12aae9070f506)},
        {"abcdefgh", UINT64_C(0x3f7b849c0b8e35ea)},
        {"weft siphash vector", UINT64_C(0x33301901f0e4570b)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        CHECK(weft_siphash13(zeros, vectors[i].text, strlen(vectors[i].text)) ==
                  vectors[i].want,
              "%s", vectors[i].text);
}

struct item {
    char key[12];
    bool is_in;
    struct weft_map_node node;
};

static struct weft_slice key_of(const struct weft_map_node *node)
{
    return weft_slice(WEFT_OF(node, struct item, node)->key);
}

#define ITEMS 2000
static struct item items[ITEMS];

static void begin(struct weft_map *map, const struct weft_mem *mem)
{
    weft_map_init(map, mem, key_of, paper_key);
    for (size_t i = 0; i < ITEMS; i++) {
        items[i] = (struct item){.is_in = false};
        snprintf(items[i].key, sizeof(items[i].key), "key %zu", i);
    }
}

/* A walk meets each item that is in once and no other. */
static void check_walk(const struct weft_map *map)
{
    const struct weft_map_node *node = NULL;
    static bool seen[ITEMS];
    size_t count = 0;

    memset(seen, 0, sizeof(seen));
    while ((node = weft_map_next(map, node))) {
        const struct item *item = WEFT_OF(node, struct item, node);

        assert_true(item->is_in && !seen[item - items]);
        seen[item - items] = true;
        count++;
    }
    assert_int_equal(count, map->count);
}

static void test_empty(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_map map;

    (void)state;
    begin(&map, &mem);
    assert_null(weft_map_find(&map, weft_slice("key 1")));
    assert_null(weft_map_next(&map, NULL));
    assert_int_equal(fm.calls, 0);
    weft_map_release(&map);
    weft_map_release(&map);
}

static void test_random(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_map map;
    size_t count = 0;

    (void)state;
    srandom(7);
    begin(&map, &mem);
    for (int i = 0; i < 50000; i++) {
        struct item *item = &items[random() % ITEMS];
        struct weft_map_node *found =
            weft_map_find(&map, weft_slice(item->key));

        assert_ptr_equal(found, item->is_in ? &item->node : NULL);
        if (item->is_in) {
            weft_map_remove(&map, &item->node);
            count--;
        } else {
            assert_int_equal(weft_map_insert(&map, &item->node), 0);
            count++;
        }
        item->is_in = !item->is_in;
        assert_int_equal(map.count, count);
        assert_true(map.count <= map.mask + 1);
        if (i % 1000 == 0)
            check_walk(&map);
    }
    weft_map_release(&map);
    assert_int_equal(fm.live, 0);
}

/* Keys are bytes: any of them, none of them, one the beginning of another. */
static struct weft_slice byte_keys[] = {
    {NULL, 0}, {"a", 1},    {"a\0", 2},      {"a\0b", 3},
    {"\0", 1}, {"\0\0", 2}, {"\xff\xfe", 2}, {"a\0c", 3},
};
static struct weft_map_node byte_nodes[COUNT(byte_keys)];

static struct weft_slice byte_key_of(const struct weft_map_node *node)
{
    return byte_keys[node - byte_nodes];
}

static void test_keys_are_bytes(void **state)
{
    struct weft_map map;

    (void)state;
    weft_map_init(&map, &weft_mem_libc, byte_key_of, paper_key);
    for (size_t i = 0; i < COUNT(byte_keys); i++) {
        assert_null(weft_map_find(&map, byte_keys[i]));
        assert_int_equal(weft_map_insert(&map, &byte_nodes[i]), 0);
    }
    for (size_t i = 0; i < COUNT(byte_keys); i++)
        assert_ptr_equal(weft_map_find(&map, byte_keys[i]), &byte_nodes[i]);
    weft_map_release(&map);
}

/* Both ways of removing on a walk: the node just returned, before asking for
 * the next one or after. */
static void test_remove_on_a_walk(void **state)
{
    (void)state;
    for (int early = 0; early < 2; early++) {
        struct weft_map map;
        struct weft_map_node *node, *next;
        size_t count = 0;

        begin(&map, &weft_mem_libc);
        for (size_t i = 0; i < ITEMS; i++)
            assert_int_equal(weft_map_insert(&map, &items[i].node), 0);
        node = weft_map_next(&map, NULL);
        while (node) {
            if (early)
                weft_map_remove(&map, node);
            next = weft_map_next(&map, node);
            if (!early)
                weft_map_remove(&map, node);
            node = next;
            count++;
        }
        assert_int_equal(count, ITEMS);
        assert_int_equal(map.count, 0);
        weft_map_release(&map);
    }
}

/* The first table is needed; without another one the map goes on. */
static void test_without_memory(void **state)
{
    (void)state;
    for (long left = 0; left < 10; left++) {
        struct fail_mem fm = {.left = left};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_map map;

        begin(&map, &mem);
        for (size_t i = 0; i < ITEMS; i++) {
            int err = weft_map_insert(&map, &items[i].node);

            assert_int_equal(err, left == 0 ? WEFT_ERR_NOMEM : 0);
            items[i].is_in = err == 0;
        }
        assert_int_equal(map.count, left == 0 ? 0 : ITEMS);
        for (size_t i = 0; i < ITEMS; i++)
            assert_ptr_equal(weft_map_find(&map, weft_slice(items[i].key)),
                             left == 0 ? NULL : &items[i].node);
        check_walk(&map);
        weft_map_release(&map);
        assert_int_equal(fm.live, 0);
    }
}

static void test_seed_matters(void **state)
{
    static const uint64_t other[2] = {1, 2};

    (void)state;
    assert_true(weft_siphash13(paper_key, "abc", 3) !=
                weft_siphash13(other, "abc", 3));
    assert_true(weft_siphash13(other, "", 0) != weft_siphash13(other, "\0", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_is_right),
        cmocka_unit_test(test_siphash),
        cmocka_unit_test(test_siphash_of_python),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_keys_are_bytes),
        cmocka_unit_test(test_remove_on_a_walk),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_seed_matters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
