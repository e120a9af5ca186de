/* SPDX-License-Identifier: MIT */
/*
 * The parsers of the URL standard for IPv4 and IPv6, step by step, as what they
 * accept is folklore rather than grammar: "0x7f.1" is 127.0.0.1. Numbers of any
 * length are read, and count as too large once they are.
 */
#include "client/url_ip.h"
#include "client/url_encode.h"

#include <stdio.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int weft_url_number(struct weft_slice text, int max)
{
    int64_t number = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i]))
            return -1;
        if (number <= max)
            number = number * 10 + (text.ptr[i] - '0');
    }
    if (text.len == 0)
        return -1;
    return number > max ? max + 1 : (int)number;
}

/* What follows the last dot. */
static struct weft_slice last_part(struct weft_slice host)
{
    size_t from = host.len;

    while (from > 0 && host.ptr[from - 1] != '.')
        from--;
    weft_slice_take(&host, from);
    return host;
}

/* The standard's "IPv4 number parser": false unless it is one; above 32 bits
 * it is some number above 32 bits. */
static bool parse_number(uint64_t *number, struct weft_slice text)
{
    int radix = 10;

    if (text.len == 0)
        return false;
    if (text.len >= 2 && text.ptr[0] == '0') {
        bool is_hex = text.ptr[1] == 'x' || text.ptr[1] == 'X';

        radix = is_hex ? 16 : 8;
        weft_slice_take(&text, is_hex ? 2 : 1);
    }
    *number = 0;
    for (size_t i = 0; i < text.len; i++) {
        int digit = weft_url_hex_value(text.ptr[i]);

        if (digit < 0 || digit >= radix)
            return false;
        if (*number <= UINT32_MAX)
            *number = *number * (unsigned)radix + (unsigned)digit;
    }
    return true;
}

bool weft_url_ends_in_number(struct weft_slice host)
{
    struct weft_slice last;
    uint64_t number;
    size_t i = 0;

    if (host.len > 0 && host.ptr[host.len - 1] == '.')
        host.len--;
    last = last_part(host);
    while (i < last.len && is_digit(last.ptr[i]))
        i++;
    return (i == last.len && i > 0) || parse_number(&number, last);
}

/* Takes a number and the dot behind it, if it is not the last, off the front.
 */
static bool take_number(struct weft_slice *text, uint64_t *number,
                        bool *is_last)
{
    const char *dot = text->len ? memchr(text->ptr, '.', text->len) : NULL;
    size_t len = dot ? (size_t)(dot - text->ptr) : text->len;
    struct weft_slice digits = weft_slice_take(text, len);

    *is_last = !dot;
    if (dot)
        weft_slice_take(text, 1);
    return parse_number(number, digits);
}

bool weft_url_ipv4_parse(uint32_t *address, struct weft_slice text)
{
    unsigned shift = 32; /* what the numbers so far leave */
    uint32_t upper = 0;
    uint64_t number;
    bool is_last;

    if (text.len > 0 && text.ptr[text.len - 1] == '.')
        text.len--;
    while (take_number(&text, &number, &is_last)) {
        if (is_last) {
            *address = upper | (uint32_t)number;
            return number >> shift == 0;
        }
        if (number > 255 || shift == 8)
            return false;
        shift -= 8;
        upper |= (uint32_t)number << shift;
    }
    return false;
}

void weft_url_ipv4_write(char text[WEFT_IPV4_TEXT], uint32_t address)
{
    snprintf(text, WEFT_IPV4_TEXT, "%u.%u.%u.%u", address >> 24,
             address >> 16 & 255, address >> 8 & 255, address & 255);
}

/* Up to four hex digits off the front; how many. */
static size_t take_hex(struct weft_slice *text, uint16_t *value)
{
    size_t len = 0;

    *value = 0;
    while (len < 4 && len < text->len &&
           weft_url_hex_value(text->ptr[len]) >= 0) {
        *value = (uint16_t)(*value << 4 | weft_url_hex_value(text->ptr[len]));
        len++;
    }
    weft_slice_take(text, len);
    return len;
}

/* A number up to 255 without zeros in front. */
static bool take_octet(struct weft_slice *text, unsigned *value)
{
    size_t len = 0;

    *value = 0;
    while (len < text->len && is_digit(text->ptr[len])) {
        if (len > 0 && *value == 0)
            return false;
        *value = *value * 10 + (unsigned)(text->ptr[len] - '0');
        if (*value > 255)
            return false;
        len++;
    }
    weft_slice_take(text, len);
    return len > 0;
}

static bool begins_with(struct weft_slice s, const char *text)
{
    size_t len = strlen(text);

    return s.len >= len && memcmp(s.ptr, text, len) == 0;
}

/* "192.0.2.1", which is all that is left, as two pieces. */
static bool parse_dotted(uint16_t pieces[2], struct weft_slice text)
{
    unsigned octets[4];

    for (int i = 0; i < 4; i++) {
        if (i > 0 && !begins_with(text, "."))
            return false;
        if (i > 0)
            weft_slice_take(&text, 1);
        if (!take_octet(&text, &octets[i]))
            return false;
    }
    pieces[0] = (uint16_t)(octets[0] << 8 | octets[1]);
    pieces[1] = (uint16_t)(octets[2] << 8 | octets[3]);
    return text.len == 0;
}

/* Moves the pieces behind the "::" to the end. */
static void expand(uint16_t pieces[8], size_t gap, size_t count)
{
    size_t moved = count - gap;

    memmove(pieces + 8 - moved, pieces + gap, moved * sizeof(pieces[0]));
    memset(pieces + gap, 0, (8 - count) * sizeof(pieces[0]));
}

/* Takes a piece, or two of them as IPv4, off the front. */
static bool take_piece(struct weft_slice *text, uint16_t pieces[8],
                       size_t *count)
{
    struct weft_slice from = *text;

    if (*count == 8 || take_hex(text, &pieces[*count]) == 0)
        return false;
    if (!begins_with(*text, ".")) {
        (*count)++;
        return true;
    }
    if (*count > 6 || !parse_dotted(pieces + *count, from))
        return false;
    *count += 2;
    text->len = 0;
    return true;
}

/* The pieces up to the end, how many of them, and before which one the "::"
 * is; -1: none. The caller has dropped the first colon of one at the front. */
static bool parse_pieces(uint16_t pieces[8], struct weft_slice text,
                         size_t *count, int *gap)
{
    while (text.len > 0) {
        bool is_gap = begins_with(text, ":");

        if (is_gap && *gap >= 0)
            return false;
        if (is_gap) {
            weft_slice_take(&text, 1);
            *gap = (int)*count;
            continue;
        }
        if (!take_piece(&text, pieces, count))
            return false;
        /* A colon behind a piece has something behind it. */
        if (text.len == 1 || (text.len > 1 && text.ptr[0] != ':'))
            return false;
        if (text.len > 0)
            weft_slice_take(&text, 1);
    }
    return true;
}

bool weft_url_ipv6_parse(uint16_t pieces[8], struct weft_slice text)
{
    size_t count = 0;
    int gap = -1;

    if (begins_with(text, ":")) {
        if (!begins_with(text, "::"))
            return false;
        weft_slice_take(&text, 1);
    }
    if (!parse_pieces(pieces, text, &count, &gap))
        return false;
    if (gap < 0)
        return count == 8;
    /* In the standard's parser "::" takes a place, so it stands for at least
     * one piece. */
    if (count == 8)
        return false;
    expand(pieces, (size_t)gap, count);
    return true;
}

/* The first of the longest runs of zeros, two at least; where it ends. */
static int longest_zeros(const uint16_t pieces[8], int *end)
{
    int best = -1, best_len = 1;

    for (int i = 0; i < 8; i++) {
        int len = 0;

        while (i + len < 8 && pieces[i + len] == 0)
            len++;
        if (len > best_len) {
            best = i;
            best_len = len;
        }
        i += len;
    }
    *end = best + best_len;
    return best;
}

void weft_url_ipv6_write(char text[WEFT_IPV6_TEXT], const uint16_t pieces[8])
{
    int end, gap = longest_zeros(pieces, &end);
    size_t at = 0;
    int i = 0;

    while (i < 8) {
        if (i == gap) {
            at += (size_t)snprintf(text + at, WEFT_IPV6_TEXT - at,
                                   i == 0 ? "::" : ":");
            i = end;
            continue;
        }
        at += (size_t)snprintf(text + at, WEFT_IPV6_TEXT - at,
                               i < 7 ? "%x:" : "%x", pieces[i]);
        i++;
    }
}
