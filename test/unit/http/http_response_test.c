/* SPDX-License-Identifier: MIT */
/*
 * The response head: what is accepted and what its parts are, what is refused,
 * why and at which byte, and that no cut of the input changes either.
 */
#include "http/http_response.h"
#include "response_refused.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 16

static struct weft_field fields[MAX_FIELDS];

struct verdict {
    int ret;
    const char *why; /* "" unless ret is negative */
};

/* On the first len bytes, of which seen have been seen, right before a page
 * that cannot be read. */
static struct verdict verdict(const char *text, size_t len, size_t seen)
{
    struct weft_http_response res;
    struct verdict v;
    char *in = (char *)at_page_end(text, len);

    v.ret = weft_http_response_parse(&res, fields, MAX_FIELDS, in, len, seen);
    CHECK((v.ret < 0) == (res.why != NULL), "%d and why", v.ret);
    v.why = res.why ? res.why : "";
    return v;
}

static bool is_same(struct verdict a, struct verdict b)
{
    return a.ret == b.ret && !strcmp(a.why, b.why);
}

/* The first verdict that is not 0 when bytes come step at a time; *at is how
 * many there were then. */
static struct verdict verdict_in_steps(const char *text, size_t len,
                                       size_t step, size_t *at)
{
    struct verdict v = {0, ""};
    size_t seen = 0;

    while (v.ret == 0 && seen < len) {
        size_t now = len - seen < step ? len : seen + step;

        v = verdict(text, now, seen);
        seen = now;
    }
    *at = seen;
    return v;
}

/*
 * Each way to feed the text gives the same: whole, every prefix alone, every
 * prefix after every shorter one that was not enough, and in steps. first is
 * the shortest prefix that is enough.
 */
static void check_cuts(const char *what, const char *text, size_t len,
                       struct verdict want, size_t first)
{
    static const struct verdict more = {0, ""};
    struct verdict got = verdict(text, len, 0);
    size_t at;

    CHECK(is_same(got, want), "%s: whole: %d %s", what, got.ret, got.why);
    for (size_t cut = 0; cut <= len; cut++) {
        for (size_t seen = 0; seen <= cut && seen < first; seen++) {
            got = verdict(text, cut, seen);
            CHECK(is_same(got, cut < first ? more : want),
                  "%s: %zu after %zu: %d %s", what, cut, seen, got.ret,
                  got.why);
        }
    }
    for (size_t step = 1; step <= 7; step++) {
        got = verdict_in_steps(text, len, step, &at);
        CHECK(is_same(got, want), "%s: by %zu: %d %s", what, step, got.ret,
              got.why);
        CHECK(at >= first && at < first + step, "%s: by %zu: at %zu", what,
              step, at);
    }
}

static bool is(struct weft_slice s, const char *text)
{
    return weft_slice_eq(s, text);
}

/* Fields as one text: "name=value|" of each. */
static bool are(const struct weft_http_response *res, const char *want)
{
    char text[256];
    int len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < res->count; i++) {
        const struct weft_field *f = &res->fields[i];

        len += snprintf(text + len, sizeof(text) - (size_t)len, "%.*s=%.*s|",
                        (int)f->name.len, f->name.ptr, (int)f->value.len,
                        f->value.ptr);
        CHECK((size_t)len < sizeof(text), "%d bytes", len);
    }
    return !strcmp(text, want);
}

static const struct {
    const char *text;
    int minor, status;
    const char *reason, *fields;
} accepted[] = {
    {OK "\r\n", 1, 200, "OK", ""},
    {"HTTP/1.0 404 Not Found\r\n\r\n", 0, 404, "Not Found", ""},
    {"HTTP/1.9 404 Not Found\r\n\r\n", 1, 404, "Not Found", ""},
    {"HTTP/1.1 100 \r\n\r\n", 1, 100, "", ""},
    {"HTTP/1.1 599\r\n\r\n", 1, 599, "", ""},
    {"HTTP/1.1 500 \t\x80\xff ~\r\n\r\n", 1, 500, "\t\x80\xff ~", ""},
    {"HTTP/1.1 101  101:\r\nA:b\r\n\r\n", 1, 101, " 101:", "A=b|"},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
     "connection:Upgrade\r\nSec-WebSocket-Accept: c=\r\n\r\n",
     1, 101, "Switching Protocols",
     "Upgrade=websocket|connection=Upgrade|Sec-WebSocket-Accept=c=|"},
    {OK "A: b c\t\r\nSet:,\x80\xff\t=\r\nx: \r\ny:\r\n\r\n", 1, 200, "OK",
     "A=b c|Set=,\x80\xff\t=|x=|y=|"},
    /* What is not grammar is the caller's to judge. */
    {OK "Content-Length: 1\r\nContent-Length: x\r\n\r\n", 1, 200, "OK",
     "Content-Length=1|Content-Length=x|"},
    {OK "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 1, 200, "OK",
     "Transfer-Encoding=chunked|Content-Length=1|"},

    /* Folded lines. */
    {OK "A: b\r\n c\r\n\r\n", 1, 200, "OK", "A=b   c|"},
    {OK "A: b\t\r\n\t c\r\nD: e\r\n\r\n", 1, 200, "OK", "A=b     c|D=e|"},
    {OK "A: b\r\n c: d\r\n\te\tf\r\n\r\n", 1, 200, "OK", "A=b   c: d   e\tf|"},
    {OK "A:\r\n b\r\n\r\n", 1, 200, "OK", "A=b|"},
    {OK "A: \t\r\n b \t\r\n\r\n", 1, 200, "OK", "A=b|"},
    {OK "A: b\r\n \r\n\r\n", 1, 200, "OK", "A=b|"},
    {OK "A:\r\n \r\n\t\r\nD:\r\n e\r\n\r\n", 1, 200, "OK", "A=|D=e|"},
    {OK "A:\r\n \r\n \r\n b\r\n \r\n c\r\n \r\n\r\n", 1, 200, "OK",
     "A=b      c|"},
};

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        const char *text = accepted[i].text;
        size_t len = strlen(text);
        struct weft_http_response res;
        char *in = (char *)at_page_end(text, len);
        int got =
            weft_http_response_parse(&res, fields, MAX_FIELDS, in, len, 0);

        CHECK(got == (int)len, "%s: %d", text, got);
        CHECK(!res.why, "%s: %s", text, res.why);
        CHECK(res.minor == accepted[i].minor, "%s", text);
        CHECK(res.status == accepted[i].status, "%s", text);
        CHECK(is(res.reason, accepted[i].reason), "%s", text);
        CHECK(res.fields == fields, "%s", text);
        CHECK(are(&res, accepted[i].fields), "%s", text);
        check_cuts(text, text, len, (struct verdict){(int)len, ""}, len);
    }
}

static void test_refused(void **state)
{
    static const char *const suffixes[] = {"\r\n\r\n", "\n", "x", " y\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct verdict want = {WEFT_ERR_PROTOCOL, refused[i].why};
        size_t len = refused[i].len;
        char text[512];

        check_cuts(refused[i].what, refused[i].text, len, want, len);
        for (size_t k = 0; k < COUNT(suffixes); k++) {
            memcpy(text, refused[i].text, len);
            memcpy(text + len, suffixes[k], strlen(suffixes[k]));
            CHECK(is_same(verdict(text, len + strlen(suffixes[k]), 0), want),
                  "%s with more", refused[i].what);
        }
    }
}

/* Until a head is whole, and when it is refused, no byte of it changes; then
 * only its folds do, and a second reading finds the same. */
static void test_unfolded_in_place(void **state)
{
    static const char text[] = OK "A:\r\n b\t\r\n \tc\td\r\nE: f\r\n\r\n\r\n g";
    static const char want[] = OK "A:   b     c\td\r\nE: f\r\n\r\n\r\n g";
    size_t len = sizeof(text) - 1, head = len - strlen("\r\n g");
    struct weft_http_response res;
    char *in;

    (void)state;
    for (size_t cut = 0; cut < head; cut++) {
        in = (char *)at_page_end(text, cut);
        CHECK(weft_http_response_parse(&res, fields, MAX_FIELDS, in, cut, 0) ==
                  0,
              "%zu", cut);
        CHECK(!memcmp(in, text, cut), "written to after %zu", cut);
    }
    in = (char *)at_page_end(text, len);
    CHECK(weft_http_response_parse(&res, fields, 2, in, len, 0) ==
              WEFT_ERR_LIMIT,
          "four lines, room for two");
    CHECK(!memcmp(in, text, len), "written to when refused");
    for (int round = 0; round < 2; round++) {
        int got =
            weft_http_response_parse(&res, fields, MAX_FIELDS, in, len, 0);

        CHECK(got == (int)head, "%d", got);
        CHECK(!memcmp(in, want, len), "%s", in);
        CHECK(are(&res, "A=b     c\td|E=f|"), "%d", round);
    }
}

/* What follows the head is none of the parser's business. */
static void test_bytes_behind(void **state)
{
    static const char *const rest[] = {"\r\n", "\n", " x", "\x81\x01x", "HTTP"};

    (void)state;
    for (size_t i = 0; i < COUNT(rest); i++) {
        char text[64];
        int len = snprintf(text, sizeof(text), OK "A: b\r\n\r\n%s", rest[i]);
        size_t head = strlen(OK "A: b\r\n\r\n");

        check_cuts(rest[i], text, (size_t)len, (struct verdict){(int)head, ""},
                   head);
    }
}

/* Every byte value, at places that stand for the parts of a head. */
static void test_every_byte(void **state)
{
    static const char tchars[] = "!#$%&'*+-.^_`|~";

    (void)state;
    for (int c = 0; c < 256; c++) {
        bool is_digit = c >= '0' && c <= '9';
        bool is_tchar = is_digit || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || (c && strchr(tchars, c));
        bool is_text = c == '\t' || (c >= ' ' && c != 0x7f) || c == '\r';
        const struct {
            const char *before;
            bool is_good;
        } cases[] = {
            {"HTTP/", c == '1'},
            {"HTTP/1.", is_digit},
            {"HTTP/1.1 ", c >= '1' && c <= '5'},
            {"HTTP/1.1 1", is_digit},
            {"HTTP/1.1 10", is_digit},
            {"HTTP/1.1 101", c == ' ' || c == '\r'},
            {"HTTP/1.1 101 ", is_text},
            {"HTTP/1.1 101 a", is_text},
            {OK, is_tchar || c == '\r'},
            {OK "a", is_tchar || c == ':'},
            {OK "a:", is_text},
            {OK "a:b", is_text},
            {OK "a:b\r\n", is_tchar || c == '\r' || c == ' ' || c == '\t'},
            {OK "a:b\r\n ", is_text},
            {OK "a:b\r\n\tc", is_text},
        };

        for (size_t i = 0; i < COUNT(cases); i++) {
            char text[64];
            size_t len = strlen(cases[i].before);
            int want = cases[i].is_good ? 0 : WEFT_ERR_PROTOCOL;

            memcpy(text, cases[i].before, len);
            text[len++] = (char)c;
            for (size_t seen = 0; seen < len; seen++) {
                struct verdict v = verdict(text, len, seen);

                CHECK(v.ret == want, "%zu: %02x: %d", i, c, v.ret);
                CHECK((v.why[0] != '\0') == (want < 0), "%zu: %02x", i, c);
            }
        }
    }
}

/* A head of a reason and n fields, each with a name of that length and some
 * folded lines; the caller frees it. */
struct shape {
    size_t reason, name, count, folds;
};

static char *put(char *p, const char *text)
{
    memcpy(p, text, strlen(text));
    return p + strlen(text);
}

static char *fill(char *p, char c, size_t len)
{
    memset(p, c, len);
    return p + len;
}

static char *make_head(const struct shape *s, size_t *len)
{
    size_t size = 64 + s->reason + s->count * (s->name + 8 + 4 * s->folds);
    char *text = malloc(size), *p = text;

    assert_non_null(text);
    p = put(p, "HTTP/1.1 101 ");
    p = fill(p, 'r', s->reason);
    p = put(p, "\r\n");
    for (size_t i = 0; i < s->count; i++) {
        p = fill(p, 'n', s->name);
        p = put(p, ":v\r\n");
        for (size_t k = 0; k < s->folds; k++)
            p = put(p, " w\r\n");
    }
    p = put(p, "\r\n");
    *len = (size_t)(p - text);
    return text;
}

#define NAME "has a field with too long a name"
#define REASON "has too long a reason"
#define FIELDS "has more fields than are allowed"

static void test_limits(void **state)
{
    static const struct {
        struct shape shape;
        const char *why; /* NULL: accepted */
    } cases[] = {
        {{8000, 1, 1, 0}, NULL},         {{8001, 1, 1, 0}, REASON},
        {{20000, 1, 1, 0}, REASON},      {{0, 256, 3, 0}, NULL},
        {{0, 257, 3, 0}, NAME},          {{0, 9000, 1, 0}, NAME},
        {{0, 1, MAX_FIELDS, 0}, NULL},   {{0, 1, 17, 0}, FIELDS},
        {{0, 200, 99, 0}, FIELDS},       {{0, 1, MAX_FIELDS / 2, 1}, NULL},
        {{0, 1, 9, 1}, FIELDS},          {{0, 1, 1, MAX_FIELDS - 1}, NULL},
        {{0, 1, 1, MAX_FIELDS}, FIELDS}, {{8000, 256, 4, 3}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len, at;
        char *text = make_head(&cases[i].shape, &len);
        struct verdict want = {(int)len, ""}, whole, bytes, parts;

        if (cases[i].why)
            want = (struct verdict){WEFT_ERR_LIMIT, cases[i].why};
        whole = verdict(text, len, 0);
        bytes = verdict_in_steps(text, len, 1, &at);
        parts = verdict_in_steps(text, len, 255, &at);
        free(text);
        CHECK(is_same(whole, want), "%zu: %d", i, whole.ret);
        CHECK(is_same(bytes, want), "%zu byte by byte: %d", i, bytes.ret);
        CHECK(is_same(parts, want), "%zu in parts: %d", i, parts.ret);
    }
}

/* The first byte too much is refused, before what would end the part. */
static void test_limits_at_once(void **state)
{
    static const struct {
        const char *before;
        char fill;
        size_t most;
        const char *why;
    } cases[] = {
        {"HTTP/1.1 101 ", 'r', 8000, REASON},
        {OK, 'n', 256, NAME},
        {OK "A: b\r\n c\r\n", 'n', 256, NAME},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = strlen(cases[i].before) + cases[i].most, at;
        char text[8192];
        struct verdict got;

        memset(text, cases[i].fill, sizeof(text));
        memcpy(text, cases[i].before, strlen(cases[i].before));
        CHECK(verdict(text, len, 0).ret == 0, "%zu", i);
        got = verdict(text, len + 1, 0);
        CHECK(got.ret == WEFT_ERR_LIMIT, "%zu: %d", i, got.ret);
        got = verdict_in_steps(text, sizeof(text), 1, &at);
        CHECK(got.ret == WEFT_ERR_LIMIT && !strcmp(got.why, cases[i].why) &&
                  at == len + 1,
              "%zu: %d at %zu", i, got.ret, at);
    }
}

static void test_no_room_for_fields(void **state)
{
    char with[] = OK "a:b\r\n\r\n", without[] = OK "\r\n";
    struct weft_http_response res;
    int got = weft_http_response_parse(&res, NULL, 0, with, strlen(with), 0);

    (void)state;
    CHECK(got == WEFT_ERR_LIMIT && !strcmp(res.why, FIELDS), "%d", got);
    got = weft_http_response_parse(&res, NULL, 0, without, strlen(without), 0);
    CHECK(got == (int)strlen(without), "%d", got);
    got = weft_http_response_parse(&res, NULL, 0, NULL, 0, 0);
    CHECK(got == 0, "%d", got);
}

/* More seen than there is: a mistake, but one that reads nothing beyond. */
static void test_more_seen_than_there_is(void **state)
{
    (void)state;
    CHECK(verdict(T("HTTP/1.1 2"), 99).ret == 0, "status line");
    CHECK(verdict(T(OK "A: b"), 99).ret == 0, "field");
    CHECK(verdict(T(OK "A: b\r\n c"), 99).ret == 0, "fold");
}

/* A generator with a fixed seed: the same cases on every run. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Heads with random bytes changed, doubled or left out: whatever the verdict
 * is, the way in which the bytes come has no part in it. */
static void test_mutations(void **state)
{
    static const char *const heads[] = {
        "HTTP/1.1 101 Up\r\nUpgrade: a\r\nConnection: b\r\n\r\n",
        "HTTP/1.0 200\r\nA: b\r\n c:d\r\n\te\r\nF:\r\n \r\n g\r\n\r\n",
        OK "A:\r\n b\r\nC: d\r\n\r\n",
    };
    static const char bytes[] = "\r\n  :\t\0,aH1/.\x80";
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        const char *head = heads[round % 3];
        size_t len = strlen(head), first;
        char text[160];
        struct verdict want;

        memcpy(text, head, len);
        for (uint32_t n = next_random(&seed) % 3; n < 3; n++) {
            size_t i = next_random(&seed) % len;

            if (next_random(&seed) % 2)
                text[i] = bytes[next_random(&seed) % (sizeof(bytes) - 1)];
            else
                memmove(text + i, text + i + 1, --len - i);
        }
        want = verdict(text, len, 0);
        for (first = 0; first < len && verdict(text, first, 0).ret == 0;)
            first++;
        check_cuts("mutation", text, len, want, first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_unfolded_in_place),
        cmocka_unit_test(test_bytes_behind),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limits_at_once),
        cmocka_unit_test(test_no_room_for_fields),
        cmocka_unit_test(test_more_seen_than_there_is),
        cmocka_unit_test(test_mutations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
