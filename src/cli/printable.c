/* SPDX-License-Identifier: MIT */
/*
 * Nothing that a peer sends may move the cursor, change colours, ask the
 * terminal for an answer, or make text read otherwise than it is stored. A
 * backslash stands for itself: text is shown to be read, not to be parsed.
 */
#include "cli/printable.h"

/* The length of the character at p, and its number; 0 for bytes that are not
 * UTF-8 (RFC 3629 section 4). */
static size_t take_char(uint32_t *c, const uint8_t *p, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    *c = p[0];
    if (len == 1)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > left)
        return 0;
    *c &= 0x7fU >> len;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | (p[i] & 0x3fU);
    }
    if (*c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
        return 0;
    return len;
}

/* Line breaks, and the controls of Unicode's bidirectional algorithm (UAX 9
 * section 2). */
static bool misleads(uint32_t c)
{
    return c == 0x2028 || c == 0x2029 || c == 0x200e || c == 0x200f ||
           c == 0x061c || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

static bool is_plain(uint32_t c)
{
    return c >= 0x20 && (c < 0x7f || c >= 0xa0) && !misleads(c);
}

static void put_control(FILE *out, uint32_t c, bool has_color)
{
    static const char names[] = {['\n'] = 'n', ['\t'] = 't', ['\r'] = 'r'};

    fputs(has_color ? "\033[7m" : "", out);
    if (c < sizeof(names) && names[c])
        fprintf(out, "\\%c", names[c]);
    else if (c <= 0xff)
        fprintf(out, "\\x%02x", (unsigned)c);
    else
        fprintf(out, "\\u{%04x}", (unsigned)c);
    fputs(has_color ? "\033[27m" : "", out);
}

void printable_put(FILE *out, const void *text, size_t len, bool has_color)
{
    const uint8_t *p = text, *end = p + len;

    while (p < end) {
        const uint8_t *start = p;
        size_t used = 0;
        uint32_t c = 0;

        while (p < end && (used = take_char(&c, p, (size_t)(end - p))) > 0 &&
               is_plain(c))
            p += used;
        fwrite(start, 1, (size_t)(p - start), out);
        if (p == end)
            return;
        put_control(out, used > 0 ? c : *p, has_color);
        p += used > 0 ? used : 1;
    }
}
