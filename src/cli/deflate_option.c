/* SPDX-License-Identifier: MIT */
/* The settings are rows of a table, each with its bounds: what the library
 * would refuse is refused here, with the name of the setting. */
#include "cli/deflate_option.h"

#include "cli/complain.h"
#include "cli/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t offset; /* of an int */
    int min, max;
} ints[] = {
#define D(field) offsetof(struct weft_deflate_opts, field)
    {"level", D(level), 1, 9},
    {"memory", D(memory_level), 1, 9},
    {"window", D(window_bits), 8, 15},
    {"peer-window", D(peer_window_bits), 8, 15},
};

static const struct {
    const char *name;
    size_t offset; /* of a uint64_t */
} sizes[] = {
    {"threshold", D(threshold)},
    {"ceiling", D(ceiling)},
#undef D
};

static const struct {
    const char *word;
    bool own, peer;
} takeovers[] = {
    {"none", false, false},
    {"own", true, false},
    {"peer", false, true},
    {"both", true, true},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool set_int(const char *option, struct weft_deflate_opts *deflate,
                    size_t row, const char *value)
{
    uint64_t n;
    int small;

    if (!number_parse(&n, value) || n < (uint64_t)ints[row].min ||
        n > (uint64_t)ints[row].max) {
        complain("--%s: %s is a number from %d to %d, not '%s'", option,
                 ints[row].name, ints[row].min, ints[row].max, value);
        return false;
    }
    small = (int)n;
    memcpy((char *)deflate + ints[row].offset, &small, sizeof(small));
    return true;
}

/* To the library 0 means the default; the least that can be meant is 1. */
static bool set_size(const char *option, struct weft_deflate_opts *deflate,
                     size_t row, const char *value)
{
    uint64_t n;

    if (!number_parse_size(&n, value)) {
        complain("--%s: %s is a size, not '%s'", option, sizes[row].name,
                 value);
        return false;
    }
    if (n == 0)
        n = 1;
    memcpy((char *)deflate + sizes[row].offset, &n, sizeof(n));
    return true;
}

static bool set_takeover(const char *option, struct weft_deflate_opts *deflate,
                         const char *value)
{
    for (size_t i = 0; i < COUNT(takeovers); i++) {
        if (strcmp(value, takeovers[i].word) == 0) {
            deflate->has_takeover = takeovers[i].own;
            deflate->peer_takeover = takeovers[i].peer;
            return true;
        }
    }
    complain("--%s: takeover is none, own, peer or both, not '%s'", option,
             value);
    return false;
}

static bool set_one(const char *option, struct weft_deflate_opts *deflate,
                    const char *name, const char *value)
{
    for (size_t i = 0; i < COUNT(ints); i++)
        if (strcmp(name, ints[i].name) == 0)
            return set_int(option, deflate, i, value);
    for (size_t i = 0; i < COUNT(sizes); i++)
        if (strcmp(name, sizes[i].name) == 0)
            return set_size(option, deflate, i, value);
    if (strcmp(name, "takeover") == 0)
        return set_takeover(option, deflate, value);
    complain("--%s has no setting '%s'; there are level, memory, window, "
             "peer-window, takeover, threshold and ceiling",
             option, name);
    return false;
}

/* NAME=VALUE[,NAME=VALUE]..., which is written to. */
static bool set_list(const char *option, struct weft_deflate_opts *deflate,
                     char *list)
{
    char *next = list;

    do {
        char *one = next, *value;

        next = strchr(one, ',');
        if (next)
            *next++ = '\0';
        value = strchr(one, '=');
        if (!value) {
            complain("--%s takes on, off, or settings such as "
                     "level=9,takeover=both, not '%s'",
                     option, one);
            return false;
        }
        *value++ = '\0';
        if (!set_one(option, deflate, one, value))
            return false;
    } while (next);
    return true;
}

bool deflate_option_set(const struct option_set *set, int opt,
                        struct weft_deflate_opts *deflate, const char *text)
{
    const char *option = option_set_name(set, opt);
    char *list;
    bool is_set;

    deflate->size = sizeof(*deflate);
    deflate->is_off = strcmp(text, "off") == 0;
    if (deflate->is_off || strcmp(text, "on") == 0)
        return true;
    list = strdup(text);
    if (!list) {
        complain("out of memory");
        return false;
    }
    is_set = set_list(option, deflate, list);
    free(list);
    return is_set;
}
