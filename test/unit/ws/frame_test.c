/* SPDX-License-Identifier: MIT */
#include "ws/frame.h"

#include "support.h"

#define FIRST WEFT_TURN_FIRST
#define MORE WEFT_TURN_CONTINUATION
#define BAD WEFT_ERR_PROTOCOL

/* Masked frames have their key in the bytes; rules say what is expected. */
static const struct {
    const char *what, *hex;
    struct weft_frame_rules rules;
    size_t known; /* bytes from which on the verdict is certain */
    int want;
    uint64_t payload;
} cases[] = {
    {"empty text", "8100", {FIRST, false, 0}, 2, 2, 0},
    {"125 bytes", "827d", {FIRST, false, 0}, 2, 2, 125},
    {"126 bytes in 16 bits", "827e007e", {FIRST, false, 0}, 4, 4, 126},
    {"65535 bytes", "827effff", {FIRST, false, 0}, 4, 4, 65535},
    {"65536 bytes", "827f0000000000010000", {FIRST, 0, 0}, 10, 10, 65536},
    {"2^32", "827f0000000100000000", {FIRST, 0, 0}, 10, 10, UINT64_C(1) << 32},
    {"the most", "827f7fffffffffffffff", {FIRST, 0, 0}, 10, 10, INT64_MAX},
    {"bytes behind", "8101 ff ff ff", {FIRST, false, 0}, 2, 2, 1},
    {"masked", "8185 01020304", {FIRST, true, 0}, 6, 6, 5},
    {"masked, 16 bits", "81fe0100 01020304", {FIRST, true, 0}, 8, 8, 256},
    {"masked, 64 bits",
     "82ff0000000000010000 01020304",
     {FIRST, true, 0},
     14,
     14,
     65536},
    {"a first fragment", "0103", {FIRST, false, 0}, 2, 2, 3},
    {"a fragment", "0003", {MORE, false, 0}, 2, 2, 3},
    {"the last fragment", "8003", {MORE, false, 0}, 2, 2, 3},
    {"ping", "8900", {FIRST, false, 0}, 2, 2, 0},
    {"pong between fragments", "8a7d", {MORE, false, 0}, 2, 2, 125},
    {"close between fragments", "8802", {MORE, false, 0}, 2, 2, 2},
    {"RSV1 allowed", "c105", {FIRST, false, 4}, 2, 2, 5},
    {"all RSV allowed", "f205", {FIRST, false, 7}, 2, 2, 5},
    {"RSV allowed, not used", "8105", {FIRST, false, 7}, 2, 2, 5},
    {"anything: continuation", "8000", {WEFT_TURN_ANY, false, 0}, 2, 2, 0},
    {"anything: text", "8100", {WEFT_TURN_ANY, false, 0}, 2, 2, 0},

    {"opcode 3", "8300", {FIRST, false, 0}, 1, BAD, 0},
    {"opcode 7", "8700", {FIRST, false, 7}, 1, BAD, 0},
    {"opcode 11", "8b00", {FIRST, false, 0}, 1, BAD, 0},
    {"opcode 15", "8f00", {WEFT_TURN_ANY, false, 0}, 1, BAD, 0},
    {"RSV1", "c100", {FIRST, false, 0}, 1, BAD, 0},
    {"RSV2 beside RSV1", "e100", {FIRST, false, 4}, 1, BAD, 0},
    {"RSV3", "9100", {FIRST, false, 6}, 1, BAD, 0},
    {"RSV1 on a continuation", "c000", {MORE, false, 4}, 1, BAD, 0},
    {"RSV1 on a ping", "c900", {FIRST, false, 4}, 1, BAD, 0},
    {"fragmented ping", "0900", {FIRST, false, 0}, 1, BAD, 0},
    {"fragmented close", "0800", {MORE, false, 0}, 1, BAD, 0},
    {"continuation of nothing", "8000", {FIRST, false, 0}, 1, BAD, 0},
    {"text in a message", "8100", {MORE, false, 0}, 1, BAD, 0},
    {"binary in a message", "0200", {MORE, false, 0}, 1, BAD, 0},
    {"masked by a server", "8180 00000000", {FIRST, false, 0}, 2, BAD, 0},
    {"unmasked by a client", "8100", {FIRST, true, 0}, 2, BAD, 0},
    {"ping of 126", "897e007e", {FIRST, false, 0}, 2, BAD, 0},
    {"close of 65536", "887f0000000000010000", {FIRST, 0, 0}, 2, BAD, 0},
    {"125 in 16 bits", "827e007d", {FIRST, false, 0}, 4, BAD, 0},
    {"0 in 16 bits", "82fe0000 00000000", {FIRST, true, 0}, 4, BAD, 0},
    {"65535 in 64 bits", "827f000000000000ffff", {FIRST, 0, 0}, 8, BAD, 0},
    {"5 in 64 bits", "82ff0000000000000005", {FIRST, true, 0}, 8, BAD, 0},
    {"2^63", "827f8000000000000000", {FIRST, false, 0}, 3, BAD, 0},
    {"2^64 - 1", "82ffffffffffffffffff", {FIRST, true, 0}, 3, BAD, 0},
};

/* The verdict comes with the byte that makes it certain, neither before nor
 * after, however many are at hand. */
static void test_every_prefix(void **state)
{
    uint8_t raw[32];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = unhex(raw, cases[i].hex);

        for (size_t cut = 0; cut <= n; cut++) {
            int want = cut < cases[i].known ? 0 : cases[i].want;
            const char *why = "?";
            struct weft_frame f;
            int got = weft_frame_parse(&f, at_page_end(raw, cut), cut,
                                       &cases[i].rules, &why);

            CHECK(got == want, "%s cut at %zu: %d", cases[i].what, cut, got);
            CHECK((got < 0) == (why != NULL), "%s cut at %zu: %s",
                  cases[i].what, cut, why ? why : "no reason");
            if (got > 0)
                CHECK(f.payload == cases[i].payload, "%s: %llu", cases[i].what,
                      (unsigned long long)f.payload);
        }
    }
}

static void test_fields(void **state)
{
    static const struct weft_frame_rules rules = {FIRST, true, 7};
    static const uint8_t raw[] = {0x52, 0x83, 1, 2, 3, 4};
    struct weft_frame f;
    const char *why;

    (void)state;
    assert_int_equal(weft_frame_parse(&f, raw, 6, &rules, &why), 6);
    assert_false(f.fin);
    assert_int_equal(f.rsv, 5);
    assert_int_equal(f.opcode, WEFT_OP_BINARY);
    assert_true(f.masked);
    assert_int_equal(f.payload, 3);
    assert_memory_equal(f.key, "\1\2\3\4", 4);
}

/* The rules of sections 5.1, 5.2, 5.4 and 5.5 for the first two bytes, as a
 * list of what must hold. */
static bool may_begin(uint8_t b0, uint8_t b1,
                      const struct weft_frame_rules *rules)
{
    unsigned opcode = b0 & 15, rsv = b0 >> 4 & 7;
    bool is_control = opcode >= 8, is_first = opcode == 1 || opcode == 2;

    if (opcode > 2 && !(opcode >= 8 && opcode <= 10))
        return false;
    if (rsv && !(is_first && (rsv & rules->rsv) == rsv))
        return false;
    if (is_control && (!(b0 & 0x80) || (b1 & 127) > 125))
        return false;
    if (opcode == 0 && rules->turn == WEFT_TURN_FIRST)
        return false;
    if (is_first && rules->turn == WEFT_TURN_CONTINUATION)
        return false;
    return (b1 >> 7) == rules->masked;
}

/* All first two bytes under all rules, with a length that is right. */
static void test_all_beginnings(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 65536u * 3 * 2 * 8; n++) {
        const struct weft_frame_rules rules = {
            .turn = (enum weft_frame_turn)(n / 65536 % 3),
            .masked = n / 65536 / 3 % 2,
            .rsv = (uint8_t)(n / 65536 / 6),
        };
        uint8_t raw[14] = {(uint8_t)(n >> 8), (uint8_t)n};
        size_t ext = (n & 127) == 127 ? 8 : (n & 127) == 126 ? 2 : 0;
        struct weft_frame f;
        const char *why;
        int want, got;

        raw[2] = 0x7f; /* far from both ends, in 16 bits and in 64 */
        want = (int)(2 + ext + (rules.masked ? 4 : 0));
        if (!may_begin(raw[0], raw[1], &rules))
            want = BAD;
        got = weft_frame_parse(&f, raw, sizeof(raw), &rules, &why);
        CHECK(got == want, "%02x%02x, turn %d, masked %d, rsv %d: %d", raw[0],
              raw[1], (int)rules.turn, rules.masked, rules.rsv, got);
    }
}

/* Every length in 16 bits. */
static void test_all_lengths_of_16_bits(void **state)
{
    static const struct weft_frame_rules rules = {FIRST, false, 0};

    (void)state;
    for (unsigned n = 0; n < 65536; n++) {
        const uint8_t raw[4] = {0x82, 126, (uint8_t)(n >> 8), (uint8_t)n};
        struct weft_frame f;
        const char *why;
        int got = weft_frame_parse(&f, raw, 4, &rules, &why);

        CHECK(got == (n < 126 ? BAD : 4), "%u: %d", n, got);
        if (got > 0)
            assert_int_equal(f.payload, n);
    }
}

/* What is written is in its shortest form, and reads as what it was. */
static void test_write_and_parse(void **state)
{
    static const struct {
        uint64_t payload;
        size_t head;
    } lengths[] = {
        {0, 2},
        {1, 2},
        {125, 2},
        {126, 4},
        {127, 4},
        {255, 4},
        {256, 4},
        {65535, 4},
        {65536, 10},
        {UINT32_MAX, 10},
        {(uint64_t)UINT32_MAX + 1, 10},
        {INT64_MAX, 10},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lengths) * 256; i++) {
        const struct weft_frame in = {
            .fin = i & 1,
            .masked = i >> 1 & 1,
            .rsv = i >> 2 & 7,
            .opcode = 1 + (i >> 5 & 1),
            .payload = lengths[i / 256].payload,
            .key = {9, 8, 7, (uint8_t)i},
        };
        const struct weft_frame_rules rules = {FIRST, in.masked, in.rsv};
        size_t want = lengths[i / 256].head + (in.masked ? 4 : 0);
        uint8_t raw[WEFT_FRAME_HEADER_MAX + 1];
        struct weft_frame out;
        const char *why;

        raw[want] = 0xcc;
        CHECK(weft_frame_write(raw, &in) == want, "%llu",
              (unsigned long long)in.payload);
        CHECK(raw[want] == 0xcc, "a byte behind the header");
        assert_int_equal(weft_frame_header_len(in.payload, in.masked), want);
        assert_int_equal(
            weft_frame_parse(&out, at_page_end(raw, want), want, &rules, &why),
            want);
        assert_int_equal(out.fin, in.fin);
        assert_int_equal(out.masked, in.masked);
        assert_int_equal(out.rsv, in.rsv);
        assert_int_equal(out.opcode, in.opcode);
        assert_true(out.payload == in.payload);
        if (in.masked)
            assert_memory_equal(out.key, in.key, 4);
    }
}

#define SIMPLE_MAX (8 + 65535 + 2)

/* The short way says yes where the long one has a whole text or binary message
 * in one frame of less than 64 KiB, then the same as that, and nowhere else. */
static void check_simple(uint8_t *in, size_t len)
{
    static const struct weft_frame_rules rules = {FIRST, true, 0};
    struct weft_simple_frame simple;
    struct weft_frame f;
    const char *why;
    int head = weft_frame_parse(&f, in, len, &rules, &why);
    bool want = head > 0 && f.fin &&
                (f.opcode == WEFT_OP_TEXT || f.opcode == WEFT_OP_BINARY) &&
                f.payload <= 65535 && f.payload <= len - (size_t)head;
    bool got = weft_frame_simple(&simple, in, len);

    CHECK(got == want, "%02x%02x cut at %zu: %d, head %d", in[0], in[1], len,
          got, head);
    if (!got)
        return;
    assert_int_equal(simple.opcode, f.opcode);
    assert_int_equal(simple.len, f.payload);
    assert_ptr_equal(simple.payload, in + head);
    assert_memory_equal(simple.key, f.key, 4);
}

/* A frame of these first four bytes, whose last bytes lie before end: cut at
 * and near each place where something of it ends. */
static void check_simple_cuts(uint8_t *end, const uint8_t first[4])
{
    size_t len7 = first[1] & 127;
    size_t whole =
        len7 < 126 ? 6 + len7 : 8 + (size_t)(first[2] << 8 | first[3]);
    const size_t cuts[] = {2, 3, 4,  5,         6,     7,
                           8, 9, 14, whole - 1, whole, whole + 1};

    for (size_t i = 0; i < COUNT(cuts); i++) {
        uint8_t *in = end - cuts[i];
        size_t known = cuts[i] < 4 ? cuts[i] : 4;

        memset(in, 0x5a, cuts[i] < 14 ? cuts[i] : 14);
        memcpy(in, first, known);
        check_simple(in, cuts[i]);
    }
}

static void test_simple_agrees(void **state)
{
    static const uint8_t lengths[][2] = {
        {0, 0}, {0, 125}, {0, 126}, {0, 127}, {1, 0}, {127, 255}, {255, 255}};
    static uint8_t none[SIMPLE_MAX];
    uint8_t *end = at_page_end(none, SIMPLE_MAX) + SIMPLE_MAX;

    (void)state;
    for (unsigned n = 0; n < 65536; n++) {
        size_t count = (n & 127) < 126 ? 1 : COUNT(lengths);

        for (size_t i = 0; i < count; i++) {
            const uint8_t first[4] = {(uint8_t)(n >> 8), (uint8_t)n,
                                      lengths[i][0], lengths[i][1]};

            check_simple_cuts(end, first);
        }
    }
}

/* Every length that it is for, whole, one byte short and with one behind. */
static void test_simple_lengths(void **state)
{
    static uint8_t none[SIMPLE_MAX];
    uint8_t *end = at_page_end(none, SIMPLE_MAX) + SIMPLE_MAX;

    (void)state;
    for (size_t len = 0; len < 65536; len++) {
        const struct weft_frame f = {.fin = true,
                                     .masked = true,
                                     .opcode = 1 + (len & 1),
                                     .payload = len,
                                     .key = {1, 2, 3, 4}};
        size_t whole = weft_frame_header_len(len, true) + len;
        struct weft_simple_frame simple;

        for (size_t extra = 0; extra < 2; extra++) {
            uint8_t *in = end - whole - extra;
            size_t head = weft_frame_write(in, &f);

            assert_false(weft_frame_simple(&simple, in, whole - 1));
            assert_true(weft_frame_simple(&simple, in, whole + extra));
            assert_int_equal(simple.len, len);
            assert_int_equal(simple.opcode, f.opcode);
            assert_ptr_equal(simple.payload, in + head);
            assert_memory_equal(simple.key, f.key, 4);
        }
    }
    assert_false(weft_frame_simple(&(struct weft_simple_frame){0}, NULL, 0));
}

static void test_control_opcodes(void **state)
{
    (void)state;
    for (int opcode = 0; opcode < 16; opcode++)
        assert_int_equal(weft_opcode_is_control((uint8_t)opcode), opcode >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_all_beginnings),
        cmocka_unit_test(test_all_lengths_of_16_bits),
        cmocka_unit_test(test_write_and_parse),
        cmocka_unit_test(test_simple_agrees),
        cmocka_unit_test(test_simple_lengths),
        cmocka_unit_test(test_control_opcodes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
