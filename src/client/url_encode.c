/* SPDX-License-Identifier: MIT */
/*
 * Each function goes over its bytes once. The sets are one table of bits; a
 * byte above 7e is in all of them, so UTF-8 may be encoded byte by byte and
 * the result is ASCII.
 */
#include "client/url_encode.h"
#include "ws/utf8.h"

#define ALL (WEFT_URL_PATH | WEFT_URL_QUERY | WEFT_URL_USERINFO)
#define PATH (WEFT_URL_PATH | WEFT_URL_USERINFO) /* one contains the other */

/* URL standard, section 1.3. */
static const uint8_t sets[256] = {
    [0x00 ... 0x20] = ALL,
    ['"'] = ALL,
    ['#'] = ALL,
    ['<'] = ALL,
    ['>'] = ALL,
    [0x7f ... 0xff] = ALL,

    ['\''] = WEFT_URL_QUERY,

    ['?'] = PATH,
    ['^'] = PATH,
    ['`'] = PATH,
    ['{'] = PATH,
    ['}'] = PATH,

    ['/'] = WEFT_URL_USERINFO,
    [':'] = WEFT_URL_USERINFO,
    [';'] = WEFT_URL_USERINFO,
    ['='] = WEFT_URL_USERINFO,
    ['@'] = WEFT_URL_USERINFO,
    ['['] = WEFT_URL_USERINFO,
    ['\\'] = WEFT_URL_USERINFO,
    [']'] = WEFT_URL_USERINFO,
    ['|'] = WEFT_URL_USERINFO,
};

/* How many bytes at the front are not of the set. */
static size_t plain_length(struct weft_slice text, enum weft_url_set set)
{
    size_t len = 0;

    while (len < text.len && !(sets[(unsigned char)text.ptr[len]] & set))
        len++;
    return len;
}

int weft_url_encode(struct weft_buf *out, enum weft_url_set set,
                    struct weft_slice text)
{
    static const char digits[] = "0123456789ABCDEF";
    int err = 0;

    while (text.len > 0 && !err) {
        size_t len = plain_length(text, set);

        if (len == 0) {
            unsigned char c = (unsigned char)text.ptr[0];
            char code[3] = {'%', digits[c >> 4], digits[c & 15]};

            err = weft_buf_append(out, code, sizeof(code));
            len = 1;
        } else {
            err = weft_buf_append(out, text.ptr, len);
        }
        weft_slice_take(&text, len);
    }
    return err;
}

int weft_url_hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that text stands for with three characters, or -1. */
static int encoded_byte(struct weft_slice text)
{
    int high, low;

    if (text.len < 3 || text.ptr[0] != '%')
        return -1;
    high = weft_url_hex_value(text.ptr[1]);
    low = weft_url_hex_value(text.ptr[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

int weft_url_decode(struct weft_buf *out, struct weft_slice text)
{
    int err = weft_buf_reserve(out, text.len);

    if (err)
        return err;
    for (size_t i = 0; i < text.len; i++) {
        struct weft_slice rest = {text.ptr + i, text.len - i};
        int byte = encoded_byte(rest);

        out->data[out->len++] = (uint8_t)(byte < 0 ? *rest.ptr : byte);
        if (byte >= 0)
            i += 2;
    }
    return 0;
}

int weft_url_repair(struct weft_buf *out, struct weft_slice bytes)
{
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    enum weft_utf8 state = WEFT_UTF8_START;
    size_t from = 0, i = 0; /* the character begins at from */
    int err = 0;

    while (i < bytes.len && !err) {
        enum weft_utf8 next = weft_utf8_check(state, p + i, 1);

        state = next == WEFT_UTF8_BAD ? WEFT_UTF8_START : next;
        if (next == WEFT_UTF8_BAD) {
            /* The byte may begin a character, unless it was the first. */
            i += i == from;
            err = weft_buf_append(out, replacement, 3);
            from = i;
            continue;
        }
        i++;
        if (state == WEFT_UTF8_START) {
            err = weft_buf_append(out, p + from, i - from);
            from = i;
        }
    }
    if (from < i && !err)
        err = weft_buf_append(out, replacement, 3);
    return err;
}

static bool is_dropped(uint8_t c)
{
    return c == '\t' || c == '\n' || c == '\r';
}

int weft_url_clean(struct weft_buf *out, struct weft_slice bytes)
{
    size_t from = 0, to, len = 0;
    int err = weft_url_repair(out, bytes);

    if (err)
        return err;
    to = out->len;
    while (from < to && out->data[from] <= ' ')
        from++;
    while (to > from && out->data[to - 1] <= ' ')
        to--;
    for (size_t i = from; i < to; i++) {
        if (!is_dropped(out->data[i]))
            out->data[len++] = out->data[i];
    }
    out->len = len;
    return 0;
}
