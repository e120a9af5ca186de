/* SPDX-License-Identifier: MIT */
/*
 * Text from lists of words and a generator of numbers that begins in the same
 * place for the same message. What compressors make of it is near what they
 * make of real text: a word is chosen with an eye to the one before, the first
 * of a list more often than the last, and a text has a few subjects to which it
 * returns.
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

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

/* ---- English ------------------------------------------------------------- */

static const char *const nouns[] = {
    "loom",    "thread",   "weaver",    "pattern",   "cloth",     "morning",
    "water",   "river",    "house",     "window",    "village",   "market",
    "letter",  "winter",   "garden",    "teacher",   "brother",   "question",
    "answer",  "journey",  "mountain",  "country",   "kitchen",   "machine",
    "engine",  "signal",   "message",   "harbour",   "captain",   "evening",
    "problem", "picture",  "station",   "railway",   "distance",  "measure",
    "weather", "summer",   "forest",    "daughter",  "company",   "office",
    "doctor",  "street",   "corner",    "island",    "language",  "history",
    "bridge",  "shadow",   "colour",    "basket",    "shuttle",   "candle",
    "blanket", "stranger", "neighbour", "newspaper", "afternoon", "workshop",
    "reason",  "paper",    "family",    "story",     "table",     "number",
    "people",  "place",    "world",     "minute",    "matter",    "garment",
    "spindle", "needle",   "carpet",    "ribbon",    "silence",   "voice",
    "lantern", "ladder",   "cellar",    "orchard",   "meadow",    "valley",
    "horse",   "wagon",    "driver",    "stone",     "roof",      "door",
};

static const char *const adjectives[] = {
    "old",      "small",  "long",    "white",    "first",   "young",
    "great",    "little", "other",   "dark",     "quiet",   "heavy",
    "narrow",   "bright", "simple",  "empty",    "early",   "cold",
    "familiar", "broken", "patient", "careful",  "distant", "strange",
    "gentle",   "common", "wooden",  "northern", "curious", "remarkable",
};

static const char *const verbs[] = {
    "was",        "had",        "found",     "left",       "followed",
    "carried",    "remembered", "saw",       "kept",       "measured",
    "opened",     "reached",    "wanted",    "made",       "brought",
    "held",       "watched",    "described", "answered",   "finished",
    "understood", "crossed",    "repaired",  "explained",  "forgot",
    "covered",    "changed",    "called",    "considered", "received",
};

static const char *const links[] = {
    "of",    "in",     "to",      "with",   "on",      "from",
    "by",    "near",   "through", "before", "behind",  "between",
    "under", "beside", "across",  "after",  "against", "without",
};

static const char *const determiners[] = {
    "the", "one", "his", "her", "this", "their", "every", "no", "another",
};

static const char *const joints[] = {
    ". ",       ", and ",  ", but ",     "; ",
    ", which ", ". Then ", ", because ", ". However, ",
};

/*
 * By trial: zlib's level 6 makes 38.6 % of 1 KiB of it and 24.9 % of 16 KiB, on
 * average over 64 messages.
 */
#define SUBJECTS 6    /* that a text returns to */
#define COMPANIONS 10 /* words that go with one */
#define STRAY 6       /* a noun out of so many is none of the subjects */
#define DRIFT 3       /* after so many sentences, one of them is another */

/* A word that goes with a noun next to it: one of a few, between spaces. */
static void put_companion(struct writer *w, const char *const *words,
                          uint32_t count, uint32_t noun)
{
    put(w, " ");
    put(w, words[(noun * 7 + next_early(w, COMPANIONS)) % count]);
    put(w, " ");
}

/* Its number, for what goes with it. */
static uint32_t put_noun(struct writer *w, const uint32_t *subjects)
{
    uint32_t noun = next(w, STRAY) > 0 ? subjects[next_early(w, SUBJECTS)]
                                       : next_early(w, COUNT(nouns));
    uint32_t most = next_early(w, COUNT(determiners)) + 1;

    put(w, determiners[next_early(w, most)]);
    if (next(w, 4) == 0)
        put_companion(w, adjectives, COUNT(adjectives), noun);
    else
        put(w, " ");
    put(w, nouns[noun]);
    return noun;
}

static void put_english(struct writer *w)
{
    uint32_t subjects[SUBJECTS];

    for (uint32_t i = 0; i < SUBJECTS; i++)
        subjects[i] = next(w, COUNT(nouns));
    while (w->len < w->size) {
        uint32_t noun = put_noun(w, subjects), which = next_early(w, SUBJECTS);

        put_companion(w, verbs, COUNT(verbs), noun);
        noun = put_noun(w, subjects);
        if (next(w, 3) > 0) {
            put_companion(w, links, COUNT(links), noun);
            (void)put_noun(w, subjects);
        }
        put(w, joints[next_early(w, COUNT(joints))]);
        if (next(w, DRIFT) == 0)
            subjects[which] = next(w, COUNT(nouns));
    }
}

/* ---- Cyrillic and Japanese ----------------------------------------------- */

static const char *const mixed[] = {
    "и",      "в",          "не",       "на",     "の",     "に",
    "нить",   "は",         "что",      "を",     "ткань",  "糸",
    "узор",   "織物",       "между",    "という", "основа", "機織り",
    "вода",   "こと",       "которые",  "ました", "утром",  "模様",
    "цвета",  "東京都",     "измерили", "時間",   "потом",  "メッセージ",
    "челнок", "ありがとう",
};

static void put_mixed(struct writer *w)
{
    while (w->len < w->size) {
        uint32_t length = 4 + next(w, 12);

        for (uint32_t i = 0; i < length; i++) {
            put(w, mixed[next_early(w, COUNT(mixed))]);
            put(w, i + 1 < length ? " " : ". ");
        }
    }
}

/* ---- Records ------------------------------------------------------------- */

static const char *const first_names[] = {
    "Amina",  "Bruno",  "Chiara", "Dmitri", "Elena",  "Farid", "Grace",
    "Haruto", "Ingrid", "Jorge",  "Keiko",  "Lars",   "Maria", "Nikhil",
    "Olga",   "Pedro",  "Rosa",   "Samuel", "Tomasz", "Yusuf",
};

static const char *const last_names[] = {
    "Almeida", "Berg",   "Costa",  "Dubois",   "Eriksen", "Fischer", "Garcia",
    "Haddad",  "Ivanov", "Jensen", "Kowalski", "Laurent", "Moreau",  "Nakamura",
    "Okafor",  "Patel",  "Quispe", "Rossi",    "Schmidt", "Tanaka",
};

static const char *const places[] = {
    "Lyon",  "Osaka", "Kyiv",  "Jaipur", "Cusco", "Tunis",
    "Porto", "Accra", "Malmo", "Quito",  "Leeds", "Izmir",
};

static const char *const states[] = {"active", "idle", "pending", "closed"};

/* Of each of its numbers, how many there are. */
static const uint32_t ranges[] = {
    1000000,
    COUNT(first_names),
    COUNT(last_names),
    COUNT(places),
    COUNT(states),
    10000,
    100,
    12,
    28,
    24,
    60,
    60,
    90,
    10000,
    180,
    10000,
    COUNT(nouns),
    COUNT(adjectives),
};

static void put_record(struct writer *w)
{
    char line[320];
    uint32_t n[COUNT(ranges)];
    size_t len, left = w->size - w->len;

    for (size_t i = 0; i < COUNT(ranges); i++)
        n[i] = next(w, ranges[i]);
    len = (size_t)snprintf(
        line, sizeof(line),
        "{\"id\":%u,\"name\":\"%s %s\",\"city\":\"%s\",\"status\":\"%s\","
        "\"balance\":%u.%02u,\"updated\":\"2026-%02u-%02uT%02u:%02u:%02uZ\","
        "\"position\":[%u.%04u,%u.%04u],\"tags\":[\"%s\",\"%s\"]}\n",
        n[0], first_names[n[1]], last_names[n[2]], places[n[3]], states[n[4]],
        n[5], n[6], 1 + n[7], 1 + n[8], n[9], n[10], n[11], n[12], n[13], n[14],
        n[15], nouns[n[16]], adjectives[n[17]]);
    if (len > left)
        len = left;
    memcpy(w->out + w->len, line, len);
    w->len += len;
}

/* ---- All ----------------------------------------------------------------- */

void load_payload_fill(uint8_t *out, size_t size, enum load_kind kind,
                       uint32_t number)
{
    /* Far from each other, whatever the numbers; never 0. */
    struct writer w = {.out = out,
                       .size = size,
                       .random = (number + UINT64_C(1)) *
                                 UINT64_C(0x9e3779b97f4a7c15)};

    switch (kind) {
    case LOAD_ASCII:
        put_english(&w);
        break;
    case LOAD_MIXED:
        put_mixed(&w);
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
