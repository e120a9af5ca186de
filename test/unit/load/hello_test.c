/* SPDX-License-Identifier: MIT */
#include "load/hello.h"

#include "base/mem.h"
#include "support.h"
#include "tls/crypto.h"
#include <stdio.h>

static struct load_target target(void)
{
    struct load_target t;
    char why[LOAD_WHY];

    assert_int_equal(load_target_parse(&t, "ws://[::1]:99/a?b", why), 0);
    return t;
}

static struct load_hello make(const struct load_opts *opts)
{
    const struct load_target to = target();
    struct load_hello hello;
    char why[LOAD_WHY];

    assert_int_equal(load_hello_init(&hello, &weft_mem_libc, opts, &to, why),
                     0);
    return hello;
}

static bool has(const struct load_hello *hello, const char *text)
{
    return memmem(hello->request.data, hello->request.len, text,
                  strlen(text)) != NULL;
}

static void test_request(void **state)
{
    static const char *const headers[] = {"X-A: b", "Cookie:c=d ", NULL};
    const struct load_opts opts = {.headers = headers,
                                   .origin = "https://o.example"};
    struct load_hello hello = make(&opts);

    (void)state;
    assert_true(has(&hello, "GET /a?b HTTP/1.1\r\nHost: [::1]:99\r\n"));
    assert_true(has(&hello, "\r\nX-A: b\r\nCookie: c=d\r\n"));
    assert_true(has(&hello, "\r\nOrigin: https://o.example\r\n"));
    assert_true(has(&hello, hello.key));
    assert_true(has(&hello, "\r\n\r\n"));
    assert_false(has(&hello, "Extensions"));
    load_hello_release(&hello);
    load_hello_release(&hello);
}

static void test_offers(void **state)
{
    const struct load_opts none = {.has_deflate = true};
    const struct load_opts kept = {.has_deflate = true, .has_takeover = true};
    struct load_hello hello = make(&none);

    (void)state;
    assert_true(has(&hello, "permessage-deflate; client_no_context_takeover; "
                            "server_no_context_takeover\r\n"));
    load_hello_release(&hello);
    hello = make(&kept);
    assert_true(has(&hello, "permessage-deflate\r\n"));
    load_hello_release(&hello);
}

static void test_bad_headers(void **state)
{
    static const char *const bad[] = {"none", ": x", "a b: c", "a: b\r\nc: d"};
    const struct load_target to = target();

    (void)state;
    for (size_t i = 0; i <= COUNT(bad); i++) {
        const char *const headers[] = {i < COUNT(bad) ? bad[i] : NULL, NULL};
        const struct load_opts opts = {
            .headers = headers, .origin = i < COUNT(bad) ? NULL : "a\nb"};
        struct load_hello hello;
        char why[LOAD_WHY] = "";

        assert_int_equal(
            load_hello_init(&hello, &weft_mem_libc, &opts, &to, why),
            WEFT_ERR_USAGE);
        assert_true(*why);
    }
}

static void test_no_memory(void **state)
{
    static const char *const headers[] = {"A: b", NULL};
    const struct load_opts opts = {.headers = headers, .origin = "http://o"};
    const struct load_target to = target();
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct load_hello hello;
        char why[LOAD_WHY];

        err = load_hello_init(&hello, &mem, &opts, &to, why);
        assert_true(err == 0 || err == WEFT_ERR_NOMEM);
        load_hello_release(&hello);
        assert_int_equal(fm.live, 0);
    } while (err);
}

/* ---- Answers ------------------------------------------------------------- */

#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: %s\r\n"
#define EXTENSIONS "Sec-WebSocket-Extensions: permessage-deflate"
#define NEITHER "; server_no_context_takeover; client_no_context_takeover"
#define OK "HTTP/1.1 101 Fine\r\n" UPGRADE ACCEPT

static const struct {
    const char *what, *answer;
    bool has_deflate, has_takeover;
    int want; /* an error, or 0: the head is taken */
    const char *why;
    bool keeps;
} answers[] = {
    {"plain", OK "\r\n", false, false, 0, "", false},
    {"404", "HTTP/1.1 404 Not \x1bHere\r\n\r\n", false, false,
     WEFT_ERR_PROTOCOL, "the server's answer ", false},
    {"refused", "HTTP/1.1 503 Full\r\n\r\n", false, false, WEFT_ERR_REFUSED,
     "the server answered 503 Full", false},
    {"another key",
     "HTTP/1.1 101 Fine\r\n" UPGRADE
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
     "\r\n",
     false, false, WEFT_ERR_PROTOCOL, "the server's handshake is wrong", false},
    {"no HTTP", "SSH-2.0\r\n", false, false, WEFT_ERR_PROTOCOL,
     "the server's answer ", false},
    {"an extension", OK EXTENSIONS "\r\n\r\n", false, false, WEFT_ERR_PROTOCOL,
     "an extension that was not asked for", false},
    {"compressed", OK EXTENSIONS NEITHER "\r\n\r\n", true, false, 0, "", false},
    {"not compressed", OK "\r\n", true, false, WEFT_ERR_PROTOCOL,
     "it does without", false},
    {"it would keep its context", OK EXTENSIONS "\r\n\r\n", true, false,
     WEFT_ERR_PROTOCOL, "server_no_context_takeover", false},
    {"it may keep its context", OK EXTENSIONS "\r\n\r\n", true, true, 0, "",
     true},
    {"it may, and does not", OK EXTENSIONS NEITHER "\r\n\r\n", true, true, 0,
     "", false},
    {"a smaller window", OK EXTENSIONS "; client_max_window_bits=10\r\n\r\n",
     true, true, WEFT_ERR_PROTOCOL, "client_max_window_bits", false},
};

static size_t write_answer(char *out, size_t size, const char *format,
                           const struct load_hello *hello)
{
    char accept[WEFT_ACCEPT_LEN + 1];
    const char *at = strstr(format, "%s");

    assert_int_equal(
        weft_handshake_accept(weft_sha1, weft_slice(hello->key), accept), 0);
    if (!at)
        return (size_t)snprintf(out, size, "%s", format);
    return (size_t)snprintf(out, size, "%.*s%s%s", (int)(at - format), format,
                            accept, at + 2);
}

/* Whole, and after every prefix of it. */
static void check_answer(size_t i, const struct load_hello *hello,
                         const char *text, size_t len)
{
    for (size_t cut = 0; cut <= len; cut++) {
        char *p = (char *)at_page_end(text, cut), why[LOAD_WHY] = "";
        bool keeps = !answers[i].keeps;
        int n = cut > 0 ? load_hello_check(hello, p, cut, 0, &keeps, why) : 0;

        if (n == 0 && cut < len)
            continue;
        CHECK(answers[i].want ? n == answers[i].want : n == (int)len,
              "%s, %zu bytes: %d %s", answers[i].what, cut, n, why);
        CHECK(n > 0 || strstr(why, answers[i].why), "%s: %s", answers[i].what,
              why);
        CHECK(n < 0 || keeps == answers[i].keeps, "%s", answers[i].what);
        return;
    }
    fail();
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        const struct load_opts opts = {.has_deflate = answers[i].has_deflate,
                                       .has_takeover = answers[i].has_takeover};
        struct load_hello hello = make(&opts);
        char text[1024];
        size_t len =
            write_answer(text, sizeof(text), answers[i].answer, &hello);

        check_answer(i, &hello, text, len);
        load_hello_release(&hello);
    }
}

static void test_endless_head(void **state)
{
    const struct load_opts opts = {.has_deflate = false};
    struct load_hello hello = make(&opts);
    static char text[LOAD_HEAD_SIZE + 1];
    char why[LOAD_WHY];
    bool keeps;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "HTTP/1.1 101 Fine\r\nA: ", 22);
    assert_int_equal(
        load_hello_check(&hello, text, LOAD_HEAD_SIZE - 1, 0, &keeps, why), 0);
    assert_int_equal(
        load_hello_check(&hello, text, sizeof(text), 0, &keeps, why),
        WEFT_ERR_LIMIT);
    load_hello_release(&hello);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),     cmocka_unit_test(test_offers),
        cmocka_unit_test(test_bad_headers), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_answers),     cmocka_unit_test(test_endless_head),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
