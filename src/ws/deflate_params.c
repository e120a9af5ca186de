/* SPDX-License-Identifier: MIT */
/*
 * Offers and answers of permessage-deflate. Both are read by the same code,
 * for they have the same four parameters; what differs is that only an offer
 * may name client_max_window_bits without a value (section 7.1.2.2).
 *
 * Whoever compresses may always do less than what is agreed on. So an endpoint
 * whose own options ask for less than the parameters say keeps to its options:
 * not everything that it does needs to be in the answer.
 */
#include "ws/deflate_params.h"

#include "base/opts.h"
#include "ws/extension.h"

#define NAME "permessage-deflate"
#define WINDOW_BITS_MIN 8
#define WINDOW_BITS_MAX 15

#define MIB ((uint64_t)1 << 20)

static bool is_within(int value, int min, int max)
{
    return value >= min && value <= max;
}

/*
 * Measured by bench/deflate. Up to 1 KiB the level makes hardly a difference.
 * Above, 1 leaves 5 % more than 3 and saves a fifth of the time at 4 KiB, 7 %
 * and a quarter at 16 KiB, where 6 leaves up to 4 % less than 3 and takes two
 * to four times as long.
 *
 * Without context, 64 bytes get no shorter, 128 by a tenth and 256 by a third,
 * all for about the same time. With context even 32 bytes that resemble earlier
 * ones are left at a third, in a fifth of that time.
 *
 * A context is met cold in a server of many connections, and looking for
 * matches in 256 KiB of it costs more than they save: a memory level of 5, so a
 * window of 12 bits and 32 KiB in all, took two fifths of the time for 1 KiB of
 * text on 100 connections, and left 16 % more (weft bench -z --takeover -s 1K).
 */
#define LEVEL 3
#define THRESHOLD 256
#define THRESHOLD_TAKEOVER 32
#define MEMORY 8
#define MEMORY_TAKEOVER 5

static void fill_defaults(struct weft_deflate_opts *opts)
{
    if (opts->level == 0)
        opts->level = LEVEL;
    if (opts->memory_level == 0)
        opts->memory_level = opts->has_takeover ? MEMORY_TAKEOVER : MEMORY;
    if (opts->window_bits == 0)
        opts->window_bits = WINDOW_BITS_MAX;
    if (opts->peer_window_bits == 0)
        opts->peer_window_bits = WINDOW_BITS_MAX;
    if (opts->threshold == 0)
        opts->threshold = opts->has_takeover ? THRESHOLD_TAKEOVER : THRESHOLD;
    if (opts->ceiling == 0)
        opts->ceiling = 64 * MIB;
}

int weft_deflate_opts_fill(struct weft_deflate_opts *out,
                           const struct weft_deflate_opts *opts)
{
    struct weft_deflate_opts known;
    int err = weft_opts_copy(&known, sizeof(known), opts);

    if (err)
        return err;
    fill_defaults(&known);
    if (!is_within(known.level, 1, 9) || !is_within(known.memory_level, 1, 9) ||
        !is_within(known.window_bits, WINDOW_BITS_MIN, WINDOW_BITS_MAX) ||
        !is_within(known.peer_window_bits, WINDOW_BITS_MIN, WINDOW_BITS_MAX))
        return WEFT_ERR_USAGE;
    *out = known;
    return 0;
}

/* ---- Reading ------------------------------------------------------------- */

/* A decimal number from 8 to 15 without leading zeros; 0: it is not one. */
static uint8_t window_bits(struct weft_slice value)
{
    const char *p = value.ptr;

    if (value.len == 1 && (p[0] == '8' || p[0] == '9'))
        return (uint8_t)(p[0] - '0');
    if (value.len == 2 && p[0] == '1' && p[1] >= '0' && p[1] <= '5')
        return (uint8_t)(10 + p[1] - '0');
    return 0;
}

static const char *read_flag(const struct weft_ext_param *param, bool *flag)
{
    if (*flag)
        return "a parameter of permessage-deflate is there twice";
    if (param->value.ptr)
        return "a context takeover parameter of permessage-deflate has a value";
    *flag = true;
    return NULL;
}

static const char *read_window(const struct weft_ext_param *param,
                               bool may_be_bare, bool *has, uint8_t *bits)
{
    if (*has)
        return "a parameter of permessage-deflate is there twice";
    *has = true;
    if (!param->value.ptr)
        return may_be_bare ? NULL
                           : "a window of permessage-deflate has no value";
    *bits = window_bits(param->value);
    return *bits ? NULL
                 : "a window of permessage-deflate is not of 8 to 15 bits";
}

static const char *read_param(struct weft_deflate_params *params,
                              const struct weft_ext_param *param,
                              bool is_answer)
{
    if (weft_slice_eq(param->name, "server_no_context_takeover"))
        return read_flag(param, &params->server_no_context_takeover);
    if (weft_slice_eq(param->name, "client_no_context_takeover"))
        return read_flag(param, &params->client_no_context_takeover);
    if (weft_slice_eq(param->name, "server_max_window_bits"))
        return read_window(param, false, &params->server_has_window,
                           &params->server_max_window_bits);
    if (weft_slice_eq(param->name, "client_max_window_bits"))
        return read_window(param, !is_answer, &params->client_has_window,
                           &params->client_max_window_bits);
    return "permessage-deflate has no such parameter";
}

/* Why the extension is not well formed (section 7), or NULL. */
static const char *read_params(struct weft_deflate_params *params,
                               const struct weft_ext_offer *offer,
                               bool is_answer)
{
    const char *why = NULL;

    *params = (struct weft_deflate_params){
        .server_max_window_bits = WINDOW_BITS_MAX,
        .client_max_window_bits = WINDOW_BITS_MAX,
    };
    for (size_t i = 0; i < offer->count && !why; i++)
        why = read_param(params, &offer->params[i], is_answer);
    return why;
}

/* ---- The server ---------------------------------------------------------- */

static void lower(uint8_t *bits, int most)
{
    if (*bits > most)
        *bits = (uint8_t)most;
}

/*
 * Makes an agreement of a well-formed offer, which can always be met. A window
 * of the server's that the client has not asked for is used and not told, as
 * there are clients that fail on the answer. A client that has said nothing of
 * its own window may use all of 32 KiB (section 7.1.2.2).
 */
static void agree(struct weft_deflate_params *params,
                  const struct weft_deflate_opts *opts)
{
    if (!opts->has_takeover)
        params->server_no_context_takeover = true;
    if (!opts->peer_takeover)
        params->client_no_context_takeover = true;
    if (params->server_has_window)
        lower(&params->server_max_window_bits, opts->window_bits);
    if (params->client_has_window)
        lower(&params->client_max_window_bits, opts->peer_window_bits);
}

/* The first offer of one field's value that is acceptable: 1; 0; PROTOCOL. */
static int accept_one(struct weft_deflate_params *params,
                      struct weft_slice value)
{
    struct weft_ext_offer offer;
    struct weft_deflate_params offered;
    int found = 0, ret;

    /* Once one is found, the others are still read for mistakes. */
    while ((ret = weft_ext_next(&value, &offer)) > 0) {
        if (found || !weft_slice_eq(offer.name, NAME) ||
            read_params(&offered, &offer, false))
            continue;
        *params = offered;
        found = 1;
    }
    return ret < 0 ? ret : found;
}

int weft_deflate_accept(struct weft_deflate_params *params,
                        const struct weft_field *fields, size_t count,
                        const struct weft_deflate_opts *opts)
{
    const struct weft_field *field;
    struct weft_deflate_params first, other;
    size_t from = 0;
    int found = 0;

    while ((field = weft_field_next(fields, count, "Sec-WebSocket-Extensions",
                                    &from))) {
        int ret = accept_one(found ? &other : &first, field->value);

        if (ret < 0)
            return ret;
        found |= ret;
    }
    if (!found || opts->is_off)
        return 0;
    agree(&first, opts);
    *params = first;
    return 1;
}

static int append_window(struct weft_buf *out, const char *name, int bits)
{
    return weft_buf_printf(out, "; %s=%d", name, bits);
}

/* Each parameter that is there; all or nothing. */
static int append_answer(struct weft_buf *out,
                         const struct weft_deflate_params *params)
{
    int err = weft_buf_append_text(out, NAME);

    if (!err && params->server_no_context_takeover)
        err = weft_buf_append_text(out, "; server_no_context_takeover");
    if (!err && params->client_no_context_takeover)
        err = weft_buf_append_text(out, "; client_no_context_takeover");
    if (!err && params->server_has_window)
        err = append_window(out, "server_max_window_bits",
                            params->server_max_window_bits);
    if (!err && params->client_has_window &&
        params->client_max_window_bits < WINDOW_BITS_MAX)
        err = append_window(out, "client_max_window_bits",
                            params->client_max_window_bits);
    return err;
}

int weft_deflate_answer(struct weft_buf *out,
                        const struct weft_deflate_params *params)
{
    size_t before = out->len;
    int err = append_answer(out, params);

    if (err)
        out->len = before;
    return err;
}

/* ---- The client ---------------------------------------------------------- */

static int append_client_window(struct weft_buf *out,
                                const struct weft_deflate_opts *opts)
{
    if (opts->window_bits < WINDOW_BITS_MAX)
        return append_window(out, "client_max_window_bits", opts->window_bits);
    return weft_buf_append_text(out, "; client_max_window_bits");
}

static int append_offer(struct weft_buf *out,
                        const struct weft_deflate_opts *opts)
{
    int err = weft_buf_append_text(out, NAME);

    if (!err && !opts->peer_takeover)
        err = weft_buf_append_text(out, "; server_no_context_takeover");
    if (!err && !opts->has_takeover)
        err = weft_buf_append_text(out, "; client_no_context_takeover");
    if (!err && opts->peer_window_bits < WINDOW_BITS_MAX)
        err = append_window(out, "server_max_window_bits",
                            opts->peer_window_bits);
    return err ? err : append_client_window(out, opts);
}

/* Whether the offer asks for what a server may decline. */
static bool is_demanding(const struct weft_deflate_opts *opts)
{
    return !opts->peer_takeover || opts->peer_window_bits < WINDOW_BITS_MAX;
}

int weft_deflate_offer(struct weft_buf *out,
                       const struct weft_deflate_opts *opts)
{
    size_t before = out->len;
    int err = opts->is_off ? 0 : append_offer(out, opts);

    if (!err && !opts->is_off && is_demanding(opts)) {
        err = weft_buf_append_text(out, ", " NAME);
        if (!err)
            err = append_client_window(out, opts);
    }
    if (err)
        out->len = before;
    return err;
}

/* The extensions of an answer, of which there is at most one, ours. */
static int read_answer(struct weft_deflate_params *params,
                       struct weft_slice extensions, const char **why)
{
    struct weft_ext_offer answer;
    int found = 0, ret;

    *why = NULL;
    while (!*why && (ret = weft_ext_next(&extensions, &answer)) != 0) {
        if (ret < 0)
            *why = "Sec-WebSocket-Extensions is malformed";
        else if (!weft_slice_eq(answer.name, NAME))
            *why = "the server chose an extension that was not offered";
        else if (found)
            *why = "the server chose permessage-deflate twice";
        else
            *why = read_params(params, &answer, true);
        found = 1;
    }
    return *why ? WEFT_ERR_PROTOCOL : found;
}

/*
 * Why an answer that is well formed is none to our offers. What the first one
 * demands may be missing, for the second does without. But a server's window
 * that is named and too large answers neither: who knows the parameter has
 * seen the first.
 */
static const char *judge(const struct weft_deflate_params *params,
                         const struct weft_deflate_opts *opts)
{
    if (opts->is_off)
        return "the server chose an extension that was not offered";
    if (params->server_has_window &&
        params->server_max_window_bits > opts->peer_window_bits)
        return "server_max_window_bits is greater than offered";
    if (params->client_has_window &&
        params->client_max_window_bits > opts->window_bits)
        return "client_max_window_bits is greater than offered";
    return NULL;
}

int weft_deflate_verify(struct weft_deflate_params *params,
                        struct weft_slice extensions,
                        const struct weft_deflate_opts *opts, const char **why)
{
    struct weft_deflate_params answered;
    int ret = read_answer(&answered, extensions, why);

    if (ret <= 0)
        return ret;
    *why = judge(&answered, opts);
    if (*why)
        return WEFT_ERR_PROTOCOL;
    *params = answered;
    return 1;
}

int weft_deflate_params_read(struct weft_deflate_params *params,
                             struct weft_slice extensions)
{
    struct weft_deflate_params answered;
    const char *why;
    int ret = read_answer(&answered, extensions, &why);

    if (ret > 0)
        *params = answered;
    return ret;
}
