/* SPDX-License-Identifier: MIT */
/*
 * The request head: what is accepted and what it means, what is refused and at
 * which byte, and that no cut of the input changes either.
 */
#include "http/http_request.h"
#include "request_refused.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 16

static struct weft_field fields[MAX_FIELDS];

/* The verdict on the first len bytes, of which seen have been seen, right
 * before a page that cannot be read. */
static int verdict(const char *text, size_t len, size_t seen)
{
    struct weft_http_request req;
    const char *in = (const char *)at_page_end(text, len);

    return weft_http_request_parse(&req, fields, MAX_FIELDS, in, len, seen);
}

/* The first verdict that is not 0 when bytes come step at a time; *at is how
 * many there were then. */
static int verdict_in_steps(const char *text, size_t len, size_t step,
                            size_t *at)
{
    size_t seen = 0;
    int ret = 0;

    while (ret == 0 && seen < len) {
        size_t now = len - seen < step ? len : seen + step;

        ret = verdict(text, now, seen);
        seen = now;
    }
    *at = seen;
    return ret;
}

/*
 * Each way to feed the text gives the same: whole, every prefix alone, every
 * prefix after every shorter one that was not enough, and in steps. first is
 * the shortest prefix that is enough.
 */
static void check_cuts(const char *what, const char *text, size_t len, int want,
                       size_t first)
{
    size_t at;
    int got = verdict(text, len, 0);

    CHECK(got == want, "%s: whole: %d", what, got);
    for (size_t cut = 0; cut <= len; cut++) {
        int expected = cut < first ? 0 : want;

        for (size_t seen = 0; seen <= cut && seen < first; seen++) {
            got = verdict(text, cut, seen);
            CHECK(got == expected, "%s: %zu after %zu: %d", what, cut, seen,
                  got);
        }
    }
    for (size_t step = 1; step <= 7; step++) {
        got = verdict_in_steps(text, len, step, &at);
        CHECK(got == want, "%s: by %zu: %d", what, step, got);
        CHECK(at >= first && at < first + step, "%s: by %zu: at %zu", what,
              step, at);
    }
}

static bool is(struct weft_slice s, const char *text)
{
    return weft_slice_eq(s, text);
}

static const struct {
    const char *text;
    const char *method, *target, *host;
    size_t count;
    int minor;
    uint64_t content_length;
    bool is_chunked, is_persistent, expects_continue;
} accepted[] = {
    {GET HOST "\r\n", "GET", "/", "h", 1, 1, 0, false, true, false},
    {GET0 "\r\n", "GET", "/", "", 0, 0, 0, false, false, false},
    {GET0 HOST "\r\n", "GET", "/", "h", 1, 0, 0, false, false, false},
    {"\r\n" GET HOST "\r\n", "GET", "/", "h", 1, 1, 0, false, true, false},
    {"get /a?b HTTP/1.1\r\n" HOST "\r\n", "get", "/a?b", "h", 1, 1, 0, false,
     true, false},
    {"!#$%&'*+-.^_`|~09aZ / HTTP/1.1\r\n" HOST "\r\n", "!#$%&'*+-.^_`|~09aZ",
     "/", "h", 1, 1, 0, false, true, false},
    /* An authority that is absent makes an empty Host. */
    {GET "Host:\r\n\r\n", "GET", "/", "", 1, 1, 0, false, true, false},
    {GET "Host: \t \r\n\r\n", "GET", "/", "", 1, 1, 0, false, true, false},
    {GET "hOsT:h:80\r\n\r\n", "GET", "/", "h:80", 1, 1, 0, false, true, false},
    {GET "Host: [::1]:9998\r\n\r\n", "GET", "/", "[::1]:9998", 1, 1, 0, false,
     true, false},
    {GET "Host: \t h \t\r\n\r\n", "GET", "/", "h", 1, 1, 0, false, true, false},
    /* The absolute form goes before Host. */
    {"GET http://a.example:8/b HTTP/1.1\r\n" HOST "\r\n", "GET",
     "http://a.example:8/b", "a.example:8", 1, 1, 0, false, true, false},
    {"GET ws://a HTTP/1.1\r\n" HOST "\r\n", "GET", "ws://a", "a", 1, 1, 0,
     false, true, false},
    {"GET ws://a HTTP/1.0\r\n\r\n", "GET", "ws://a", "a", 0, 0, 0, false, false,
     false},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS", "*", "h", 1, 1, 0, false,
     true, false},
    {"CONNECT a:0 HTTP/1.1\r\n" HOST "\r\n", "CONNECT", "a:0", "h", 1, 1, 0,
     false, true, false},
    {GET HOST "Content-Length: 0\r\n\r\n", "GET", "/", "h", 2, 1, 0, false,
     true, false},
    {GET HOST "content-length:\t0042 \r\n\r\n", "GET", "/", "h", 2, 1, 42,
     false, true, false},
    {GET HOST "Content-Length: 9223372036854775807\r\n\r\n", "GET", "/", "h", 2,
     1, INT64_MAX, false, true, false},
    {GET HOST "Transfer-Encoding: chunked\r\n\r\n", "GET", "/", "h", 2, 1, 0,
     true, true, false},
    {GET HOST "transfer-encoding:CHUNKED\t\r\n\r\n", "GET", "/", "h", 2, 1, 0,
     true, true, false},
    {GET HOST "Connection: close\r\n\r\n", "GET", "/", "h", 2, 1, 0, false,
     false, false},
    {GET HOST "Connection: keep-alive, CLOSE\r\n\r\n", "GET", "/", "h", 2, 1, 0,
     false, false, false},
    {GET HOST "Connection: Upgrade\r\nConnection: close\r\n\r\n", "GET", "/",
     "h", 3, 1, 0, false, false, false},
    {GET HOST "Connection: closed\r\n\r\n", "GET", "/", "h", 2, 1, 0, false,
     true, false},
    {GET0 "Connection: Keep-Alive\r\n\r\n", "GET", "/", "", 1, 0, 0, false,
     true, false},
    {GET0 "Connection: keep-alive\r\nConnection: close\r\n\r\n", "GET", "/", "",
     2, 0, 0, false, false, false},
    {GET HOST "Expect: 100-Continue\r\n\r\n", "GET", "/", "h", 2, 1, 0, false,
     true, true},
    {GET0 "Expect: 100-continue\r\n\r\n", "GET", "/", "", 1, 0, 0, false, false,
     false},
    {GET HOST "Expect: 200-maybe\r\n\r\n", "GET", "/", "h", 2, 1, 0, false,
     true, false},
    {GET HOST "a:\r\nb:\t\r\nc: : \r\n\r\n", "GET", "/", "h", 4, 1, 0, false,
     true, false},
};

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        const char *text = accepted[i].text;
        size_t len = strlen(text);
        struct weft_http_request req;
        const char *in = (const char *)at_page_end(text, len);
        int got = weft_http_request_parse(&req, fields, MAX_FIELDS, in, len, 0);

        CHECK(got == (int)len, "%s: %d", text, got);
        CHECK(is(req.method, accepted[i].method), "%s", text);
        CHECK(is(req.target, accepted[i].target), "%s", text);
        CHECK(is(req.host, accepted[i].host), "%s", text);
        CHECK(req.fields == fields && req.count == accepted[i].count, "%s",
              text);
        CHECK(req.minor == accepted[i].minor, "%s", text);
        CHECK(req.content_length == accepted[i].content_length, "%s", text);
        CHECK(req.is_chunked == accepted[i].is_chunked, "%s", text);
        CHECK(req.is_persistent == accepted[i].is_persistent, "%s", text);
        CHECK(req.expects_continue == accepted[i].expects_continue, "%s", text);
        check_cuts(text, text, len, (int)len, len);
    }
}

static void test_field_slices(void **state)
{
    static const char text[] =
        GET HOST "A: b c\t\r\nSet:,\x80\xff\xc3\xa9\t=\r\n"
                 "x-empty: \r\n\r\n";
    static const char *const want[][2] = {
        {"Host", "h"},
        {"A", "b c"},
        {"Set", ",\x80\xff\xc3\xa9\t="},
        {"x-empty", ""},
    };
    struct weft_http_request req;
    int got = weft_http_request_parse(&req, fields, MAX_FIELDS, T(text), 0);

    (void)state;
    CHECK(got == (int)sizeof(text) - 1, "%d", got);
    CHECK(req.count == COUNT(want), "%zu", req.count);
    for (size_t i = 0; i < COUNT(want); i++) {
        CHECK(is(req.fields[i].name, want[i][0]), "%zu", i);
        CHECK(is(req.fields[i].value, want[i][1]), "%zu", i);
    }
}

static void test_refused(void **state)
{
    static const char *const suffixes[] = {"\r\n\r\n", "\n", "x", HOST "\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        char text[512];
        size_t len = refused[i].len;

        check_cuts(refused[i].what, refused[i].text, len, refused[i].status,
                   len);
        for (size_t k = 0; k < COUNT(suffixes); k++) {
            memcpy(text, refused[i].text, len);
            memcpy(text + len, suffixes[k], strlen(suffixes[k]));
            CHECK(verdict(text, len + strlen(suffixes[k]), 0) ==
                      refused[i].status,
                  "%s with more", refused[i].what);
        }
    }
}

/* What follows the head is none of the parser's business. */
static void test_pipelined(void **state)
{
    static const char *const rest[] = {"\r\n", "\n", "GET", "\x81\x80", " x"};

    (void)state;
    for (size_t i = 0; i < COUNT(rest); i++) {
        char text[64];
        int len =
            snprintf(text, sizeof(text), "%s%s\r\n%s", GET, HOST, rest[i]);
        int head = (int)strlen(GET HOST "\r\n");

        check_cuts(rest[i], text, (size_t)len, head, (size_t)head);
    }
}

/* Every byte value, at places that stand for the parts of a head. */
static void test_every_byte(void **state)
{
    static const char tchars[] = "!#$%&'*+-.^_`|~";

    (void)state;
    for (int c = 0; c < 256; c++) {
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z');
        bool is_tchar = is_alnum || (c && strchr(tchars, c));
        bool is_graph = c > ' ' && c < 0x7f;
        char method[] = {'G', (char)c};
        char target[] = {'G', ' ', '/', (char)c};
        char name[] = GET "a?", value[] = GET "a:b?";
        int want;

        name[sizeof(name) - 2] = (char)c;
        value[sizeof(value) - 2] = (char)c;
        want = is_tchar || c == ' ' ? 0 : -400;
        CHECK(verdict(method, sizeof(method), 0) == want, "method %02x", c);
        want = (is_graph && !strchr("\"#<>", c)) || c == ' ' ? 0 : -400;
        CHECK(verdict(target, sizeof(target), 0) == want, "target %02x", c);
        want = is_tchar || c == ':' ? 0 : -400;
        check_cuts("name", name, sizeof(name) - 1, want, sizeof(name) - 1);
        want = c == '\t' || c == '\r' || (c >= ' ' && c != 0x7f) ? 0 : -400;
        check_cuts("value", value, sizeof(value) - 1, want, sizeof(value) - 1);
    }
}

/* A head of a request line's parts and n fields, each with a name of that
 * length; the caller frees it. */
struct shape {
    size_t method, target, name, count;
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
    size_t size = 64 + s->method + s->target + s->count * (s->name + 8);
    char *text = malloc(size), *p = text;

    assert_non_null(text);
    p = fill(p, 'M', s->method);
    p = put(p, " /");
    p = fill(p, 't', s->target - 1);
    p = put(p, " HTTP/1.0\r\n");
    for (size_t i = 0; i < s->count; i++) {
        p = fill(p, 'n', s->name);
        p = put(p, ":v\r\n");
    }
    p = put(p, "\r\n");
    *len = (size_t)(p - text);
    return text;
}

static void test_limits(void **state)
{
    static const struct {
        struct shape shape;
        int want; /* 0: the length */
    } cases[] = {
        {{32, 1, 1, 1}, 0},       {{33, 1, 1, 1}, -501},
        {{999, 1, 1, 1}, -501},   {{1, 8000, 1, 1}, 0},
        {{1, 8001, 1, 1}, -414},  {{1, 20000, 1, 1}, -414},
        {{1, 1, 256, 3}, 0},      {{1, 1, 257, 3}, -431},
        {{1, 1, 9000, 1}, -431},  {{1, 1, 1, MAX_FIELDS}, 0},
        {{1, 1, 1, 17}, -431},    {{1, 1, 200, 99}, -431},
        {{32, 8000, 256, 16}, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len, at;
        char *text = make_head(&cases[i].shape, &len);
        int want = cases[i].want ? cases[i].want : (int)len;
        int whole = verdict(text, len, 0);
        int bytes = verdict_in_steps(text, len, 1, &at);
        int parts = verdict_in_steps(text, len, 255, &at);

        free(text);
        CHECK(whole == want, "%zu: %d", i, whole);
        CHECK(bytes == want, "%zu byte by byte: %d", i, bytes);
        CHECK(parts == want, "%zu in parts: %d", i, parts);
    }
}

/* The first byte too much is refused, before what would end the part. */
static void test_limits_at_once(void **state)
{
    static const struct {
        const char *before;
        char fill;
        size_t most;
        int status;
    } cases[] = {
        {"", 'M', 32, -501},
        {"GET ", '/', 8000, -414},
        {GET, 'n', 256, -431},
        {GET HOST, 'n', 256, -431},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[8192];
        size_t len = strlen(cases[i].before) + cases[i].most;
        size_t at;
        int got;

        memset(text, cases[i].fill, sizeof(text));
        memcpy(text, cases[i].before, strlen(cases[i].before));
        CHECK(verdict(text, len, 0) == 0, "%zu", i);
        CHECK(verdict(text, len + 1, 0) == cases[i].status, "%zu", i);
        got = verdict_in_steps(text, sizeof(text), 1, &at);
        CHECK(got == cases[i].status && at == len + 1, "%zu: %d at %zu", i, got,
              at);
    }
}

static void test_no_room_for_fields(void **state)
{
    static const char text[] = GET0 "a:b\r\n\r\n";
    struct weft_http_request req;
    int got = weft_http_request_parse(&req, NULL, 0, T(text), 0);

    (void)state;
    CHECK(got == -431, "%d", got);
    got = weft_http_request_parse(&req, NULL, 0, T(GET0 "\r\n"), 0);
    CHECK(got == (int)strlen(GET0) + 2, "%d", got);
    got = weft_http_request_parse(&req, NULL, 0, NULL, 0, 0);
    CHECK(got == 0, "%d", got);
}

/* More seen than there is: a mistake, but one that reads nothing beyond. */
static void test_more_seen_than_there_is(void **state)
{
    (void)state;
    CHECK(verdict(T("GET /"), 9) == 0, "request line");
    CHECK(verdict(T(GET "A: b"), 99) == 0, "field");
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
        GET HOST "Content-Length: 12\r\nA: b\r\n\r\n",
        "\r\nGET ws://h:1/a?b HTTP/1.1\r\nHost: [::1]\r\nX: y:z\r\n\r\n",
        GET "Transfer-Encoding: chunked\r\nConnection: close\r\n" HOST "\r\n",
    };
    static const char bytes[] = "\r\n :\t\0,aH1/.\x80";
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        const char *head = heads[round % 3];
        size_t len = strlen(head), first;
        char text[160];
        int want;

        memcpy(text, head, len);
        for (uint32_t n = next_random(&seed) % 3; n < 3; n++) {
            size_t i = next_random(&seed) % len;

            if (next_random(&seed) % 2)
                text[i] = bytes[next_random(&seed) % (sizeof(bytes) - 1)];
            else
                memmove(text + i, text + i + 1, --len - i);
        }
        want = verdict(text, len, 0);
        for (first = 0; first < len && verdict(text, first, 0) == 0;)
            first++;
        check_cuts("mutation", text, len, want, first);
    }
}

/*
 * One field of 1 MiB, byte by byte. A parser that looked at the whole of it for
 * each byte would need 5e11 steps and never end within a test's time.
 */
static void test_long_value_is_linear(void **state)
{
    size_t len = strlen(GET), most = (size_t)1 << 20;
    char *text = malloc(most);
    struct weft_http_request req;
    int ret = 0;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', most);
    memcpy(text, GET "A:", len + 2);
    for (size_t n = 1; n <= most && ret == 0; n++)
        ret = weft_http_request_parse(&req, fields, MAX_FIELDS, text, n, n - 1);
    CHECK(ret == 0, "%d", ret);
    text[most - 1] = '\n';
    ret =
        weft_http_request_parse(&req, fields, MAX_FIELDS, text, most, most - 1);
    CHECK(ret == -400, "%d", ret);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_field_slices),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limits_at_once),
        cmocka_unit_test(test_no_room_for_fields),
        cmocka_unit_test(test_more_seen_than_there_is),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_long_value_is_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
