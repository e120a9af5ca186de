/* SPDX-License-Identifier: MIT */
/*
 * Reading the lines of a head. A byte is judged when it is there, and before
 * any that follow it. Where a step finds bytes that have been seen, it goes to
 * the end of its part at once, or to the end of what was seen less one byte:
 * that one may be a CR, which is good only together with what follows.
 */
#include "http/head.h"

#include <limits.h>

/* Far beyond what is in use: names of fields have seldom more than 40. */
#define FIELD_NAME_MAX 256

static const char no_crlf[] = "has a line that does not end in CR LF";

struct weft_head weft_head_start(const char *in, size_t len, size_t seen)
{
    struct weft_head h = {.in = in};

    h.len = len < INT_MAX ? len : INT_MAX;
    h.seen = seen < h.len ? seen : h.len;
    return h;
}

int weft_head_refuse(struct weft_head *h, int err, const char *why)
{
    h->why = why;
    return err;
}

int weft_head_crlf(struct weft_head *h)
{
    if (h->pos == h->len)
        return 0;
    if (h->in[h->pos] != '\r')
        return weft_head_refuse(h, WEFT_ERR_PROTOCOL, no_crlf);
    if (h->pos + 1 == h->len)
        return 0;
    if (h->in[h->pos + 1] != '\n')
        return weft_head_refuse(h, WEFT_ERR_PROTOCOL, no_crlf);
    h->pos += 2;
    return 1;
}

/* field-content and white space (RFC 9110 section 5.5); obs-text is allowed.
 * The same bytes as in a reason phrase (RFC 9112 section 4). */
static bool is_text_byte(unsigned char c)
{
    return (c >= ' ' && c != 0x7f) || c == '\t';
}

/* The first byte from i on that may not be in a text. */
static size_t text_end(const struct weft_head *h, size_t i)
{
    if (h->seen > i) {
        const char *lf = memchr(h->in + i, '\n', h->seen - i);

        /* Back to the CR before it; an open line may end in a CR too. */
        i = (lf ? (size_t)(lf - h->in) : h->seen) - 1;
    }
    while (i < h->len && is_text_byte((unsigned char)h->in[i]))
        i++;
    return i;
}

int weft_head_text(struct weft_head *h, struct weft_slice *text)
{
    size_t start = h->pos, end = text_end(h, start);

    *text = (struct weft_slice){h->in + start, end - start};
    h->pos = end;
    if (end < h->len && h->in[end] != '\r' && h->in[end] != '\n')
        return weft_head_refuse(h, WEFT_ERR_PROTOCOL,
                                "has a control character in a line");
    return weft_head_crlf(h);
}

/* White space before the name is a folded line, white space behind it a way
 * to hide a field; both are not in a token (RFC 9112 section 5). */
static const char *why_no_name(char c, size_t len)
{
    if (c == '\r' || c == '\n')
        return len > 0 ? "has a field line without a colon" : no_crlf;
    if (c == ':')
        return "has a field without a name";
    if (!weft_head_is_blank(c))
        return "has a field whose name is not a token";
    return len == 0 ? "has a field line that begins with white space"
                    : "has white space in the name of a field";
}

static int read_name(struct weft_head *h, struct weft_slice *name)
{
    const char *p = h->in + h->pos;
    size_t left = h->len - h->pos, len = 0;

    while (len < left && weft_is_tchar((unsigned char)p[len])) {
        len++;
        if (len > FIELD_NAME_MAX)
            return weft_head_refuse(h, WEFT_ERR_LIMIT,
                                    "has a field with too long a name");
    }
    if (len == left)
        return 0;
    if (p[len] != ':' || len == 0)
        return weft_head_refuse(h, WEFT_ERR_PROTOCOL, why_no_name(p[len], len));
    *name = (struct weft_slice){p, len};
    h->pos += len + 1;
    return 1;
}

int weft_head_field(struct weft_head *h, struct weft_field *field)
{
    int ret = read_name(h, &field->name);

    if (ret > 0)
        ret = weft_head_text(h, &field->value);
    if (ret > 0)
        field->value = weft_slice_trim(field->value);
    return ret;
}

bool weft_head_is_open(const struct weft_head *h)
{
    return h->seen > h->pos && !memchr(h->in + h->seen, '\n', h->len - h->seen);
}

/*
 * The name's colon is found by going back from the first new byte; a line
 * without one for longer than a name can be is in its value. So is a line that
 * begins with white space, where there is one before it to go on.
 */
int weft_head_open_line(struct weft_head *h)
{
    struct weft_field field;
    size_t first = h->pos, i = h->seen;
    size_t least = i - first > FIELD_NAME_MAX ? i - FIELD_NAME_MAX : first;

    while (i > least && h->in[i - 1] != '\n' && h->in[i - 1] != ':')
        i--;
    h->pos = i;
    if (h->in[i - 1] != '\n')
        return weft_head_text(h, &field.value);
    if (i < h->len && h->in[i] == '\r')
        return weft_head_crlf(h);
    if (h->may_fold && i > first && i < h->len && weft_head_is_blank(h->in[i]))
        return weft_head_text(h, &field.value);
    return weft_head_field(h, &field);
}
