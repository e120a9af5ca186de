/* SPDX-License-Identifier: MIT */
/*
 * Text is taken apart into pieces that are shown or hidden as a whole: a
 * character that may stand, or one byte as \xNN. A cut falls between pieces,
 * so neither a character nor an escape is ever halved, and what was escaped
 * can be told from what the peer sent: a backslash is escaped too.
 */
#include "base/escape.h"

#define ESCAPED 4 /* characters of \xNN */

static bool is_trail(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

/* The length of the UTF-8 character at p (RFC 3629 section 4), or 0. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (len == 1)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > left)
        return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    for (size_t i = 1; i < len; i++) {
        if (!is_trail(p[i]))
            return 0;
    }
    return len;
}

/* Characters that say how others are shown: the C1 controls, the two line
 * breaks of Unicode, and what turns the direction of writing (UAX 9 section 2),
 * with which a text can be made to look like another. */
static bool is_control(const uint8_t *p, size_t len)
{
    if (len == 2)
        return (p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xd8 && p[1] == 0x9c);
    if (len != 3 || p[0] != 0xe2)
        return false;
    return (p[1] == 0x80 &&
            (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
           (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

/* The length of the character at p when it may stand as it is, or 0. */
static size_t plain_len(const uint8_t *p, size_t left)
{
    size_t len;

    if (p[0] < 0x20 || p[0] == 0x7f || p[0] == '\\')
        return 0;
    len = utf8_len(p, left);
    return is_control(p, len) ? 0 : len;
}

static void write_escape(char *out, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";

    out[0] = '\\';
    out[1] = 'x';
    out[2] = digits[byte >> 4];
    out[3] = digits[byte & 15];
}

size_t weft_escape(char *out, size_t size, const char *text, size_t len)
{
    const uint8_t *in = (const uint8_t *)text;
    size_t room = size - 1; /* without the NUL */
    size_t at = 0;
    size_t cut = 0; /* the last place where "..." still fits */

    for (size_t i = 0; i < len;) {
        size_t plain = plain_len(in + i, len - i);
        size_t need = plain ? plain : ESCAPED;

        if (need > room - at) {
            memcpy(out + cut, "...", 4);
            return cut + 3;
        }
        if (plain)
            memcpy(out + at, in + i, plain);
        else
            write_escape(out + at, in[i]);
        at += need;
        i += plain ? plain : 1;
        if (room - at >= 3)
            cut = at;
    }
    out[at] = '\0';
    return at;
}
