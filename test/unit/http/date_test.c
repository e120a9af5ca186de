/* SPDX-License-Identifier: MIT */
/* Dates: a table, all days of 400 years against a calendar that counts, and
 * what is not a date. */
#include "http/date.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

#define DAY INT64_C(86400)
#define YEAR_2000 INT64_C(946684800)

static bool parse(int64_t *seconds, const char *text, int64_t now)
{
    size_t len = strlen(text);
    struct weft_slice s = {(const char *)at_page_end(text, len), len};

    return weft_date_parse(seconds, s, now);
}

static const struct {
    int64_t seconds;
    const char *text;
} dates[] = {
    {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
    {1, "Thu, 01 Jan 1970 00:00:01 GMT"},
    {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
    {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
    {-784111777, "Sun, 25 Feb 1945 15:10:23 GMT"},
    {951782399, "Mon, 28 Feb 2000 23:59:59 GMT"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
    {951868800, "Wed, 01 Mar 2000 00:00:00 GMT"},
    {2147483647, "Tue, 19 Jan 2038 03:14:07 GMT"},
    {2147483648, "Tue, 19 Jan 2038 03:14:08 GMT"},
    {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
    {4107542399, "Sun, 28 Feb 2100 23:59:59 GMT"},
    {-2208988800, "Mon, 01 Jan 1900 00:00:00 GMT"},
    {-11644473600, "Mon, 01 Jan 1601 00:00:00 GMT"},
    {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
    {-62135596800, "Mon, 01 Jan 0001 00:00:00 GMT"},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(dates); i++) {
        char out[WEFT_DATE_SIZE];
        int64_t seconds;

        weft_date_format(out, dates[i].seconds);
        assert_string_equal(out, dates[i].text);
        CHECK(parse(&seconds, dates[i].text, 0), "%s", dates[i].text);
        CHECK(seconds == dates[i].seconds, "%s: %lld", dates[i].text,
              (long long)seconds);
    }
}

static void test_held_to_years(void **state)
{
    char out[WEFT_DATE_SIZE];

    (void)state;
    weft_date_format(out, INT64_C(253402300800));
    assert_string_equal(out, "Fri, 31 Dec 9999 23:59:59 GMT");
    weft_date_format(out, INT64_MAX);
    assert_string_equal(out, "Fri, 31 Dec 9999 23:59:59 GMT");
    weft_date_format(out, INT64_C(-62135596801));
    assert_string_equal(out, "Mon, 01 Jan 0001 00:00:00 GMT");
    weft_date_format(out, INT64_MIN);
    assert_string_equal(out, "Mon, 01 Jan 0001 00:00:00 GMT");
}

/* A calendar that knows how long a month is and counts. */
struct calendar {
    int year, month, day, weekday;
};

static int month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return lengths[month - 1] + (month == 2 && is_leap);
}

static void turn_leaf(struct calendar *c)
{
    c->weekday = (c->weekday + 1) % 7;
    if (++c->day <= month_length(c->year, c->month))
        return;
    c->day = 1;
    if (++c->month <= 12)
        return;
    c->month = 1;
    c->year++;
}

/* 146,097 days, after which the calendar repeats itself, and one more. The time
 * of day changes from day to day. */
static void test_all_days_of_400_years(void **state)
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed",
                                           "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};
    struct calendar c = {1800, 1, 1, 3};
    int64_t first = INT64_C(-5364662400); /* Wed, 01 Jan 1800 */

    (void)state;
    for (int i = 0; i <= 146097; i++) {
        int64_t of_day = (int64_t)i * 7919 % DAY, seconds;
        char want[64], out[WEFT_DATE_SIZE];

        snprintf(want, sizeof(want), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                 weekdays[c.weekday], c.day, months[c.month - 1], c.year,
                 (int)(of_day / 3600), (int)(of_day / 60 % 60),
                 (int)(of_day % 60));
        weft_date_format(out, first + i * DAY + of_day);
        CHECK(strcmp(out, want) == 0, "%s, not %s", out, want);
        CHECK(weft_date_parse(&seconds, weft_slice(out), 0), "%s", out);
        CHECK(seconds == first + i * DAY + of_day, "%s", out);
        turn_leaf(&c);
    }
    assert_int_equal(c.year, 2200);
    assert_int_equal(c.weekday, 4); /* Thu, 02 Jan 2200 */
}

static void test_other_forms(void **state)
{
    static const struct {
        const char *text;
        int64_t now, want;
    } cases[] = {
        {"Sunday, 06-Nov-94 08:49:37 GMT", 0, 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", YEAR_2000, 784111777},
        {"Monday, 06-Nov-94 08:49:37 GMT", 0, 784111777},
        {"Sun Nov  6 08:49:37 1994", 0, 784111777},
        {"Wed Nov 16 08:49:37 1994", 0, 784975777},
        {"Sun, 06 Nov 1994 08:49:60 GMT", 0, 784111800},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 0, 1483228800},
        /* Two digits: fifty years ahead, forty-nine behind. */
        {"Saturday, 01-Jan-00 00:00:00 GMT", YEAR_2000, YEAR_2000},
        {"Saturday, 01-Jan-50 00:00:00 GMT", YEAR_2000, 2524608000},
        {"Saturday, 01-Jan-51 00:00:00 GMT", YEAR_2000, -599616000},
        {"Saturday, 01-Jan-99 00:00:00 GMT", YEAR_2000, 915148800},
        {"Saturday, 01-Jan-05 00:00:00 GMT", 3913142400, 4260211200},
        {"Saturday, 01-Jan-94 00:00:00 GMT", 3913142400, 3913142400},
        {"Saturday, 01-Jan-45 00:00:00 GMT", 3913142400, 2366841600},
        {"Saturday, 01-Jan-44 00:00:00 GMT", 3913142400, 5490892800},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t seconds;

        CHECK(parse(&seconds, cases[i].text, cases[i].now), "%s",
              cases[i].text);
        CHECK(seconds == cases[i].want, "%s: %lld", cases[i].text,
              (long long)seconds);
    }
}

static const char *const bad[] = {
    "",
    "0",
    "784111777",
    "1994-11-06T08:49:37Z",
    "Sun",
    "Sun,",
    "Sunday",
    "sun, 06 Nov 1994 08:49:37 GMT",
    "SUN, 06 Nov 1994 08:49:37 GMT",
    "Son, 06 Nov 1994 08:49:37 GMT",
    ", 06 Nov 1994 08:49:37 GMT",
    "06 Nov 1994 08:49:37 GMT",
    "Sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 06 NoJ 1994 08:49:37 GMT",
    "Sun, 06 anF 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun,  6 Nov 1994 08:49:37 GMT",
    "Sun,06 Nov 1994 08:49:37 GMT",
    "Sun 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 06 Nov 01994 08:49:37 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994 08:49 GMT",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 ",
    "Sun, 06 Nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    "Sun, 06 Nov 1994 08:49:37 GMT, x",
    " Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Sun, 32 Dec 1994 08:49:37 GMT",
    "Sun, 61 Jan 1994 08:49:37 GMT",
    "Sun, 99 Dec 9999 08:49:37 GMT",
    "Sun, 29 Feb 1994 08:49:37 GMT",
    "Sun, 29 Feb 1900 08:49:37 GMT",
    "Sun, 30 Feb 2000 08:49:37 GMT",
    "Sun, 06 Nov 0000 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Nov 1994 -8:49:37 GMT",
    "Sun, 06 Nov 1994 08-49-37 GMT",
    "Sunday, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sun, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37",
    "Sunday, 31-Feb-94 08:49:37 GMT",
    "Sunday Nov  6 08:49:37 1994",
    "Sun Nov 6 08:49:37 1994",
    "Sun Nov   6 08:49:37 1994",
    "Sun Nov  16 08:49:37 1994",
    "Sun Nov  6 08:49:37 94",
    "Sun Nov  6 08:49:37 1994 GMT",
    "Sun Nov  0 08:49:37 1994",
};

static void test_bad_dates(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t seconds = 42;

        CHECK(!parse(&seconds, bad[i], 0), "%s", bad[i]);
        CHECK(seconds == 42, "%s", bad[i]);
    }
}

/* No date is one when a byte of it is missing or another. */
static void test_cut_and_changed(void **state)
{
    static const char *const good[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        for (size_t k = 0; k < strlen(good[i]); k++) {
            char text[40];
            int64_t seconds;
            struct weft_slice cut = {(char *)at_page_end(good[i], k), k};

            CHECK(!weft_date_parse(&seconds, cut, 0), "%.*s", (int)k, good[i]);
            memcpy(text, good[i], strlen(good[i]) + 1);
            text[k] = '~';
            CHECK(!parse(&seconds, text, 0), "%s", text);
        }
    }
}

/* Any now, also one that the calendar does not have. */
static void test_extreme_now(void **state)
{
    static const char text[] = "Sunday, 06-Nov-94 08:49:37 GMT";
    int64_t seconds;

    (void)state;
    CHECK(!parse(&seconds, text, INT64_MIN), "94 is the year -6");
    CHECK(parse(&seconds, text, INT64_MAX), "9994");
    CHECK(!parse(&seconds, "Sunday, 06-Nov-30 08:49:37 GMT", INT64_MAX),
          "30 is the year 10030");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_held_to_years),
        cmocka_unit_test(test_all_days_of_400_years),
        cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_bad_dates),
        cmocka_unit_test(test_cut_and_changed),
        cmocka_unit_test(test_extreme_now),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
