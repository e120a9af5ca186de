/* SPDX-License-Identifier: MIT */
/*
 * Prefix codes: complete, none too long, those used more no longer than those
 * used less; and where the bound is not reached, as short in all as Huffman's,
 * which is made here again by trying all pairs.
 */
#include "ws/deflate_quick.h"

#include "support.h"

enum shape { EQUAL, FALLING, FIBONACCI, POWERS, RANDOM, SPARSE, SHAPES };

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* What a block can have. */
static void fill(uint32_t *uses, unsigned count, enum shape shape,
                 uint32_t *seed)
{
    uint32_t a = 1, b = 1;

    for (unsigned i = 0; i < count; i++) {
        uint32_t next = a + b < 65536 ? a + b : 1;

        switch (shape) {
        case EQUAL:
            uses[i] = 7;
            break;
        case FALLING:
            uses[i] = count - i;
            break;
        case FIBONACCI:
            uses[i] = i < 24 ? a : 0;
            break;
        case POWERS:
            uses[i] = i < 16 ? 1u << i : 0;
            break;
        case RANDOM:
            uses[i] = next_random(seed) % 2000;
            break;
        default:
            uses[i] = next_random(seed) % 9 ? 0 : next_random(seed) % 50;
        }
        a = b;
        b = next;
    }
}

/* Bits of all uses by Huffman's code, and its longest word. */
static size_t by_huffman(const uint32_t *uses, unsigned count,
                         unsigned *longest)
{
    uint64_t weight[WEFT_SYMBOLS];
    unsigned depth[WEFT_SYMBOLS] = {0}, left = 0;
    size_t bits = 0;

    for (unsigned i = 0; i < count; i++)
        if (uses[i] > 0)
            weight[left++] = uses[i];
    while (left > 1) {
        /* The two least go to the end, and the last becomes both. */
        for (unsigned end = left; end > left - 2; end--) {
            unsigned least = 0;

            for (unsigned i = 1; i < end; i++)
                if (weight[i] < weight[least] ||
                    (weight[i] == weight[least] && depth[i] < depth[least]))
                    least = i;
            uint64_t w = weight[least];
            unsigned d = depth[least];

            weight[least] = weight[end - 1];
            depth[least] = depth[end - 1];
            weight[end - 1] = w;
            depth[end - 1] = d;
        }
        weight[left - 2] += weight[left - 1];
        if (depth[left - 1] > depth[left - 2])
            depth[left - 2] = depth[left - 1];
        depth[left - 2]++;
        left--;
        bits += weight[left - 1];
    }
    *longest = depth[0];
    return bits;
}

static void check_complete(const struct weft_codeword *code, unsigned count,
                           unsigned longest)
{
    uint32_t space = 0;

    for (unsigned i = 0; i < count; i++) {
        assert_in_range(code[i].len, 0, longest);
        if (code[i].len > 0)
            space += 1u << (longest - code[i].len);
    }
    assert_int_equal(space, 1u << longest);
}

/* No word begins like another one. The first bit is the lowest. */
static void check_prefixes(const struct weft_codeword *code, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < count; j++) {
            unsigned mask = (1u << code[i].len) - 1;

            if (i == j || code[i].len == 0 || code[j].len < code[i].len)
                continue;
            CHECK((code[j].bits & mask) != code[i].bits, "%u and %u", i, j);
        }
}

static void check_lengths(const struct weft_codeword *code,
                          const uint32_t *uses, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < count; j++)
            if (uses[i] > uses[j] && uses[j] > 0)
                assert_true(code[i].len <= code[j].len);
}

static void test_made(void **state)
{
    static const unsigned counts[] = {2, 3, 19, 24, 25, 30, 60, WEFT_SYMBOLS};
    uint32_t uses[WEFT_SYMBOLS], seed = 1;

    (void)state;
    for (unsigned i = 0; i < COUNT(counts) * SHAPES * 20; i++) {
        struct weft_codeword code[WEFT_SYMBOLS];
        unsigned count = counts[i / SHAPES % COUNT(counts)], deepest, used = 0;
        unsigned longest = count <= 60 && i % 3 == 0 ? 7 : 15;
        size_t bits = 0, best;

        fill(uses, count, i % SHAPES, &seed);
        weft_code_make(code, uses, count, longest);
        check_complete(code, count, longest);
        check_prefixes(code, count);
        check_lengths(code, uses, count);
        for (unsigned k = 0; k < count; k++) {
            used += uses[k] > 0;
            bits += (size_t)uses[k] * code[k].len;
            assert_true(uses[k] == 0 || code[k].len > 0);
        }
        if (used < 2)
            continue;
        best = by_huffman(uses, count, &deepest);
        CHECK(bits >= best, "%zu bits, %zu are the least", bits, best);
        CHECK(bits == best || deepest > longest, "%zu bits, not %zu", bits,
              best);
    }
}

/* With nothing or one thing to say there are two words of one bit. */
static void test_few(void **state)
{
    (void)state;
    for (unsigned used = 0; used <= 30; used++) {
        struct weft_codeword code[30];
        uint32_t uses[30] = {0};
        unsigned words = 0;

        if (used < 30)
            uses[used] = 5;
        weft_code_make(code, uses, 30, 15);
        for (unsigned i = 0; i < 30; i++)
            words += code[i].len;
        assert_int_equal(words, 2);
        check_complete(code, 30, 15);
        check_prefixes(code, 30);
        if (used < 30)
            assert_int_equal(code[used].len, 1);
    }
}

/* The example of RFC 1951 section 3.2.2: lengths 3, 3, 3, 3, 3, 2, 4, 4. */
static void test_numbered(void **state)
{
    static const uint16_t lens[] = {3, 3, 3, 3, 3, 2, 4, 4};
    static const uint16_t words[] = {2, 3, 4, 5, 6, 0, 14, 15};
    struct weft_codeword code[8];

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        code[i].len = lens[i];
    weft_code_number(code, 8);
    for (unsigned i = 0; i < 8; i++) {
        unsigned word = 0;

        for (unsigned bit = 0; bit < lens[i]; bit++)
            word = word << 1 | (code[i].bits >> bit & 1);
        assert_int_equal(word, words[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_numbered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
