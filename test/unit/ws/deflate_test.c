/* SPDX-License-Identifier: MIT */
/*
 * The extension as an endpoint uses it, against plain zlib as the peer and
 * against itself: all windows and rules of context takeover, both roles.
 */
#include "deflate_end.h"

/* ---- Round trips --------------------------------------------------------- */

static const size_t sizes[] = {1, 2, 127, 128, 1024, 65536, MIB};
static const size_t distances[] = {250, 251, 252, 253,  254,
                                   255, 256, 257, 32768};

/* What is sent goes to plain zlib, with no more of a window than agreed on. */
static void send_all(struct end *end, const uint8_t *data, size_t most,
                     bool takes_over, int bits)
{
    z_stream peer;

    peer_unpacker(&peer, bits);
    for (size_t i = 0; i < COUNT(sizes) && sizes[i] <= most; i++) {
        struct iovec packed;
        int rc = encode(end, data, sizes[i], &packed);

        assert_in_range(rc, 0, 1);
        if (rc == 0)
            continue;
        if (!takes_over)
            assert_in_range(packed.iov_len, 1, sizes[i] - 1);
        CHECK(peer_reads(&peer, packed.iov_base, packed.iov_len, data, sizes[i],
                         sizes[i] <= 65536),
              "window %d, %zu bytes: %s", bits, sizes[i],
              peer.msg ? peer.msg : "");
        if (!takes_over)
            inflateReset(&peer);
    }
    inflateEnd(&peer);
}

/* What plain zlib sends, and an empty message each time. */
static void receive_all(struct end *end, const uint8_t *data, size_t most,
                        bool takes_over, int bits)
{
    z_stream peer;

    peer_packer(&peer, 6, bits);
    for (size_t i = 0; i < COUNT(sizes) && sizes[i] <= most; i++) {
        uint8_t *packed;
        size_t len = peer_pack(&peer, data, sizes[i], &packed);

        check_decode(end, packed, len, data, sizes[i], 0);
        if (!takes_over)
            check_decode(end, packed, len, data, sizes[i], i);
        check_decode(end, "\0", 1, "", 0, i % 3);
        check_decode(end, "", 0, "", 0, i % 3);
        free(packed);
        if (!takes_over)
            deflateReset(&peer);
    }
    deflateEnd(&peer);
}

static void check_matrix(const uint8_t *data, size_t most)
{
    for (int i = 0; i < 2 * 8 * 2; i++) {
        bool takes_over = i % 2 == 1, is_client = i / 16 == 1;
        int bits = 8 + i / 2 % 8;
        struct weft_deflate_opts opts = usual(takes_over);
        struct end end;

        open_end(&end, &opts, agreed(takes_over, bits), is_client);
        send_all(&end, data, most, takes_over, bits);
        receive_all(&end, data, most, takes_over, bits);
        close_end(&end);
    }
}

static void test_round_trips(void **state)
{
    uint8_t *data = malloc(MIB);

    (void)state;
    assert_non_null(data);
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_RANDOM; kind++) {
        peer_fill(data, MIB, kind, 0);
        check_matrix(data, kind == PEER_TEXT ? MIB : 65536);
    }
    for (size_t i = 0; i < COUNT(distances); i++) {
        peer_fill(data, 65536, PEER_REPEATED, distances[i]);
        check_matrix(data, i == 0 || distances[i] > 257 ? 65536 : 1024);
    }
    free(data);
}

/* Two of ours, each with its own half of the agreement. */
static void test_one_direction_with_context(void **state)
{
    uint8_t data[1000];
    struct weft_deflate_params params = agreed(true, 15);
    struct weft_deflate_opts opts = usual(true);
    struct end server, client;
    struct iovec packed;
    size_t first;

    (void)state;
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    params.client_no_context_takeover = true;
    open_end(&server, &opts, params, false);
    open_end(&client, &opts, params, true);
    assert_int_equal(encode(&server, data, sizeof(data), &packed), 1);
    first = packed.iov_len;
    check_decode(&client, packed.iov_base, first, data, sizeof(data), 0);
    assert_int_equal(encode(&server, data, sizeof(data), &packed), 1);
    assert_in_range(packed.iov_len, 1, first / 4);
    check_decode(&client, packed.iov_base, packed.iov_len, data, sizeof(data),
                 3);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(encode(&client, data, sizeof(data), &packed), 1);
        if (i == 0)
            first = packed.iov_len;
        assert_int_equal(packed.iov_len, first);
        check_decode(&server, packed.iov_base, first, data, sizeof(data), 0);
    }
    close_end(&server);
    close_end(&client);
}

/* Our options may ask for less than what was agreed on. */
static void test_own_options(void **state)
{
    uint8_t data[2000];
    struct weft_deflate_opts opts = filled((struct weft_deflate_opts){
        .window_bits = 8, .peer_takeover = true, .threshold = 1});
    struct end end;

    (void)state;
    peer_fill(data, sizeof(data), PEER_REPEATED, 300);
    open_end(&end, &opts, agreed(true, 15), false);
    for (int i = 0; i < 2; i++) {
        struct iovec packed;
        /* What is repeated is too far away to be referred to. */
        assert_int_equal(encode(&end, data, sizeof(data), &packed), 0);
    }
    assert_true(end.ops->may_share(end.ext, 256));
    assert_false(end.ops->may_share(end.ext, 257));
    close_end(&end);
}

/* ---- What is sent as it is ----------------------------------------------- */

static void test_threshold(void **state)
{
    struct weft_deflate_opts opts = usual(true);
    uint8_t data[300];
    struct end end;
    struct iovec packed;

    (void)state;
    memset(data, 'a', sizeof(data));
    opts.threshold = 128;
    for (int i = 0; i < 2; i++) {
        open_end(&end, &opts, agreed(i == 0, 15), false);
        assert_int_equal(encode(&end, data, 0, &packed), 0);
        assert_int_equal(encode(&end, data, 127, &packed), 0);
        assert_int_equal(encode(&end, data, 128, &packed), 1);
        close_end(&end);
    }
    opts.threshold = UINT64_MAX;
    open_end(&end, &opts, agreed(true, 15), false);
    assert_int_equal(encode(&end, data, sizeof(data), &packed), 0);
    close_end(&end);
}

static void test_what_does_not_compress(void **state)
{
    static const size_t lens[] = {1, 200, 1000, 2000, 50000};
    struct weft_deflate_opts opts = usual(false);
    uint8_t *data = malloc(50000);
    struct iovec packed;
    struct end end;

    (void)state;
    assert_non_null(data);
    peer_fill(data, 50000, PEER_RANDOM, 0);
    for (size_t i = 0; i < COUNT(lens); i++) {
        open_end(&end, &opts, agreed(false, 15), false);
        assert_int_equal(encode(&end, data, lens[i], &packed), 0);
        close_end(&end);
    }
    /* With context, what is too short to be looked at moves the window, and
     * is sent for that. */
    opts.has_takeover = true;
    open_end(&end, &opts, agreed(true, 15), false);
    assert_int_equal(encode(&end, data, 500, &packed), 1);
    assert_in_range(packed.iov_len, 500, 520);
    assert_int_equal(encode(&end, data, 500, &packed), 1);
    assert_in_range(packed.iov_len, 1, 50);
    close_end(&end);
    free(data);
}

/* ---- Results ------------------------------------------------------------- */

/* Each direction's result outlives what the other does. */
static void test_results_stay(void **state)
{
    uint8_t data[40000], copy[40000];
    struct weft_deflate_opts opts = usual(false);
    struct end end;
    struct iovec packed, unpacked;
    const char *why;

    (void)state;
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    open_end(&end, &opts, agreed(false, 15), false);
    assert_int_equal(encode(&end, data, sizeof(data), &packed), 1);
    memcpy(copy, packed.iov_base, packed.iov_len);
    assert_int_equal(end.ops->decode_whole(end.ext, packed.iov_base,
                                           packed.iov_len, sizeof(data),
                                           &unpacked, &why),
                     1);
    assert_memory_equal(packed.iov_base, copy, packed.iov_len);
    assert_int_equal(encode(&end, data + 100, 39900, &packed), 1);
    check_bytes(&unpacked, data, sizeof(data), "behind an encoding");
    close_end(&end);
}

/* Without context nothing is kept, and nothing allocated again and again. */
static void test_steady(void **state)
{
    static const size_t lens[] = {200, 5000, 40000, 100000};
    struct weft_deflate_opts opts = usual(false);
    uint8_t *data = malloc(100000);
    struct end end;
    long calls = 0;

    (void)state;
    assert_non_null(data);
    peer_fill(data, 100000, PEER_TEXT, 0);
    open_end(&end, &opts, agreed(false, 12), false);
    for (int turn = 0; turn < 5; turn++) {
        if (turn == 2)
            calls = end.fm.calls;
        for (size_t i = 0; i < COUNT(lens); i++) {
            const char *why;
            struct iovec packed, out;

            assert_int_equal(encode(&end, data, lens[i], &packed), 1);
            assert_int_equal(end.ops->decode_whole(end.ext, packed.iov_base,
                                                   packed.iov_len, lens[i],
                                                   &out, &why),
                             1);
        }
    }
    if (WEFT_DEFLATE_IDLE > 0)
        assert_int_equal(end.fm.calls, calls);
    weft_deflate_pool_trim(end.pool);
    assert_in_range(end.fm.live, 1, sizeof(*end.pool) + 64);
    close_end(&end);
    free(data);
}

/* What was encoded and not sent is not referred to. */
static void test_unencode(void **state)
{
    uint8_t data[1000];
    struct weft_deflate_opts opts = usual(true);
    struct end end, peer;
    struct iovec packed;

    (void)state;
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    open_end(&end, &opts, agreed(true, 15), false);
    open_end(&peer, &opts, agreed(true, 15), true);
    end.ops->unencode(end.ext);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(encode(&end, data + i, 900, &packed), 1);
        if (i % 2) {
            end.ops->unencode(end.ext);
            continue;
        }
        check_decode(&peer, packed.iov_base, packed.iov_len, data + i, 900, 0);
    }
    close_end(&end);
    close_end(&peer);
}

static void test_may_share(void **state)
{
    static const struct {
        bool takes_over;
        int bits;
        size_t len;
        bool want;
    } cases[] = {
        {false, 15, SIZE_MAX, true}, {false, 14, 16384, true},
        {false, 14, 16385, false},   {false, 8, 256, true},
        {false, 8, 257, false},      {true, 15, 1, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_deflate_opts opts = usual(cases[i].takes_over);
        struct end end;

        open_end(&end, &opts, agreed(cases[i].takes_over, cases[i].bits),
                 false);
        CHECK(end.ops->may_share(end.ext, cases[i].len) == cases[i].want,
              "case %zu", i);
        assert_int_equal(end.ops->rsv, 4);
        close_end(&end);
    }
}

/* ---- What peers do ------------------------------------------------------- */

static void test_errors(void **state)
{
    static const struct {
        const char *hex;
        size_t limit;
        int want;
    } cases[] = {
        {"f248cdc9c90700", 5, 1},
        {"f248cdc9c90700", 4, WEFT_ERR_LIMIT},
        {"f248cdc9c90700", 0, WEFT_ERR_LIMIT},
        {"f348cdc9c9070000", 5, 1},
        {"f348cdc9c90700f200110000", 10, 1},
        {"", 0, 1},
        {"00", 0, 1},
        {"07", 100, WEFT_ERR_INVALID_DATA},
        {"f200110000", 100, WEFT_ERR_INVALID_DATA},
        {"f248cd", 100, WEFT_ERR_INVALID_DATA},
        {"48656c6c6f", 100, WEFT_ERR_INVALID_DATA},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        struct weft_deflate_opts opts = usual(i % 2);
        const char *why = NULL;
        struct iovec out;
        struct weft_buf buf;
        uint8_t bytes[32];
        size_t len = unhex(bytes, cases[i / 2].hex);
        int want = cases[i / 2].want, rc;
        struct end end;

        open_end(&end, &opts, agreed(i % 2, 15), false);
        rc = end.ops->decode_whole(end.ext, at_page_end(bytes, len), len,
                                   cases[i / 2].limit, &out, &why);
        CHECK(rc == want, "%s: %d", cases[i / 2].hex, rc);
        CHECK((want == WEFT_ERR_INVALID_DATA) == (why != NULL), "why");
        close_end(&end);

        open_end(&end, &opts, agreed(i % 2, 15), false);
        weft_buf_init(&buf, &end.mem, cases[i / 2].limit);
        rc = end.ops->decode(end.ext, at_page_end(bytes, len), len, true, &buf,
                             &why);
        CHECK(rc == (want == 1 ? 0 : want), "%s in pieces: %d",
              cases[i / 2].hex, rc);
        weft_buf_release(&buf);
        close_end(&end);
    }
}

/* A connection that goes in the middle of a message leaves nothing. */
static void test_freed_in_a_message(void **state)
{
    struct weft_deflate_opts opts = usual(false);
    const char *why;
    struct weft_buf out;
    struct end end;

    (void)state;
    open_end(&end, &opts, agreed(false, 15), false);
    weft_buf_init(&out, &end.mem, 100);
    assert_int_equal(end.ops->decode(end.ext, (const uint8_t *)"\xf2\x48\xcd",
                                     3, false, &out, &why),
                     0);
    weft_buf_release(&out);
    close_end(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_one_direction_with_context),
        cmocka_unit_test(test_own_options),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_what_does_not_compress),
        cmocka_unit_test(test_results_stay),
        cmocka_unit_test(test_steady),
        cmocka_unit_test(test_unencode),
        cmocka_unit_test(test_may_share),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_freed_in_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
