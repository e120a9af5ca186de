/* SPDX-License-Identifier: MIT */
/* What the extension holds, and what it does without memory or budget. */
#include "deflate_end.h"

/* T2: 1 MiB on the wire, 1 GiB beyond it. */
static void test_bomb(void **state)
{
    uint8_t *zeros = calloc(1, MIB), *bomb, *once;
    size_t len;
    z_stream z;

    (void)state;
    assert_non_null(zeros);
    peer_packer(&z, 9, 15);
    len = peer_pack(&z, zeros, MIB, &once) + 4;
    bomb = malloc(1024 * len);
    assert_non_null(bomb);
    memcpy(once + len - 4, "\0\0\xff\xff", 4);
    for (size_t i = 0; i < 1024; i++)
        memcpy(bomb + i * len, once, len);
    for (int i = 0; i < 2; i++) {
        struct weft_deflate_opts opts = usual(i);
        const char *why;
        struct iovec out;
        struct end end;

        open_end(&end, &opts, agreed(i, 15), false);
        assert_int_equal(
            end.ops->decode_whole(end.ext, bomb, 1024 * len, MIB, &out, &why),
            WEFT_ERR_LIMIT);
        /* The limit, the window, and a copy of what came. */
        assert_in_range(end.fm.peak, 0, MIB + 1024 * len + 131072);
        close_end(&end);
    }
    free(bomb);
    free(once);
    free(zeros);
    deflateEnd(&z);
}

/* ---- Memory -------------------------------------------------------------- */

/* An exchange with an end that runs out of memory: it says so, and the next
 * message is as good as any. */
static int exchange(struct end *end, const uint8_t *data, size_t len)
{
    struct iovec packed, unpacked;
    const char *why;
    int rc = encode(end, data, len, &packed);

    CHECK(rc == 1 || rc == WEFT_ERR_NOMEM, "%d", rc);
    if (rc < 0)
        return rc;
    rc = end->ops->decode_whole(end->ext, packed.iov_base, packed.iov_len, len,
                                &unpacked, &why);
    CHECK(rc == 1 || rc == WEFT_ERR_NOMEM, "%d", rc);
    if (rc == 1)
        check_bytes(&unpacked, data, len, "after all");
    return rc;
}

static void test_no_memory(void **state)
{
    uint8_t data[40000];

    (void)state;
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    for (int i = 0; i < 4; i++) {
        struct weft_deflate_opts opts = usual(i % 2);
        long n = 0;
        int rc;

        do {
            struct iovec packed;
            z_stream peer;
            struct end end;

            open_end(&end, &opts, agreed(i % 2, 15), false);
            end.fm.left = n++;
            rc = exchange(&end, data, i < 2 ? sizeof(data) : 2000);
            end.fm.left = -1;
            end.ops->unencode(end.ext);
            /* As before the failure: a message of a stream that begins. */
            assert_int_equal(encode(&end, data, 1500, &packed), 1);
            peer_unpacker(&peer, 15);
            assert_true(peer_reads(&peer, packed.iov_base, packed.iov_len, data,
                                   1500, false));
            inflateEnd(&peer);
            close_end(&end);
        } while (rc < 0);
        assert_in_range(n, 3, 1000);
    }
}

/* An encoding that fails for want of memory in the middle, and what follows. */
static void test_failed_encoding_is_forgotten(void **state)
{
    uint8_t data[30000];
    long n = 0;
    int rc;

    (void)state;
    peer_fill(data, sizeof(data), PEER_RANDOM, 0);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] &= 63;
    do {
        struct weft_deflate_opts opts = usual(true);
        struct iovec packed;
        struct end end, peer;

        open_end(&end, &opts, agreed(true, 15), true);
        open_end(&peer, &opts, agreed(true, 15), false);
        assert_int_equal(encode(&end, data, 100, &packed), 1);
        check_decode(&peer, packed.iov_base, packed.iov_len, data, 100, 0);
        end.fm.left = n++;
        rc = encode(&end, data, sizeof(data), &packed);
        CHECK(rc == 1 || rc == WEFT_ERR_NOMEM, "%d", rc);
        end.fm.left = -1;
        if (rc < 0)
            assert_int_equal(encode(&end, data, sizeof(data), &packed), 1);
        check_decode(&peer, packed.iov_base, packed.iov_len, data, sizeof(data),
                     0);
        close_end(&end);
        close_end(&peer);
    } while (rc < 0);
    assert_in_range(n, 2, 100);
}

static void test_new_without_memory(void **state)
{
    struct weft_deflate_opts opts = usual(true);
    int err;

    (void)state;
    for (int owns = 0; owns < 2; owns++) {
        long n = 1;

        do {
            struct fail_mem fm = {.left = -1};
            struct weft_mem mem = {fail_realloc, &fm};
            struct weft_deflate_params params = agreed(true, 15);
            struct weft_deflate_budget budget = {.ceiling = 10 * MIB};
            struct weft_deflate_pool *pool =
                weft_deflate_pool_new(&mem, &budget);
            struct weft_ext *ext;

            fm.left = n++ - 1;
            err = weft_deflate_new(&ext, pool, &opts, &params, false, owns);
            CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
            CHECK((budget.used > 0) == (err == 0), "charged");
            if (err == 0)
                ext->ops->free(ext);
            assert_int_equal(budget.used, 0);
            if (!owns)
                weft_deflate_pool_free(pool);
            assert_int_equal(fm.live, 0);
        } while (err);
    }
}

/* ---- The budget ---------------------------------------------------------- */

/* Beyond the ceiling a server says that it does without; the smaller context,
 * of decompression, may still have room. */
static void test_ceiling(void **state)
{
    struct weft_deflate_budget budget = {.ceiling = 360000};
    struct weft_deflate_pool *pool =
        weft_deflate_pool_new(&weft_mem_libc, &budget);
    struct weft_deflate_opts opts = usual(true);
    struct weft_ext *exts[4];

    (void)state;
    opts.memory_level = 8;
    for (size_t i = 0; i < COUNT(exts); i++) {
        struct weft_deflate_params params = agreed(true, 15);
        bool is_client = i == 3;

        assert_int_equal(
            weft_deflate_new(&exts[i], pool, &opts, &params, is_client, false),
            0);
        assert_int_equal(params.server_no_context_takeover, i == 1 || i == 2);
        assert_int_equal(params.client_no_context_takeover, i == 2);
        assert_int_equal(exts[i]->ops->may_share(exts[i], 100),
                         i == 1 || i == 2);
    }
    assert_true(budget.used > budget.ceiling); /* the client's */
    for (size_t i = 0; i < COUNT(exts); i++)
        exts[i]->ops->free(exts[i]);
    assert_int_equal(budget.used, 0);
    weft_deflate_pool_free(pool);
}

/* Nothing is held for a context before the first message. */
static void test_made_when_needed(void **state)
{
    struct weft_deflate_opts opts = usual(true);
    struct end end;

    (void)state;
    open_end(&end, &opts, agreed(true, 15), false);
    assert_in_range(end.fm.live, 1, sizeof(*end.pool) + 64);
    close_end(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_failed_encoding_is_forgotten),
        cmocka_unit_test(test_new_without_memory),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_made_when_needed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
