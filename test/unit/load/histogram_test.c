/* SPDX-License-Identifier: MIT */
#include "load/histogram.h"

#include "support.h"
#include <stdlib.h>

static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* At least the right value, and at most 1/64 above it. */
static void check_quantiles(const struct load_histogram *h, uint64_t *samples,
                            size_t count)
{
    static const double qs[] = {0, 0.001, 0.5, 0.9, 0.99, 0.999, 1};

    qsort(samples, count, sizeof(*samples), by_size);
    for (size_t i = 0; i < COUNT(qs); i++) {
        double rank = qs[i] * (double)count;
        size_t at =
            rank > 1 ? (size_t)rank - ((double)(size_t)rank == rank) : 0;
        uint64_t want = samples[at];
        uint64_t got = load_histogram_quantile(h, qs[i]);

        CHECK(got >= want && got <= want + want / 64,
              "%g of %zu: %llu, not %llu", qs[i], count,
              (unsigned long long)got, (unsigned long long)want);
    }
}

static void test_sorted_samples(void **state)
{
    static const size_t counts[] = {1, 2, 10, 1000, 20000};

    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        for (unsigned bits = 1; bits <= 39; bits += 2) {
            struct load_histogram *h = calloc(1, sizeof(*h));
            uint64_t *samples = calloc(counts[i], sizeof(*samples));

            for (size_t j = 0; j < counts[i]; j++) {
                samples[j] = next() >> (64 - bits);
                load_histogram_add(h, samples[j], 1);
            }
            check_quantiles(h, samples, counts[i]);
            free(samples);
            free(h);
        }
    }
}

/* Every border of a bucket, and its neighbours. */
static void test_one_value(void **state)
{
    struct load_histogram *h = malloc(sizeof(*h));

    (void)state;
    for (unsigned e = 0; e < LOAD_HISTOGRAM_TOP; e++) {
        for (int step = -2; step <= 66; step++) {
            uint64_t width = e >= 6 ? UINT64_C(1) << (e - 6) : 1;
            uint64_t value = (UINT64_C(1) << e) + width * (uint64_t)step;

            if (value > UINT64_C(1) << LOAD_HISTOGRAM_TOP)
                continue;
            memset(h, 0, sizeof(*h));
            load_histogram_add(h, value, 3);
            CHECK(load_histogram_quantile(h, 0.5) == value && h->max == value &&
                      h->count == 3,
                  "%llu", (unsigned long long)value);
        }
    }
    free(h);
}

static void test_too_long(void **state)
{
    struct load_histogram *h = calloc(1, sizeof(*h));

    (void)state;
    load_histogram_add(h, UINT64_MAX, 1);
    load_histogram_add(h, 5, 1);
    assert_int_equal(load_histogram_quantile(h, 0.5), 5);
    assert_true(load_histogram_quantile(h, 1) == UINT64_MAX);
    free(h);
}

static void test_merged_as_one(void **state)
{
    struct load_histogram *parts = calloc(3, sizeof(*parts));

    (void)state;
    for (size_t i = 0; i < 10000; i++) {
        uint64_t value = next() >> 40;

        load_histogram_add(&parts[i % 2], value, 1 + i % 3);
        load_histogram_add(&parts[2], value, 1 + i % 3);
    }
    load_histogram_merge(&parts[0], &parts[1]);
    assert_memory_equal(parts[0].counts, parts[2].counts,
                        sizeof(parts[2].counts));
    assert_true(parts[0].count == parts[2].count);
    assert_true(parts[0].max == parts[2].max);
    assert_true(parts[0].sum == parts[2].sum); /* whole numbers below 2^53 */
    free(parts);
}

static void test_empty(void **state)
{
    struct load_histogram *h = calloc(1, sizeof(*h));

    (void)state;
    assert_int_equal(load_histogram_quantile(h, 0.99), 0);
    assert_true(load_histogram_mean(h) == 0);
    load_histogram_add(h, 10, 1);
    load_histogram_add(h, 20, 3);
    assert_true(load_histogram_mean(h) == 17.5);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted_samples),
        cmocka_unit_test(test_one_value),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_merged_as_one),
        cmocka_unit_test(test_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
