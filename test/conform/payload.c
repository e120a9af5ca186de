/* SPDX-License-Identifier: MIT */
/*
 * The pieces of a payload. Patterns have a period that is prime, so that a
 * block that was lost, doubled or unmasked in the wrong phase shows. Prose is
 * made of words of which few are frequent, so that it compresses as text does,
 * with distances of every size.
 */
#include "payload.h"

#include "pack.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* No case sends more in one piece. */
#define PIECE_MAX (16ul << 20)

#define WORDS 4096
#define WORD_MAX 10
#define BOOK_SIZE (1u << 20)

static uint8_t book[BOOK_SIZE];
static pthread_once_t book_once = PTHREAD_ONCE_INIT;

bool payload_is_piece(const char *p)
{
    if (*p && strchr("'<#@^", *p))
        return true;
    p += strspn(p, "0123456789");
    return *p == '*';
}

void payload_pattern(struct bytes *out, size_t n, bool text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ012345678";
    uint8_t *place = bytes_room(out, n);

    for (size_t i = 0; i < n; i++)
        place[i] = text ? (uint8_t)letters[i % (sizeof(letters) - 1)]
                        : (uint8_t)(i % 251 * 37 + 200);
    out->len += n;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void add_noise(struct bytes *out, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
    uint8_t *place = bytes_room(out, n);
    uint32_t seed = (uint32_t)n;

    for (size_t i = 0; i < n; i++)
        place[i] = (uint8_t)letters[next_random(&seed) >> 12 & 63];
    out->len += n;
}

static void write_book(void)
{
    static char words[WORDS][WORD_MAX];
    uint32_t seed = 1;
    size_t at = 0;

    for (size_t i = 0; i < WORDS; i++) {
        size_t len = 2 + next_random(&seed) % (WORD_MAX - 2);

        for (size_t k = 0; k < len; k++)
            words[i][k] = (char)('a' + next_random(&seed) % 26);
    }
    while (at < BOOK_SIZE) {
        uint32_t rare = next_random(&seed) % WORDS;
        const char *word = words[next_random(&seed) % (rare + 1)];
        size_t len = strnlen(word, WORD_MAX);

        for (size_t k = 0; k < len && at < BOOK_SIZE; k++)
            book[at++] = (uint8_t)word[k];
        if (at < BOOK_SIZE)
            book[at++] = rare % 16 ? ' ' : '\n';
    }
}

const uint8_t *payload_prose(uint32_t seed, size_t n)
{
    pthread_once(&book_once, write_book);
    return book + next_random(&seed) % (BOOK_SIZE - n);
}

static const char *hex_piece(struct bytes *out, const char **p)
{
    for (; **p != '>'; *p += 2) {
        int high = hex_digit((*p)[0]);
        int low = high < 0 ? -1 : hex_digit((*p)[1]);

        if (low < 0)
            return "pairs of hexadecimal digits, please";
        bytes_add_byte(out, (uint8_t)(high << 4 | low));
    }
    ++*p;
    return NULL;
}

static const char *quoted_piece(struct bytes *out, const char **p)
{
    size_t len = strcspn(*p, "'");

    if (!(*p)[len])
        return "a quote is not closed";
    bytes_add(out, *p, len);
    *p += len + 1;
    return NULL;
}

static const char *noise_piece(struct bytes *out, const char **p)
{
    char *end;
    unsigned long n = strtoul(*p + 1, &end, 10);

    *p = end;
    if (n > PIECE_MAX)
        return "that is too much";
    add_noise(out, n);
    return NULL;
}

static const char *one_piece(struct bytes *out, const char **p)
{
    if (**p == '<') {
        ++*p;
        return hex_piece(out, p);
    }
    if (**p == '\'') {
        ++*p;
        return quoted_piece(out, p);
    }
    if (**p == '@')
        return noise_piece(out, p);
    return "a payload is 'characters', <hex> or #number";
}

const char *payload_piece(struct bytes *out, const char **p, bool text)
{
    unsigned long times = 1;
    size_t from = out->len, n;
    const char *wrong;
    char *end;

    if (**p == '#') {
        n = strtoul(*p + 1, &end, 10);
        *p = end;
        if (n > PIECE_MAX)
            return "that is too much";
        payload_pattern(out, n, text);
        return NULL;
    }
    if (**p == '^') {
        n = strtoul(*p + 1, &end, 10);
        *p = end;
        pack_bomb(out, n);
        return NULL;
    }
    if (isdigit((unsigned char)**p)) {
        times = strtoul(*p, &end, 10);
        *p = end + 1;
    }
    wrong = one_piece(out, p);
    if (wrong)
        return wrong;
    n = out->len - from;
    if (times == 0 || times > PIECE_MAX / (n ? n : 1))
        return "that is too much";
    bytes_room(out, n * times);
    while (--times) {
        memcpy(out->p + out->len, out->p + from, n);
        out->len += n;
    }
    return NULL;
}
