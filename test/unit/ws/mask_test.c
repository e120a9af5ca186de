/* SPDX-License-Identifier: MIT */
/* Masking against the definition of RFC 6455 section 5.3, a byte at a time; and
 * text, unmasked and checked in one pass, against doing one after the other. */
#include "ws/mask.h"

#include "support.h"

#define LEN_MAX 300
#define ALIGN_MAX 16

/* No two bytes alike, so that a rotated key always shows. */
static const uint8_t key[4] = {0x11, 0x22, 0x84, 0xf8};

/* transformed-octet-i = original-octet-i XOR masking-key-octet-(i MOD 4),
 * beginning at the phase-th octet of the key. */
static void reference(uint8_t *out, const uint8_t *in, size_t len, size_t phase)
{
    for (size_t i = 0; i < len; i++)
        out[i] = in[i] ^ key[(i + phase) % 4];
}

static uint32_t key_at(size_t phase)
{
    uint8_t turned[4];

    for (size_t i = 0; i < 4; i++)
        turned[i] = key[(i + phase) % 4];
    return weft_mask_key(turned);
}

static void fill(uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(i * 89 + 3);
}

/* In place, every length at every alignment with every phase of the key. The
 * bytes around must stay as they are. */
static void test_in_place(void **state)
{
    _Alignas(64) uint8_t have[ALIGN_MAX + LEN_MAX + 64];
    uint8_t before[sizeof(have)], want[sizeof(have)];

    (void)state;
    fill(before, sizeof(before));
    for (size_t len = 0; len <= LEN_MAX; len++) {
        for (size_t n = 0; n < ALIGN_MAX * 4; n++) {
            size_t at = n / 4, phase = n % 4;
            uint32_t after;

            memcpy(have, before, sizeof(have));
            memcpy(want, before, sizeof(want));
            reference(want + at, before + at, len, phase);
            after = weft_mask(have + at, have + at, len, key_at(phase));
            CHECK(!memcmp(have, want, sizeof(have)),
                  "%zu bytes at %zu, phase %zu", len, at, phase);
            CHECK(after == key_at(phase + len), "key after %zu, phase %zu", len,
                  phase);
        }
    }
}

/* From one place to another, each with an alignment of its own. */
static void test_copying(void **state)
{
    _Alignas(64) uint8_t in[ALIGN_MAX + LEN_MAX], out[ALIGN_MAX + LEN_MAX + 1];
    uint8_t want[LEN_MAX];

    (void)state;
    fill(in, sizeof(in));
    for (size_t len = 0; len <= LEN_MAX; len += len < 80 ? 1 : 11) {
        for (size_t n = 0; n < ALIGN_MAX * ALIGN_MAX; n++) {
            size_t from = n / ALIGN_MAX, to = n % ALIGN_MAX;

            memset(out, 0, sizeof(out));
            reference(want, in + from, len, n % 4);
            weft_mask(out + to, in + from, len, key_at(n % 4));
            CHECK(!memcmp(out + to, want, len), "%zu bytes from %zu to %zu",
                  len, from, to);
            CHECK(out[to + len] == 0, "%zu bytes from %zu to %zu: one more",
                  len, from, to);
        }
    }
}

/* No byte behind the payload is read. */
static void test_at_the_end_of_memory(void **state)
{
    uint8_t in[LEN_MAX], want[LEN_MAX];

    (void)state;
    fill(in, sizeof(in));
    for (size_t len = 0; len <= LEN_MAX; len++) {
        uint8_t *p = at_page_end(in, len);

        reference(want, in, len, 0);
        weft_mask(p, p, len, weft_mask_key(key));
        CHECK(!memcmp(p, want, len), "%zu bytes", len);
    }
}

/* A payload in two pieces, cut everywhere, then in many of each size. */
static void test_pieces(void **state)
{
    uint8_t in[LEN_MAX], want[LEN_MAX], have[LEN_MAX];

    (void)state;
    fill(in, sizeof(in));
    reference(want, in, LEN_MAX, 0);
    for (size_t cut = 0; cut <= LEN_MAX; cut++) {
        uint32_t k = weft_mask(have, in, cut, weft_mask_key(key));

        weft_mask(have + cut, in + cut, LEN_MAX - cut, k);
        CHECK(!memcmp(have, want, LEN_MAX), "cut at %zu", cut);
    }
    for (size_t size = 1; size < LEN_MAX; size++) {
        uint32_t k = weft_mask_key(key);

        for (size_t at = 0; at < LEN_MAX; at += size) {
            size_t len = LEN_MAX - at < size ? LEN_MAX - at : size;

            k = weft_mask(have + at, in + at, len, k);
        }
        CHECK(!memcmp(have, want, LEN_MAX), "pieces of %zu", size);
    }
}

/* The example of RFC 6455 section 5.7. */
static void test_example(void **state)
{
    static const uint8_t masked[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
    static const uint8_t example_key[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t out[5];

    (void)state;
    weft_mask(out, masked, 5, weft_mask_key(example_key));
    assert_memory_equal(out, "Hello", 5);
    weft_mask(out, out, 5, weft_mask_key(example_key));
    assert_memory_equal(out, masked, 5);
}

/* ---- Text ---------------------------------------------------------------- */

#define TEXT_MAX 100

/* One text from every state, as a piece and as a whole. */
static void check_text(const uint8_t *text, size_t len, size_t phase)
{
    uint8_t masked[TEXT_MAX], out[TEXT_MAX + 1];
    bool is_valid = weft_utf8_is_valid(text, len);

    reference(masked, text, len, phase);
    for (int from = WEFT_UTF8_START; from <= WEFT_UTF8_BAD; from++) {
        enum weft_utf8 state = (enum weft_utf8)from, want;

        want = weft_utf8_check(state, text, len);
        out[len] = 0xee;
        CHECK(weft_mask_text(out, at_page_end(masked, len), len, key_at(phase),
                             &state) == key_at(phase + len),
              "key after %zu bytes", len);
        CHECK(state == want, "%zu bytes from %d: %d", len, from, (int)state);
        CHECK(want == WEFT_UTF8_BAD || !memcmp(out, text, len),
              "%zu bytes from %d", len, from);
        CHECK(out[len] == 0xee, "behind %zu bytes", len);
    }
    CHECK(weft_mask_whole_text(masked, masked, len, key_at(phase)) == is_valid,
          "%zu bytes", len);
    CHECK(!is_valid || !memcmp(masked, text, len), "%zu bytes", len);
}

/* Every length: ASCII, one other byte at every place, one character. */
static void test_text(void **state)
{
    uint8_t text[TEXT_MAX];

    (void)state;
    for (size_t len = 0; len <= TEXT_MAX; len++) {
        for (size_t i = 0; i < sizeof(text); i++)
            text[i] = (uint8_t)(' ' + i % 95);
        check_text(text, len, len % 4);
        for (size_t at = 0; at < len; at++) {
            uint8_t was = text[at];

            text[at] = 0x80;
            check_text(text, len, at % 4);
            text[at] = was;
        }
        for (size_t at = 0; at + 1 < len; at++) {
            uint8_t was[2] = {text[at], text[at + 1]};

            memcpy(text + at, "\xc3\xa9", 2);
            check_text(text, len, at % 4);
            memcpy(text + at, was, 2);
        }
    }
}

static void test_key_after(void **state)
{
    (void)state;
    for (size_t len = 0; len < 12; len++)
        assert_int_equal(weft_mask_key_after(key_at(0), len), key_at(len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_copying),
        cmocka_unit_test(test_at_the_end_of_memory),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_key_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
