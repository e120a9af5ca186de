/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "base/sizes.h"
#include "queue_fixture.h"

/* ---- One kind of piece --------------------------------------------------- */

static void test_empty(void **state)
{
    struct fixture fx;
    struct iovec iov;

    (void)state;
    start(&fx);
    assert_int_equal(weft_queue_peek(&fx.queue, &iov, 1), 0);
    assert_int_equal(weft_queue_pin(&fx.queue, &iov, 1), 0);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 0);
    assert_int_equal(weft_queue_settle(&fx.queue), 0);
    weft_queue_split(&fx.queue, true);
    weft_queue_sent(&fx.queue, 0);
    assert_int_equal(fx.fm.calls, 0);
    assert_int_equal(weft_queue_append(&fx.queue, NULL, 0), 0);
    check_text(&fx.queue, "");
    end(&fx);
}

/* Small pieces lie side by side, and stay where they are when more comes. */
static void test_side_by_side(void **state)
{
    struct fixture fx;
    struct iovec first, iov[8];

    (void)state;
    start(&fx);
    put(&fx, "one ");
    assert_int_equal(weft_queue_peek(&fx.queue, &first, 1), 1);
    for (int i = 0; i < 1000; i++)
        put(&fx, "two ");
    assert_int_equal(weft_queue_peek(&fx.queue, iov, 8), 1);
    assert_ptr_equal(iov[0].iov_base, first.iov_base);
    assert_int_equal(iov[0].iov_len, 4004);
    assert_int_equal(fx.fm.calls, 1);
    for (int i = 0; i < 10000; i++)
        put(&fx, "two ");
    assert_ptr_equal(first.iov_base, iov[0].iov_base);
    assert_int_equal(weft_queue_peek(&fx.queue, iov, 8), 3);
    assert_ptr_equal(iov[0].iov_base, first.iov_base);
    assert_memory_equal(first.iov_base, "one two ", 8);
    CHECK(fx.fm.live <= 3 * WEFT_CHUNK_SIZE, "%zu bytes", fx.fm.live);
    end(&fx);
}

/* Pieces of every length around that of a chunk. */
static void test_long_pieces(void **state)
{
    static uint8_t data[3 * WEFT_CHUNK_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + (i >> 8));
    for (size_t len = WEFT_CHUNK_SIZE - 200; len < WEFT_CHUNK_SIZE + 8; len++) {
        struct fixture fx;

        start(&fx);
        assert_int_equal(weft_queue_append(&fx.queue, data, len), 0);
        assert_int_equal(weft_queue_append(&fx.queue, data + len, 300), 0);
        check_holds(&fx.queue, data, len + 300);
        end(&fx);
    }
}

static void test_reserve_and_commit(void **state)
{
    struct fixture fx;
    uint8_t *p;

    (void)state;
    start(&fx);
    p = weft_queue_reserve(&fx.queue, 100);
    memcpy(p, "hello, world", 12);
    check_text(&fx.queue, "");
    weft_queue_commit(&fx.queue, 5);
    check_text(&fx.queue, "hello");
    assert_ptr_equal(weft_queue_reserve(&fx.queue, 10), p + 5);
    weft_queue_commit(&fx.queue, 7);
    check_text(&fx.queue, "hello, world");
    weft_queue_uncommit(&fx.queue, 7);
    put(&fx, "!");
    check_text(&fx.queue, "hello!");
    end(&fx);
}

/* A length that cannot be is refused and nothing is tried. */
static void test_no_room_in_the_world(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx);
    put(&fx, "here");
    assert_null(weft_queue_reserve(&fx.queue, SIZE_MAX));
    assert_null(weft_queue_reserve(&fx.queue, SIZE_MAX - 8));
    assert_int_equal(fx.fm.calls, 1);
    check_text(&fx.queue, "here");
    end(&fx);
}

/* A blob is counted once for each place it stands in, and given back when it
 * has gone, or with the queue. */
static void test_blobs(void **state)
{
    struct fixture fx;
    struct weft_blob *blob;
    struct iovec iov[4];

    (void)state;
    start(&fx);
    blob = blob_of(&fx, "shared");
    put(&fx, "<");
    assert_int_equal(weft_queue_append_blob(&fx.queue, blob), 0);
    put(&fx, "|");
    assert_int_equal(weft_queue_append_blob(&fx.queue, blob), 0);
    put(&fx, ">");
    check_text(&fx.queue, "<shared|shared>");
    assert_int_equal(weft_queue_peek(&fx.queue, iov, 4), 4);
    assert_ptr_equal(iov[1].iov_base, blob->data);
    assert_ptr_equal(iov[3].iov_base, blob->data);
    assert_int_equal(blob->refs, 3);
    weft_queue_sent(&fx.queue, 3);
    check_text(&fx.queue, "ared|shared>");
    assert_int_equal(blob->refs, 3);
    weft_queue_sent(&fx.queue, 4);
    assert_int_equal(blob->refs, 2);
    weft_queue_release(&fx.queue);
    assert_int_equal(blob->refs, 1);
    weft_blob_unref(blob);
    end(&fx);
}

/* ---- Borrowing ----------------------------------------------------------- */

/* Nothing is copied until settle, and then only what has not gone. */
static void test_borrowing(void **state)
{
    struct fixture fx;
    char lent[] = "lent by the caller";
    struct iovec iov[4];
    size_t before;

    (void)state;
    start(&fx);
    put(&fx, "is ");
    before = fx.fm.live;
    assert_int_equal(weft_queue_borrow(&fx.queue, lent, 18), 0);
    assert_int_equal(fx.queue.borrowed, 1);
    put(&fx, ".");
    assert_int_equal(weft_queue_peek(&fx.queue, iov, 4), 3);
    assert_ptr_equal(iov[1].iov_base, lent);

    weft_queue_sent(&fx.queue, 8);
    assert_int_equal(weft_queue_settle(&fx.queue), 0);
    assert_int_equal(fx.queue.borrowed, 0);
    memset(lent, 'x', 18);
    check_text(&fx.queue, "by the caller.");
    CHECK(fx.fm.live <= before + WEFT_CHUNK_SIZE, "%zu bytes", fx.fm.live);
    assert_int_equal(weft_queue_settle(&fx.queue), 0);
    check_text(&fx.queue, "by the caller.");
    weft_queue_sent(&fx.queue, 14);
    end(&fx);
}

/* What has gone needs no copy: the usual end of a loan. */
static void test_sent_while_borrowed(void **state)
{
    struct fixture fx;
    long calls;

    (void)state;
    start(&fx);
    assert_int_equal(weft_queue_borrow(&fx.queue, "abc", 3), 0);
    weft_queue_sent(&fx.queue, 3);
    assert_int_equal(fx.queue.borrowed, 0);
    calls = fx.fm.calls;
    assert_int_equal(weft_queue_settle(&fx.queue), 0);
    assert_int_equal(fx.fm.calls, calls);
    end(&fx);
}

/* A block whose second half nobody lends, and what keeps it. */
static struct weft_blob *lend_block(struct fixture *fx, uint8_t **block)
{
    struct weft_blob *blob;

    *block = weft_alloc(&fx->mem, 32);
    assert_non_null(*block);
    memcpy(*block, "0123456789abcdefGHIJKLMNOPQRSTUV", 32);
    blob = weft_blob_adopt(&fx->mem, *block, 32);
    assert_non_null(blob);
    return blob;
}

/* What was borrowed within the range stays where it is and takes a reference
 * for each piece; only the rest is copied by settle. */
static void test_lend(void **state)
{
    struct fixture fx;
    char other[] = "other";
    struct weft_blob *blob;
    struct iovec iov[8];
    uint8_t *block;

    (void)state;
    start(&fx);
    blob = lend_block(&fx, &block);
    assert_int_equal(weft_queue_borrow(&fx.queue, block, 4), 0);
    put(&fx, "-");
    assert_int_equal(weft_queue_borrow(&fx.queue, other, 5), 0);
    assert_int_equal(weft_queue_borrow(&fx.queue, block + 12, 4), 0);
    assert_int_equal(weft_queue_borrow(&fx.queue, block + 16, 2), 0);
    weft_queue_lend(&fx.queue, blob, block, 16);
    assert_int_equal(fx.queue.borrowed, 2);
    assert_int_equal(blob->refs, 3);
    weft_queue_lend(&fx.queue, blob, block, 16); /* twice is once */
    assert_int_equal(blob->refs, 3);

    assert_int_equal(weft_queue_settle(&fx.queue), 0);
    memset(other, 'x', 5);
    memset(block + 16, 'x', 16);
    assert_int_equal(weft_queue_peek(&fx.queue, iov, 8), 5);
    assert_ptr_equal(iov[0].iov_base, block);
    assert_ptr_equal(iov[3].iov_base, block + 12);
    weft_blob_unref(blob); /* the queue's own keep it */
    check_text(&fx.queue, "0123-othercdefGH");

    weft_queue_sent(&fx.queue, 10);
    check_text(&fx.queue, "cdefGH");
    weft_queue_sent(&fx.queue, 4);
    assert_int_equal(fx.fm.live, sizeof(struct weft_chunk) + 2);
    put(&fx, "."); /* behind what is sealed */
    check_text(&fx.queue, "GH.");
    end(&fx);
}

/* Of what was borrowed a part has gone, up to its last byte; or the queue goes
 * before any of it has. */
static void test_lend_after_a_part(void **state)
{
    (void)state;
    for (size_t sent = 0; sent <= 12; sent++) {
        struct weft_blob *blob;
        struct fixture fx;
        uint8_t *block;
        long calls;

        start(&fx);
        blob = lend_block(&fx, &block);
        assert_int_equal(weft_queue_borrow(&fx.queue, block, 16), 0);
        weft_queue_sent(&fx.queue, sent);
        weft_queue_lend(&fx.queue, blob, block, 16);
        weft_blob_unref(blob);
        calls = fx.fm.calls;
        assert_int_equal(weft_queue_settle(&fx.queue), 0);
        assert_int_equal(fx.fm.calls, calls);
        assert_int_equal(fx.queue.borrowed, 0);
        check_text(&fx.queue, &"0123456789abcdef"[sent]);
        end(&fx);
    }
}

/* For less than a quarter of a block the rest is not kept: it is copied. */
static void test_little_is_not_lent(void **state)
{
    (void)state;
    for (size_t len = 1; len < 4; len++) {
        struct weft_blob *blob;
        struct fixture fx;
        uint8_t *block;
        char text[4] = "";

        start(&fx);
        blob = lend_block(&fx, &block);
        memcpy(text, block + 16 - len, len);
        assert_int_equal(weft_queue_borrow(&fx.queue, block + 16 - len, len),
                         0);
        weft_queue_lend(&fx.queue, blob, block, 16);
        assert_int_equal(blob->refs, 1);
        assert_int_equal(fx.queue.borrowed, 1);
        assert_int_equal(weft_queue_settle(&fx.queue), 0);
        weft_blob_unref(blob);
        check_text(&fx.queue, text);
        end(&fx);
    }
}

/* The last chunk was lent: what comes behind goes behind its copy. */
static void test_settle_the_last(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx);
    assert_int_equal(weft_queue_borrow(&fx.queue, "abc", 3), 0);
    assert_int_equal(weft_queue_borrow(&fx.queue, "def", 3), 0);
    assert_int_equal(weft_queue_settle(&fx.queue), 0);
    put(&fx, "ghi");
    check_text(&fx.queue, "abcdefghi");
    end(&fx);
}

/* Without memory the rest stays lent; nothing is lost, and it can be settled
 * later. */
static void test_settle_without_memory(void **state)
{
    struct fixture fx;

    (void)state;
    for (long left = 0; left < 3; left++) {
        start(&fx);
        for (int i = 0; i < 3; i++)
            assert_int_equal(weft_queue_borrow(&fx.queue, "lent ", 5), 0);
        fx.fm.left = left;
        assert_int_equal(weft_queue_settle(&fx.queue), WEFT_ERR_NOMEM);
        assert_int_equal(fx.queue.borrowed, 3 - left);
        check_text(&fx.queue, "lent lent lent ");
        fx.fm.left = -1;
        assert_int_equal(weft_queue_settle(&fx.queue), 0);
        assert_int_equal(fx.queue.borrowed, 0);
        check_text(&fx.queue, "lent lent lent ");
        end(&fx);
    }
}

/* ---- Messages that can be dropped ---------------------------------------- */

static void put_message(struct fixture *fx, const char *text)
{
    weft_queue_split(&fx->queue, false);
    put(fx, text);
    weft_queue_split(&fx->queue, true);
}

static void test_drop_oldest(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx);
    put(&fx, "head,");
    put_message(&fx, "one,");
    put(&fx, "ping,");
    put_message(&fx, "two,");
    put_message(&fx, "three,");
    put(&fx, "pong,");
    check_text(&fx.queue, "head,one,ping,two,three,pong,");
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 4);
    check_text(&fx.queue, "head,ping,two,three,pong,");
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 4);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 6);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 0);
    check_text(&fx.queue, "head,ping,pong,");
    put_message(&fx, "four");
    check_text(&fx.queue, "head,ping,pong,four");
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 4);
    put(&fx, "end");
    check_text(&fx.queue, "head,ping,pong,end");
    end(&fx);
}

/* The only chunk, and the last one, may be dropped too. */
static void test_drop_all(void **state)
{
    struct fixture fx;
    struct weft_blob *blob;

    (void)state;
    start(&fx);
    blob = blob_of(&fx, "blob");
    put_message(&fx, "one");
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 3);
    check_text(&fx.queue, "");
    assert_int_equal(weft_queue_append_blob(&fx.queue, blob), 0);
    weft_queue_split(&fx.queue, true);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 4);
    assert_int_equal(blob->refs, 1);
    put(&fx, "two");
    check_text(&fx.queue, "two");
    weft_blob_unref(blob);
    end(&fx);
}

/* A message of which the peer has a part must follow whole. */
static void test_half_sent_is_kept(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx);
    put_message(&fx, "one,");
    put_message(&fx, "two,");
    weft_queue_sent(&fx.queue, 1);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 4);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 0);
    check_text(&fx.queue, "ne,");
    end(&fx);
}

/* What the kernel may be reading is not dropped, until it is done with it. */
static void test_pinned_is_kept(void **state)
{
    struct fixture fx;
    struct iovec iov[2];

    (void)state;
    start(&fx);
    put_message(&fx, "one,");
    put_message(&fx, "two,");
    put_message(&fx, "three,");
    assert_int_equal(weft_queue_pin(&fx.queue, iov, 2), 2);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 6);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 0);
    assert_memory_equal(iov[1].iov_base, "two,", 4);
    weft_queue_sent(&fx.queue, 4);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 4);
    end(&fx);
}

/* An empty chunk in front is no piece of the vector: it must not count among
 * the pinned, or the last of those could be dropped under the kernel. */
static void test_pinned_behind_an_empty_chunk(void **state)
{
    static uint8_t data[2 * WEFT_CHUNK_SIZE];
    struct fixture fx;
    struct iovec iov[2];

    (void)state;
    start(&fx);
    assert_non_null(weft_queue_reserve(&fx.queue, 10)); /* and never used */
    assert_int_equal(weft_queue_append(&fx.queue, data, sizeof(data)), 0);
    weft_queue_split(&fx.queue, true);
    assert_int_equal(weft_queue_pin(&fx.queue, iov, 2), 1);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), 0);
    assert_int_equal(iov[0].iov_len, sizeof(data));
    check_holds(&fx.queue, data, sizeof(data));
    weft_queue_sent(&fx.queue, 0);
    assert_int_equal(weft_queue_drop_oldest(&fx.queue), sizeof(data));
    end(&fx);
}

/* Small messages that can be dropped one by one must not take a whole chunk of
 * the usual size each: the queue's limit counts their bytes only. */
static void test_memory_of_small_messages(void **state)
{
    struct fixture fx;

    (void)state;
    start(&fx);
    for (int i = 0; i < 1000; i++)
        put_message(&fx, "ten bytes.");
    CHECK(fx.fm.live <= WEFT_CHUNK_SIZE + 1000 * 128, "%zu bytes", fx.fm.live);
    end(&fx);
}

/* ---- Sending ------------------------------------------------------------- */

/* A queue that keeps up uses one chunk over and over. */
static void test_no_memory_taken_in_steady_state(void **state)
{
    struct fixture fx;
    struct iovec iov;

    (void)state;
    start(&fx);
    for (int i = 0; i < 100000; i++) {
        put(&fx, "some message or other");
        assert_int_equal(weft_queue_peek(&fx.queue, &iov, 1), 1);
        weft_queue_sent(&fx.queue, iov.iov_len);
    }
    assert_int_equal(fx.fm.calls, 1);
    end(&fx);
}

static void test_peek_at_most(void **state)
{
    struct fixture fx;
    struct iovec iov[8];

    (void)state;
    start(&fx);
    for (int i = 0; i < 5; i++)
        put_message(&fx, "x");
    for (int max = 0; max <= 8; max++)
        assert_int_equal(weft_queue_peek(&fx.queue, iov, max),
                         max < 5 ? max : 5);
    end(&fx);
}

/* ---- Without memory ------------------------------------------------------ */

/* Each call that finds no memory leaves the queue as it was. */
static void test_no_memory(void **state)
{
    static uint8_t big[WEFT_CHUNK_SIZE];
    struct fixture fx;
    struct weft_blob *blob;

    (void)state;
    start(&fx);
    blob = blob_of(&fx, "blob");
    for (int i = 0; i < 2; i++) {
        fx.fm.left = 0;
        assert_null(weft_queue_reserve(&fx.queue, sizeof(big)));
        assert_int_equal(weft_queue_append(&fx.queue, big, sizeof(big)),
                         WEFT_ERR_NOMEM);
        assert_int_equal(weft_queue_append_blob(&fx.queue, blob),
                         WEFT_ERR_NOMEM);
        assert_int_equal(weft_queue_borrow(&fx.queue, big, sizeof(big)),
                         WEFT_ERR_NOMEM);
        assert_int_equal(fx.queue.borrowed, 0);
        assert_int_equal(blob->refs, 1);
        check_text(&fx.queue, i ? "some" : "");
        fx.fm.left = -1;
        if (i == 0)
            put(&fx, "some");
    }
    put(&fx, "thing");
    check_text(&fx.queue, "something");
    weft_blob_unref(blob);
    end(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_long_pieces),
        cmocka_unit_test(test_reserve_and_commit),
        cmocka_unit_test(test_no_room_in_the_world),
        cmocka_unit_test(test_blobs),
        cmocka_unit_test(test_borrowing),
        cmocka_unit_test(test_sent_while_borrowed),
        cmocka_unit_test(test_lend),
        cmocka_unit_test(test_lend_after_a_part),
        cmocka_unit_test(test_little_is_not_lent),
        cmocka_unit_test(test_settle_the_last),
        cmocka_unit_test(test_settle_without_memory),
        cmocka_unit_test(test_drop_oldest),
        cmocka_unit_test(test_drop_all),
        cmocka_unit_test(test_half_sent_is_kept),
        cmocka_unit_test(test_pinned_is_kept),
        cmocka_unit_test(test_pinned_behind_an_empty_chunk),
        cmocka_unit_test(test_memory_of_small_messages),
        cmocka_unit_test(test_no_memory_taken_in_steady_state),
        cmocka_unit_test(test_peek_at_most),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
