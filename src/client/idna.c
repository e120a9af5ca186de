/* SPDX-License-Identifier: MIT */
/*
 * UTS 46, non-transitional, by libidn2, and the only file that knows it. A
 * label that is ASCII and does not begin with "xn--" is only made lower case,
 * so libidn2's limits of length and its rules for hyphens do not reach it.
 *
 * In other labels it is stricter than the standard's flags, which it cannot
 * be told: no hyphens at the ends or in the third and fourth place, no ASCII
 * but letters, digits, hyphen and underscore, no symbol beside one of the four
 * characters of has_deviation, and 63 bytes at most. In one thing it is laxer:
 * the rule for letters from right to left is applied to each label alone, and
 * not to one with symbols. It allocates with malloc.
 */
#include "client/idna.h"
#include "base/mem.h"

#define INVALID_NAME "the URL has a name that is not valid (IDNA)"

static bool is_ascii(struct weft_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] > 0x7f)
            return false;
    }
    return true;
}

static int append_lower(struct weft_buf *out, struct weft_slice label)
{
    int err = weft_buf_reserve(out, label.len);

    if (err)
        return err;
    for (size_t i = 0; i < label.len; i++) {
        char c = label.ptr[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        out->data[out->len++] = (uint8_t)c;
    }
    return 0;
}

#ifdef WEFT_HAVE_IDN2

#include <idn2.h>

static bool has_prefix(struct weft_slice label)
{
    return label.len >= 4 &&
           weft_slice_eq_nocase((struct weft_slice){label.ptr, 4}, "xn--");
}

/* The characters that transitional processing maps otherwise: sharp s, final
 * sigma, zero width joiner and non-joiner (UTS 46 section 2.3). */
static bool has_deviation(const char *label)
{
    return strstr(label, "\xc3\x9f") || strstr(label, "\xcf\x82") ||
           strstr(label, "\xe2\x80\x8d") || strstr(label, "\xe2\x80\x8c");
}

/* After the mapping of UTS 46, libidn2 asks that the characters be those of
 * IDNA 2008, which has no symbols; browsers do not ask that. Transitional
 * processing does not either, and elsewhere the two are the same. */
static int look_up(const char *label, char **name)
{
    const uint8_t *in = (const uint8_t *)label;
    uint8_t *ascii = NULL;
    int rc = idn2_lookup_u8(in, &ascii, IDN2_NONTRANSITIONAL);

    if ((rc == IDN2_DISALLOWED || rc == IDN2_UNASSIGNED) &&
        !has_deviation(label))
        rc = idn2_lookup_u8(in, &ascii, IDN2_TRANSITIONAL);
    *name = (char *)ascii;
    return rc;
}

/* Whether it claims to be encoded and has nothing that needed to be: Punycode
 * (RFC 3492 section 3.1) ends in a hyphen only when no digits follow it. */
static bool is_falsely_encoded(struct weft_slice ascii)
{
    return has_prefix(ascii) && ascii.ptr[ascii.len - 1] == '-';
}

static int convert(struct weft_buf *out, const char *label, const char **reason)
{
    char *name;
    int err, rc = look_up(label, &name);

    if (rc == IDN2_MALLOC)
        return WEFT_ERR_NOMEM;
    *reason = INVALID_NAME;
    if (rc != IDN2_OK)
        return WEFT_ERR_INVALID;
    err = is_falsely_encoded(weft_slice(name))
              ? WEFT_ERR_INVALID
              : weft_buf_append_text(out, name);
    idn2_free(name);
    return err;
}

static int append_label(struct weft_buf *out, struct weft_slice label,
                        const char **reason)
{
    char *copy;
    int err;

    if (is_ascii(label) && !has_prefix(label))
        return append_lower(out, label);
    copy = weft_strndup(out->mem, label.ptr, label.len);
    if (!copy)
        return WEFT_ERR_NOMEM;
    err = convert(out, copy, reason);
    weft_strfree(out->mem, copy);
    return err;
}

#else

/* Of what begins with "xn--" nothing is known; DNS will tell. */
static int append_label(struct weft_buf *out, struct weft_slice label,
                        const char **reason)
{
    if (is_ascii(label))
        return append_lower(out, label);
    *reason =
        "the URL has a name with characters outside ASCII, for which this "
        "build lacks libidn2";
    return WEFT_ERR_INVALID;
}

#endif

/* The length of a dot at the front: "." or what UTS 46 maps to it (U+3002,
 * U+FF0E, U+FF61); 0: there is none. */
static size_t dot_length(struct weft_slice s)
{
    static const char *const dots[] = {".", "\xe3\x80\x82", "\xef\xbc\x8e",
                                       "\xef\xbd\xa1"};

    for (size_t i = 0; i < sizeof(dots) / sizeof(dots[0]); i++) {
        size_t len = strlen(dots[i]);

        if (s.len >= len && memcmp(s.ptr, dots[i], len) == 0)
            return len;
    }
    return 0;
}

/* Takes the label in front of the next dot off the front, and the dot, whose
 * length is returned; 0: it was the last one. */
static size_t take_label(struct weft_slice *rest, struct weft_slice *label)
{
    size_t dot = 0;

    *label = (struct weft_slice){rest->ptr, 0};
    while (rest->len > 0 && (dot = dot_length(*rest)) == 0) {
        weft_slice_take(rest, 1);
        label->len++;
    }
    weft_slice_take(rest, dot);
    return dot;
}

int weft_idna_to_ascii(struct weft_buf *out, struct weft_slice domain,
                       const char **reason)
{
    size_t before = out->len, dot;
    struct weft_slice label;
    int err;

    do {
        dot = take_label(&domain, &label);
        err = append_label(out, label, reason);
        if (!err && dot > 0)
            err = weft_buf_append_text(out, ".");
    } while (!err && dot > 0);

    if (!err && out->len == before) {
        *reason = INVALID_NAME;
        err = WEFT_ERR_INVALID;
    }
    return err;
}
