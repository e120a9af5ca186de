/* SPDX-License-Identifier: MIT */
/*
 * The ledger against a model that writes down every single byte: how much of a
 * message it stands for, in the order in which the bytes are to go out.
 */
#include "client/ledger.h"
#include "support.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 4096

struct model {
    size_t counts[BYTES_MAX]; /* of the bytes that have not gone out */
    size_t len;
};

/* Bytes that stand for one each as long as there is something to stand for, and
 * the last for what is left. */
static void model_add(struct model *m, size_t len, size_t payload)
{
    assert_true(m->len + len <= BYTES_MAX);
    for (size_t i = 0; i < len; i++) {
        size_t n = i + 1 == len ? payload : payload > 0;

        m->counts[m->len++] = n;
        payload -= n;
    }
}

static void model_keep(struct model *m, size_t unsent)
{
    memmove(m->counts, m->counts + m->len - unsent,
            unsent * sizeof(m->counts[0]));
    m->len = unsent;
}

static size_t model_payload(const struct model *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->len; i++)
        n += m->counts[i];
    return n;
}

struct book {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_ledger ledger;
    struct model model;
};

static void book_open(struct book *b)
{
    *b = (struct book){.fm = {.left = -1}};
    b->mem = (struct weft_mem){fail_realloc, &b->fm};
    weft_ledger_init(&b->ledger, &b->mem);
    assert_int_equal(b->fm.calls, 0);
}

static void book_close(struct book *b)
{
    weft_ledger_release(&b->ledger);
    CHECK(b->fm.live == 0, "%zu bytes leaked", b->fm.live);
}

static void book_check(struct book *b, size_t unsent)
{
    uint64_t got = weft_ledger_settle(&b->ledger, unsent);

    model_keep(&b->model, unsent);
    CHECK(got == model_payload(&b->model), "%llu, not %zu, of %zu",
          (unsigned long long)got, model_payload(&b->model), unsent);
    assert_true(b->ledger.wire == unsent);
    assert_true(b->ledger.payload == got);
}

static void book_packed(struct book *b, size_t head, size_t wire,
                        size_t payload)
{
    long calls;

    assert_int_equal(weft_ledger_reserve(&b->ledger), 0);
    calls = b->fm.calls;
    weft_ledger_add_message(&b->ledger, head, wire, payload);
    assert_int_equal(b->fm.calls, calls); /* there was room */
    model_add(&b->model, head, 0);
    model_add(&b->model, wire, payload);
}

static void book_message(struct book *b, size_t head, size_t payload)
{
    book_packed(b, head, payload, payload);
}

static void book_control(struct book *b, size_t bytes)
{
    long calls = b->fm.calls;

    weft_ledger_add_control(&b->ledger, bytes);
    assert_int_equal(b->fm.calls, calls);
    model_add(&b->model, bytes, 0);
}

/* ---- Tests --------------------------------------------------------------- */

static void test_by_hand(void **state)
{
    struct weft_ledger l;
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};

    (void)state;
    weft_ledger_init(&l, &mem);
    assert_true(weft_ledger_settle(&l, 0) == 0);
    assert_int_equal(weft_ledger_reserve(&l), 0);
    weft_ledger_add_message(&l, 6, 5, 5);
    assert_true(weft_ledger_settle(&l, 11) == 5);
    assert_true(weft_ledger_settle(&l, 6) == 5); /* a part of the head */
    assert_true(weft_ledger_settle(&l, 5) == 5);
    assert_true(weft_ledger_settle(&l, 3) == 3);
    weft_ledger_add_control(&l, 8);
    assert_true(weft_ledger_settle(&l, 11) == 3);
    assert_int_equal(weft_ledger_reserve(&l), 0);
    weft_ledger_add_message(&l, 6, 1, 1);
    assert_true(weft_ledger_settle(&l, 18) == 4);
    assert_true(weft_ledger_settle(&l, 15) == 1);
    assert_true(weft_ledger_settle(&l, 1) == 1);
    assert_true(weft_ledger_settle(&l, 0) == 0);
    weft_ledger_release(&l);
    assert_int_equal(fm.live, 0);
}

/* Compressed messages: shorter on the wire than they are, or longer. */
static void test_packed(void **state)
{
    static const size_t sizes[][2] = {{1, 0},   {1, 1},    {1, 1000}, {20, 300},
                                      {20, 21}, {300, 20}, {2, 0}};
    struct book b;

    (void)state;
    book_open(&b);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        book_packed(&b, 6, sizes[i][0], sizes[i][1]);
        book_control(&b, 6);
    }
    for (size_t unsent = b.model.len; unsent-- > 0;)
        book_check(&b, unsent);
    book_close(&b);
}

/* A message without payload waits, and counts nothing. */
static void test_empty_messages(void **state)
{
    struct book b;

    (void)state;
    book_open(&b);
    for (size_t i = 1; i <= 40; i++) {
        book_message(&b, 6, 0);
        book_check(&b, 6 * i);
    }
    book_message(&b, 6, 1);
    for (size_t unsent = b.model.len; unsent-- > 0;)
        book_check(&b, unsent);
    book_close(&b);
}

/* Payloads whose bytes nobody could write down. */
static void test_large_numbers(void **state)
{
    struct book b;
    const uint64_t big = UINT64_C(1) << 61;

    (void)state;
    book_open(&b);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(weft_ledger_reserve(&b.ledger), 0);
        weft_ledger_add_message(&b.ledger, 14, big, big);
    }
    assert_true(b.ledger.payload == 4 * big);
    assert_true(weft_ledger_settle(&b.ledger, 4 * big + 42) == 4 * big);
    assert_true(weft_ledger_settle(&b.ledger, 3 * big + 43) == 3 * big + 1);
    assert_true(weft_ledger_settle(&b.ledger, big - 1) == big - 1);
    assert_true(weft_ledger_settle(&b.ledger, 0) == 0);
    book_close(&b);
}

static void step(struct book *b, uint64_t *random)
{
    uint64_t dice = test_random(random);
    size_t room = BYTES_MAX - b->model.len, len = (dice >> 8) % 100;

    if (len + 14 > room)
        book_check(b, 0);
    else if (dice % 8 < 3)
        book_message(b, (dice >> 16) % 2 ? 6 : 8, len % 3 ? len : 0);
    else if (dice % 8 < 5)
        book_control(b, len);
    else
        book_check(b, (dice >> 16) % (b->model.len + 1));
}

static void test_model(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        uint64_t random = seed;
        struct book b;

        book_open(&b);
        for (int i = 0; i < 500; i++)
            step(&b, &random);
        book_check(&b, b.model.len);
        for (size_t unsent = b.model.len; unsent-- > 0;)
            book_check(&b, unsent);
        book_close(&b);
    }
}

/* So many messages wait at all times, while the ring goes round. */
static void test_ring_goes_round(void **state)
{
    (void)state;
    for (size_t waiting = 0; waiting < 40; waiting++) {
        struct book b;

        book_open(&b);
        for (size_t i = 0; i < waiting; i++)
            book_message(&b, 6, 7);
        for (int i = 0; i < 200; i++) {
            book_message(&b, 6, 7);
            book_check(&b, 13 * waiting);
        }
        book_close(&b);
    }
}

/* It grows in the middle of a round, and keeps what it holds in order. */
static void test_growth(void **state)
{
    (void)state;
    for (size_t before = 0; before < 20; before++) {
        struct book b;

        book_open(&b);
        for (size_t i = 0; i < before; i++) {
            book_message(&b, 6, i);
            book_check(&b, 0);
        }
        for (size_t i = 0; i < 60; i++)
            book_message(&b, 6, i % 7);
        for (size_t unsent = b.model.len; unsent-- > 0;)
            book_check(&b, unsent);
        book_close(&b);
    }
}

/* It holds memory for what waits, not for all that ever went through. */
static void test_memory_is_bounded(void **state)
{
    struct book b;

    (void)state;
    book_open(&b);
    for (int i = 0; i < 10000; i++) {
        book_control(&b, 6);
        book_message(&b, 6, 1);
        book_check(&b, 0);
    }
    CHECK(b.fm.peak <= 1024, "%zu bytes", b.fm.peak);
    CHECK(b.fm.calls <= 16, "%ld allocations", b.fm.calls);
    book_close(&b);
}

static void test_no_memory(void **state)
{
    struct book b;

    (void)state;
    book_open(&b);
    for (int i = 0; i < 200; i++) {
        size_t before = b.model.len;
        int err;

        b.fm.left = 0;
        err = weft_ledger_reserve(&b.ledger);
        b.fm.left = -1;
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        book_check(&b, before);
        CHECK(i > 0 || err, "the first room costs nothing");
        book_message(&b, 6, 4);
    }
    book_check(&b, b.model.len / 2);
    book_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_empty_messages),
        cmocka_unit_test(test_large_numbers),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_ring_goes_round),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
