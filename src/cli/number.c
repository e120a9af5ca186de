/* SPDX-License-Identifier: MIT */
/* Whole numbers with a unit behind them. Nothing is rounded or guessed. */
#include "cli/number.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit sizes[] = {
    {"", 1},
    {"K", UINT64_C(1) << 10},
    {"M", UINT64_C(1) << 20},
    {"G", UINT64_C(1) << 30},
    {NULL, 0},
};

static const struct unit times[] = {
    {"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60000}, {NULL, 0},
};

/* Takes digits off the front of *text. */
static bool take_digits(uint64_t *value, const char **text)
{
    const char *p = *text;

    *value = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(*value, (uint64_t)10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*p - '0'), value))
            return false;
    if (p == *text)
        return false;
    *text = p;
    return true;
}

static bool parse_with(uint64_t *value, const char *text,
                       const struct unit *unit)
{
    if (!take_digits(value, &text))
        return false;
    while (unit->name && strcmp(unit->name, text) != 0)
        unit++;
    return unit->name && !__builtin_mul_overflow(*value, unit->factor, value);
}

bool number_parse(uint64_t *value, const char *text)
{
    return take_digits(value, &text) && *text == '\0';
}

bool number_parse_size(uint64_t *bytes, const char *text)
{
    return parse_with(bytes, text, sizes);
}

bool number_parse_time(uint64_t *ms, const char *text)
{
    return parse_with(ms, text, times);
}
