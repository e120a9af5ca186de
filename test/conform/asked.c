/* SPDX-License-Identifier: MIT */
/*
 * The client's half of the handshake, judged by the list of RFC 6455 4.1, by
 * 11.3 for what may stand there once only, and by HTTP/1.1 where those refer to
 * it. Numbers of items are those of the second list in 4.1.
 */
#include "asked.h"

#include "bargain.h"
#include "nonce.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *request_line_fault(struct asked *a)
{
    const char *p = a->fields.first;
    const char *blank = memchr(p + 4, ' ', a->fields.first_len - 4);
    size_t n;

    if (!blank)
        return "the request line is malformed";
    n = (size_t)(blank - p) - 4;
    if (n == 0 || n >= sizeof(a->target))
        return "the target of the request is empty or long";
    memcpy(a->target, p + 4, n);
    a->target[n] = '\0';
    if (a->fields.first_len != 4 + n + 9 || strncmp(blank, " HTTP/1.1", 9) != 0)
        return "the request is not one of HTTP/1.1 (4.1 item 2)";
    return NULL;
}

int asked_read(struct asked *a, const uint8_t *in, size_t len,
               const char **fault)
{
    int n;

    memset(a, 0, sizeof(*a));
    n = fields_read(&a->fields, in, len, fault);
    if (n <= 0)
        return n;
    if (a->fields.first_len < 4 || strncmp(a->fields.first, "GET ", 4) != 0)
        *fault = "the method is not GET (4.1 item 2)";
    else
        *fault = request_line_fault(a);
    fields_get(&a->fields, "Sec-WebSocket-Key", a->key, sizeof(a->key));
    fields_get(&a->fields, "Sec-WebSocket-Extensions", a->offered,
               sizeof(a->offered));
    fields_get(&a->fields, "Sec-WebSocket-Protocol", a->first,
               sizeof(a->first));
    a->first[token_len(a->first)] = '\0';
    return *fault ? -1 : n;
}

/* A field that must be there once. */
static void judge_single(const struct asked *a, const char *name, char *got,
                         struct verdict *v)
{
    size_t n = fields_get(&a->fields, name, got, 256);

    if (n != 1)
        verdict_say(v, GRADE_FAIL, "a request with %zu %s fields (4.1, 11.3)",
                    n, name);
}

static void judge_basics(struct asked *a, const struct asked_want *want,
                         struct verdict *v)
{
    char got[256];

    judge_single(a, "Host", got, v);
    if (want->authority && strcasecmp(got, want->authority) != 0)
        verdict_say(v, GRADE_FAIL, "Host is \"%.60s\", expected \"%s\" (4.1)",
                    got, want->authority);
    fields_get(&a->fields, "Upgrade", got, sizeof(got));
    if (!list_has(got, "websocket"))
        verdict_say(v, GRADE_FAIL, "Upgrade is \"%.60s\" (4.1 item 5)", got);
    fields_get(&a->fields, "Connection", got, sizeof(got));
    if (!list_has(got, "Upgrade"))
        verdict_say(v, GRADE_FAIL, "Connection is \"%.60s\" (4.1 item 6)", got);
    judge_single(a, "Sec-WebSocket-Version", got, v);
    if (strcmp(got, "13") != 0)
        verdict_say(v, GRADE_FAIL,
                    "Sec-WebSocket-Version is \"%.60s\" (4.1 item 9)", got);
    judge_single(a, "Sec-WebSocket-Key", got, v);
    if (!base64_read(a->nonce, sizeof(a->nonce), got))
        verdict_say(v, GRADE_FAIL,
                    "Sec-WebSocket-Key \"%.60s\" is not 16 bytes in base64 "
                    "(4.1 item 7)",
                    got);
}

/* RFC 6454 7.1: "null", or scheme, "://", host and perhaps a port; several with
 * a blank between. */
static bool is_origin(const char *p)
{
    size_t scheme = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
    size_t n;

    if (strcmp(p, "null") == 0)
        return true;
    if (!islower((unsigned char)*p) || strncmp(p + scheme, "://", 3) != 0)
        return false;
    p += scheme + 3;
    n = strcspn(p, "/?#@ \t\"<>\\^`{|}");
    return n > 0 && (p[n] == '\0' || (p[n] == ' ' && is_origin(p + n + 1)));
}

static void judge_origin(const struct asked *a, struct verdict *v)
{
    char got[256];
    size_t n = fields_get(&a->fields, "Origin", got, sizeof(got));

    if (n > 1)
        verdict_say(v, GRADE_FAIL, "%zu Origin fields (RFC 6454 7.3)", n);
    else if (n == 1 && !is_origin(got))
        verdict_say(v, GRADE_FAIL, "Origin \"%.60s\" is none (RFC 6454 7.1)",
                    got);
}

/* Passes over blanks and a comma behind an element of a list. Returns NULL when
 * something else is there. */
static const char *next_element(const char *p)
{
    p += strspn(p, " \t");
    if (*p == '\0')
        return p;
    if (*p != ',')
        return NULL;
    p++;
    p += strspn(p, " \t");
    return *p ? p : NULL;
}

/* Whether a token is one of a list of tokens; case counts. */
static bool is_among(const char *token, size_t len, const char *list)
{
    for (size_t n; *list; list += n) {
        list += strspn(list, ", \t");
        n = strcspn(list, ", \t");
        if (n == len && memcmp(list, token, len) == 0)
            return true;
    }
    return false;
}

/* 4.1 item 10: tokens, each once. */
static bool are_protocols(const char *list)
{
    for (const char *p = list, *next; *p; p = next) {
        size_t n = token_len(p);

        next = n ? next_element(p + n) : NULL;
        if (!next || is_among(p, n, next))
            return false;
    }
    return *list != '\0';
}

/* The same list with ", " between all elements. */
static void normalize(char *out, size_t size, const char *list)
{
    size_t used = 0;

    for (; *list && used + 3 < size; list++) {
        if (*list == ' ' || *list == '\t')
            continue;
        out[used++] = *list;
        if (*list == ',')
            out[used++] = ' ';
    }
    out[used] = '\0';
}

static void judge_protocols(const struct asked *a, const char *want,
                            struct verdict *v)
{
    char got[256], plain[256];
    size_t n =
        fields_get(&a->fields, "Sec-WebSocket-Protocol", got, sizeof(got));

    normalize(plain, sizeof(plain), got);
    if (n > 1)
        verdict_say(v, GRADE_NOTE, "%zu Sec-WebSocket-Protocol fields", n);
    if (n && !are_protocols(got))
        verdict_say(v, GRADE_FAIL,
                    "Sec-WebSocket-Protocol \"%.60s\" is no list of tokens, "
                    "each once (4.1 item 10)",
                    got);
    else if (want && strcmp(plain, want) != 0)
        verdict_say(v, GRADE_FAIL,
                    "asks for the subprotocols \"%.60s\"; it was told to ask "
                    "for \"%s\"",
                    got, want);
}

/* ";" token, perhaps "=" and a token, which may stand in quotes (9.1). Returns
 * what is behind, or NULL. */
static const char *skip_parameter(const char *p)
{
    bool is_quoted;
    size_t n;

    p += 1 + strspn(p + 1, " \t");
    n = token_len(p);
    if (n == 0)
        return NULL;
    p += n;
    if (*p != '=')
        return p + strspn(p, " \t");
    is_quoted = p[1] == '"';
    p += is_quoted ? 2 : 1;
    n = token_len(p);
    if (n == 0 || (is_quoted && p[n] != '"'))
        return NULL;
    p += n + is_quoted;
    return p + strspn(p, " \t");
}

static bool are_extensions(const char *p)
{
    if (*p == '\0')
        return false;
    while (p && *p) {
        size_t n = token_len(p);

        if (n == 0)
            return false;
        p += n;
        p += strspn(p, " \t");
        while (p && *p == ';')
            p = skip_parameter(p);
        p = p ? next_element(p) : NULL;
    }
    return p;
}

static void judge_rest(const struct asked *a, struct verdict *v)
{
    const char *fault = bargain_offer_fault(a->offered);
    char got[512];

    if (fields_get(&a->fields, "Sec-WebSocket-Extensions", got, sizeof(got)) &&
        !are_extensions(got))
        verdict_say(v, GRADE_FAIL,
                    "Sec-WebSocket-Extensions \"%.60s\" is malformed (9.1)",
                    got);
    if (fault)
        verdict_say(v, GRADE_FAIL, "offers %s: \"%.90s\"", fault, a->offered);
    if (fields_get(&a->fields, "Sec-WebSocket-Accept", got, sizeof(got)))
        verdict_say(v, GRADE_FAIL,
                    "Sec-WebSocket-Accept in a request (11.3.3)");
    if (fields_get(&a->fields, "Transfer-Encoding", got, sizeof(got)) ||
        (fields_get(&a->fields, "Content-Length", got, sizeof(got)) &&
         strcmp(got, "0") != 0))
        verdict_say(v, GRADE_FAIL, "a request that announces a body (4.1)");
}

void asked_judge(struct asked *a, const struct asked_want *want,
                 struct verdict *v)
{
    judge_basics(a, want, v);
    judge_origin(a, v);
    judge_protocols(a, want->protocols, v);
    judge_rest(a, v);
}
