/* SPDX-License-Identifier: MIT */
/*
 * The place of an extension in the path of a message, with one that encodes
 * runs: each byte of the message stands behind the number of times it comes.
 * It sets RSV1, declines what would get longer, keeps state between pieces of
 * a message, and makes much out of little, as compression does.
 */
#include "talk.h"
#include "ws/endpoint.h"

#include "base/mem.h"
#include <stdlib.h>
#include <string.h>

#define RSV1 4

struct runs {
    struct weft_ext ext;
    const struct weft_mem *mem;
    bool encodes_all; /* also what gets longer */
    bool keeps_whole; /* whole messages have a way of their own */
    bool shares;
    int count; /* half of a pair has come; 0: none */
    int taken_back;
    int *freed;
    struct weft_buf decoded, encoded;
};

static int decode(struct weft_ext *ext, const uint8_t *p, size_t len, bool fin,
                  struct weft_buf *out, const char **why)
{
    struct runs *runs = (struct runs *)ext;
    int err = 0;

    for (size_t i = 0; i < len && !err; i++) {
        if (runs->count == 0) {
            runs->count = p[i];
            err = p[i] == 0 ? WEFT_ERR_PROTOCOL : 0;
            continue;
        }
        for (; runs->count > 0 && !err; runs->count--)
            err = weft_buf_append(out, &p[i], 1);
    }
    if (!err && fin && runs->count != 0)
        err = WEFT_ERR_PROTOCOL;
    if (err == WEFT_ERR_PROTOCOL)
        *why = "half a pair";
    return err;
}

static int decode_whole(struct weft_ext *ext, const uint8_t *p, size_t len,
                        size_t limit, struct iovec *out, const char **why)
{
    struct runs *runs = (struct runs *)ext;
    int err;

    if (!runs->keeps_whole)
        return 0;
    weft_buf_clear(&runs->decoded);
    runs->decoded.max = limit;
    err = decode(ext, p, len, true, &runs->decoded, why);
    *out = (struct iovec){runs->decoded.data, runs->decoded.len};
    return err ? err : 1;
}

static int encode(struct weft_ext *ext, const void *data, size_t len,
                  struct iovec *encoded)
{
    struct runs *runs = (struct runs *)ext;
    struct weft_buf *out = &runs->encoded;
    const uint8_t *p = data;

    weft_buf_clear(out);
    for (size_t i = 0; i < len;) {
        uint8_t pair[2] = {0, p[i]};

        for (; i < len && p[i] == pair[1] && pair[0] < 255; i++)
            pair[0]++;
        if (weft_buf_append(out, pair, 2) != 0)
            return WEFT_ERR_NOMEM;
    }
    *encoded = (struct iovec){out->data, out->len};
    return runs->encodes_all || out->len < len;
}

static void unencode(struct weft_ext *ext)
{
    ((struct runs *)ext)->taken_back++;
}

static bool may_share(const struct weft_ext *ext, size_t len)
{
    return ((const struct runs *)ext)->shares && len > 0;
}

static void free_runs(struct weft_ext *ext)
{
    struct runs *runs = (struct runs *)ext;

    ++*runs->freed;
    weft_buf_release(&runs->decoded);
    weft_buf_release(&runs->encoded);
    weft_free(runs->mem, runs, sizeof(*runs));
}

static const struct weft_ext_ops runs_ops = {
    RSV1, decode, decode_whole, encode, unencode, may_share, free_runs,
};

static struct runs *runs_new(const struct weft_mem *mem, int *freed)
{
    struct runs *runs = weft_zalloc(mem, sizeof(*runs));

    if (runs) {
        runs->ext.ops = &runs_ops;
        runs->mem = mem;
        runs->freed = freed;
        weft_buf_init(&runs->decoded, mem, SIZE_MAX);
        weft_buf_init(&runs->encoded, mem, SIZE_MAX);
    }
    return runs;
}

static const enum weft_role roles[] = {WEFT_SERVER, WEFT_CLIENT};

/* An endpoint that uses the extension. */
static struct runs *open_with_runs(struct talk *t,
                                   const struct weft_endpoint_opts *opts,
                                   int *freed)
{
    struct runs *runs;

    talk_open(t, opts);
    runs = runs_new(&t->mem, freed);
    assert_non_null(runs);
    t->ep->ext = &runs->ext;
    *freed = 0;
    return runs;
}

static void close_with_runs(struct talk *t, const int *freed)
{
    talk_close(t);
    assert_int_equal(*freed, 1);
}

/* ---- Receiving ----------------------------------------------------------- */

static const struct talk_case cases[] = {
    {"encoded", "c102 0361", "text:aaa", "", 0},
    {"binary", "c204 0300 02ff", "binary:\\x00\\x00\\x00\\xff\\xff", "", 0},
    {"as it is", "8102 0361", "text:\\x03a", "", 0},
    {"nothing, encoded", "c100", "text:", "", 0},
    {"one after the other", "c102 0361 8101 62 c104 0163 0264",
     "text:aaa text:b text:cdd", "", 0},
    {"in fragments, cut in a pair", "4103 0361 02 0000 8001 62", "text:aaabb",
     "", 0},
    {"an empty last fragment", "4102 0361 8000", "text:aaa", "", 0},
    {"an empty first fragment", "4100 8002 0361", "text:aaa", "", 0},
    {"a ping between", "4101 03 8901 70 8001 61", "ping:p text:aaa", "pong:p",
     0},
    {"a message as it is, in fragments, behind", "c102 0361 0101 03 8001 61",
     "text:aaa text:\\x03a", "", 0},
    {"to the limit of 10", "c202 0a61", "binary:aaaaaaaaaa", "", 0},
    {"to the limit in fragments longer than what is left",
     "4202 0961 8002 0162", "binary:aaaaaaaaab", "", 0},
    {"longer encoded than the limit", "c20c 0161 0162 0163 0164 0165 0166",
     "binary:abcdef", "", 0},
    {"characters in pieces", "4102 01c3 0001 01 8001 a9", "text:\\xc3\\xa9", "",
     0},

    {"over the limit", "c202 0b61", "", "close:1009", WEFT_ERR_LIMIT},
    {"over the limit in fragments", "4202 0a61 0002 0161", "", "close:1009",
     WEFT_ERR_LIMIT},
    {"a great deal over the limit", "c204 ff61 ff61", "", "close:1009",
     WEFT_ERR_LIMIT},
    {"over the limit, not encoded", "820b", "", "close:1009", WEFT_ERR_LIMIT},
    {"not decodable", "c202 0061", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"the end is missing", "c203 0361 02", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"the end is missing in fragments", "4203 0361 02 8000", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"text that is not UTF-8", "c102 02ff", "", "close:1007", WEFT_ERR_UTF8},
    {"text that ends in a character", "c102 01c3", "", "close:1007",
     WEFT_ERR_UTF8},
    {"text that is wrong before its end", "4104 01c3 0141", "", "close:1007",
     WEFT_ERR_UTF8},
    {"RSV1 on a continuation", "4102 0361 c0", "", "close:1002",
     WEFT_ERR_PROTOCOL},
    {"RSV1 on a ping", "c9", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"RSV2", "a1", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"RSV3 beside RSV1", "d1", "", "close:1002", WEFT_ERR_PROTOCOL},
    {"nothing but close when it is over", "c102 0361 8802 03e8 c102 0361",
     "text:aaa close:1000", "close:1000", 0},
};

/* The reasons in close frames are for people and not compared. */
static bool same_frames(const char *have, const char *want)
{
    size_t len = strlen(want);

    if (strstr(want, "close:1000") || !strstr(want, "close:"))
        return !strcmp(have, want);
    return !strncmp(have, want, len);
}

static void run_as(const struct talk_case *c, enum weft_role role,
                   const struct bytes *in, size_t first, size_t step,
                   bool keeps_whole)
{
    struct weft_endpoint_opts opts = talk_opts(role);
    size_t piece = first;
    struct talk t;
    int freed, rc = 0;

    opts.message_limit = 10;
    open_with_runs(&t, &opts, &freed)->keeps_whole = keeps_whole;
    for (size_t at = 0; at < in->len && rc == 0; at += piece, piece = step) {
        if (piece > in->len - at)
            piece = in->len - at;
        rc = talk_feed(&t, in->data + at, piece);
    }
    CHECK(rc == c->rc, "%s, cut at %zu by %zu: %d", c->what, first, step, rc);
    CHECK(!strcmp(talk_events(&t), c->events), "%s, cut at %zu by %zu: %s",
          c->what, first, step, talk_events(&t));
    CHECK(same_frames(talk_frames(&t), c->frames), "%s, cut at %zu by %zu: %s",
          c->what, first, step, talk_frames(&t));
    CHECK(t.fm.peak < 40000, "%s: %zu bytes", c->what, t.fm.peak);
    close_with_runs(&t, &freed);
}

static void run_once(const struct talk_case *c, enum weft_role role,
                     const struct bytes *in, size_t first, size_t step)
{
    run_as(c, role, in, first, step, false);
    run_as(c, role, in, first, step, true);
}

static void test_receiving(void **state)
{
    uint8_t plain[64];

    (void)state;
    for (size_t i = 0; i < COUNT(cases) * COUNT(roles); i++) {
        const struct talk_case *c = &cases[i / 2];
        size_t len = unhex(plain, c->plain);
        struct bytes in = {0};

        wire_add_plain(&in, roles[i % 2], plain, len);
        run_once(c, roles[i % 2], &in, in.len, in.len);
        run_once(c, roles[i % 2], &in, 1, 1);
        for (size_t cut = 1; cut < in.len; cut++)
            run_once(c, roles[i % 2], &in, cut, in.len);
        bytes_release(&in);
    }
}

/* Memory follows what is decoded, never what is announced: the most a peer can
 * make of few bytes is the limit. */
static void test_bomb(void **state)
{
    uint8_t bomb[2000];

    (void)state;
    memset(bomb, 0xff, sizeof(bomb)); /* 255 times 0xff, and again */
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i]);
        struct bytes in = {0};
        struct talk t;
        int freed;

        opts.message_limit = 100000;
        open_with_runs(&t, &opts, &freed);
        wire_add_header(&in, roles[i], 0xc2, 50000);
        assert_int_equal(talk_feed(&t, in.data, in.len), 0);
        if (roles[i] == WEFT_SERVER)
            for (size_t b = 0; b < sizeof(bomb); b++)
                bomb[b] = 0xff ^ in.data[in.len - 4 + b % 4];
        assert_int_equal(talk_feed(&t, bomb, sizeof(bomb)), WEFT_ERR_LIMIT);
        CHECK(t.fm.peak < 350000, "%zu bytes", t.fm.peak);
        close_with_runs(&t, &freed);
        bytes_release(&in);
        memset(bomb, 0xff, sizeof(bomb));
    }
}

/* After this side's close frame nothing is decoded any more. */
static void test_passed_over_while_closing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i]);
        struct talk t;
        int freed;

        open_with_runs(&t, &opts, &freed);
        assert_int_equal(talk_feed_plain(&t, "4101 03"), 0);
        assert_int_equal(weft_endpoint_close(t.ep, 1000, NULL, 0), 0);
        assert_int_equal(talk_feed_plain(&t, "8001 61 c102 0061 8800"), 0);
        assert_string_equal(talk_events(&t), "close:1005");
        close_with_runs(&t, &freed);
    }
}

/* ---- Sending ------------------------------------------------------------- */

static const struct {
    const char *what;
    enum weft_kind kind;
    const char *data;
    size_t len;
    bool encodes_all;
    unsigned rsv;
    const char *payload;
    size_t payload_len;
} sends[] = {
    {"encoded", WEFT_TEXT, "aaaaabbbb", 9, false, RSV1, "\5a\4b", 4},
    {"binary", WEFT_BINARY, "\0\0\0\0", 4, false, RSV1, "\4\0", 2},
    {"declined", WEFT_TEXT, "abc", 3, false, 0, "abc", 3},
    {"nothing, declined", WEFT_TEXT, "", 0, false, 0, "", 0},
    {"nothing, encoded", WEFT_TEXT, "", 0, true, RSV1, "", 0},
    {"encoded and longer", WEFT_TEXT, "ab", 2, true, RSV1, "\1a\1b", 4},
    {"a ping", WEFT_PING, "aaaaaaaa", 8, true, 0, "aaaaaaaa", 8},
    {"a pong", WEFT_PONG, "aaaaaaaa", 8, true, 0, "aaaaaaaa", 8},
};

static void test_sending(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sends) * COUNT(roles); i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i % 2]);
        size_t k = i / 2;
        struct wire_frame f;
        struct talk t;
        int freed;

        open_with_runs(&t, &opts, &freed)->encodes_all = sends[k].encodes_all;
        assert_int_equal(weft_endpoint_send(t.ep, sends[k].kind, sends[k].data,
                                            sends[k].len),
                         0);
        talk_drain(&t);
        CHECK(wire_read(&f, t.out.data, t.out.len) == t.out.len, "%s",
              sends[k].what);
        CHECK(f.fin && f.opcode == (unsigned)sends[k].kind, "%s",
              sends[k].what);
        CHECK(f.rsv == sends[k].rsv, "%s: rsv %u", sends[k].what, f.rsv);
        CHECK(f.masked == (t.role == WEFT_CLIENT), "%s", sends[k].what);
        CHECK(f.len == sends[k].payload_len &&
                  !memcmp(f.payload, sends[k].payload, f.len),
              "%s: %zu bytes", sends[k].what, f.len);
        free(f.payload);
        close_with_runs(&t, &freed);
    }
}

/* The code of an endless message that stands for nothing is bounded too, in one
 * frame and over several. */
static void test_endless_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles) * 2; i++) {
        struct weft_endpoint_opts opts = talk_opts(roles[i / 2]);
        struct bytes in = {0};
        struct talk t;
        int freed;

        opts.message_limit = 1000;
        open_with_runs(&t, &opts, &freed);
        if (i % 2)
            wire_add_plain(&in, roles[i / 2], (const uint8_t *)"\x42\0", 2);
        wire_add_header(&in, roles[i / 2], i % 2 ? 0x80 : 0xc2, 2086);
        assert_int_equal(talk_feed(&t, in.data, in.len), 0);
        close_with_runs(&t, &freed);

        in.len -= roles[i / 2] == WEFT_SERVER ? 5 : 1;
        in.data[in.len]++; /* 2087 */
        in.len += roles[i / 2] == WEFT_SERVER ? 5 : 1;
        open_with_runs(&t, &opts, &freed);
        assert_int_equal(talk_feed(&t, in.data, in.len), WEFT_ERR_LIMIT);
        close_with_runs(&t, &freed);
        bytes_release(&in);
    }
}

/* A message to many is encoded once for all who may share it, and otherwise
 * once for each. */
static void test_broadcast(void **state)
{
    static const bool shares[] = {true, true, false, true};
    struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);
    uint8_t *big = calloc(1, 100000);
    struct weft_broadcast message = {0};
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct talk t[COUNT(shares)];
    int freed[COUNT(shares)];

    (void)state;
    assert_non_null(big);
    message.frame = weft_endpoint_frame(&mem, WEFT_BINARY, big, 100000);
    for (size_t i = 0; i < COUNT(shares); i++) {
        open_with_runs(&t[i], &opts, &freed[i])->shares = shares[i];
        assert_int_equal(weft_endpoint_broadcast(t[i].ep, &message), 0);
        assert_non_null(message.packed);
    }
    for (size_t i = 0; i < COUNT(shares); i++) {
        struct runs *runs = (struct runs *)t[i].ep->ext;
        struct wire_frame f;

        assert_int_equal(runs->encoded.len > 0, i == 0 || !shares[i]);
        talk_drain(&t[i]);
        assert_int_equal(wire_read(&f, t[i].out.data, t[i].out.len),
                         t[i].out.len);
        assert_int_equal(f.rsv, RSV1);
        assert_int_equal(f.opcode, WEFT_BINARY);
        assert_int_equal(f.len, 786);
        free(f.payload);
        if (i > 0)
            close_with_runs(&t[i], &freed[i]);
    }
    weft_blob_unref(message.packed);
    weft_blob_unref(message.frame);
    close_with_runs(&t[0], &freed[0]);
    assert_int_equal(fm.live, 0);
    free(big);
}

/* What was encoded and found no place in the queue is taken back. */
static void test_taken_back(void **state)
{
    struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);
    struct runs *runs;
    struct talk t;
    int freed;

    (void)state;
    runs = open_with_runs(&t, &opts, &freed);
    assert_int_equal(weft_buf_reserve(&runs->encoded, 100), 0);
    t.fm.left = 0;
    assert_int_equal(weft_endpoint_send(t.ep, WEFT_TEXT, "aaaaaa", 6),
                     WEFT_ERR_NOMEM);
    assert_int_equal(runs->taken_back, 1);
    t.fm.left = -1;
    close_with_runs(&t, &freed);
}

/* What is small once it is encoded goes out as what it is. */
static void test_nothing_by_reference(void **state)
{
    struct weft_endpoint_opts opts = talk_opts(WEFT_SERVER);
    uint8_t *big = calloc(1, 100000);
    struct talk t;
    int freed;

    (void)state;
    assert_non_null(big);
    open_with_runs(&t, &opts, &freed);
    assert_int_equal(
        weft_endpoint_send_borrowed(t.ep, WEFT_BINARY, big, 100000), 0);
    assert_false(weft_endpoint_borrows(t.ep));
    CHECK(weft_endpoint_queued(t.ep) < 1000, "%zu bytes queued",
          weft_endpoint_queued(t.ep));
    close_with_runs(&t, &freed);
    free(big);
}

/* ---- Both roles ---------------------------------------------------------- */

/* Carries what from has to send to the other, in pieces; then the other's
 * events are pulled. The first error is the result. */
static int carry(struct talk *from, struct talk *to, size_t step)
{
    struct bytes wire = {0};
    struct iovec iov;
    int rc = 0;

    while (weft_endpoint_output(from->ep, &iov)) {
        bytes_add(&wire, iov.iov_base, iov.iov_len);
        weft_endpoint_sent(from->ep, iov.iov_len);
    }
    to->deaf = true;
    for (size_t at = 0; at < wire.len && rc == 0; at += step)
        rc = talk_feed(to, wire.data + at,
                       wire.len - at < step ? wire.len - at : step);
    bytes_release(&wire);
    return rc;
}

static const char long_runs[] =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbcc";

/* One side of a conversation, and then its end. 0, or what failed. */
static int speak(struct talk *from, struct talk *to, size_t step)
{
    static const char *const texts[] = {"aaaa", "abc", "", long_runs};
    int rc = 0;

    for (size_t i = 0; i < COUNT(texts) && rc == 0; i++)
        rc =
            weft_endpoint_send(from->ep, WEFT_TEXT, texts[i], strlen(texts[i]));
    if (rc == 0)
        rc = weft_endpoint_send(from->ep, WEFT_PING, "ppp", 3);
    return rc ? rc : carry(from, to, step);
}

static int converse(struct talk *server, struct talk *client, size_t step)
{
    int rc = speak(client, server, step);

    if (!rc)
        rc = speak(server, client, step);
    if (!rc)
        rc = carry(client, server, step);
    if (!rc)
        rc = weft_endpoint_close(server->ep, 1000, "bye", 3);
    if (!rc)
        rc = carry(server, client, step);
    return rc ? rc : carry(client, server, step);
}

static void test_joined(void **state)
{
    struct bytes heard[2] = {{0}, {0}}, said = {0};

    (void)state;
    text_add(&said, "text:aaaa text:abc text: text:");
    text_add_payload(&said, long_runs, strlen(long_runs));
    text_add(&said, " ping:ppp");
    text_add(&heard[0], "%s pong:ppp close:1000/bye", text_of(&said));
    text_add(&heard[1], "pong:ppp %s close:1000/bye", text_of(&said));
    for (size_t step = 1; step < 300; step += step < 40 ? 1 : 50) {
        struct talk talks[2];
        int freed[2];

        for (size_t i = 0; i < COUNT(roles); i++) {
            struct weft_endpoint_opts opts = talk_opts(roles[i]);

            open_with_runs(&talks[i], &opts, &freed[i]);
        }
        assert_int_equal(converse(&talks[0], &talks[1], step), 0);
        for (size_t i = 0; i < COUNT(roles); i++) {
            assert_string_equal(talk_events(&talks[i]), text_of(&heard[i]));
            assert_true(weft_endpoint_is_over(talks[i].ep));
            close_with_runs(&talks[i], &freed[i]);
        }
    }
    bytes_release(&heard[0]);
    bytes_release(&heard[1]);
    bytes_release(&said);
}

/* Each allocation of one side fails in turn, and all that follow: it ends with
 * the right error, or the message is refused, and nothing is left behind. */
static void test_no_memory(void **state)
{
    (void)state;
    for (size_t side = 0; side < COUNT(roles); side++) {
        bool done = false;

        for (long left = 0; !done; left++) {
            struct talk talks[2];
            int freed[2], rc;

            for (size_t i = 0; i < COUNT(roles); i++) {
                struct weft_endpoint_opts opts = talk_opts(roles[i]);

                open_with_runs(&talks[i], &opts, &freed[i]);
            }
            talks[side].fm.left = left;
            rc = converse(&talks[0], &talks[1], 7);
            CHECK(rc == 0 || rc == WEFT_ERR_NOMEM, "%d at %ld", rc, left);
            done = rc == 0;
            CHECK(left < 10000, "no end");
            close_with_runs(&talks[0], &freed[0]);
            close_with_runs(&talks[1], &freed[1]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receiving),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_passed_over_while_closing),
        cmocka_unit_test(test_sending),
        cmocka_unit_test(test_endless_code),
        cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_taken_back),
        cmocka_unit_test(test_nothing_by_reference),
        cmocka_unit_test(test_joined),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
