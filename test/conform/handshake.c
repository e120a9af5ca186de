/* SPDX-License-Identifier: MIT */
/*
 * Reads the server's response and judges it by what the script expects. A
 * connection that ends without any response is an answer as well: section
 * 10.7 allows it where 4.2.1 asks for a status, and the script says what that
 * is worth in its case.
 */
#include "handshake.h"

#include "response.h"

#include <stdio.h>
#include <string.h>

/* "101 or 4xx": what is right without a remark. */
static void describe_wants(const struct script *s, char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < s->status_count && n < size; i++) {
        const struct status_want *w = &s->status[i];
        const char * or = n ? " or " : "";

        if (w->grade != GRADE_OK)
            continue;
        if (!w->low)
            n += (size_t)snprintf(out + n, size - n, "%sthe end of TCP", or);
        else if (w->low == w->high)
            n += (size_t)snprintf(out + n, size - n, "%s%d", or, w->low);
        else if (w->high == 999)
            n += (size_t)snprintf(out + n, size - n, "%sanything but 101", or);
        else
            n +=
                (size_t)snprintf(out + n, size - n, "%s%dxx", or, w->low / 100);
    }
}

/* status: 0 for the end of TCP. */
static bool matches(const struct status_want *w, int status)
{
    /* "any" leaves out what opens the connection. */
    if (w->low != w->high && status == 101)
        return false;
    return status >= w->low && status <= w->high;
}

static void judge_status(const struct script *s, int status, struct verdict *v)
{
    char wants[200], got[40] = "the end of TCP without a response";

    if (status)
        snprintf(got, sizeof(got), "status %d", status);
    describe_wants(s, wants, sizeof(wants));
    for (size_t i = 0; i < s->status_count; i++) {
        if (!matches(&s->status[i], status))
            continue;
        if (s->status[i].grade == GRADE_NOTE)
            verdict_say(v, GRADE_NOTE, "%s, which is allowed; %s is usual", got,
                        wants);
        if (s->status[i].grade == GRADE_SOFT)
            verdict_say(v, GRADE_SOFT, "expected %s; got %s", wants, got);
        return;
    }
    verdict_say(v, GRADE_FAIL, "expected %s; got %s", wants, got);
}

static void judge_version(const struct response *r, struct verdict *v)
{
    char got[256];

    fields_get(&r->fields, "Sec-WebSocket-Version", got, sizeof(got));
    if (r->status != 101 && !list_has(got, "13"))
        verdict_say(v, GRADE_FAIL,
                    "status %d without a Sec-WebSocket-Version that names 13 "
                    "(4.2.2, 4.4)",
                    r->status);
    if (r->status == 426 &&
        !fields_get(&r->fields, "Upgrade", got, sizeof(got)))
        verdict_say(v, GRADE_SOFT, "426 without Upgrade (RFC 9110 15.5.22)");
}

static int read_response(struct conn *c, struct response *r, struct verdict *v)
{
    const char *fault;
    int n;

    while ((n = response_read(r, c->in.p, c->in.len, &fault)) == 0) {
        enum conn_news news = conn_fill(c, 0);

        if (news == CONN_SILENCE) {
            verdict_say(v, GRADE_FAIL, "no response to the handshake");
            return -1;
        }
        if (news == CONN_END && c->in.len) {
            verdict_say(v, GRADE_FAIL, "half a response, then the end of TCP");
            return -1;
        }
        if (news == CONN_END)
            return 0;
    }
    if (n < 0)
        verdict_say(v, GRADE_FAIL, "%s", fault);
    return n;
}

bool handshake_judge(struct conn *c, const struct request *request,
                     const struct script *script, struct deal *deal,
                     struct verdict *v)
{
    struct response r = {0};
    bool open = false;
    int n = read_response(c, &r, v);

    if (n < 0)
        return false;
    if (n == 0)
        verdict_trace(v, "< the end of TCP");
    else
        verdict_trace(v, "< status %d", r.status);
    judge_status(script, r.status, v);
    if (r.status && script->has13)
        judge_version(&r, v);
    if (r.status == 101 && v->grade != GRADE_FAIL)
        open = response_judge(&r, request, deal, v);
    bytes_drop(&c->in, (size_t)n);
    return open;
}
