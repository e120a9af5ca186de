/* SPDX-License-Identifier: MIT */
/*
 * Decompressing in pieces: the examples of RFC 7692 section 7.2.3 and what can
 * be wrong or unusual (hostile.md T2, T4). Each case is run whole, byte by byte
 * and cut at each place, before a page that cannot be read.
 */
#include "ws/deflate_internal.h"

#include "base/mem.h"
#include "deflate_peer.h"

#define MIB ((size_t)1 << 20)

static const struct weft_deflate_key plain = {true, 15, 0, 0};
static const struct weft_deflate_key least = {true, 8, 0, 0};

struct unpacking {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_deflate_pool *pool;
    struct weft_deflate_stream *stream;
    struct weft_buf out;
    struct weft_deflate_sink sink;
};

static void open_unpacking(struct unpacking *u,
                           const struct weft_deflate_key *key, size_t limit)
{
    *u = (struct unpacking){.fm = {.left = -1}};
    u->mem = (struct weft_mem){fail_realloc, &u->fm};
    u->pool = weft_deflate_pool_new(&u->mem, NULL);
    assert_non_null(u->pool);
    u->stream = weft_deflate_take(u->pool, key);
    assert_non_null(u->stream);
    weft_buf_init(&u->out, &u->mem, limit);
    u->sink = (struct weft_deflate_sink){&u->out, limit, NULL};
}

static void close_unpacking(struct unpacking *u)
{
    weft_buf_release(&u->out);
    weft_deflate_give(u->pool, u->stream);
    weft_deflate_pool_free(u->pool);
    assert_int_equal(u->fm.live, 0);
}

static int feed(struct unpacking *u, const uint8_t *p, size_t len, bool fin)
{
    return weft_deflate_unpack(u->stream, at_page_end(p, len), len, fin,
                               &u->sink);
}

/* ---- Cases --------------------------------------------------------------- */

#define HELLO "f248cdc9c90700"

/* Messages in hex with a "|" behind each; what they say, likewise. The last
 * one of a case may be wrong. */
static const struct {
    const char *what, *hex, *text;
    int want;
} cases[] = {
    {"7.2.3.1 one block", HELLO "|", "Hello|", 0},
    {"7.2.3.2 the window taken over", HELLO "|f200110000|", "Hello|Hello|", 0},
    {"7.2.3.3 stored", "000500faff48656c6c6f00|", "Hello|", 0},
    {"7.2.3.4 marked as the last", "f348cdc9c9070000|", "Hello|", 0},
    {"7.2.3.5 two blocks", "f248050000 00ffffcac9c90700|", "Hello|", 0},
    {"7.2.3.6 empty", "00|", "|", 0},

    {"no payload", "|", "|", 0},
    {"no payload behind a message", HELLO "||" HELLO "||", "Hello||Hello||", 0},
    {"empty, twice", "00|00|", "||", 0},
    {"many flushes", "00 0000ffff 00 0000ffff 00 0000ffff 00|", "|", 0},
    {"empty blocks of fixed codes", "0300 0300 0300 00|", "|", 0},
    {"not stripped of its tail", HELLO "0000ffff|" HELLO "0000ffff|",
     "Hello|Hello|", 0},
    {"the last, and no more", "f348cdc9c90700|" HELLO "|", "Hello|Hello|", 0},
    {"a last block in the middle", "f348cdc9c90700" HELLO "|", "HelloHello|",
     0},
    {"a window behind a last block", "f348cdc9c90700 f200110000|",
     "HelloHello|", 0},
    {"a window behind a last block, of the message before",
     "f348cdc9c9070000|f200110000|", "Hello|Hello|", 0},
    {"the last and stored", "010500faff48656c6c6f 00|f200110000|",
     "Hello|Hello|", 0},
    {"stored of nothing, the last", "010000ffff 00|", "|", 0},
    {"two last ones", "010000ffff 010100feff61 00|", "a|", 0},

    {"block type 3", "07|", "|", WEFT_ERR_INVALID_DATA},
    {"block type 3, not the last", "06|", "|", WEFT_ERR_INVALID_DATA},
    {"a stored length that is wrong", "000500fafe48656c6c6f00|", "|",
     WEFT_ERR_INVALID_DATA},
    {"a distance into nothing", "f200110000|", "|", WEFT_ERR_INVALID_DATA},
    {"too many codes", "fcff|", "|", WEFT_ERR_INVALID_DATA},
    {"text", "48656c6c6f|", "|", WEFT_ERR_INVALID_DATA},
    {"bad behind good", HELLO "|07|", "Hello||", WEFT_ERR_INVALID_DATA},
    {"cut in a stored block", "000500faff48656c|", "Hel|",
     WEFT_ERR_INVALID_DATA},
    {"cut in the head of one", "000500|", "|", WEFT_ERR_INVALID_DATA},
    {"cut in codes", "f248cd|", "He|", WEFT_ERR_INVALID_DATA},
    {"cut before the flush", "f248cdc9c907|", "Hello|", WEFT_ERR_INVALID_DATA},
    {"half a tail", HELLO "0000|", "Hello|", WEFT_ERR_INVALID_DATA},
};

static size_t next_message(const char **hex, uint8_t bytes[256])
{
    char text[512];
    size_t len = strcspn(*hex, "|");

    memcpy(text, *hex, len);
    text[len] = '\0';
    *hex += len + 1;
    return unhex(bytes, text);
}

static int feed_cut(struct unpacking *u, const uint8_t *p, size_t len,
                    size_t cut)
{
    int err = 0;

    if (cut == SIZE_MAX) { /* byte by byte, the end on its own */
        for (size_t i = 0; i < len && !err; i++)
            err = feed(u, p + i, 1, false);
        return err ? err : feed(u, p + len, 0, true);
    }
    if (cut >= len)
        return feed(u, p, len, true);
    err = feed(u, p, cut, false);
    return err ? err : feed(u, p + cut, len - cut, true);
}

static void check_case(size_t i, size_t cut)
{
    const char *hex = cases[i].hex, *text = cases[i].text;
    struct unpacking u;

    open_unpacking(&u, &plain, 64);
    while (*hex) {
        uint8_t bytes[256];
        size_t len = next_message(&hex, bytes);
        size_t want = strcspn(text, "|");
        int err = feed_cut(&u, bytes, len, cut);

        CHECK(err == (*hex ? 0 : cases[i].want), "%s, cut at %zu: %d (%s)",
              cases[i].what, cut, err, u.sink.why ? u.sink.why : "");
        CHECK(!err == !u.sink.why, "%s: why", cases[i].what);
        CHECK(err || (u.out.len == want &&
                      (want == 0 || !memcmp(u.out.data, text, want))),
              "%s, cut at %zu: %zu bytes", cases[i].what, cut, u.out.len);
        text += want + 1;
        weft_buf_clear(&u.out);
    }
    close_unpacking(&u);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t cut = 0; cut < 32; cut++)
            check_case(i, cut == 31 ? SIZE_MAX : cut);
}

/* ---- Messages of zlib ---------------------------------------------------- */

/* A message in pieces of so many bytes. */
static int feed_pieces(struct unpacking *u, const uint8_t *p, size_t len,
                       size_t piece)
{
    int err = 0;

    for (size_t i = 0; i < len && !err; i += piece)
        err =
            feed(u, p + i, piece < len - i ? piece : len - i, piece >= len - i);
    return err;
}

static void test_pieces(void **state)
{
    static const size_t pieces[] = {1, 2, 7, 100, 4096, MIB};
    uint8_t *data = malloc(100000);

    (void)state;
    assert_non_null(data);
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_RANDOM; kind++) {
        for (size_t i = 0; i < COUNT(pieces); i++) {
            struct unpacking u;
            z_stream z;

            open_unpacking(&u, &plain, 100000);
            peer_packer(&z, 6, 15);
            peer_fill(data, 100000, kind, 0);
            for (size_t len = 100000; len > 0; len /= 10) {
                uint8_t *packed;
                size_t n = peer_pack(&z, data, len, &packed);
                int err = feed_pieces(&u, packed, n, pieces[i]);

                CHECK(err == 0 && u.out.len == len &&
                          !memcmp(u.out.data, data, len),
                      "%zu by %zu: %d", len, pieces[i], err);
                weft_buf_clear(&u.out);
                free(packed);
            }
            deflateEnd(&z);
            close_unpacking(&u);
        }
    }
    free(data);
}

/* Whatever is missing at the end, the message is refused. */
static void test_truncated(void **state)
{
    uint8_t data[1000], *packed;
    size_t len;
    z_stream z;

    (void)state;
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    peer_packer(&z, 6, 15);
    len = peer_pack(&z, data, sizeof(data), &packed);
    for (size_t n = 1; n <= len; n++) {
        struct unpacking u;
        int err;

        open_unpacking(&u, &plain, sizeof(data));
        err = feed(&u, packed, n, true);
        CHECK(err == (n == len ? 0 : WEFT_ERR_INVALID_DATA), "%zu of %zu: %d",
              n, len, err);
        close_unpacking(&u);
    }
    free(packed);
    deflateEnd(&z);
}

/* Any byte may be wrong; nothing worse than an error comes of it. */
static void test_damaged(void **state)
{
    uint8_t data[300], *packed;
    uint32_t seed = 7;
    size_t len;
    z_stream z;

    (void)state;
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    peer_packer(&z, 9, 15);
    len = peer_pack(&z, data, sizeof(data), &packed);
    for (size_t n = 0; n < 8 * len; n++) {
        struct unpacking u;
        uint8_t was = packed[n / 8];
        int err;

        packed[n / 8] =
            n % 8 == 7 ? peer_random(&seed) : (uint8_t)(was ^ (1u << n % 8));
        open_unpacking(&u, &plain, 4096);
        err = feed(&u, packed, len, true);
        CHECK(err == 0 || err == WEFT_ERR_INVALID_DATA || err == WEFT_ERR_LIMIT,
              "%d", err);
        packed[n / 8] = was;
        close_unpacking(&u);
    }
    free(packed);
    deflateEnd(&z);
}

/* A context of 256 bytes: what is referred to is within it, or refused. */
static void test_distance_beyond_the_window(void **state)
{
    uint8_t data[600], *packed;

    (void)state;
    for (size_t distance = 100; distance <= 300; distance += 40) {
        struct unpacking u;
        z_stream z;
        size_t len;
        int err;

        peer_fill(data, sizeof(data), PEER_REPEATED, distance);
        peer_packer(&z, 6, 15);
        open_unpacking(&u, &least, sizeof(data));
        len = peer_pack(&z, data, distance, &packed);
        assert_int_equal(feed(&u, packed, len, true), 0);
        free(packed);
        len = peer_pack(&z, data + distance, distance, &packed);
        err = feed(&u, packed, len, true);
        CHECK(err == (distance <= 256 ? 0 : WEFT_ERR_INVALID_DATA),
              "distance %zu: %d", distance, err);
        CHECK(!err == !u.sink.why, "why");
        free(packed);
        deflateEnd(&z);
        close_unpacking(&u);
    }
}

/* ---- Limits -------------------------------------------------------------- */

static void test_limit(void **state)
{
    uint8_t data[3000], *packed;
    size_t len;
    z_stream z;

    (void)state;
    for (enum peer_bytes kind = PEER_TEXT; kind <= PEER_RANDOM; kind++) {
        peer_fill(data, sizeof(data), kind, 0);
        peer_packer(&z, 6, 15);
        len = peer_pack(&z, data, sizeof(data), &packed);
        for (size_t limit = 0; limit < sizeof(data) + 300; limit += 50) {
            struct unpacking u;
            int err;

            open_unpacking(&u, &plain, limit);
            err = feed_pieces(&u, packed, len, limit % 3 ? 64 : len);
            CHECK(err == (limit < sizeof(data) ? WEFT_ERR_LIMIT : 0),
                  "limit %zu: %d", limit, err);
            assert_in_range(u.out.len, 0, limit);
            close_unpacking(&u);
        }
        free(packed);
        deflateEnd(&z);
    }
}

/* A message of exactly the limit, and nothing but ends of blocks behind it. */
static void test_exactly_the_limit(void **state)
{
    uint8_t bytes[64];
    struct unpacking u;
    size_t len = unhex(bytes, HELLO "0000ffff 0300 0300 00");

    (void)state;
    open_unpacking(&u, &plain, 5);
    assert_int_equal(feed(&u, bytes, len, true), 0);
    assert_int_equal(u.out.len, 5);
    assert_int_equal(feed(&u, bytes, len, true), WEFT_ERR_LIMIT);
    close_unpacking(&u);
}

/* T2: what is 1 MiB on the wire and would become 1 GiB. */
static void test_bomb(void **state)
{
    uint8_t *zeros = calloc(1, MIB), *once, *bomb;
    size_t len, pieces[] = {4 * MIB, 4096};
    z_stream z;

    (void)state;
    assert_non_null(zeros);
    peer_packer(&z, 9, 15);
    len = peer_pack(&z, zeros, MIB, &once);
    bomb = malloc(1024 * (len + 4));
    assert_non_null(bomb);
    for (size_t i = 0; i < 1024; i++) {
        memcpy(bomb + i * (len + 4), once, len);
        memcpy(bomb + i * (len + 4) + len, "\0\0\xff\xff", 4);
    }
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct unpacking u;
        size_t fed = 0;
        int err = 0;

        open_unpacking(&u, &plain, 4 * MIB);
        while (!err && fed < 1024 * len) {
            err = weft_deflate_unpack(u.stream, bomb + fed,
                                      pieces[i] < 1024 * len ? pieces[i]
                                                             : 1024 * len,
                                      false, &u.sink);
            fed += pieces[i];
        }
        assert_int_equal(err, WEFT_ERR_LIMIT);
        assert_in_range(u.fm.peak, 4 * MIB, 4 * MIB + 65536);
        if (pieces[i] == 4096)
            assert_in_range(fed, 4096, 8 * 4096);
        close_unpacking(&u);
    }
    free(bomb);
    free(once);
    free(zeros);
    deflateEnd(&z);
}

/* Blocks that stand for nothing cost no memory. */
static void test_empty_blocks(void **state)
{
    uint8_t *bytes = malloc(2 * MIB);
    struct unpacking u;

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < 2 * MIB; i += 2)
        memcpy(bytes + i, "\x03\x00", 2); /* marked as the last, each */
    open_unpacking(&u, &plain, MIB);
    for (size_t i = 0; i < 2 * MIB; i += MIB / 2)
        assert_int_equal(feed(&u, bytes + i, MIB / 2, false), 0);
    assert_int_equal(feed(&u, bytes, 0, true), 0);
    assert_int_equal(u.out.len, 0);
    assert_in_range(u.fm.peak, 0, 65536);
    close_unpacking(&u);
    free(bytes);
}

/* ---- Memory -------------------------------------------------------------- */

static void test_no_memory(void **state)
{
    uint8_t data[20000], *packed;
    size_t len;
    z_stream z;
    long n = 0;
    int err;

    (void)state;
    peer_fill(data, sizeof(data), PEER_TEXT, 0);
    peer_packer(&z, 6, 15);
    len = peer_pack(&z, data, sizeof(data), &packed);
    do {
        struct unpacking u;

        open_unpacking(&u, &plain, sizeof(data));
        u.fm.left = n++;
        err = feed_pieces(&u, packed, len, 1000);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        u.fm.left = -1;
        close_unpacking(&u);
    } while (err);
    assert_in_range(n, 3, 1000);
    free(packed);
    deflateEnd(&z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_distance_beyond_the_window),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_exactly_the_limit),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_empty_blocks),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
