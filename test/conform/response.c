/* SPDX-License-Identifier: MIT */
/*
 * The server's half of the handshake, read as strictly as HTTP/1.1 writes it
 * (RFC 9112): lines end with CRLF, no blank before a colon, no folding.
 */
#include "response.h"

#include "sha1.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A server needs less for any answer. */
#define HEAD_MAX 65536

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

static const char *field_fault(const char *line, size_t len)
{
    size_t name = strcspn(line, ": \t\r\n");

    if (memchr(line, '\0', len) || memchr(line, '\r', len) ||
        memchr(line, '\n', len))
        return "a field of the response has CR, LF or NUL in it";
    if (name == 0 || line[name] != ':')
        return "a field of the response is malformed";
    return NULL;
}

/* The length of the line without its end. */
static size_t line_len(const char *p, const char *end)
{
    const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);

    return (size_t)(eol - p);
}

int response_read(struct response *r, const uint8_t *in, size_t len,
                  const char **fault)
{
    const char *p = (const char *)in, *end;
    size_t n;

    end = len ? memmem(in, len, "\r\n\r\n", 4) : NULL;
    if (!end) {
        *fault = "the head of the response does not end";
        return len > HEAD_MAX ? -1 : 0;
    }
    end += 2;
    n = line_len(p, end);
    *fault = status_line_fault(p, n);
    if (*fault)
        return -1;
    r->minor = p[7] - '0';
    r->status = (int)strtol(p + 9, NULL, 10);
    p += n + 2;
    r->fields = p;
    r->len = (size_t)(end - p);
    for (; p < end && !*fault; p += n + 2) {
        n = line_len(p, end);
        *fault = field_fault(p, n);
    }
    return *fault ? -1 : (int)(end + 2 - (const char *)in);
}

size_t response_field(const struct response *r, const char *name, char *out,
                      size_t size)
{
    const char *p = r->fields, *end = r->fields + r->len;
    size_t want = strlen(name), count = 0, used = 0, n;

    out[0] = '\0';
    for (; p < end; p += n + 2) {
        const char *value = p + want + 1;
        size_t len;

        n = line_len(p, end);
        if (n <= want || p[want] != ':' || strncasecmp(p, name, want) != 0)
            continue;
        len = n - want - 1;
        for (; len && (*value == ' ' || *value == '\t'); len--)
            value++;
        while (len && (value[len - 1] == ' ' || value[len - 1] == '\t'))
            len--;
        if (used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%.*s",
                                     count ? ", " : "", (int)len, value);
        count++;
    }
    return count;
}

bool list_has(const char *list, const char *element)
{
    size_t want = strlen(element);

    for (size_t n; *list; list += n + (list[n] == ',')) {
        size_t len;

        list += strspn(list, " \t");
        n = strcspn(list, ",");
        len = strcspn(list, ",; \t");
        if (len == want && strncasecmp(list, element, len) == 0)
            return true;
    }
    return false;
}

/* The value that Sec-WebSocket-Accept must have (4.2.2 step 5.4). */
static void accept_value(char out[29], const char *key)
{
    char text[200];
    uint8_t hash[20];
    int n = snprintf(text, sizeof(text), "%s%s", key,
                     "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");

    sha1(hash, text, (size_t)n);
    base64(out, hash, sizeof(hash));
}

static void judge_accept(const struct response *r,
                         const struct request *request, struct verdict *v)
{
    char got[256], want[29];
    size_t n = response_field(r, "Sec-WebSocket-Accept", got, sizeof(got));

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
                             const struct request *request, struct verdict *v)
{
    char got[512], name[64];
    size_t count =
        response_field(r, "Sec-WebSocket-Extensions", got, sizeof(got));

    if (count && !got[0])
        verdict_say(v, GRADE_FAIL, "an empty Sec-WebSocket-Extensions (9.1)");
    for (const char *p = got; *p;) {
        p += strspn(p, " \t,");
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, ",; \t"), p);
        if (*name && !list_has(request->offered, name))
            verdict_say(v, GRADE_FAIL,
                        "extension \"%s\", which was not offered (9.1)", name);
        p += strcspn(p, ",");
    }
}

static void judge_protocol(const struct response *r,
                           const struct request *request, struct verdict *v)
{
    char got[256];
    size_t n = response_field(r, "Sec-WebSocket-Protocol", got, sizeof(got));

    if (n > 1)
        verdict_say(v, GRADE_FAIL, "more than one Sec-WebSocket-Protocol");
    else if (n == 1 && !list_has(request->asked, got))
        verdict_say(v, GRADE_FAIL,
                    "subprotocol \"%.60s\", which was not asked for (4.2.2)",
                    got);
}

bool response_judge(const struct response *r, const struct request *request,
                    struct verdict *v)
{
    char got[256];

    if (r->minor == 0)
        verdict_say(v, GRADE_FAIL, "a 101 of HTTP/1.0 (RFC 9110 15.2)");
    if (response_field(r, "Upgrade", got, sizeof(got)) != 1 ||
        strcasecmp(got, "websocket") != 0)
        verdict_say(v, GRADE_FAIL, "Upgrade in the 101 is \"%.60s\" (4.2.2)",
                    got);
    response_field(r, "Connection", got, sizeof(got));
    if (!list_has(got, "Upgrade"))
        verdict_say(v, GRADE_FAIL, "Connection in the 101 is \"%.60s\" (4.2.2)",
                    got);
    judge_accept(r, request, v);
    judge_extensions(r, request, v);
    judge_protocol(r, request, v);
    if (response_field(r, "Content-Length", got, sizeof(got)) ||
        response_field(r, "Transfer-Encoding", got, sizeof(got)))
        verdict_say(v, GRADE_SOFT,
                    "the 101 announces a body (RFC 9110 8.6, RFC 9112 6.1)");
    return v->grade != GRADE_FAIL;
}
