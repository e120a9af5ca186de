/* SPDX-License-Identifier: MIT */
/*
 * Text is words from a list, chosen by a generator of numbers that always
 * begins in the same place. Short words are more frequent than long ones, and
 * the first of a list than the last, so that what compressors make of it is
 * near what they make of real text.
 */
#include "load/payload.h"

#include <stdio.h>

struct writer {
    uint8_t *out;
    size_t len, size;
    uint64_t random;
};

/* xorshift64* of Marsaglia and Vigna: for variety alone. */
static uint32_t next(struct writer *w, uint32_t below)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (uint32_t)((w->random * UINT64_C(0x2545f4914f6cdd1d)) >> 32) % below;
}

/* The smaller of two: what comes first comes more often. */
static uint32_t next_early(struct writer *w, uint32_t below)
{
    uint32_t a = next(w, below), b = next(w, below);

    return a < b ? a : b;
}

/* Whole, or nothing but padding from here on: no character is cut. */
static void put(struct writer *w, const char *text)
{
    size_t len = strlen(text), left = w->size - w->len;

    if (len <= left) {
        memcpy(w->out + w->len, text, len);
        w->len += len;
        return;
    }
    memset(w->out + w->len, '.', left);
    w->len = w->size;
}

static const char *const english[] = {
    "the",     "of",      "and",   "to",       "in",        "is",
    "that",    "it",      "was",   "for",      "on",        "as",
    "with",    "thread",  "loom",  "at",       "by",        "which",
    "weaver",  "from",    "not",   "had",      "cloth",     "were",
    "pattern", "their",   "wool",  "before",   "between",   "colour",
    "through", "morning", "water", "measured", "afternoon", "remembered",
};

static const char *const mixed[] = {
    "и",      "в",          "не",       "на",     "の",     "に",
    "нить",   "は",         "что",      "を",     "ткань",  "糸",
    "узор",   "織物",       "между",    "という", "основа", "機織り",
    "вода",   "こと",       "которые",  "ました", "утром",  "模様",
    "цвета",  "東京都",     "измерили", "時間",   "потом",  "メッセージ",
    "челнок", "ありがとう",
};

static void put_words(struct writer *w, const char *const *words,
                      uint32_t count)
{
    while (w->len < w->size) {
        uint32_t length = 4 + next(w, 12);

        for (uint32_t i = 0; i < length; i++) {
            put(w, words[next_early(w, count)]);
            put(w, i + 1 < length ? " " : ". ");
        }
    }
}

static void put_record(struct writer *w)
{
    static const char *const places[] = {"Lyon",   "Osaka", "Kyiv",
                                         "Jaipur", "Cusco", "Tunis"};
    char line[256];
    uint32_t id = next(w, 1000000);

    snprintf(line, sizeof(line),
             "{\"id\":%u,\"name\":\"%s %s\",\"city\":\"%s\",\"active\":%s,"
             "\"balance\":%u.%02u,\"updated\":\"2026-%02u-%02uT%02u:%02u:%02uZ"
             "\",\"tags\":[\"%s\",\"%s\"]}\n",
             id, english[next(w, 36)], english[next(w, 36)], places[next(w, 6)],
             next(w, 4) > 0 ? "true" : "false", next(w, 10000), next(w, 100),
             1 + next(w, 12), 1 + next(w, 28), next(w, 24), next(w, 60),
             next(w, 60), english[next_early(w, 36)],
             english[next_early(w, 36)]);
    for (const char *p = line; *p && w->len < w->size; p++)
        w->out[w->len++] = (uint8_t)*p;
}

void load_payload_fill(uint8_t *out, size_t size, enum load_kind kind)
{
    struct writer w = {
        .out = out, .size = size, .random = UINT64_C(0x9e3779b97f4a7c15)};

    switch (kind) {
    case LOAD_ASCII:
        put_words(&w, english, sizeof(english) / sizeof(english[0]));
        break;
    case LOAD_MIXED:
        put_words(&w, mixed, sizeof(mixed) / sizeof(mixed[0]));
        break;
    case LOAD_JSON:
        while (w.len < size)
            put_record(&w);
        break;
    case LOAD_BINARY:
        while (w.len < size)
            out[w.len++] = (uint8_t)next(&w, 256);
        break;
    }
}

void load_payload_tag(uint8_t out[LOAD_TAG], uint32_t sender)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < LOAD_TAG; i++)
        out[i] = (uint8_t)digits[sender >> 4 * (LOAD_TAG - 1 - i) & 15];
}
