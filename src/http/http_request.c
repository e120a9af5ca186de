/* SPDX-License-Identifier: MIT */
/*
 * The request head: the request line, what its fields mean, and what must fit
 * together. head.c reads the lines; steps here are of the same kind as there,
 * but say no with a negative status. Bytes are judged in their order and a
 * line's meaning at its end, so the answer is that of the first byte which
 * makes the head wrong, wherever the input is cut.
 */
#include "http/http_request.h"
#include "http/head.h"
#include "http/uri.h"

/* Far beyond what is in use: registered methods have at most 17 characters. */
#define METHOD_MAX 32

/* RFC 9112 section 3: servers should support at least 8000 octets. */
#define TARGET_MAX 8000

/* Half of 64 bits, so that what adds to a length cannot overflow. */
#define LENGTH_MAX ((uint64_t)INT64_MAX)

/* What a field said that another one, or the end, must fit to. */
struct notes {
    struct weft_http_request *req;
    bool has_host, has_length, has_close, has_keep_alive;
};

/* What a target may hold in any of its forms. uri.c knows more. */
static bool is_target_byte(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '"' && c != '#' && c != '<' && c != '>';
}

static int read_method(struct weft_head *h, struct weft_slice *method)
{
    const char *p = h->in + h->pos;
    size_t left = h->len - h->pos, len = 0;

    while (len < left && weft_is_tchar((unsigned char)p[len])) {
        len++;
        if (len > METHOD_MAX)
            return -501; /* RFC 9112 section 3 */
    }
    if (len == left)
        return 0;
    if (p[len] != ' ' || len == 0)
        return -400;
    *method = (struct weft_slice){p, len};
    h->pos += len + 1;
    return 1;
}

/* The first byte from start on that may not be in a target. */
static size_t target_end(const struct weft_head *h, size_t start)
{
    size_t i = start;

    if (h->seen > start) {
        const char *space = memchr(h->in + start, ' ', h->seen - start);

        i = space ? (size_t)(space - h->in) : h->seen;
    }
    while (i < h->len && i - start <= TARGET_MAX &&
           is_target_byte((unsigned char)h->in[i]))
        i++;
    return i;
}

static int read_target(struct weft_head *h, struct weft_slice *target)
{
    size_t start = h->pos;
    size_t end = target_end(h, start);

    if (end - start > TARGET_MAX)
        return -414;
    if (end == h->len)
        return 0;
    if (h->in[end] != ' ' || end == start)
        return -400;
    *target = (struct weft_slice){h->in + start, end - start};
    h->pos = end + 1;
    return 1;
}

/* "HTTP/1.0" or "HTTP/1.1". A digit that is another one where a number of the
 * version stands is a version that we do not have. */
static int read_version(struct weft_head *h, int *minor)
{
    static const char least[] = "HTTP/1.0";
    const char *p = h->in + h->pos;
    size_t left = h->len - h->pos;

    for (size_t i = 0; i < sizeof(least) - 1; i++) {
        bool is_number = least[i] >= '0' && least[i] <= '9';

        if (i == left)
            return 0;
        if (p[i] == least[i] || (i == 7 && p[i] == '1'))
            continue;
        return is_number && p[i] >= '0' && p[i] <= '9' ? -505 : -400;
    }
    *minor = p[7] - '0';
    h->pos += sizeof(least) - 1;
    return 1;
}

/* Which form goes with which method: RFC 9112 section 3.2. */
static int check_form(const struct weft_http_request *req)
{
    struct weft_target target;
    struct weft_slice host;
    int port;

    if (weft_slice_eq(req->method, "CONNECT")) {
        if (!weft_authority_split(req->target, &host, &port) || port < 0)
            return -400;
        return 1;
    }
    if (weft_slice_eq(req->target, "*"))
        return weft_slice_eq(req->method, "OPTIONS") ? 1 : -400;
    return weft_target_parse(&target, req->target) == 0 ? 1 : -400;
}

static int read_request_line(struct weft_head *h, struct weft_http_request *req)
{
    int ret = 1;

    if (h->len > 0 && h->in[0] == '\r')
        ret = weft_head_crlf(h);
    if (ret > 0)
        ret = read_method(h, &req->method);
    if (ret > 0)
        ret = read_target(h, &req->target);
    if (ret > 0)
        ret = read_version(h, &req->minor);
    if (ret > 0)
        ret = weft_head_crlf(h);
    if (ret > 0 && h->pos > h->seen)
        ret = check_form(req);
    return ret;
}

/* A missing authority makes an empty Host, which is allowed; what needs one
 * looks at the length. */
static int note_host(struct notes *n, struct weft_slice value)
{
    struct weft_slice host;
    int port;

    if (n->has_host)
        return -400;
    if (value.len > 0 && !weft_authority_split(value, &host, &port))
        return -400;
    n->has_host = true;
    n->req->host = value;
    return 0;
}

/* Digits only: a list, also of equal numbers, may be refused (RFC 9112 section
 * 6.3). */
static int note_length(struct notes *n, struct weft_slice value)
{
    uint64_t length = 0;

    if (n->has_length || n->req->is_chunked || value.len == 0)
        return -400;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)value.ptr[i] - '0';

        if (digit > 9 || length > (LENGTH_MAX - digit) / 10)
            return -400;
        length = length * 10 + digit;
    }
    n->has_length = true;
    n->req->content_length = length;
    return 0;
}

/* Why a list of codings is not "chunked" alone: it names another one first,
 * or it is one that leaves the length in doubt (RFC 9112 section 6.3). */
static int refuse_coding(struct weft_slice codings)
{
    struct weft_slice member;
    size_t len = 0;

    if (!weft_slice_next_member(&codings, &member))
        return -400;
    while (len < member.len && weft_is_tchar((unsigned char)member.ptr[len]))
        len++;
    member.len = len;
    if (len == 0 || weft_slice_eq_nocase(member, "chunked"))
        return -400;
    return -501;
}

static int note_coding(struct notes *n, struct weft_slice value)
{
    /* RFC 9112 section 6.1: in HTTP/1.0 a sign of faulty framing. */
    if (n->has_length || n->req->is_chunked || n->req->minor == 0)
        return -400;
    if (!weft_slice_eq_nocase(value, "chunked"))
        return refuse_coding(value);
    n->req->is_chunked = true;
    return 0;
}

static int note_connection(struct notes *n, struct weft_slice value)
{
    if (weft_slice_has_member(value, "close"))
        n->has_close = true;
    if (weft_slice_has_member(value, "keep-alive"))
        n->has_keep_alive = true;
    return 0;
}

static int note_expect(struct notes *n, struct weft_slice value)
{
    /* RFC 9110 section 10.1.1: in HTTP/1.0 it is to be ignored. */
    if (n->req->minor > 0 && weft_slice_has_member(value, "100-continue"))
        n->req->expects_continue = true;
    return 0;
}

static int note_field(struct notes *n, const struct weft_field *field)
{
    static const struct {
        const char *name;
        int (*note)(struct notes *n, struct weft_slice value);
    } known[] = {
        {"host", note_host},
        {"content-length", note_length},
        {"transfer-encoding", note_coding},
        {"connection", note_connection},
        {"expect", note_expect},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (weft_slice_eq_nocase(field->name, known[i].name))
            return known[i].note(n, field->value);
    }
    return 0;
}

static int read_fields(struct weft_head *h, struct notes *n, size_t max)
{
    struct weft_http_request *req = n->req;

    while (h->pos < h->len && h->in[h->pos] != '\r') {
        struct weft_field field;
        int ret = weft_head_field(h, &field);

        if (ret <= 0)
            return ret;
        if (req->count == max)
            return -431;
        req->fields[req->count++] = field;
        ret = note_field(n, &field);
        if (ret < 0)
            return ret;
    }
    return weft_head_crlf(h);
}

/* What only the whole head can tell. */
static int finish(const struct notes *n)
{
    struct weft_http_request *req = n->req;
    struct weft_target target;

    if (req->minor == 1 && !n->has_host)
        return -400; /* RFC 9112 section 3.2 */

    /* Section 3.2.2: the absolute form overrides Host. */
    if (weft_target_parse(&target, req->target) == 0 &&
        target.authority.len > 0)
        req->host = target.authority;

    req->is_persistent =
        !n->has_close && (req->minor == 1 || n->has_keep_alive);
    return 1;
}

static int read_head(struct weft_head *h, struct weft_http_request *req,
                     size_t max)
{
    struct notes notes = {.req = req};
    int ret = read_request_line(h, req);

    if (ret <= 0)
        return ret;
    if (weft_head_is_open(h))
        return weft_head_open_line(h);
    ret = read_fields(h, &notes, max);
    return ret > 0 ? finish(&notes) : ret;
}

/* What head.c refuses, as a status; what is one already stays. */
static int status(int ret)
{
    if (ret == WEFT_ERR_PROTOCOL)
        return -400;
    return ret == WEFT_ERR_LIMIT ? -431 : ret;
}

int weft_http_request_parse(struct weft_http_request *req,
                            struct weft_field *fields, size_t max,
                            const char *in, size_t len, size_t seen)
{
    struct weft_head h = weft_head_start(in, len, seen);
    int ret;

    *req = (struct weft_http_request){.fields = fields};
    if (len == 0)
        return 0; /* also where there is no in */
    ret = read_head(&h, req, max);
    return ret > 0 ? (int)h.pos : status(ret);
}
