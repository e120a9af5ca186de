/* SPDX-License-Identifier: MIT */
/*
 * What comes out is ASCII without anything that could end a host, a field or a
 * line: addresses are written anew, and names are checked after all that is
 * done to them, so that no encoding hides a byte from the check.
 */
#include "client/url_host.h"
#include "client/idna.h"
#include "client/url_encode.h"
#include "client/url_ip.h"

#define BAD_CHARACTER "the URL has a host with a character that is not allowed"

/* The standard's "forbidden domain code points". */
static const bool forbidden[256] = {
    [0x00 ... 0x20] = true, ['#'] = true, ['%'] = true,  ['/'] = true,
    [':'] = true,           ['<'] = true, ['>'] = true,  ['?'] = true,
    ['@'] = true,           ['['] = true, ['\\'] = true, [']'] = true,
    ['^'] = true,           ['|'] = true, [0x7f] = true, [0x80 ... 0xff] = true,
};

static int append_ipv6(struct weft_buf *out, struct weft_slice text,
                       const char **reason)
{
    struct weft_slice inner = {text.ptr + 1, text.len - 2};
    char written[WEFT_IPV6_TEXT];
    uint16_t pieces[8];

    if (text.len < 2 || text.ptr[text.len - 1] != ']' ||
        !weft_url_ipv6_parse(pieces, inner)) {
        *reason = "the URL has an IPv6 address that is not valid";
        return WEFT_ERR_INVALID;
    }
    weft_url_ipv6_write(written, pieces);
    return weft_buf_printf(out, "[%s]", written);
}

/* Puts an address in place of the name that was appended at from, if it is
 * one. */
static int settle_name(struct weft_buf *out, size_t from, const char **reason)
{
    struct weft_slice name = {(const char *)out->data + from, out->len - from};
    char written[WEFT_IPV4_TEXT];
    uint32_t address;

    for (size_t i = 0; i < name.len; i++) {
        if (forbidden[(unsigned char)name.ptr[i]]) {
            *reason = BAD_CHARACTER;
            return WEFT_ERR_INVALID;
        }
    }
    if (!weft_url_ends_in_number(name))
        return 0;
    if (!weft_url_ipv4_parse(&address, name)) {
        *reason = "the URL has an IPv4 address that is not valid";
        return WEFT_ERR_INVALID;
    }
    weft_url_ipv4_write(written, address);
    out->len = from;
    return weft_buf_append_text(out, written);
}

static int append_name(struct weft_buf *out, struct weft_slice name,
                       const char **reason)
{
    size_t from = out->len;
    int err;

    /* Forbidden anyway, and what converts names might take it for the end. */
    if (memchr(name.ptr, '\0', name.len)) {
        *reason = BAD_CHARACTER;
        return WEFT_ERR_INVALID;
    }
    err = weft_idna_to_ascii(out, name, reason);
    return err ? err : settle_name(out, from, reason);
}

int weft_url_host(struct weft_buf *out, struct weft_slice text,
                  const char **reason)
{
    struct weft_buf bytes, name;
    int err;

    if (text.ptr[0] == '[')
        return append_ipv6(out, text, reason);

    weft_buf_init(&bytes, out->mem, out->max);
    weft_buf_init(&name, out->mem, out->max);
    err = weft_url_decode(&bytes, text);
    if (!err)
        err = weft_url_repair(&name, weft_url_bytes(&bytes));
    if (!err)
        err = append_name(out, weft_url_bytes(&name), reason);
    weft_buf_release(&bytes);
    weft_buf_release(&name);
    return err;
}
