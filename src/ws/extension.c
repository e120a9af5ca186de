/* SPDX-License-Identifier: MIT */
/*
 * The grammar of section 9.1:
 *
 *     extension-list  = 1#extension
 *     extension       = token *( ";" extension-param )
 *     extension-param = token [ "=" ( token | quoted-string ) ]
 *
 * A quoted value must be a token once its quotes are gone. Each character is
 * looked at once.
 */
#include "ws/extension.h"

static void skip_space(struct weft_slice *s)
{
    while (s->len > 0 && (*s->ptr == ' ' || *s->ptr == '\t')) {
        s->ptr++;
        s->len--;
    }
}

static bool take_char(struct weft_slice *s, char c)
{
    if (s->len == 0 || *s->ptr != c)
        return false;
    s->ptr++;
    s->len--;
    return true;
}

static bool take_token(struct weft_slice *s, struct weft_slice *token)
{
    size_t n = 0;

    while (n < s->len && weft_is_tchar((unsigned char)s->ptr[n]))
        n++;
    *token = (struct weft_slice){s->ptr, n};
    s->ptr += n;
    s->len -= n;
    return n > 0;
}

/* A quoted string whose value, once quotes and escapes are gone, is a token. */
static bool take_quoted(struct weft_slice *s, struct weft_ext_offer *offer,
                        struct weft_slice *value)
{
    char *to = offer->quoted + offer->quoted_len;
    char *end = offer->quoted + sizeof(offer->quoted);

    *value = (struct weft_slice){to, 0};
    s->ptr++;
    s->len--;
    while (s->len > 0 && *s->ptr != '"') {
        if (take_char(s, '\\') && s->len == 0)
            return false;
        if (to == end || !weft_is_tchar((unsigned char)*s->ptr))
            return false;
        *to++ = *s->ptr++;
        s->len--;
    }
    value->len = (size_t)(to - value->ptr);
    offer->quoted_len += value->len;
    return value->len > 0 && take_char(s, '"');
}

static bool take_param(struct weft_slice *s, struct weft_ext_offer *offer,
                       struct weft_ext_param *param)
{
    param->value = (struct weft_slice){NULL, 0};
    skip_space(s);
    if (!take_token(s, &param->name))
        return false;
    skip_space(s);
    if (!take_char(s, '='))
        return true;
    skip_space(s);
    if (s->len > 0 && *s->ptr == '"')
        return take_quoted(s, offer, &param->value);
    return take_token(s, &param->value);
}

/* Empty members of the list are allowed: ", ,a". */
static void skip_commas(struct weft_slice *s)
{
    do
        skip_space(s);
    while (take_char(s, ','));
}

int weft_ext_next(struct weft_slice *rest, struct weft_ext_offer *offer)
{
    skip_commas(rest);
    if (rest->len == 0)
        return 0;
    offer->count = 0;
    offer->quoted_len = 0;
    if (!take_token(rest, &offer->name))
        return WEFT_ERR_PROTOCOL;
    for (;;) {
        skip_space(rest);
        if (rest->len == 0 || take_char(rest, ','))
            return 1;
        if (!take_char(rest, ';') || offer->count == WEFT_EXT_PARAMS ||
            !take_param(rest, offer, &offer->params[offer->count]))
            return WEFT_ERR_PROTOCOL;
        offer->count++;
    }
}
