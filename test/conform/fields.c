/* SPDX-License-Identifier: MIT */
/*
 * The head of a message, read as strictly as HTTP/1.1 writes it (RFC 9112):
 * lines end with CRLF, no blank before a colon, no folding.
 */
#include "fields.h"

#include <stdio.h>
#include <string.h>

/* Nobody needs more for a handshake. */
#define HEAD_MAX 65536

static const char *field_fault(const char *line, size_t len)
{
    size_t name = strcspn(line, ": \t\r\n");

    if (memchr(line, '\0', len) || memchr(line, '\r', len) ||
        memchr(line, '\n', len))
        return "a field has CR, LF or NUL in it";
    if (name == 0 || line[name] != ':')
        return "a field is malformed";
    return NULL;
}

/* The length of the line without its end. */
static size_t line_len(const char *p, const char *end)
{
    const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);

    return (size_t)(eol - p);
}

int fields_read(struct fields *f, const uint8_t *in, size_t len,
                const char **fault)
{
    const char *p = (const char *)in, *end;
    size_t n;

    end = len ? memmem(in, len, "\r\n\r\n", 4) : NULL;
    if (!end) {
        *fault = "the head does not end";
        return len > HEAD_MAX ? -1 : 0;
    }
    end += 2;
    f->first = p;
    f->first_len = n = line_len(p, end);
    p += n + 2;
    f->p = p;
    f->len = (size_t)(end - p);
    *fault = NULL;
    for (; p < end && !*fault; p += n + 2) {
        n = line_len(p, end);
        *fault = field_fault(p, n);
    }
    return *fault ? -1 : (int)(end + 2 - (const char *)in);
}

size_t fields_get(const struct fields *f, const char *name, char *out,
                  size_t size)
{
    const char *p = f->p, *end = f->p + f->len;
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

size_t token_len(const char *p)
{
    return strspn(p, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}
