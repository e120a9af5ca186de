/* SPDX-License-Identifier: MIT */
/*
 * A request head whole and in pieces: the verdict is the same, also for a call
 * that is not told what was seen before. What was read lies inside the input
 * and holds nothing that another reader could take for the end of a line.
 *
 * Input: the number of fields allowed, two bytes that say where the head is
 * cut, then the head and what follows it.
 */
#include "fuzz.h"

#include "http/http_request.h"

#define FIELDS_MAX 64

/* A request with room for its fields. */
struct reading {
    struct weft_http_request req;
    struct weft_field fields[FIELDS_MAX];
    size_t max; /* of them allowed */
};

static int parse(struct reading *r, const uint8_t *in, size_t len, size_t seen)
{
    return weft_http_request_parse(&r->req, r->fields, r->max, (const char *)in,
                                   len, seen);
}

static void check_inside(struct weft_slice s, const uint8_t *in, size_t len)
{
    const char *begin = (const char *)in;

    if (s.len == 0)
        return;
    CHECK(s.ptr >= begin && s.len <= len &&
              (size_t)(s.ptr - begin) <= len - s.len,
          "%zu bytes outside the %zu of the head", s.len, len);
}

/* No control but tab (RFC 9110 section 5.5), no white space at the ends. */
static void check_value(struct weft_slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        CHECK((c >= ' ' && c != 0x7f) || c == '\t', "byte %u of a value", c);
    }
    CHECK(weft_slice_trim(value).len == value.len, "white space at an end");
}

static void check_request(const struct reading *r, const uint8_t *in,
                          size_t len)
{
    const struct weft_http_request *req = &r->req;

    CHECK(len >= 4 && !memcmp(in + len - 4, "\r\n\r\n", 4),
          "a head of %zu bytes that does not end", len);
    CHECK(req->count <= r->max, "%zu fields", req->count);
    CHECK(req->minor == 0 || req->minor == 1, "HTTP/1.%d", req->minor);
    CHECK(!req->is_chunked || req->content_length == 0, "two lengths");
    check_inside(req->method, in, len);
    check_inside(req->target, in, len);
    check_inside(req->host, in, len);
    CHECK(weft_slice_is_token(req->method), "method");
    CHECK(req->target.len > 0 && !memchr(req->target.ptr, ' ', req->target.len),
          "target");
    for (size_t i = 0; i < req->count; i++) {
        check_inside(req->fields[i].name, in, len);
        check_inside(req->fields[i].value, in, len);
        CHECK(weft_slice_is_token(req->fields[i].name), "name %zu", i);
        check_value(req->fields[i].value);
    }
}

/* The first answer as the bytes come in pieces, each time in another place. */
static int parse_cut(struct reading *r, const struct fuzz_input *in,
                     const struct fuzz_cuts *cuts)
{
    size_t at = 0;
    int rc = 0;

    while (at < in->left && rc == 0) {
        size_t len = at + fuzz_piece(cuts, at, in->left);
        const uint8_t *p = at_page_end(in->at, len);

        rc = parse(r, p, len, at);
        CHECK(rc == parse(r, p, len, 0), "%d with %zu of %zu bytes seen", rc,
              at, len);
        at = len;
    }
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct reading r = {.max = fuzz_byte(&in) % (FIELDS_MAX + 1)};
    struct fuzz_cuts cuts = fuzz_cuts(&in);
    const uint8_t *head = at_page_end(in.at, in.left);
    int whole = parse(&r, head, in.left, 0), cut;

    CHECK(whole <= (int)in.left, "%d of %zu bytes", whole, in.left);
    CHECK(whole >= 0 || (whole <= -400 && whole >= -599), "status %d", -whole);
    if (whole > 0)
        check_request(&r, head, (size_t)whole);
    cut = parse_cut(&r, &in, &cuts);
    CHECK(whole == cut, "%d whole, %d cut", whole, cut);
    return 0;
}
