/* SPDX-License-Identifier: MIT */
/*
 * Blocks as zlib reads them: every length and distance of a match, all three
 * forms, one behind the other wherever the one before ended within a byte.
 */
#include "ws/deflate_quick.h"

#include "base/mem.h"
#include "deflate_peer.h"

#define TEXT 65535

/* ---- Blocks by hand ------------------------------------------------------ */

struct page {
    struct weft_block block;
    uint8_t text[TEXT];
    size_t len; /* of the text of all blocks */
};

static struct page *page_new(void)
{
    struct page *page = calloc(1, sizeof(*page));

    assert_non_null(page);
    return page;
}

static void begin(struct page *page)
{
    page->block.text = page->text + page->len;
    page->block.len = 0;
    page->block.count = 0;
}

/* Literals and a match, whose bytes are made here. */
static void add(struct page *page, const void *literals, size_t count,
                size_t length, size_t distance)
{
    assert_true(page->len + count + length <= TEXT);
    assert_true(page->block.count < WEFT_BLOCK_SEQUENCES);
    if (count > 0)
        memcpy(page->text + page->len, literals, count);
    page->len += count;
    for (size_t i = 0; i < length; i++, page->len++)
        page->text[page->len] = page->text[page->len - distance];
    page->block.len += count + length;
    page->block.sequences[page->block.count++] = (struct weft_sequence){
        (uint16_t)count, (uint16_t)length, (uint32_t)distance};
}

static void check_read(const struct page *page, const struct weft_buf *out)
{
    z_stream peer;

    peer_unpacker(&peer, 15);
    CHECK(peer_reads(&peer, out->data, out->len, page->text, page->len, false),
          "%zu bytes: %s", page->len, peer.msg ? peer.msg : "");
    inflateEnd(&peer);
}

/* ---- Tests --------------------------------------------------------------- */

static void test_lengths(void **state)
{
    struct weft_buf out;
    struct weft_bits bits = {&out, 0, 0};

    (void)state;
    weft_buf_init(&out, &weft_mem_libc, SIZE_MAX);
    for (size_t length = WEFT_MATCH_MIN; length <= WEFT_MATCH_MAX; length++) {
        struct page *page = page_new();

        bits = (struct weft_bits){&out, 0, 0};
        weft_buf_clear(&out);
        for (size_t i = 0; i < 9; i++) {
            begin(page);
            add(page, "weft and warp", 4 + i, length, 1 + i % 4);
            add(page, "!", i % 2, 0, 0);
            assert_int_equal(weft_block_write(&bits, &page->block, 9999), 1);
        }
        assert_int_equal(weft_block_end(&bits, 9999), 1);
        check_read(page, &out);
        free(page);
    }
    weft_buf_release(&out);
}

/* The first and the last of each symbol (RFC 1951 section 3.2.5). */
static void test_distances(void **state)
{
    struct page *page = page_new();
    uint32_t seed = 1;
    struct weft_buf out;
    struct weft_bits bits = {&out, 0, 0};
    size_t base = 1;

    (void)state;
    weft_buf_init(&out, &weft_mem_libc, SIZE_MAX);
    for (size_t i = 0; i < 32768; i++)
        page->text[i] = peer_random(&seed);
    begin(page);
    page->block.sequences[page->block.count++] =
        (struct weft_sequence){32768, 0, 0};
    page->len = page->block.len = 32768;
    assert_int_equal(weft_block_write(&bits, &page->block, SIZE_MAX), 1);
    begin(page);
    for (unsigned symbol = 0; symbol < WEFT_DISTANCES; symbol++) {
        size_t span = (size_t)1 << (symbol < 4 ? 0 : symbol / 2 - 1);

        if (page->block.count + 2 > WEFT_BLOCK_SEQUENCES) {
            assert_int_equal(weft_block_write(&bits, &page->block, SIZE_MAX),
                             1);
            begin(page);
        }
        add(page, "a", 1, 5, base);
        add(page, "bc", 2, 6, base + span - 1);
        base += span;
    }
    assert_int_equal(base, 32769);
    assert_int_equal(weft_block_write(&bits, &page->block, SIZE_MAX), 1);
    assert_int_equal(weft_block_end(&bits, SIZE_MAX), 1);
    check_read(page, &out);
    weft_buf_release(&out);
    free(page);
}

/* What each form is best for, told from the head of the first block. */
static void test_forms(void **state)
{
    enum { STORED, FIXED, DYNAMIC };
    static const struct {
        enum peer_bytes kind;
        size_t len;
        unsigned form;
    } cases[] = {
        {PEER_RANDOM, 1, FIXED},      {PEER_RANDOM, 500, STORED},
        {PEER_RANDOM, 65535, STORED}, {PEER_TEXT, 20, FIXED},
        {PEER_TEXT, 2000, DYNAMIC},   {PEER_ZEROS, 2000, DYNAMIC},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct page *page = page_new();
        struct weft_buf out;
        struct weft_bits bits = {&out, 0, 0};
        uint8_t *bytes = malloc(cases[i].len);

        assert_non_null(bytes);
        weft_buf_init(&out, &weft_mem_libc, SIZE_MAX);
        peer_fill(bytes, cases[i].len, cases[i].kind, 0);
        begin(page);
        add(page, bytes, cases[i].len, 0, 0);
        assert_int_equal(weft_block_write(&bits, &page->block, SIZE_MAX), 1);
        assert_int_equal(weft_block_end(&bits, SIZE_MAX), 1);
        assert_int_equal(out.data[0] >> 1 & 3, cases[i].form);
        assert_int_equal(out.data[0] & 1, 0); /* not the last */
        check_read(page, &out);
        free(bytes);
        free(page);
        weft_buf_release(&out);
    }
}

/* Any forms behind each other: a stored block begins at each bit. */
static void test_mixed(void **state)
{
    struct page *page = page_new();
    uint8_t bytes[300];
    struct weft_buf out;
    struct weft_bits bits = {&out, 0, 0};

    (void)state;
    weft_buf_init(&out, &weft_mem_libc, SIZE_MAX);
    for (size_t i = 0; i < 150; i++) {
        size_t len = i % 3 == 0 ? 1 + i / 3 : 200 + i % 7;

        peer_fill(bytes, sizeof(bytes), i % 3 == 1 ? PEER_RANDOM : PEER_TEXT,
                  0);
        begin(page);
        add(page, bytes + i % 5, len, 0, 0);
        assert_int_equal(weft_block_write(&bits, &page->block, SIZE_MAX), 1);
    }
    assert_int_equal(weft_block_end(&bits, SIZE_MAX), 1);
    check_read(page, &out);
    weft_buf_release(&out);
    free(page);
}

/* No byte more than most; nothing is said to fit that does not. */
static void test_most(void **state)
{
    struct page *page = page_new();
    uint8_t bytes[400];

    (void)state;
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_RANDOM; kind++) {
        size_t needed = 0;

        peer_fill(bytes, sizeof(bytes), kind, 0);
        page->len = 0;
        begin(page);
        add(page, bytes, sizeof(bytes), 0, 0);
        for (size_t most = 450; most-- > 0;) {
            struct weft_buf out;
            struct weft_bits bits = {&out, 0, 0};
            int rc;

            weft_buf_init(&out, &weft_mem_libc, SIZE_MAX);
            rc = weft_block_write(&bits, &page->block, most);
            if (rc > 0)
                rc = weft_block_end(&bits, most);
            if (needed == 0)
                needed = out.len;
            CHECK(rc == (most >= needed), "%zu of %zu: %d", most, needed, rc);
            assert_in_range(out.len, 0, most);
            weft_buf_release(&out);
        }
    }
    free(page);
}

static void test_no_memory(void **state)
{
    struct page *page = page_new();
    int rc = WEFT_ERR_NOMEM;

    (void)state;
    begin(page);
    add(page, "weft", 4, 50, 2);
    for (long n = 0; rc != 1; n++) {
        struct fail_mem fm = {.left = n};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_buf out;
        struct weft_bits bits = {&out, 0, 0};

        weft_buf_init(&out, &mem, SIZE_MAX);
        rc = weft_block_write(&bits, &page->block, SIZE_MAX);
        if (rc > 0)
            rc = weft_block_end(&bits, SIZE_MAX);
        CHECK(rc == 1 || rc == WEFT_ERR_NOMEM, "%d", rc);
        weft_buf_release(&out);
        assert_int_equal(fm.live, 0);
    }
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths), cmocka_unit_test(test_distances),
        cmocka_unit_test(test_forms),   cmocka_unit_test(test_mixed),
        cmocka_unit_test(test_most),    cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
