/* SPDX-License-Identifier: MIT */
/*
 * A response head whole and in pieces: the verdict and the why are the same,
 * also for a call that is not told what was seen before. What was read lies
 * inside the input and holds nothing that another reader could take for the end
 * of a line; only the folds of a whole head are written to, and a second
 * reading finds the same.
 *
 * Input: the number of fields allowed, two bytes that say where the head is
 * cut, then the head and what follows it.
 */
#include "fuzz.h"

#include "http/http_response.h"

#define FIELDS_MAX 64

/* A response with room for its fields. */
struct reading {
    struct weft_http_response res;
    struct weft_field fields[FIELDS_MAX];
    size_t max; /* of them allowed */
};

static int parse(struct reading *r, uint8_t *in, size_t len, size_t seen)
{
    int rc = weft_http_response_parse(&r->res, r->fields, r->max, (char *)in,
                                      len, seen);

    CHECK((rc < 0) == (r->res.why != NULL), "%d and why", rc);
    return rc;
}

static void check_inside(struct weft_slice s, const uint8_t *in, size_t len)
{
    const char *begin = (const char *)in;

    CHECK(s.ptr >= begin && s.len <= len &&
              (size_t)(s.ptr - begin) <= len - s.len,
          "%zu bytes outside the %zu of the head", s.len, len);
}

/* No control but tab (RFC 9110 section 5.5). */
static void check_text(struct weft_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        CHECK((c >= ' ' && c != 0x7f) || c == '\t', "byte %u of a text", c);
    }
}

static void check_response(const struct reading *r, const uint8_t *in,
                           size_t len)
{
    const struct weft_http_response *res = &r->res;

    CHECK(len >= 4 && !memcmp(in + len - 4, "\r\n\r\n", 4),
          "a head of %zu bytes that does not end", len);
    CHECK(res->count <= r->max, "%zu fields", res->count);
    CHECK(res->minor == 0 || res->minor == 1, "HTTP/1.%d", res->minor);
    CHECK(res->status >= 100 && res->status <= 599, "status %d", res->status);
    check_inside(res->reason, in, len);
    check_text(res->reason);
    for (size_t i = 0; i < res->count; i++) {
        struct weft_slice value = res->fields[i].value;

        check_inside(res->fields[i].name, in, len);
        check_inside(value, in, len);
        CHECK(weft_slice_is_token(res->fields[i].name), "name %zu", i);
        check_text(value);
        CHECK(weft_slice_trim(value).len == value.len, "white space at an end");
    }
}

/* Where a byte was written to, it is a space now and belonged to a fold. */
static void check_written(const uint8_t *before, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        CHECK(in[i] == before[i] ||
                  (in[i] == ' ' && memchr("\r\n\t", before[i], 3)),
              "byte %u is now %u", before[i], in[i]);
    }
}

/* The lines of a head are those of its fields, now that none is folded. */
static void check_again(const struct reading *r, uint8_t *in, size_t len)
{
    struct reading again = {.max = r->res.count};
    size_t lines = 0;

    CHECK(parse(&again, in, len, 0) == (int)len, "another length");
    CHECK(again.res.count == r->res.count, "%zu fields", again.res.count);
    for (size_t i = 0; i < r->res.count; i++) {
        struct weft_slice was = r->fields[i].value, is = again.fields[i].value;

        CHECK(was.ptr == is.ptr && was.len == is.len, "another value %zu", i);
    }
    for (size_t i = 0; i < len; i++)
        lines += in[i] == '\n';
    CHECK(lines == r->res.count + 2, "%zu lines", lines);
}

/* The first answer as the bytes come in pieces, each time in another place. */
static int parse_cut(struct reading *r, const struct fuzz_input *in,
                     const struct fuzz_cuts *cuts)
{
    size_t at = 0;
    int rc = 0;

    while (at < in->left && rc == 0) {
        size_t len = at + fuzz_piece(cuts, at, in->left);
        struct reading anew = {.max = r->max};
        int rc_anew = parse(&anew, at_page_end(in->at, len), len, 0);
        uint8_t *p = at_page_end(in->at, len);

        rc = parse(r, p, len, at);
        CHECK(rc == rc_anew && r->res.why == anew.res.why,
              "%d with %zu of %zu bytes seen", rc, at, len);
        check_written(in->at, p, rc > 0 ? (size_t)rc : 0);
        CHECK(rc > 0 || !memcmp(p, in->at, len), "written to");
        at = len;
    }
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct reading r = {.max = fuzz_byte(&in) % (FIELDS_MAX + 1)};
    struct reading in_pieces = {.max = r.max};
    struct fuzz_cuts cuts = fuzz_cuts(&in);
    uint8_t *head = at_page_end(in.at, in.left);
    int whole = parse(&r, head, in.left, 0), cut;

    CHECK(whole <= (int)in.left, "%d of %zu bytes", whole, in.left);
    CHECK(whole >= 0 || whole == WEFT_ERR_PROTOCOL || whole == WEFT_ERR_LIMIT,
          "error %d", whole);
    if (whole > 0) {
        check_response(&r, head, (size_t)whole);
        check_again(&r, head, (size_t)whole);
    }
    cut = parse_cut(&in_pieces, &in, &cuts);
    CHECK(whole == cut && r.res.why == in_pieces.res.why, "%d whole, %d cut",
          whole, cut);
    return 0;
}
