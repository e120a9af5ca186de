/* SPDX-License-Identifier: MIT */
/*
 * An open connection: messages in both directions, control frames, limits, the
 * headers that are told, and masks.
 */
#include "visit.h"

/* ---- Messages ------------------------------------------------------------ */

static const struct {
    const char *what, *frames, *words;
} arrivals[] = {
    {"text", "8105 48656c6c6f", "text:Hello"},
    {"empty text", "8100", "text:"},
    {"binary", "8203 00ff0a", "binary:\\x00\\xff\\x0a"},
    {"empty binary", "8200", "binary:"},
    {"UTF-8", "8104 f09f9880", "text:\\xf0\\x9f\\x98\\x80"},
    {"NUL in text", "8103 610062", "text:a\\x00b"},
    {"fragments", "0101 61 0001 62 8001 63", "text:abc"},
    {"a character in fragments", "0101 c3 8001 a9", "text:\\xc3\\xa9"},
    {"empty fragments", "0100 0000 8000", "text:"},
    {"a ping in a message", "0101 61 8900 8001 62", "ping: text:ab"},
    {"a pong in a message", "0201 61 8a01 78 8001 62", "pong:x binary:ab"},
    {"a pong nobody asked for", "8a02 6f6b", "pong:ok"},
    {"two at once", "8101 61 8101 62", "text:a text:b"},
};

static void test_arrivals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(arrivals); i++) {
        uint8_t in[64];
        size_t len = unhex(in, arrivals[i].frames);

        for (size_t cut = 0; cut <= len; cut++) {
            struct visit v;
            char want[128];

            visit_open(&v);
            if (cut > 0)
                server_puts(&v, in, cut);
            turn(v.loop);
            if (cut < len)
                server_puts(&v, in + cut, len - cut);
            snprintf(want, sizeof(want), "open %s", arrivals[i].words);
            visit_expect(&v, want);
            assert_int_equal(visit_state(&v), WEFT_OPEN);
            visit_close(&v);
        }
    }
}

static const struct {
    enum weft_kind kind;
    size_t len;
} sends[] = {
    {WEFT_TEXT, 0},       {WEFT_BINARY, 0},     {WEFT_TEXT, 125},
    {WEFT_TEXT, 126},     {WEFT_BINARY, 127},   {WEFT_BINARY, 65535},
    {WEFT_BINARY, 65536}, {WEFT_TEXT, 1000000},
};

/* In one frame each, whole, in their order. */
static void test_sends(void **state)
{
    uint8_t *data = malloc(1000000);
    struct visit v;
    size_t total = 0;

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < 1000000; i++)
        data[i] = (uint8_t)(i % 101 + 1);
    visit_open(&v);
    for (size_t i = 0; i < COUNT(sends); i++) {
        size_t len = sends[i].len;

        total += len + (len < 126 ? 6 : len < 65536 ? 8 : 14);
        assert_int_equal(user_send_bytes(&v, sends[i].kind, data, len), 0);
    }
    memset(data, 0, 1000000); /* it was copied */
    READ_UNTIL(&v, v.got.len >= total);
    for (size_t i = 0, at = 0; i < COUNT(sends); i++) {
        struct wire_frame frame;

        at += wire_read(&frame, v.got.data + at, v.got.len - at);
        assert_true(frame.fin && frame.masked && frame.rsv == 0);
        assert_int_equal(frame.opcode, sends[i].kind);
        assert_int_equal(frame.len, sends[i].len);
        for (size_t j = 0; j < frame.len; j++)
            CHECK(frame.payload[j] == j % 101 + 1, "%zu", j);
        free(frame.payload);
    }
    free(data);
    visit_close(&v);
}

static const struct {
    const char *text;
    size_t len;
} bad_texts[] = {
    {"\xff", 1},        {"a\x80", 2},        {"\xc3", 1},
    {"\xc0\x80", 2},    {"\xed\xa0\x80", 3}, {"\xf4\x90\x80\x80", 4},
    {"abc\xe2\x82", 5},
};

/* Nothing is sent, and the connection goes on. */
static void test_text_is_checked(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    for (size_t i = 0; i < COUNT(bad_texts); i++) {
        uint64_t before = visit_buffered(&v);

        assert_int_equal(
            user_send_bytes(&v, WEFT_TEXT, bad_texts[i].text, bad_texts[i].len),
            WEFT_ERR_INVALID);
        assert_true(visit_buffered(&v) == before);
        assert_int_equal(user_send_bytes(&v, WEFT_BINARY, bad_texts[i].text,
                                         bad_texts[i].len),
                         0);
    }
    assert_int_equal(user_send_bytes(&v, WEFT_TEXT, NULL, 0), 0);
    server_expect(&v, "binary:\\xff binary:a\\x80 binary:\\xc3 "
                      "binary:\\xc0\\x80 binary:\\xed\\xa0\\x80 "
                      "binary:\\xf4\\x90\\x80\\x80 binary:abc\\xe2\\x82 "
                      "text:");
    visit_close(&v);
}

/* ---- Control frames ------------------------------------------------------ */

static void test_pings(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    server_frames(&v, "8904 70696e67");
    server_expect(&v, "pong:ping");
    visit_expect(&v, "open ping:ping");
    assert_int_equal(user_ping(&v, "mine"), 0);
    assert_int_equal(user_ping(&v, ""), 0);
    server_expect(&v, "ping:mine ping:");
    server_frames(&v, "8a04 6d696e65");
    visit_expect(&v, "open ping:ping pong:mine");
    visit_close(&v);
}

/* A ping behind close() is not answered, as no frame may follow a close frame,
 * and hurts nobody. */
static void test_ping_while_closing(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    assert_int_equal(user_close(&v, 1000, NULL), 0);
    server_expect(&v, "close:1000");
    server_frames(&v, "8900 8802 03e8");
    assert_return_code(shutdown(v.fd, SHUT_WR), errno);
    server_sees_end(&v);
    visit_ends(&v);
    assert_true(v.how.clean);
    visit_close(&v);
}

/* ---- Limits -------------------------------------------------------------- */

static void test_message_limit(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        for (int pieces = 0; pieces < 2; pieces++) {
            struct visit v;

            visit_init(&v);
            v.opts.message_limit = 4;
            visit_enters(&v);
            if (pieces)
                server_frames(&v, over ? "0103 616263 8002 6465"
                                       : "0103 616263 8001 64");
            else
                server_frames(&v, over ? "8105 6162636465" : "8104 61626364");
            if (over) {
                server_expect(&v, "close:1009");
                server_hangs_up(&v);
                visit_ends(&v);
                assert_string_equal(visit_words(&v), "open error close:1006");
                assert_int_equal(v.err, WEFT_ERR_LIMIT);
            } else {
                visit_expect(&v, "open text:abcd");
            }
            visit_close(&v);
        }
    }
}

static void test_fragment_limit(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        struct visit v;

        visit_init(&v);
        v.opts.fragment_limit = 3;
        visit_enters(&v);
        server_frames(&v, over ? "0100 0000 0000 8000" : "0100 0000 8000");
        if (over) {
            server_expect(&v, "close:1008");
            server_hangs_up(&v);
            visit_ends(&v);
            assert_int_equal(v.err, WEFT_ERR_POLICY);
        } else {
            visit_expect(&v, "open text:");
        }
        visit_close(&v);
    }
}

/* NEVER: no limit; and a length that is announced costs nothing (T1). */
static void test_no_limits(void **state)
{
    struct visit v;
    size_t before;

    (void)state;
    visit_init(&v);
    v.opts.message_limit = WEFT_SOCKET_NEVER;
    v.opts.fragment_limit = WEFT_SOCKET_NEVER;
    v.opts.buffer_limit = WEFT_SOCKET_NEVER;
    v.opts.close_ms = WEFT_SOCKET_NEVER;
    v.opts.pong_ms = WEFT_SOCKET_NEVER;
    v.opts.ping_ms = WEFT_SOCKET_NEVER;
    visit_enters(&v);
    before = v.fx.fm.live;
    server_frames(&v, "827f 7fffffffffffffff 616263");
    turn(v.loop);
    turn(v.loop);
    CHECK(v.fx.fm.live < before + 65536, "%zu bytes", v.fx.fm.live - before);
    assert_string_equal(visit_words(&v), "open");
    visit_close(&v);
}

/* ---- Headers of frames --------------------------------------------------- */

static void note_frame(struct visit *v, enum told event)
{
    const struct weft_frame_info *f = &v->frame;

    if (event == AT_FRAME)
        text_add(&v->heads, "%s%d%u.%u%s:%llu ", f->is_sent ? ">" : "<", f->fin,
                 f->rsv, f->opcode, f->masked ? "m" : "",
                 (unsigned long long)f->len);
}

static void test_frames_are_told(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    v.at = note_frame;
    v.heads.len = 0;
    server_frames(&v, "0101 61 8903 616263 8002 6263");
    visit_expect(&v, "open ping:abc text:abc");
    assert_int_equal(user_send(&v, "four"), 0);
    assert_int_equal(user_ping(&v, "p"), 0);
    assert_int_equal(user_close(&v, 3000, "bye"), 0);
    server_expect(&v, "pong:abc text:four ping:p close:3000");
    server_frames(&v, "8800");
    server_hangs_up(&v);
    visit_ends(&v);
    assert_string_equal(text_of(&v.heads),
                        "<00.1:1 <10.9:3 >10.10m:3 <10.0:2 >10.1m:4 "
                        ">10.9m:1 >10.8m:5 <10.8:0 ");
    visit_close(&v);
}

/* The header of a frame that breaks a rule is told too. */
static void test_bad_frames_are_told(void **state)
{
    struct visit v;

    (void)state;
    visit_open(&v);
    v.at = note_frame;
    v.heads.len = 0;
    server_frames(&v, "8181 01020304 60");
    server_expect(&v, "close:1002");
    server_hangs_up(&v);
    visit_ends(&v);
    assert_non_null(strstr(text_of(&v.heads), ">10.8m:"));
    visit_close(&v);
}

/* ---- Masks --------------------------------------------------------------- */

#define MASKS 10000

static uint32_t keys[MASKS];

static void keep_key(struct visit *v, enum told event)
{
    if (event == AT_FRAME && v->frame.is_sent && v->scratch < MASKS)
        memcpy(&keys[v->scratch++], v->frame.key, 4);
}

static int compare_keys(const void *a, const void *b)
{
    uint32_t x, y;

    memcpy(&x, a, 4);
    memcpy(&y, b, 4);
    return (x > y) - (x < y);
}

/* T9: a fresh key for every frame. Of 10,000 random ones 0.01 pairs are equal
 * on average, so that three pairs are no chance; and each bit is set in half of
 * them, give or take 50 for one standard deviation. */
static void test_masks(void **state)
{
    struct visit v;
    int same = 0;

    (void)state;
    visit_open(&v);
    v.at = keep_key;
    for (size_t i = 0, at = 0; i < MASKS; i += 100) {
        for (int j = 0; j < 100; j++)
            assert_int_equal(user_send(&v, "the same"), 0);
        v.got.len = 0;
        READ_UNTIL(&v, v.got.len == 100 * 14);
        for (size_t j = 0; j < 100; j++, at++)
            assert_memory_equal(v.got.data + 14 * j + 2, &keys[at], 4);
    }
    assert_true(v.scratch == MASKS);
    for (int bit = 0; bit < 32; bit++) {
        int count = 0;

        for (size_t i = 0; i < MASKS; i++)
            count += keys[i] >> bit & 1;
        CHECK(count > 4600 && count < 5400, "bit %d is set %d times", bit,
              count);
    }
    qsort(keys, MASKS, sizeof(keys[0]), compare_keys);
    for (size_t i = 1; i < MASKS; i++)
        same += keys[i] == keys[i - 1];
    CHECK(same < 3, "%d keys came twice", same);
    visit_close(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrivals),
        cmocka_unit_test(test_sends),
        cmocka_unit_test(test_text_is_checked),
        cmocka_unit_test(test_pings),
        cmocka_unit_test(test_ping_while_closing),
        cmocka_unit_test(test_message_limit),
        cmocka_unit_test(test_fragment_limit),
        cmocka_unit_test(test_no_limits),
        cmocka_unit_test(test_frames_are_told),
        cmocka_unit_test(test_bad_frames_are_told),
        cmocka_unit_test(test_masks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
