/* SPDX-License-Identifier: MIT */
/*
 * Dates of HTTP, by arithmetic on the proleptic Gregorian calendar: no locale,
 * no time zone, no table of leap seconds.
 *
 * Days are counted in eras of 400 years, which all have 146,097 days, and a
 * year is taken to begin on the first of March: the leap day is its last, and
 * the months before it follow one pattern of lengths. Day 0 of the count is
 * 1970-01-01, a Thursday. Years are those from 1 to 9999 only, so days counted
 * from the first era, which begins on 0000-03-01, are never negative.
 */
#include "http/date.h"

#define DAY 86400
#define ERA_DAYS 146097
#define EPOCH_SHIFT 719468 /* days from 0000-03-01 to 1970-01-01 */

/* 0001-01-01 00:00:00 and 9999-12-31 23:59:59. */
#define SECONDS_MIN (-INT64_C(62135596800))
#define SECONDS_MAX INT64_C(253402300799)

struct civil {
    int year, month, day; /* month and day from 1 */
};

struct moment {
    struct civil date;
    int hour, minute, second;
};

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char *const weekdays[] = {
    "Sunday",   "Monday", "Tuesday",  "Wednesday",
    "Thursday", "Friday", "Saturday",
};

/* Days from 0 to month of a year that begins in March: 31 30 31 30 31, twice
 * and again, which is 153 days in five months. */
static int days_before_month(int month_from_march)
{
    return (153 * month_from_march + 2) / 5;
}

static int64_t days_from_civil(struct civil c)
{
    int year = c.month <= 2 ? c.year - 1 : c.year;
    int era = year / 400, of_era = year % 400;
    int day = days_before_month((c.month + 9) % 12) + c.day - 1;

    return (int64_t)era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 +
           day - EPOCH_SHIFT;
}

static struct civil civil_from_days(int64_t days)
{
    int era = (int)((days + EPOCH_SHIFT) / ERA_DAYS);
    int of_era = (int)((days + EPOCH_SHIFT) % ERA_DAYS);
    /* Less the leap days before it: one in 1,460 days, but for one in 36,524
     * and the era's last. */
    int year =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1)) /
        365;
    int of_year = of_era - (365 * year + year / 4 - year / 100);
    int month = (5 * of_year + 2) / 153;
    struct civil c;

    c.day = of_year - days_before_month(month) + 1;
    c.month = month < 10 ? month + 3 : month - 9;
    c.year = era * 400 + year + (c.month <= 2);
    return c;
}

/* Rounds down, also before 1970. */
static int64_t day_of(int64_t seconds)
{
    return (seconds >= 0 ? seconds : seconds - (DAY - 1)) / DAY;
}

static int64_t hold(int64_t seconds)
{
    if (seconds < SECONDS_MIN)
        return SECONDS_MIN;
    return seconds > SECONDS_MAX ? SECONDS_MAX : seconds;
}

/* Writes the number with that many digits; returns what is behind it. */
static char *put_number(char *p, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        p[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return p + digits;
}

static char *put_text(char *p, const char *text, size_t len)
{
    memcpy(p, text, len);
    return p + len;
}

void weft_date_format(char out[WEFT_DATE_SIZE], int64_t seconds)
{
    int64_t held = hold(seconds);
    int64_t days = day_of(held);
    int rest = (int)(held - days * DAY);
    struct civil c = civil_from_days(days);
    int weekday = (int)(((days + 4) % 7 + 7) % 7);
    char *p = out;

    p = put_text(p, weekdays[weekday], 3);
    p = put_text(p, ", ", 2);
    p = put_number(p, c.day, 2);
    *p++ = ' ';
    p = put_text(p, months + 3 * (c.month - 1), 3);
    *p++ = ' ';
    p = put_number(p, c.year, 4);
    *p++ = ' ';
    p = put_number(p, rest / 3600, 2);
    *p++ = ':';
    p = put_number(p, rest / 60 % 60, 2);
    *p++ = ':';
    p = put_number(p, rest % 60, 2);
    put_text(p, " GMT", 5);
}

static bool take_text(struct weft_slice *s, const char *text)
{
    size_t len = strlen(text);

    if (s->len < len || memcmp(s->ptr, text, len) != 0)
        return false;
    s->ptr += len;
    s->len -= len;
    return true;
}

static bool take_number(struct weft_slice *s, int digits, int *number)
{
    if (s->len < (size_t)digits)
        return false;
    *number = 0;
    for (int i = 0; i < digits; i++) {
        if (s->ptr[i] < '0' || s->ptr[i] > '9')
            return false;
        *number = *number * 10 + s->ptr[i] - '0';
    }
    s->ptr += digits;
    s->len -= (size_t)digits;
    return true;
}

static bool take_month(struct weft_slice *s, int *month)
{
    if (s->len < 3)
        return false;
    for (*month = 1; *month <= 12; ++*month) {
        if (memcmp(s->ptr, months + 3 * (*month - 1), 3) == 0) {
            s->ptr += 3;
            s->len -= 3;
            return true;
        }
    }
    return false;
}

/* Which day is not looked at: the rest says it. is_short: three letters. */
static bool take_weekday(struct weft_slice *s, bool *is_short)
{
    for (int i = 0; i < 7; i++) {
        char name[4] = {0};

        *is_short = false;
        if (take_text(s, weekdays[i]))
            return true;
        memcpy(name, weekdays[i], 3);
        *is_short = true;
        if (take_text(s, name))
            return true;
    }
    return false;
}

static bool take_time(struct weft_slice *s, struct moment *m)
{
    return take_number(s, 2, &m->hour) && take_text(s, ":") &&
           take_number(s, 2, &m->minute) && take_text(s, ":") &&
           take_number(s, 2, &m->second);
}

/* " 06 Nov 1994 08:49:37 GMT", after "Sun,". */
static bool take_fixdate(struct weft_slice *s, struct moment *m)
{
    return take_text(s, " ") && take_number(s, 2, &m->date.day) &&
           take_text(s, " ") && take_month(s, &m->date.month) &&
           take_text(s, " ") && take_number(s, 4, &m->date.year) &&
           take_text(s, " ") && take_time(s, m) && take_text(s, " GMT");
}

/* The year with these last two digits that is less than fifty years behind
 * this one, or at most fifty ahead (RFC 9110 section 5.6.7). */
static int full_year(int last_two, int64_t now)
{
    int this_year = civil_from_days(day_of(hold(now))).year;
    int year = this_year - this_year % 100 + last_two;

    if (year > this_year + 50)
        return year - 100;
    return year <= this_year - 50 ? year + 100 : year;
}

/* " 06-Nov-94 08:49:37 GMT", after "Sunday,". */
static bool take_rfc850(struct weft_slice *s, struct moment *m, int64_t now)
{
    int last_two;

    if (!(take_text(s, " ") && take_number(s, 2, &m->date.day) &&
          take_text(s, "-") && take_month(s, &m->date.month) &&
          take_text(s, "-") && take_number(s, 2, &last_two) &&
          take_text(s, " ") && take_time(s, m) && take_text(s, " GMT")))
        return false;
    m->date.year = full_year(last_two, now);
    return true;
}

/* " Nov  6 08:49:37 1994", after "Sun". */
static bool take_asctime(struct weft_slice *s, struct moment *m)
{
    if (!(take_text(s, " ") && take_month(s, &m->date.month) &&
          take_text(s, " ")))
        return false;
    if (!take_number(s, take_text(s, " ") ? 1 : 2, &m->date.day))
        return false;
    return take_text(s, " ") && take_time(s, m) && take_text(s, " ") &&
           take_number(s, 4, &m->date.year);
}

/* Whether there is such a day and time: a day that its month does not have is
 * counted as one of another month. A second 60 is a leap second. */
static bool is_real(const struct moment *m)
{
    if (m->date.year < 1 || m->date.year > 9999)
        return false;
    if (m->hour > 23 || m->minute > 59 || m->second > 60)
        return false;
    return civil_from_days(days_from_civil(m->date)).day == m->date.day;
}

bool weft_date_parse(int64_t *seconds, struct weft_slice text, int64_t now)
{
    struct moment m = {0};
    bool is_short, is_read;

    if (!take_weekday(&text, &is_short))
        return false;
    if (!take_text(&text, ","))
        is_read = is_short && take_asctime(&text, &m);
    else if (is_short)
        is_read = take_fixdate(&text, &m);
    else
        is_read = take_rfc850(&text, &m, now);
    if (!is_read || text.len > 0 || !is_real(&m))
        return false;
    *seconds = days_from_civil(m.date) * DAY + m.hour * 3600 + m.minute * 60 +
               m.second;
    return true;
}
