/* SPDX-License-Identifier: MIT */
/*
 * The value of a Sec-WebSocket-Extensions field. Each call takes an extension
 * off its front, so there are no more calls than commas and one, and an empty
 * value is the end of it. What is given back consists of tokens that lie in the
 * value or in the offer, and depends on nothing but what was taken. Written
 * down again it reads the same, and so it does with every value quoted.
 *
 * As an offer of permessage-deflate it is taken when it has one that RFC 7692
 * section 7.1 allows, and the answer is one that a client takes for what it is;
 * as an answer it is taken when it asks no more than what the client offered.
 *
 * hostile.md T3, T7. Input: the value.
 */
#include "fuzz.h"

#include "wire.h"
#include "ws/deflate_params.h"
#include "ws/extension.h"
#include <stdlib.h>

/* A copy in a block of its own, both of whose ends the sanitizer watches. */
static struct weft_slice copy_of(struct weft_slice s)
{
    char *copy = malloc(s.len);

    CHECK(copy || s.len == 0, "no memory");
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    return (struct weft_slice){copy, s.len};
}

static void free_copy(struct weft_slice s)
{
    free((void *)(uintptr_t)s.ptr);
}

static bool is_within(struct weft_slice s, const char *begin, size_t len)
{
    return s.ptr >= begin && s.len <= len &&
           (size_t)(s.ptr - begin) <= len - s.len;
}

/* By RFC 9110 section 5.6.2, in its own words: any visible character but
 * delimiters. */
static void check_token(struct weft_slice s)
{
    CHECK(s.len > 0, "an empty token");
    for (size_t i = 0; i < s.len; i++)
        CHECK(s.ptr[i] > ' ' && s.ptr[i] < 127 &&
                  !strchr("\"(),/:;<=>?@[\\]{}", s.ptr[i]),
              "byte %d of a token", s.ptr[i]);
}

static void check_offer(const struct weft_ext_offer *offer,
                        struct weft_slice value)
{
    CHECK(offer->count <= WEFT_EXT_PARAMS, "%zu parameters", offer->count);
    CHECK(offer->quoted_len <= sizeof(offer->quoted), "%zu bytes",
          offer->quoted_len);
    check_token(offer->name);
    CHECK(is_within(offer->name, value.ptr, value.len), "name");
    for (size_t i = 0; i < offer->count; i++) {
        const struct weft_ext_param *param = &offer->params[i];

        check_token(param->name);
        CHECK(is_within(param->name, value.ptr, value.len), "name %zu", i);
        if (!param->value.ptr)
            continue;
        check_token(param->value);
        CHECK(is_within(param->value, value.ptr, value.len) ||
                  is_within(param->value, offer->quoted, offer->quoted_len),
              "value %zu", i);
    }
}

static bool is_same(struct weft_slice a, struct weft_slice b)
{
    return !a.ptr == !b.ptr && a.len == b.len &&
           (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static void check_same(const struct weft_ext_offer *a,
                       const struct weft_ext_offer *b)
{
    CHECK(is_same(a->name, b->name), "another name");
    CHECK(a->count == b->count, "%zu parameters and %zu", a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        CHECK(is_same(a->params[i].name, b->params[i].name), "name %zu", i);
        CHECK(is_same(a->params[i].value, b->params[i].value), "value %zu", i);
    }
}

/* The text holds this extension and nothing else. */
static void check_text(struct weft_slice text,
                       const struct weft_ext_offer *offer)
{
    struct weft_slice copy = copy_of(text), rest = copy;
    struct weft_ext_offer again;

    CHECK(weft_ext_next(&rest, &again) == 1, "%.*s", (int)text.len, text.ptr);
    check_same(&again, offer);
    CHECK(weft_ext_next(&rest, &again) == 0, "%.*s", (int)text.len, text.ptr);
    free_copy(copy);
}

static void add_quoted(struct bytes *text, struct weft_slice value)
{
    bytes_add(text, "=\"", 2);
    for (size_t i = 0; i < value.len; i++) {
        if (i % 2 == 1) /* RFC 9110 section 5.6.4: any may be escaped */
            bytes_add(text, "\\", 1);
        bytes_add(text, value.ptr + i, 1);
    }
    bytes_add(text, "\"", 1);
}

static void add_offer(struct bytes *text, const struct weft_ext_offer *offer,
                      bool is_quoted)
{
    bytes_add(text, offer->name.ptr, offer->name.len);
    for (size_t i = 0; i < offer->count; i++) {
        const struct weft_ext_param *param = &offer->params[i];

        bytes_add(text, "; ", 2);
        bytes_add(text, param->name.ptr, param->name.len);
        if (!param->value.ptr)
            continue;
        if (is_quoted) {
            add_quoted(text, param->value);
        } else {
            bytes_add(text, "=", 1);
            bytes_add(text, param->value.ptr, param->value.len);
        }
    }
}

static size_t values_len(const struct weft_ext_offer *offer)
{
    size_t len = 0;

    for (size_t i = 0; i < offer->count; i++)
        len += offer->params[i].value.len;
    return len;
}

static void check_again(const struct weft_ext_offer *offer)
{
    struct bytes text = {0};

    add_offer(&text, offer, false);
    check_text((struct weft_slice){(char *)text.data, text.len}, offer);
    text.len = 0;
    if (values_len(offer) <= WEFT_EXT_QUOTED) {
        add_offer(&text, offer, true);
        check_text((struct weft_slice){(char *)text.data, text.len}, offer);
    }
    bytes_release(&text);
}

/* ---- permessage-deflate -------------------------------------------------- */

static bool is_window(struct weft_slice value)
{
    static const char *const windows[] = {"8",  "9",  "10", "11",
                                          "12", "13", "14", "15"};

    for (size_t i = 0; i < COUNT(windows); i++)
        if (weft_slice_eq(value, windows[i]))
            return true;
    return false;
}

/* The parameters of section 7.1; COUNT of them for any other. */
static const char *const known_params[] = {
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
};

static size_t param_index(struct weft_slice name)
{
    size_t i = 0;

    while (i < COUNT(known_params) && !weft_slice_eq(name, known_params[i]))
        i++;
    return i;
}

/* Whether the parameter has the value that it must have, or none. */
static bool is_param(const struct weft_ext_param *param, bool is_answer)
{
    switch (param_index(param->name)) {
    case 0:
    case 1:
        return !param->value.ptr;
    case 2:
        return param->value.ptr && is_window(param->value);
    case 3:
        return param->value.ptr ? is_window(param->value) : !is_answer;
    default:
        return false;
    }
}

/* Whether the extension is one of permessage-deflate, well formed. */
static bool is_deflate(const struct weft_ext_offer *offer, bool is_answer)
{
    bool is_there[COUNT(known_params) + 1] = {false};

    for (size_t i = 0; i < offer->count; i++) {
        size_t index = param_index(offer->params[i].name);

        if (is_there[index] || !is_param(&offer->params[i], is_answer))
            return false;
        is_there[index] = true;
    }
    return weft_slice_eq(offer->name, "permessage-deflate");
}

/* How many extensions there are, and how many of them are permessage-deflate;
 * -1: the value is malformed. */
static int count_deflate(struct weft_slice value, bool is_answer, size_t *all)
{
    struct weft_ext_offer offer;
    int good = 0, rc;

    *all = 0;
    while ((rc = weft_ext_next(&value, &offer)) > 0) {
        good += is_deflate(&offer, is_answer);
        ++*all;
    }
    return rc < 0 ? -1 : good;
}

static void check_window(int bits, int most)
{
    CHECK(bits >= 8 && bits <= most, "a window of %d bits", bits);
}

static void check_answer(const struct weft_deflate_params *params,
                         const struct weft_mem *mem)
{
    struct weft_deflate_params again;
    struct weft_buf answer;
    struct weft_slice text;

    weft_buf_init(&answer, mem, 256);
    CHECK(weft_deflate_answer(&answer, params) == 0, "no answer");
    text = (struct weft_slice){(const char *)answer.data, answer.len};
    CHECK(weft_deflate_params_read(&again, text) == 1, "%.*s", (int)text.len,
          text.ptr);
    CHECK(again.server_no_context_takeover ==
                  params->server_no_context_takeover &&
              again.client_no_context_takeover ==
                  params->client_no_context_takeover &&
              again.server_max_window_bits == params->server_max_window_bits &&
              again.client_max_window_bits == params->client_max_window_bits,
          "%.*s", (int)text.len, text.ptr);
    weft_buf_release(&answer);
}

static void check_as_offer(struct weft_slice value,
                           const struct weft_deflate_opts *opts)
{
    const struct weft_field field = {weft_slice("sec-websocket-extensions"),
                                     value};
    struct fail_mem fm = {.left = -1};
    const struct weft_mem mem = {fail_realloc, &fm};
    struct weft_deflate_params params;
    size_t all;
    int good = count_deflate(value, false, &all);
    int rc = weft_deflate_accept(&params, &field, 1, opts);

    CHECK(good >= 0 || rc == WEFT_ERR_PROTOCOL, "%d", rc);
    CHECK(good < 0 || rc == (good > 0 && !opts->is_off), "%d, %d good", rc,
          good);
    if (rc <= 0)
        return;
    check_window(params.server_max_window_bits,
                 params.server_has_window ? opts->window_bits : 15);
    check_window(params.client_max_window_bits,
                 params.client_has_window ? opts->peer_window_bits : 15);
    CHECK(params.server_no_context_takeover || opts->has_takeover, "ours");
    CHECK(params.client_no_context_takeover || opts->peer_takeover, "theirs");
    check_answer(&params, &mem);
    CHECK(fm.live == 0, "%zu bytes leaked", fm.live);
}

static void check_as_answer(struct weft_slice value,
                            const struct weft_deflate_opts *opts)
{
    struct weft_deflate_params params;
    const char *why = NULL;
    size_t all;
    int good = count_deflate(value, true, &all);
    int rc = weft_deflate_verify(&params, value, opts, &why);

    CHECK(rc == 0 || rc == 1 || rc == WEFT_ERR_PROTOCOL, "%d", rc);
    CHECK(rc >= 0 || (why && why[0]), "no words");
    CHECK((rc == 0) == (good == 0 && all == 0), "%d of nothing", rc);
    if (rc <= 0)
        return;
    CHECK(good == 1 && all == 1 && !opts->is_off, "not offered");
    check_window(params.server_max_window_bits,
                 params.server_has_window ? opts->peer_window_bits : 15);
    check_window(params.client_max_window_bits,
                 params.client_has_window ? opts->window_bits : 15);
}

static void check_deflate(struct weft_slice value)
{
    static const struct weft_deflate_opts given[] = {
        {.size = sizeof(given[0])},
        {.size = sizeof(given[0]), .is_off = true},
        {.size = sizeof(given[0]), .has_takeover = true, .window_bits = 8},
        {.size = sizeof(given[0]),
         .peer_takeover = true,
         .peer_window_bits = 9},
    };

    for (size_t i = 0; i < COUNT(given); i++) {
        struct weft_deflate_opts opts;

        CHECK(weft_deflate_opts_fill(&opts, &given[i]) == 0, "options %zu", i);
        check_as_offer(value, &opts);
        check_as_answer(value, &opts);
    }
}

/* ---- The grammar --------------------------------------------------------- */

static void check_grammar(struct weft_slice value)
{
    struct weft_slice rest = value, before = rest;
    struct weft_ext_offer offer;
    size_t calls = 0, commas = 0;
    int rc;

    for (size_t i = 0; i < value.len; i++)
        commas += value.ptr[i] == ',';
    while ((rc = weft_ext_next(&rest, &offer)) > 0) {
        struct weft_slice taken = {before.ptr, before.len - rest.len};

        CHECK(rc == 1, "%d", rc);
        CHECK(calls++ <= commas, "more extensions than commas and one");
        CHECK(rest.len < before.len && rest.ptr == taken.ptr + taken.len,
              "%zu bytes left of %zu", rest.len, before.len);
        check_offer(&offer, value);
        check_text(taken, &offer);
        check_again(&offer);
        before = rest;
    }
    CHECK(rc == 0 || rc == WEFT_ERR_PROTOCOL, "%d", rc);
    if (rc == 0)
        CHECK(rest.len == 0 && weft_ext_next(&rest, &offer) == 0, "no end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_slice value =
        copy_of((struct weft_slice){(const char *)data, size});

    check_grammar(value);
    check_deflate(value);
    free_copy(value);
    return 0;
}
