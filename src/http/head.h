/* SPDX-License-Identifier: MIT */
/*
 * The lines of a head of HTTP/1.1 (RFC 9112), which requests and responses have
 * in common, read from front to back by steps of one kind: each moves pos on
 * and returns 1; or returns 0 when the bytes end first; or says no, PROTOCOL or
 * LIMIT, with why. Afterwards pos means nothing unless the result is 1.
 *
 * Bytes before seen are known to be good. They are passed over by memchr, and
 * when no line has ended since, all lines but the open one are left alone. A
 * call of a parser therefore costs the new bytes, a bounded look at the first
 * line and at a name, and, when a line has ended, a short visit to each earlier
 * one.
 */
#ifndef WEFT_HTTP_HEAD_H
#define WEFT_HTTP_HEAD_H

#include "base/slice.h"
#include <weft/error.h>

struct weft_head {
    const char *in;
    size_t len, seen; /* seen <= len <= INT_MAX */
    size_t pos;       /* the next byte to read; pos <= len */
    bool may_fold;    /* a line may go on in one that begins with white space */
    const char *why;  /* static; what is wrong with the head, as "is not HTTP",
                         once a step has said no */
};

/* At the first byte; nothing folds. Lengths are cut to what they may be: a head
 * must fit the result of its parser. */
struct weft_head weft_head_start(const char *in, size_t len, size_t seen);

/* Says no: sets why and returns err. */
int weft_head_refuse(struct weft_head *h, int err, const char *why);

/* CR LF. A bare CR or LF is refused. */
WEFT_CHECK int weft_head_crlf(struct weft_head *h);

/* Text up to the end of the line, and that end; controls but tab are refused.
 * *text is what there is of it, whatever the result. */
WEFT_CHECK int weft_head_text(struct weft_head *h, struct weft_slice *text);

/* A field line: a name of at most 256 bytes, a colon right behind, a value,
 * which is trimmed when the result is 1. */
WEFT_CHECK int weft_head_field(struct weft_head *h, struct weft_field *field);

/*
 * With pos behind the first line: whether the bytes that are new belong to a
 * line that was open before and has not ended; if so, open_line reads them, and
 * there is nothing else to read: it returns 0 or says no.
 */
bool weft_head_is_open(const struct weft_head *h);
WEFT_CHECK int weft_head_open_line(struct weft_head *h);

/* White space within a line (RFC 9110 section 5.6.3). */
static inline bool weft_head_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

#endif
