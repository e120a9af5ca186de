/* SPDX-License-Identifier: MIT */
/*
 * The server's half of the handshake, when we are the client.
 */
#include "response.h"

#include "nonce.h"

#include <stdlib.h>
#include <string.h>

static const char *status_line_fault(const char *line, size_t len)
{
    if (len < 12 || strncmp(line, "HTTP/1.", 7) != 0)
        return "the response does not begin with HTTP/1.x and a status";
    if ((line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
        strspn(line + 9, "0123456789") != 3)
        return "the status line is malformed";
    /* RFC 9112 4: the blank stays when there is no reason. */
    if (len < 13 || line[12] != ' ')
        return "the status line has no blank behind the status";
    return NULL;
}

int response_read(struct response *r, const uint8_t *in, size_t len,
                  const char **fault)
{
    const char *line_fault;
    int n = fields_read(&r->fields, in, len, fault);

    if (n == 0 || !r->fields.first)
        return n;
    line_fault = status_line_fault(r->fields.first, r->fields.first_len);
    if (line_fault) {
        *fault = line_fault;
        return -1;
    }
    r->minor = r->fields.first[7] - '0';
    r->status = (int)strtol(r->fields.first + 9, NULL, 10);
    return n;
}

static void judge_accept(const struct response *r,
                         const struct request *request, struct verdict *v)
{
    char got[256], want[29];
    size_t n = fields_get(&r->fields, "Sec-WebSocket-Accept", got, sizeof(got));

    accept_value(want, request->key);
    if (n != 1)
        verdict_say(v, GRADE_FAIL,
                    "101 with %zu Sec-WebSocket-Accept fields (11.3.3)", n);
    else if (strcmp(got, want) != 0)
        verdict_say(
            v, GRADE_FAIL,
            "Sec-WebSocket-Accept is \"%.60s\", expected \"%s\" (4.2.2)", got,
            want);
}

/* Every extension in the response must have been offered. */
static void judge_extensions(const struct response *r,
                             const struct request *request, struct deal *deal,
                             struct verdict *v)
{
    char got[512];
    size_t count =
        fields_get(&r->fields, "Sec-WebSocket-Extensions", got, sizeof(got));
    const char *fault = bargain_judge(deal, request->offered, got);

    if (count && !got[0])
        verdict_say(v, GRADE_FAIL, "an empty Sec-WebSocket-Extensions (9.1)");
    if (fault)
        verdict_say(v, GRADE_FAIL, "\"%.90s\" is %s", got, fault);
    if (got[0])
        verdict_trace(v, "< extensions: %.200s", got);
}

static void judge_protocol(const struct response *r,
                           const struct request *request, struct verdict *v)
{
    char got[256];
    size_t n =
        fields_get(&r->fields, "Sec-WebSocket-Protocol", got, sizeof(got));

    if (n > 1)
        verdict_say(v, GRADE_FAIL, "more than one Sec-WebSocket-Protocol");
    else if (n == 1 && !list_has(request->asked, got))
        verdict_say(v, GRADE_FAIL,
                    "subprotocol \"%.60s\", which was not asked for (4.2.2)",
                    got);
}

bool response_judge(const struct response *r, const struct request *request,
                    struct deal *deal, struct verdict *v)
{
    char got[256];

    if (r->minor == 0)
        verdict_say(v, GRADE_FAIL, "a 101 of HTTP/1.0 (RFC 9110 15.2)");
    if (fields_get(&r->fields, "Upgrade", got, sizeof(got)) != 1 ||
        strcasecmp(got, "websocket") != 0)
        verdict_say(v, GRADE_FAIL, "Upgrade in the 101 is \"%.60s\" (4.2.2)",
                    got);
    fields_get(&r->fields, "Connection", got, sizeof(got));
    if (!list_has(got, "Upgrade"))
        verdict_say(v, GRADE_FAIL, "Connection in the 101 is \"%.60s\" (4.2.2)",
                    got);
    judge_accept(r, request, v);
    judge_extensions(r, request, deal, v);
    judge_protocol(r, request, v);
    if (fields_get(&r->fields, "Content-Length", got, sizeof(got)) ||
        fields_get(&r->fields, "Transfer-Encoding", got, sizeof(got)))
        verdict_say(v, GRADE_SOFT,
                    "the 101 announces a body (RFC 9110 8.6, RFC 9112 6.1)");
    return v->grade != GRADE_FAIL;
}
