/* SPDX-License-Identifier: MIT */
/*
 * permessage-deflate in the handshake. A field is read element by element, an
 * element parameter by parameter (RFC 6455 9.1), and the parameters of each
 * become terms by RFC 7692 7.1, where an offer and an answer differ only in
 * whether client_max_window_bits needs a value. An answer is right if it is one
 * to any of the offers: the client lists them by preference and the server may
 * have reasons of its own (RFC 7692 5).
 */
#include "bargain.h"

#include "fields.h"

#include <stdio.h>
#include <string.h>

static const char extension[] = "permessage-deflate";

/* The parameters of one offer or answer. */
struct terms {
    bool has_server_fresh, has_client_fresh; /* no_context_takeover */
    bool has_server_bits, has_client_bits;   /* max_window_bits */
    int server_bits, client_bits;            /* 0: without a value */
};

/* A name, and perhaps a value; points into the field. */
struct pair {
    const char *name, *value;
    size_t name_len, value_len;
};

enum kind { OFFER, ANSWER };

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* Reads a token and perhaps "=" and a value at *p. Returns false when there is
 * something else. */
static bool read_pair(struct pair *pair, const char **p)
{
    const char *at = skip_blanks(*p);
    bool is_quoted;

    *pair = (struct pair){.name = at, .name_len = token_len(at)};
    at += pair->name_len;
    if (*at == '=') {
        is_quoted = at[1] == '"';
        pair->value = at + 1 + is_quoted;
        pair->value_len = token_len(pair->value);
        at = pair->value + pair->value_len;
        if (pair->value_len == 0 || (is_quoted && *at != '"'))
            return false;
        at += is_quoted;
    }
    *p = skip_blanks(at);
    return pair->name_len > 0;
}

static bool is_named(const struct pair *pair, const char *name)
{
    return pair->name_len == strlen(name) &&
           memcmp(pair->name, name, pair->name_len) == 0;
}

/* 7.1.2: a decimal from 8 to 15 without a zero in front. */
static int read_bits(const struct pair *pair)
{
    const char *p = pair->value;

    if (pair->value_len == 1 && (p[0] == '8' || p[0] == '9'))
        return p[0] - '0';
    if (pair->value_len == 2 && p[0] == '1' && p[1] >= '0' && p[1] <= '5')
        return 10 + p[1] - '0';
    return 0;
}

static const char *take_flag(bool *flag, const struct pair *pair)
{
    if (*flag)
        return "a parameter of permessage-deflate twice (RFC 7692 7.1)";
    if (pair->value)
        return "a value of no_context_takeover (RFC 7692 7.1.1)";
    *flag = true;
    return NULL;
}

static const char *take_bits(bool *has, int *bits, const struct pair *pair,
                             bool may_lack)
{
    if (*has)
        return "a parameter of permessage-deflate twice (RFC 7692 7.1)";
    *has = true;
    if (!pair->value)
        return may_lack ? NULL : "max_window_bits without a value (7.1.2)";
    *bits = read_bits(pair);
    return *bits ? NULL : "max_window_bits that are not 8 to 15 (7.1.2)";
}

static const char *take_pair(struct terms *t, const struct pair *pair,
                             enum kind kind)
{
    if (is_named(pair, "server_no_context_takeover"))
        return take_flag(&t->has_server_fresh, pair);
    if (is_named(pair, "client_no_context_takeover"))
        return take_flag(&t->has_client_fresh, pair);
    if (is_named(pair, "server_max_window_bits"))
        return take_bits(&t->has_server_bits, &t->server_bits, pair, false);
    if (is_named(pair, "client_max_window_bits"))
        return take_bits(&t->has_client_bits, &t->client_bits, pair,
                         kind == OFFER);
    return "a parameter that permessage-deflate does not have (7.1)";
}

/* Reads ";" and parameters, as many as there are. */
static const char *read_terms(struct terms *t, const char **p, enum kind kind)
{
    const char *fault = NULL, *found;
    struct pair pair;

    *t = (struct terms){0};
    while (**p == ';') {
        ++*p;
        if (!read_pair(&pair, p))
            return "malformed parameters (RFC 6455 9.1)";
        found = take_pair(t, &pair, kind);
        if (!fault)
            fault = found;
    }
    return fault;
}

/* Goes to the next element that is permessage-deflate, and reads it. Returns
 * false when there is none. */
static bool next_terms(struct terms *t, const char **p, enum kind kind,
                       const char **fault)
{
    struct pair pair;

    while (**p) {
        *fault = NULL;
        *p += strspn(*p, ", \t");
        if (!read_pair(&pair, p)) {
            *p += strcspn(*p, ",");
            continue;
        }
        *fault = read_terms(t, p, kind);
        *p += strcspn(*p, ",");
        if (is_named(&pair, extension) && !pair.value)
            return true;
    }
    return false;
}

/* Whatever the extensions are: the grammar, and that each was offered (RFC 6455
 * 9.1). */
static const char *answer_fault(const char *offers, const char *p)
{
    struct pair pair;
    char name[64];

    while (*(p += strspn(p, ", \t"))) {
        if (!read_pair(&pair, &p) || pair.value)
            return "malformed (RFC 6455 9.1)";
        snprintf(name, sizeof(name), "%.*s", (int)pair.name_len, pair.name);
        while (*p == ';') {
            p++;
            if (!read_pair(&pair, &p))
                return "malformed (RFC 6455 9.1)";
        }
        if (*p && *p != ',')
            return "malformed (RFC 6455 9.1)";
        if (!list_has(offers, name))
            return "an extension that was not offered (RFC 6455 9.1)";
    }
    return NULL;
}

/* Why this is no answer to that offer, or NULL. */
static const char *mismatch(const struct terms *offer,
                            const struct terms *answer)
{
    if (offer->has_server_fresh && !answer->has_server_fresh)
        return "an answer without the offer's server_no_context_takeover "
               "(RFC 7692 7.1.1.1)";
    if (offer->has_server_bits && !answer->has_server_bits)
        return "an answer without the offer's server_max_window_bits (RFC "
               "7692 7.1.2.1)";
    if (offer->has_server_bits && answer->server_bits > offer->server_bits)
        return "an answer with more server_max_window_bits than offered (RFC "
               "7692 7.1.2.1)";
    if (answer->has_client_bits && !offer->has_client_bits)
        return "an answer with client_max_window_bits, which was not offered "
               "(RFC 7692 7.1.2.2)";
    return NULL;
}

static int smaller_bits(int a, int b)
{
    a = a ? a : 15;
    b = b ? b : 15;
    return a < b ? a : b;
}

/* What a client says of itself in an offer binds it as well: 7.1.1.2, 7.1.2.2.
 */
static void settle(struct deal *d, const struct terms *offer,
                   const struct terms *answer)
{
    d->on = true;
    d->flow[SIDE_CLIENT] = (struct flow){
        smaller_bits(offer->client_bits, answer->client_bits),
        offer->has_client_fresh || answer->has_client_fresh,
    };
    d->flow[SIDE_SERVER] = (struct flow){
        smaller_bits(answer->server_bits, 0),
        answer->has_server_fresh,
    };
    d->odd = offer->client_bits && answer->client_bits > offer->client_bits;
}

const char *bargain_judge(struct deal *deal, const char *offers,
                          const char *answer)
{
    struct terms got, more, offer;
    const char *why = "permessage-deflate, which was not rightly offered "
                      "(RFC 7692 7.1)";
    const char *fault, *ignored;
    bool is_first = true, is_odd = false;

    *deal = (struct deal){0};
    fault = answer_fault(offers, answer);
    if (fault)
        return fault;
    if (!next_terms(&got, &answer, ANSWER, &fault))
        return NULL;
    if (fault)
        return fault;
    if (next_terms(&more, &answer, ANSWER, &ignored))
        return "permessage-deflate twice in one answer (RFC 7692 5)";
    while (next_terms(&offer, &offers, OFFER, &ignored)) {
        if (ignored)
            continue;
        fault = mismatch(&offer, &got);
        if (!fault) {
            settle(deal, &offer, &got);
            deal->odd |= is_odd;
            return NULL;
        }
        is_odd |= offer.has_server_bits && got.server_bits > offer.server_bits;
        why = is_first ? fault : why;
        is_first = false;
    }
    return why;
}

const char *bargain_offer_fault(const char *offers)
{
    struct terms offer;
    const char *fault;

    while (next_terms(&offer, &offers, OFFER, &fault)) {
        if (fault)
            return fault;
    }
    return NULL;
}

static void write_bits(char *out, size_t size, size_t *n, const char *name,
                       int bits)
{
    if (*n < size)
        *n += (size_t)snprintf(out + *n, size - *n, "; %s=%d", name, bits);
}

void bargain_answer(char *out, size_t size, const char *offers,
                    const char *wants)
{
    struct terms offer, want;
    const char *fault = "";
    size_t n;

    out[0] = '\0';
    while (fault && next_terms(&offer, &offers, OFFER, &fault))
        ;
    if (fault)
        return;
    n = (size_t)snprintf(out, size, ";%s", wants);
    wants = n > 1 ? out : "";
    read_terms(&want, &wants, OFFER);
    n = (size_t)snprintf(out, size, "%s%s%s", extension,
                         offer.has_server_fresh || want.has_server_fresh
                             ? "; server_no_context_takeover"
                             : "",
                         want.has_client_fresh ? "; client_no_context_takeover"
                                               : "");
    if (offer.has_server_bits || want.has_server_bits)
        write_bits(out, size, &n, "server_max_window_bits",
                   smaller_bits(offer.server_bits, want.server_bits));
    if (offer.has_client_bits && want.client_bits)
        write_bits(out, size, &n, "client_max_window_bits",
                   smaller_bits(offer.client_bits, want.client_bits));
}
