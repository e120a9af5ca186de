/* SPDX-License-Identifier: MIT */
/*
 * The response head: the status line, and fields that may be folded. head.c
 * reads the lines and says how they are read piece by piece. Nothing is written
 * to the input before the head is whole: until then a value that is folded is
 * read with its line ends, and at the last byte these become spaces, so that a
 * second reading of the same bytes finds the same fields.
 *
 * A folded line takes one of the places for fields, so that the number of lines
 * is bounded too; each line that ends has the earlier ones visited again.
 */
#include "http/http_response.h"
#include "http/head.h"

/* As much as the target of a request, so that a look at it is bounded. */
#define REASON_MAX 8000

/* Why the digit of the version before the point is refused; NULL: it is not. */
#define IS(version) "is HTTP/" version ", not HTTP/1.1"
static const char *const why_not_major[10] = {
    IS("0"), NULL,    IS("2"), IS("3"), IS("4"),
    IS("5"), IS("6"), IS("7"), IS("8"), IS("9"),
};
#undef IS

static int refuse(struct weft_head *h, const char *why)
{
    return weft_head_refuse(h, WEFT_ERR_PROTOCOL, why);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int read_literal(struct weft_head *h, const char *text)
{
    for (; *text; text++, h->pos++) {
        if (h->pos == h->len)
            return 0;
        if (h->in[h->pos] != *text)
            return refuse(h, "is not HTTP");
    }
    return 1;
}

/* why_not may be NULL. */
static int read_number(struct weft_head *h, const char *const why_not[10],
                       int *number)
{
    char c;

    if (h->pos == h->len)
        return 0;
    c = h->in[h->pos];
    if (!is_digit(c))
        return refuse(h, "is not HTTP");
    *number = c - '0';
    if (why_not && why_not[*number])
        return refuse(h, why_not[*number]);
    h->pos++;
    return 1;
}

static int read_version(struct weft_head *h, int *minor)
{
    int major;
    int ret = read_literal(h, "HTTP/");

    if (ret > 0)
        ret = read_number(h, why_not_major, &major);
    if (ret > 0)
        ret = read_literal(h, ".");
    if (ret > 0)
        ret = read_number(h, NULL, minor);
    if (ret > 0 && *minor > 1)
        *minor = 1; /* RFC 9110 section 2.5: newer, but it is to be read */
    return ret;
}

/* A space and three digits. */
static int read_status(struct weft_head *h, int *status)
{
    const char *p = h->in + h->pos;
    size_t left = h->len - h->pos;

    if (left == 0)
        return 0;
    if (p[0] != ' ')
        return refuse(h, "has no status");

    *status = 0;
    for (size_t i = 1; i <= 3; i++) {
        if (i == left)
            return 0;
        if (!is_digit(p[i]))
            return refuse(h, "has a status that is not three digits");
        if (i == 1 && (p[i] < '1' || p[i] > '5'))
            return refuse(h, "has a status that is not from 100 to 599");
        *status = *status * 10 + p[i] - '0';
    }
    h->pos += 4;
    return 1;
}

/* Up to the end of the line. A server that has no reason to give must send the
 * space before it, and some do not (RFC 9112 section 4). */
static int read_reason(struct weft_head *h, struct weft_slice *reason)
{
    int ret;

    *reason = (struct weft_slice){h->in + h->pos, 0};
    if (h->pos == h->len)
        return 0;
    if (h->in[h->pos] == '\r' || h->in[h->pos] == '\n')
        return weft_head_crlf(h);
    if (h->in[h->pos] != ' ')
        return refuse(h, "has a status that is not three digits");

    h->pos++;
    ret = weft_head_text(h, reason);
    if (reason->len > REASON_MAX)
        return weft_head_refuse(h, WEFT_ERR_LIMIT, "has too long a reason");
    return ret;
}

static int read_status_line(struct weft_head *h, struct weft_http_response *res)
{
    int ret = read_version(h, &res->minor);

    if (ret > 0)
        ret = read_status(h, &res->status);
    if (ret > 0)
        ret = read_reason(h, &res->reason);
    return ret;
}

/* A line of white space and text: the value goes on up to its end. */
static int read_fold(struct weft_head *h, struct weft_slice *value)
{
    struct weft_slice more;
    int ret = weft_head_text(h, &more);

    value->len = (size_t)(more.ptr + more.len - value->ptr);
    return ret;
}

static int read_fields(struct weft_head *h, struct weft_http_response *res,
                       size_t max)
{
    size_t lines = 0;

    while (h->pos < h->len && h->in[h->pos] != '\r') {
        bool is_fold = lines > 0 && weft_head_is_blank(h->in[h->pos]);
        struct weft_field field;
        int ret = is_fold ? read_fold(h, &res->fields[res->count - 1].value)
                          : weft_head_field(h, &field);

        if (ret <= 0)
            return ret;
        if (lines++ == max)
            return weft_head_refuse(h, WEFT_ERR_LIMIT,
                                    "has more fields than are allowed");
        if (!is_fold)
            res->fields[res->count++] = field;
    }
    return weft_head_crlf(h);
}

/* Makes spaces of each fold: its line end and the white space around that (RFC
 * 9112 section 5.2). text holds CR and LF nowhere else. */
static void unfold(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        size_t start = i;

        while (i < len && (weft_head_is_blank(text[i]) || text[i] == '\r' ||
                           text[i] == '\n'))
            i++;
        if (memchr(text + start, '\r', i - start))
            memset(text + start, ' ', i - start);
    }
}

static void unfold_fields(struct weft_http_response *res, char *in)
{
    for (size_t i = 0; i < res->count; i++) {
        struct weft_slice *value = &res->fields[i].value;

        if (!memchr(value->ptr, '\r', value->len))
            continue;
        unfold(in + (value->ptr - (const char *)in), value->len);
        *value = weft_slice_trim(*value);
    }
}

static int read_head(struct weft_head *h, struct weft_http_response *res,
                     size_t max)
{
    int ret = read_status_line(h, res);

    if (ret <= 0)
        return ret;
    if (weft_head_is_open(h))
        return weft_head_open_line(h);
    return read_fields(h, res, max);
}

int weft_http_response_parse(struct weft_http_response *res,
                             struct weft_field *fields, size_t max, char *in,
                             size_t len, size_t seen)
{
    struct weft_head h = weft_head_start(in, len, seen);
    int ret;

    h.may_fold = true;
    *res = (struct weft_http_response){.fields = fields};
    if (len == 0)
        return 0; /* also where there is no in */
    ret = read_head(&h, res, max);
    if (ret < 0)
        res->why = h.why;
    if (ret <= 0)
        return ret;
    unfold_fields(res, in);
    return (int)h.pos;
}
