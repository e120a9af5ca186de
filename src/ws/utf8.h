/* SPDX-License-Identifier: MIT */
/* UTF-8 (RFC 3629) that comes in pieces. */
#ifndef WEFT_WS_UTF8_H
#define WEFT_WS_UTF8_H

#include <weft/types.h>

/* Where in a character the text stands. */
enum weft_utf8 {
    WEFT_UTF8_START = 0, /* between characters: the text may end here */
    WEFT_UTF8_NEED_1,    /* one more continuation byte */
    WEFT_UTF8_NEED_2,
    WEFT_UTF8_NEED_3,
    WEFT_UTF8_AFTER_E0, /* A0..BF, then one: no overlong forms */
    WEFT_UTF8_AFTER_ED, /* 80..9F, then one: no surrogates */
    WEFT_UTF8_AFTER_F0, /* 90..BF, then two: no overlong forms */
    WEFT_UTF8_AFTER_F4, /* 80..8F, then two: nothing past U+10FFFF */
    WEFT_UTF8_BAD,      /* no text begins like this */
};

/* Goes on from state over len more bytes. BAD as soon as they hold a byte with
 * which no character can go on. */
enum weft_utf8 weft_utf8_check(enum weft_utf8 state, const uint8_t *p,
                               size_t len);

/* Whether it is whole and right. */
bool weft_utf8_is_valid(const void *p, size_t len);

#endif
