/* SPDX-License-Identifier: MIT */
/*
 * Borrowed text: a pointer and a length. Also the header field, which is two
 * of them, because HTTP and the WebSocket handshake share it without knowing
 * each other; and the small grammar of RFC 9110 section 5.6 that both need.
 */
#ifndef WEFT_BASE_SLICE_H
#define WEFT_BASE_SLICE_H

#include <weft/types.h>

struct weft_slice {
    const char *ptr;
    size_t len;
};

struct weft_field {
    struct weft_slice name, value; /* value without white space at its ends */
};

struct weft_slice weft_slice(const char *text);
bool weft_slice_eq(struct weft_slice s, const char *text);

/* Takes the first len bytes, of which there are so many, off the front. */
struct weft_slice weft_slice_take(struct weft_slice *s, size_t len);

/* Equal but for the case of ASCII letters. */
bool weft_slice_eq_nocase(struct weft_slice s, const char *text);
bool weft_slice_same_nocase(struct weft_slice a, struct weft_slice b);

/* Without spaces and tabs at both ends (OWS of RFC 9110 section 5.6.3). */
struct weft_slice weft_slice_trim(struct weft_slice s);

/* Whether it is a token of RFC 9110 section 5.6.2: not empty, tchar only. */
bool weft_slice_is_token(struct weft_slice s);
bool weft_is_tchar(unsigned char c);

/*
 * Takes the next member of a comma-separated list off the front of *list and
 * trims it; commas in quoted strings do not separate. false at the end. Empty
 * members are passed over (RFC 9110 section 5.6.1.2).
 */
bool weft_slice_next_member(struct weft_slice *list, struct weft_slice *member);

/* Whether one of the comma-separated members equals text, but for case. */
bool weft_slice_has_member(struct weft_slice list, const char *text);

/* The first field of that name from index *from on, or NULL; *from is set
 * behind it. Begin with *from = 0. */
const struct weft_field *weft_field_next(const struct weft_field *fields,
                                         size_t count, const char *name,
                                         size_t *from);

#endif
