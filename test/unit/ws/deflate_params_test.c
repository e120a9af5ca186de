/* SPDX-License-Identifier: MIT */
/*
 * Negotiation (RFC 7692 sections 5 and 7.1). Cases name parameters in short:
 * st and ct are the two of context takeover, sw and cw those of windows. The
 * fields lie right before a page that cannot be read.
 */
#include "ws/deflate_params.h"

#include "base/mem.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options in words: "has" and "peer" for takeover, "w=" and "pw=" for the
 * windows, "off". */
static struct weft_deflate_opts options(const char *words)
{
    struct weft_deflate_opts opts = {.size = sizeof(opts)};
    const char *window = strstr(words, " w=");
    const char *peer_window = strstr(words, "pw=");

    opts.has_takeover = strstr(words, "has") != NULL;
    opts.peer_takeover = strstr(words, "peer") != NULL;
    opts.is_off = strstr(words, "off") != NULL;
    if (window)
        opts.window_bits = (int)strtol(window + 3, NULL, 10);
    if (peer_window)
        opts.peer_window_bits = (int)strtol(peer_window + 3, NULL, 10);
    assert_int_equal(weft_deflate_opts_fill(&opts, &opts), 0);
    return opts;
}

/* Writes a field out: every word that is short for another is replaced. */
static void expand(char out[4096], const char *field)
{
    static const struct {
        const char *word, *name;
    } words[] = {
        {"pmd", "permessage-deflate"},
        {"st", "server_no_context_takeover"},
        {"ct", "client_no_context_takeover"},
        {"sw", "server_max_window_bits"},
        {"cw", "client_max_window_bits"},
    };
    size_t len = 0;

    while (*field) {
        size_t n = strspn(field, "abcdefghijklmnopqrstuvwxyz_-");
        const char *name = field;
        size_t name_len = n ? n : 1;

        for (size_t i = 0; i < COUNT(words); i++)
            if (n == strlen(words[i].word) &&
                strncmp(field, words[i].word, n) == 0) {
                name = words[i].name;
                name_len = strlen(name);
            }
        assert_true(len + name_len < 4096);
        memcpy(out + len, name, name_len);
        len += name_len;
        field += n ? n : 1;
    }
    out[len] = '\0';
}

static struct weft_slice at_end(const char *text)
{
    size_t len = strlen(text);

    return (struct weft_slice){(const char *)at_page_end(text, len), len};
}

static void check_text(struct weft_buf *buf, const char *want, const char *what)
{
    char text[4096];

    expand(text, want);
    CHECK(buf->len == strlen(text) &&
              (buf->len == 0 || !memcmp(buf->data, text, buf->len)),
          "%s: %.*s, not %s", what, (int)buf->len, (const char *)buf->data,
          text);
    weft_buf_clear(buf);
}

/* ---- The server's choice ------------------------------------------------- */

/* want is the answer; NULL: refused, "": none. */
static const struct {
    const char *offers, *opts, *want;
} choices[] = {
    {"", "", ""},
    {"pmd", "", "pmd; st; ct"},
    {"pmd", "has", "pmd; ct"},
    {"pmd", "peer", "pmd; st"},
    {"pmd", "has peer", "pmd"},
    {"pmd", "off", ""},
    {"x-webkit-deflate-frame", "", ""},
    {"Permessage-Deflate", "", ""},
    {"other; a=b, pmd", "has peer", "pmd"},

    /* Each parameter. */
    {"pmd; st", "has peer", "pmd; st"},
    {"pmd; ct", "has peer", "pmd; ct"},
    {"pmd; st; ct", "has peer", "pmd; st; ct"},
    {"pmd; sw=15", "has peer", "pmd; sw=15"},
    {"pmd; sw=8", "has peer", "pmd; sw=8"},
    {"pmd; sw=12", "has peer w=10", "pmd; sw=10"},
    {"pmd; sw=10", "has peer w=12", "pmd; sw=10"},
    {"pmd", "has peer w=10", "pmd"},
    {"pmd; cw", "has peer", "pmd"},
    {"pmd; cw=15", "has peer", "pmd"},
    {"pmd; cw=8", "has peer", "pmd; cw=8"},
    {"pmd; cw", "has peer pw=9", "pmd; cw=9"},
    {"pmd; cw=8", "has peer pw=9", "pmd; cw=8"},
    {"pmd; cw=12", "has peer pw=9", "pmd; cw=9"},
    {"pmd", "has peer pw=9", "pmd"},
    {"pmd; cw=9;ct ;sw=11; st", "has peer", "pmd; st; ct; sw=11; cw=9"},
    {"pmd; sw=\"10\"; cw=\"1\\1\"", "has peer", "pmd; sw=10; cw=11"},

    /* The first that is right. */
    {"pmd; sw=10, pmd", "has peer", "pmd; sw=10"},
    {"pmd, pmd; sw=10", "has peer", "pmd"},
    {"pmd; unknown, pmd; ct", "has peer", "pmd; ct"},
    {"pmd; sw=7, pmd; cw=16, other, pmd; sw=9", "has peer", "pmd; sw=9"},

    /* hostile.md T3: not of the form that section 7 asks for. */
    {"pmd; sw", "", ""},
    {"pmd; sw=0", "", ""},
    {"pmd; sw=7", "", ""},
    {"pmd; sw=16", "", ""},
    {"pmd; sw=08", "", ""},
    {"pmd; sw=015", "", ""},
    {"pmd; sw=1", "", ""},
    {"pmd; sw=150", "", ""},
    {"pmd; sw=-8", "", ""},
    {"pmd; sw=+8", "", ""},
    {"pmd; sw=1e1", "", ""},
    {"pmd; sw=4294967304", "", ""},
    {"pmd; sw=\"16\"", "", ""},
    {"pmd; cw=0", "", ""},
    {"pmd; cw=7", "", ""},
    {"pmd; cw=16", "", ""},
    {"pmd; cw=08", "", ""},
    {"pmd; st=1", "", ""},
    {"pmd; st=\"true\"", "", ""},
    {"pmd; ct=1", "", ""},
    {"pmd; st; st", "", ""},
    {"pmd; ct; cw; ct", "", ""},
    {"pmd; sw=10; sw=10", "", ""},
    {"pmd; cw; cw", "", ""},
    {"pmd; cw; cw=10", "", ""},
    {"pmd; unknown", "", ""},
    {"pmd; unknown=8", "", ""},
    {"pmd; SERVER_NO_CONTEXT_TAKEOVER", "", ""},

    /* Not of the form of section 9.1 of RFC 6455, wherever it stands. */
    {"pmd; sw=", "", NULL},
    {"pmd; sw=\"\"", "", NULL},
    {"pmd;", "", NULL},
    {"pmd; =8", "", NULL},
    {"pmd, pmd; sw==8", "", NULL},
    {"pmd, other;", "off", NULL},
    {"pmd; sw=\"10", "has peer", NULL},
};

static int accept(struct weft_deflate_params *params, const char *offers,
                  const char *words)
{
    struct weft_deflate_opts opts = options(words);
    struct weft_field fields[] = {
        {weft_slice("Host"), weft_slice("a;;b")},
        {weft_slice("sec-websocket-extensions"), at_end(offers)},
    };

    return weft_deflate_accept(params, fields, COUNT(fields), &opts);
}

static void test_choices(void **state)
{
    struct weft_buf answer;

    (void)state;
    weft_buf_init(&answer, &weft_mem_libc, 256);
    for (size_t i = 0; i < COUNT(choices); i++) {
        struct weft_deflate_params params;
        char offers[4096];
        int got;

        expand(offers, choices[i].offers);
        got = accept(&params, offers, choices[i].opts);
        if (!choices[i].want || !*choices[i].want) {
            CHECK(got == (choices[i].want ? 0 : WEFT_ERR_PROTOCOL), "%s: %d",
                  offers, got);
            continue;
        }
        CHECK(got == 1, "%s: %d", offers, got);
        assert_int_equal(weft_deflate_answer(&answer, &params), 0);
        check_text(&answer, choices[i].want, offers);
    }
    weft_buf_release(&answer);
}

/* What is agreed on beside what is answered. */
static void test_agreement(void **state)
{
    struct weft_deflate_params params;

    (void)state;
    assert_int_equal(accept(&params, "permessage-deflate", " w=9 pw=9"), 1);
    assert_true(params.server_no_context_takeover);
    assert_true(params.client_no_context_takeover);
    assert_false(params.client_has_window);
    /* The client has not been told, and may use all. */
    assert_int_equal(params.client_max_window_bits, 15);

    assert_int_equal(
        accept(&params, "permessage-deflate; client_max_window_bits", "pw=9"),
        1);
    assert_true(params.client_has_window);
    assert_int_equal(params.client_max_window_bits, 9);
    assert_int_equal(params.server_max_window_bits, 15);
}

/* The offers of several fields are one list; all of them must be well formed,
 * also behind the one that is taken. */
static void test_several_fields(void **state)
{
    struct weft_deflate_opts opts = options("has peer");
    struct weft_field fields[] = {
        {weft_slice("Sec-WebSocket-Extensions"), weft_slice("other")},
        {weft_slice("Sec-WebSocket-Extensions"),
         weft_slice("permessage-deflate; server_max_window_bits=9")},
        {weft_slice("Sec-WebSocket-Extensions"),
         weft_slice("permessage-deflate; server_max_window_bits=10")},
        {weft_slice("Sec-WebSocket-Extensions"), weft_slice("a;")},
    };
    struct weft_deflate_params params;

    (void)state;
    assert_int_equal(weft_deflate_accept(&params, fields, 1, &opts), 0);
    assert_int_equal(weft_deflate_accept(&params, fields, 3, &opts), 1);
    assert_int_equal(params.server_max_window_bits, 9);
    assert_int_equal(weft_deflate_accept(&params, fields, 4, &opts),
                     WEFT_ERR_PROTOCOL);
    assert_int_equal(weft_deflate_accept(&params, NULL, 0, &opts), 0);
}

/* T3: a thousand offers, of which only the last is right. */
static void test_thousand_offers(void **state)
{
    static const char bad[] = "permessage-deflate; server_max_window_bits=16,";
    static const char good[] = "permessage-deflate; server_max_window_bits=10";
    struct weft_deflate_opts opts = options("has peer");
    size_t len = 1000 * strlen(bad) + strlen(good);
    char *text = malloc(len + 1);
    struct weft_deflate_params params;
    struct weft_field field;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < 1000; i++)
        memcpy(text + i * strlen(bad), bad, strlen(bad));
    memcpy(text + 1000 * strlen(bad), good, sizeof(good));
    field = (struct weft_field){weft_slice("Sec-WebSocket-Extensions"),
                                weft_slice(text)};
    assert_int_equal(weft_deflate_accept(&params, &field, 1, &opts), 1);
    assert_int_equal(params.server_max_window_bits, 10);
    free(text);
}

/* Whatever the field is cut to, nothing behind its end is looked at. */
static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(choices); i++) {
        struct weft_deflate_params params;
        char offers[4096];

        expand(offers, choices[i].offers);
        while (*offers) {
            int got;

            offers[strlen(offers) - 1] = '\0';
            got = accept(&params, offers, "");
            CHECK(got == 0 || got == 1 || got == WEFT_ERR_PROTOCOL, "%s: %d",
                  offers, got);
        }
    }
}

/* ---- The client's offer and its check ------------------------------------ */

static const struct {
    const char *opts, *want;
} offers[] = {
    {"has peer", "pmd; cw"},
    {"", "pmd; st; ct; cw, pmd; cw"},
    {"peer", "pmd; ct; cw"},
    {"has", "pmd; st; cw, pmd; cw"},
    {"has peer w=10", "pmd; cw=10"},
    {"has peer pw=9", "pmd; sw=9; cw, pmd; cw"},
    {" w=8 pw=8", "pmd; st; ct; sw=8; cw=8, pmd; cw=8"},
    {"off", ""},
};

static void test_offers(void **state)
{
    struct weft_buf text;

    (void)state;
    weft_buf_init(&text, &weft_mem_libc, 256);
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct weft_deflate_opts opts = options(offers[i].opts);

        assert_int_equal(weft_deflate_offer(&text, &opts), 0);
        check_text(&text, offers[i].want, offers[i].opts);
    }
    weft_buf_release(&text);
}

/* want: what is agreed on, as an answer; NULL: the connection is failed. */
static const struct {
    const char *answer, *opts, *want;
} answers[] = {
    {"", "", ""},
    {" , ", "", ""},
    {"", "off", ""},
    {"pmd", "has peer", "pmd"},
    {"pmd, ", "has peer", "pmd"},
    {"pmd; st; ct", "has peer", "pmd; st; ct"},
    {"pmd; st; ct", "", "pmd; st; ct"},
    {"pmd; sw=15", "has peer", "pmd; sw=15"},
    {"pmd; sw=8; cw=8", "has peer", "pmd; sw=8; cw=8"},
    {"pmd; cw=15", "has peer", "pmd"},
    {"pmd; cw=9", "has peer w=9", "pmd; cw=9"},
    {"pmd; sw=\"9\"", "has peer pw=9", "pmd; sw=9"},
    {"pmd; sw=8", "has peer pw=9", "pmd; sw=8"},
    /* To the plainer offer. */
    {"pmd", "", "pmd"},
    {"pmd", "has peer pw=9", "pmd"},
    {"pmd; st", "pw=9", "pmd; st"},

    {"pmd; sw=10", "has peer pw=9", NULL},
    {"pmd; cw=10", "has peer w=9", NULL},
    {"pmd; cw", "has peer", NULL},
    {"pmd; sw", "has peer", NULL},
    {"pmd; sw=7", "has peer", NULL},
    {"pmd; sw=16", "has peer", NULL},
    {"pmd; sw=08", "has peer", NULL},
    {"pmd; sw=0", "has peer", NULL},
    {"pmd; cw=7", "has peer", NULL},
    {"pmd; cw=16", "has peer", NULL},
    {"pmd; cw=08", "has peer", NULL},
    {"pmd; st=1", "has peer", NULL},
    {"pmd; ct=1", "has peer", NULL},
    {"pmd; st; st", "has peer", NULL},
    {"pmd; ct; ct", "has peer", NULL},
    {"pmd; sw=9; sw=9", "has peer", NULL},
    {"pmd; cw=9; cw=9", "has peer", NULL},
    {"pmd; unknown", "has peer", NULL},
    {"pmd, pmd", "has peer", NULL},
    {"pmd, other", "has peer", NULL},
    {"other", "has peer", NULL},
    {"pmd", "off", NULL},
    {"pmd;", "has peer", NULL},
    {"pmd; sw=", "has peer", NULL},
    {"pmd pmd", "has peer", NULL},
};

static void check_answer(const char *answer, const char *words,
                         const char *want)
{
    struct weft_deflate_opts opts = options(words);
    struct weft_deflate_params params;
    const char *why = NULL;
    struct weft_buf text;
    int got = weft_deflate_verify(&params, at_end(answer), &opts, &why);

    if (!want) {
        CHECK(got == WEFT_ERR_PROTOCOL && why, "%s: %d", answer, got);
        return;
    }
    CHECK(got == (*want != '\0'), "%s: %d, %s", answer, got, why);
    if (got == 0)
        return;
    weft_buf_init(&text, &weft_mem_libc, 256);
    assert_int_equal(weft_deflate_answer(&text, &params), 0);
    check_text(&text, want, answer);
    weft_buf_release(&text);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        char answer[4096];

        expand(answer, answers[i].answer);
        check_answer(answer, answers[i].opts, answers[i].want);
    }
}

static const char *const all_options[] = {
    "has peer", "has",        "peer",     "",          "has peer w=8",
    "pw=8",     " w=9 pw=12", "has w=12", "peer pw=9", "has peer w=8 pw=8",
};

/* Any client of ours and any server of ours agree, and each reads the same out
 * of the answer. */
static void test_both_sides(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all_options) * COUNT(all_options); i++) {
        struct weft_deflate_opts client =
            options(all_options[i % COUNT(all_options)]);
        struct weft_deflate_opts server =
            options(all_options[i / COUNT(all_options)]);
        struct weft_deflate_params agreed, verified, read;
        struct weft_buf offer, answer;
        struct weft_field field = {weft_slice("Sec-WebSocket-Extensions"), {0}};
        const char *why;

        weft_buf_init(&offer, &weft_mem_libc, 256);
        weft_buf_init(&answer, &weft_mem_libc, 256);
        assert_int_equal(weft_deflate_offer(&offer, &client), 0);
        field.value = (struct weft_slice){(const char *)offer.data, offer.len};
        assert_int_equal(weft_deflate_accept(&agreed, &field, 1, &server), 1);
        assert_int_equal(weft_deflate_answer(&answer, &agreed), 0);
        field.value =
            (struct weft_slice){(const char *)answer.data, answer.len};
        assert_int_equal(
            weft_deflate_verify(&verified, field.value, &client, &why), 1);
        assert_int_equal(weft_deflate_params_read(&read, field.value), 1);
        assert_memory_equal(&verified, &read, sizeof(read));
        assert_int_equal(read.server_no_context_takeover,
                         agreed.server_no_context_takeover);
        assert_int_equal(read.client_no_context_takeover,
                         agreed.client_no_context_takeover);
        assert_int_equal(read.server_max_window_bits,
                         agreed.server_max_window_bits);
        assert_int_equal(read.client_max_window_bits,
                         agreed.client_max_window_bits);
        weft_buf_release(&offer);
        weft_buf_release(&answer);
    }
}

static void test_read(void **state)
{
    struct weft_deflate_params params;

    (void)state;
    assert_int_equal(weft_deflate_params_read(&params, weft_slice("")), 0);
    assert_int_equal(
        weft_deflate_params_read(&params, weft_slice("permessage-deflate; "
                                                     "client_max_window_bits")),
        WEFT_ERR_PROTOCOL);
    assert_int_equal(
        weft_deflate_params_read(&params, weft_slice("permessage-bzip2")),
        WEFT_ERR_PROTOCOL);
}

/* ---- Writing, and options ------------------------------------------------ */

/* Without room or memory, what was there stays as it was. */
static void test_no_room(void **state)
{
    struct weft_deflate_opts opts = options(" w=8 pw=8");
    const struct weft_deflate_params params = {true, true, 10, 10, true, true};

    (void)state;
    for (size_t max = 3; max < 128; max++) {
        struct weft_buf buf;

        weft_buf_init(&buf, &weft_mem_libc, max);
        assert_int_equal(weft_buf_append_text(&buf, "abc"), 0);
        if (weft_deflate_answer(&buf, &params) != WEFT_ERR_LIMIT)
            assert_in_range(buf.len, 20, max);
        else
            assert_int_equal(buf.len, 3);
        buf.len = 3;
        assert_int_equal(weft_deflate_offer(&buf, &opts), WEFT_ERR_LIMIT);
        assert_int_equal(buf.len, 3);
        weft_buf_release(&buf);
    }
}

static void test_no_memory(void **state)
{
    struct weft_deflate_opts opts = options(" w=8 pw=8");
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_buf buf;

        weft_buf_init(&buf, &mem, 256);
        err = weft_deflate_offer(&buf, &opts);
        CHECK(err == 0 || (err == WEFT_ERR_NOMEM && buf.len == 0), "%d", err);
        weft_buf_release(&buf);
        assert_int_equal(fm.live, 0);
    } while (err);
}

static void test_options(void **state)
{
    static const struct weft_deflate_opts wrong[] = {
        {.size = sizeof(wrong[0]), .level = 10},
        {.size = sizeof(wrong[0]), .level = -1},
        {.size = sizeof(wrong[0]), .memory_level = 10},
        {.size = sizeof(wrong[0]), .window_bits = 7},
        {.size = sizeof(wrong[0]), .window_bits = 16},
        {.size = sizeof(wrong[0]), .peer_window_bits = 7},
        {.size = sizeof(wrong[0]), .peer_window_bits = 16},
        {.size = 0},
        {.size = SIZE_MAX},
    };
    struct weft_deflate_opts opts, none = {.size = sizeof(none)}, same;

    (void)state;
    assert_int_equal(weft_deflate_opts_fill(&opts, NULL), 0);
    assert_int_equal(opts.size, sizeof(opts));
    assert_false(opts.is_off || opts.has_takeover || opts.peer_takeover);
    assert_in_range(opts.level, 1, 9);
    assert_int_equal(opts.memory_level, 8);
    assert_int_equal(opts.window_bits, 15);
    assert_int_equal(opts.peer_window_bits, 15);
    assert_int_equal(opts.threshold, 256);
    assert_int_equal(opts.ceiling, 67108864);
    assert_int_equal(weft_deflate_opts_fill(&same, &none), 0);
    assert_memory_equal(&same, &opts, sizeof(opts));
    none.has_takeover = true;
    assert_int_equal(weft_deflate_opts_fill(&same, &none), 0);
    assert_int_equal(same.threshold, 32);
    same = opts;
    for (size_t i = 0; i < COUNT(wrong); i++)
        CHECK(weft_deflate_opts_fill(&same, &wrong[i]) == WEFT_ERR_USAGE,
              "case %zu", i);
    assert_memory_equal(&same, &opts, sizeof(opts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_several_fields),
        cmocka_unit_test(test_thousand_offers),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_both_sides),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
