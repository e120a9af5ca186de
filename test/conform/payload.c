/* SPDX-License-Identifier: MIT */
/*
 * The pieces of a payload. Patterns have a period that is prime, so that a
 * block that was lost, doubled or unmasked in the wrong phase shows.
 */
#include "payload.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* No case sends more in one piece. */
#define PIECE_MAX (16ul << 20)

bool payload_is_piece(const char *p)
{
    if (*p == '\'' || *p == '<' || *p == '#')
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
