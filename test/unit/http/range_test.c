/* SPDX-License-Identifier: MIT */
/* Ranges and conditions, as tables of fields and verdicts. */
#include "http/range.h"
#include "support.h"

#include <string.h>

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"
#define OLD_FORM "Sunday, 06-Nov-94 08:49:37 GMT"
#define MODIFIED INT64_C(784111777)

static const struct {
    const char *value;
    uint64_t size;
    int want;
    uint64_t first, last;
} ranges[] = {
    {"bytes=0-499", 10000, 206, 0, 499},
    {"bytes=500-999", 10000, 206, 500, 999},
    {"bytes=9500-", 10000, 206, 9500, 9999},
    {"bytes=-500", 10000, 206, 9500, 9999},
    {"bytes=0-0", 10000, 206, 0, 0},
    {"bytes=-1", 10000, 206, 9999, 9999},
    {"bytes=0-", 10000, 206, 0, 9999},
    {"bytes=9999-", 10000, 206, 9999, 9999},
    {"bytes=9999-9999", 10000, 206, 9999, 9999},
    {"BYTES=0-1", 10, 206, 0, 1},
    {"bytes= 0-1\t", 10, 206, 0, 1},
    {"bytes=0-1,", 10, 206, 0, 1},
    {"bytes=, 0-1", 10, 206, 0, 1},
    {"bytes=000-0001", 10, 206, 0, 1},
    /* Longer than what there is. */
    {"bytes=0-10000", 10000, 206, 0, 9999},
    {"bytes=5-18446744073709551615", 10, 206, 5, 9},
    {"bytes=5-99999999999999999999", 10, 206, 5, 9},
    {"bytes=-10001", 10000, 206, 0, 9999},
    {"bytes=-99999999999999999999", 10, 206, 0, 9},
    {"bytes=0-", UINT64_MAX, 206, 0, UINT64_MAX - 1},
    {"bytes=18446744073709551614-", UINT64_MAX, 206, UINT64_MAX - 1,
     UINT64_MAX - 1},
    /* Beyond the end. */
    {"bytes=10-", 10, 416, 0, 0},
    {"bytes=10-20", 10, 416, 0, 0},
    {"bytes=99999999999999999999-", 10, 416, 0, 0},
    {"bytes=18446744073709551615-", UINT64_MAX, 416, 0, 0},
    {"bytes=-0", 10, 416, 0, 0},
    {"bytes=0-", 0, 416, 0, 0},
    {"bytes=0-0", 0, 416, 0, 0},
    {"bytes=-0", 0, 416, 0, 0},
    /* Nothing has no part that a Content-Range could name. */
    {"bytes=-5", 0, 200, 0, 0},
    /* Not one range of bytes. */
    {"", 10, 200, 0, 0},
    {"bytes", 10, 200, 0, 0},
    {"bytes=", 10, 200, 0, 0},
    {"bytes=,", 10, 200, 0, 0},
    {"bytes=-", 10, 200, 0, 0},
    {"bytes=0", 10, 200, 0, 0},
    {"bytes=a-b", 10, 200, 0, 0},
    {"bytes=0-b", 10, 200, 0, 0},
    {"bytes=0-1-", 10, 200, 0, 0},
    {"bytes=0-1-2", 10, 200, 0, 0},
    {"bytes=--1", 10, 200, 0, 0},
    {"bytes=-1x", 10, 200, 0, 0},
    {"bytes=+0-1", 10, 200, 0, 0},
    {"bytes=0 -1", 10, 200, 0, 0},
    {"bytes=0- 1", 10, 200, 0, 0},
    {"bytes =0-1", 10, 200, 0, 0},
    {"bytes:0-1", 10, 200, 0, 0},
    {"bytes=1-0", 10, 200, 0, 0},
    {"bytes=5-4", 3, 200, 0, 0},
    {"bytes=0-1,3-4", 10, 200, 0, 0},
    {"bytes=0-1, -1", 10, 200, 0, 0},
    {"bytes=0-1,x", 10, 200, 0, 0},
    {"items=0-1", 10, 200, 0, 0},
    {"xbytes=0-1", 10, 200, 0, 0},
    {"bytes=0x0-0x1", 10, 200, 0, 0},
    {"bytes=\"0-1\"", 10, 200, 0, 0},
};

static void test_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ranges); i++) {
        const char *value = ranges[i].value;
        size_t len = strlen(value);
        struct weft_slice s = {(char *)at_page_end(value, len), len};
        struct weft_range range = {0, 0};
        int got = weft_range_parse(&range, s, ranges[i].size);

        CHECK(got == ranges[i].want, "%s: %d", value, got);
        CHECK(range.first == ranges[i].first, "%s", value);
        CHECK(range.last == ranges[i].last, "%s", value);
    }
}

/* All small ranges of all small sizes, against the words of the RFC. */
static void test_small_ranges(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 1000; n++) {
        unsigned size = n % 10, first = n / 10 % 10, last = n / 100;
        char value[] = "bytes=0-0";
        struct weft_range range = {99, 99};
        int want = first > last ? 200 : first >= size ? 416 : 206;
        int got;

        value[6] = (char)('0' + first);
        value[8] = (char)('0' + last);
        got = weft_range_parse(&range, weft_slice(value), size);
        CHECK(got == want, "%s of %u: %d", value, size, got);
        if (got != 206)
            continue;
        CHECK(range.first == first, "%s of %u", value, size);
        CHECK(range.last == (last < size ? last : size - 1), "%s of %u", value,
              size);
    }
}

#define MAX_FIELDS 4

struct text_field {
    const char *name, *value;
};

/* The fields up to the first without a name, each right before a page that
 * cannot be read. */
static size_t make_fields(struct weft_field out[MAX_FIELDS],
                          const struct text_field in[MAX_FIELDS])
{
    size_t n;

    for (n = 0; n < MAX_FIELDS && in[n].name; n++) {
        size_t len = strlen(in[n].value);

        out[n].name = weft_slice(in[n].name);
        out[n].value.ptr = (char *)at_page_end(in[n].value, len);
        out[n].value.len = len;
    }
    return n;
}

static const struct weft_validators file = {"\"tag\"", MODIFIED};

static const struct {
    int want;
    struct text_field fields[MAX_FIELDS];
} conditions[] = {
    {200, {{0}}},
    {200, {{"If-Range", "\"tag\""}, {"ETag", "\"tag\""}}},

    {200, {{"If-Match", "\"tag\""}}},
    {200, {{"if-match", "*"}}},
    {200, {{"If-Match", "\"a\", \"tag\""}}},
    {200, {{"If-Match", "\"a\""}, {"If-Match", "\"tag\""}}},
    {412, {{"If-Match", "\"a\""}}},
    {412, {{"If-Match", "W/\"tag\""}}},
    {412, {{"If-Match", ""}}},
    {412, {{"If-Match", "tag"}}},
    {412, {{"If-Match", "\"TAG\""}}},
    {412, {{"If-Match", "\"tag"}}},

    {200, {{"If-Unmodified-Since", DATE}}},
    {200, {{"If-Unmodified-Since", AFTER}}},
    {200, {{"If-Unmodified-Since", OLD_FORM}}},
    {412, {{"If-Unmodified-Since", BEFORE}}},
    {200, {{"If-Unmodified-Since", "yesterday"}}},
    {200, {{"If-Unmodified-Since", BEFORE}, {"If-Unmodified-Since", BEFORE}}},
    /* If-Match goes before it. */
    {200, {{"If-Unmodified-Since", BEFORE}, {"If-Match", "*"}}},
    {412, {{"If-Unmodified-Since", AFTER}, {"If-Match", "\"a\""}}},

    {304, {{"If-None-Match", "\"tag\""}}},
    {304, {{"If-None-Match", "W/\"tag\""}}},
    {304, {{"If-None-Match", "*"}}},
    {304, {{"If-None-Match", "\"a\",\"tag\""}}},
    {304, {{"If-None-Match", ", ,\"a\"\t, W/\"tag\" ,"}}},
    {304, {{"If-None-Match", "\"a,\", \"b\\\", \"tag\""}}},
    {304, {{"If-None-Match", "\"a\""}, {"If-None-Match", "\"tag\""}}},
    {200, {{"If-None-Match", "\"a\""}}},
    {200, {{"If-None-Match", ""}}},
    {200, {{"If-None-Match", "W/"}}},
    {200, {{"If-None-Match", "w/\"tag\""}}},
    {200, {{"If-None-Match", "\"tag"}}},
    {200, {{"If-None-Match", "tag\""}}},
    {200, {{"If-None-Match", "\""}}},
    {200, {{"If-None-Match", "\"tag\"x"}}},
    {200, {{"If-None-Match", "\"a\" \"tag\""}}},
    {200, {{"If-None-Match", "\"a b\", \"tag\""}}},
    {200, {{"If-None-Match", "\"*\""}}},
    {200, {{"If-None-Match", "\",\"tag\",\""}}},

    {304, {{"If-Modified-Since", DATE}}},
    {304, {{"If-Modified-Since", AFTER}}},
    {304, {{"If-Modified-Since", OLD_FORM}}},
    {304, {{"If-Modified-Since", "Sun Nov  6 08:49:37 1994"}}},
    {200, {{"If-Modified-Since", BEFORE}}},
    {200, {{"If-Modified-Since", ""}}},
    {200, {{"If-Modified-Since", "0"}}},
    {200, {{"If-Modified-Since", DATE}, {"If-Modified-Since", DATE}}},
    /* If-None-Match goes before it. */
    {200, {{"If-Modified-Since", DATE}, {"If-None-Match", "\"a\""}}},
    {304, {{"If-Modified-Since", BEFORE}, {"If-None-Match", "\"tag\""}}},

    /* What refuses goes before what saves. */
    {412, {{"If-None-Match", "\"tag\""}, {"If-Match", "\"a\""}}},
    {304, {{"If-None-Match", "\"tag\""}, {"If-Match", "\"tag\""}}},
    {412, {{"If-None-Match", "*"}, {"If-Unmodified-Since", BEFORE}}},
    {304, {{"If-Modified-Since", DATE}, {"If-Unmodified-Since", DATE}}},
};

static void test_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(conditions); i++) {
        struct weft_field fields[MAX_FIELDS];
        size_t count = make_fields(fields, conditions[i].fields);
        int got = weft_conditions(fields, count, &file, MODIFIED + 60);

        CHECK(got == conditions[i].want, "%zu (%s: %s): %d", i,
              count ? conditions[i].fields[0].name : "",
              count ? conditions[i].fields[0].value : "", got);
    }
}

static const struct {
    bool want;
    int64_t age; /* seconds since the file was modified */
    struct text_field fields[MAX_FIELDS];
} if_ranges[] = {
    {true, 60, {{0}}},
    {true, 60, {{"Range", "bytes=0-1"}}},
    {true, 60, {{"If-Range", "\"tag\""}}},
    {true, 0, {{"if-range", "\"tag\""}}},
    {false, 60, {{"If-Range", "\"a\""}}},
    {false, 60, {{"If-Range", "W/\"tag\""}}},
    {false, 60, {{"If-Range", "\"tag\", \"a\""}}},
    {false, 60, {{"If-Range", "*"}}},
    {false, 60, {{"If-Range", ""}}},
    {false, 60, {{"If-Range", "\"tag"}}},
    {false, 60, {{"If-Range", "tag"}}},
    {false, 60, {{"If-Range", "\"tag\""}, {"If-Range", "\"tag\""}}},
    {true, 60, {{"If-Range", DATE}}},
    {true, 60, {{"If-Range", OLD_FORM}}},
    {true, 1, {{"If-Range", DATE}}},
    /* Within its second, the file may change again. */
    {false, 0, {{"If-Range", DATE}}},
    /* The date must be the same, not one before or after it. */
    {false, 60, {{"If-Range", BEFORE}}},
    {false, 60, {{"If-Range", AFTER}}},
    {false, 60, {{"If-Range", "W/"}}},
};

static void test_if_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(if_ranges); i++) {
        struct weft_field fields[MAX_FIELDS];
        size_t count = make_fields(fields, if_ranges[i].fields);
        bool got =
            weft_if_range(fields, count, &file, MODIFIED + if_ranges[i].age);

        CHECK(got == if_ranges[i].want, "%zu (%s)", i,
              count ? if_ranges[i].fields[0].value : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_small_ranges),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_if_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
