/* SPDX-License-Identifier: MIT */
/*
 * What is said of one case: the worst thing found and, of equals, the first,
 * because what comes after a fault is often only its consequence.
 */
#include "verdict.h"

#include <stdarg.h>
#include <stdio.h>

void verdict_say(struct verdict *v, enum grade grade, const char *format, ...)
{
    va_list args;

    if (grade <= v->grade)
        return;
    v->grade = grade;
    va_start(args, format);
    vsnprintf(v->text, sizeof(v->text), format, args);
    va_end(args);
}

void verdict_trace(struct verdict *v, const char *format, ...)
{
    char line[300];
    va_list args;

    if (!v->tracing)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    bytes_print(&v->trace, "       %s\n", line);
}

const char *grade_name(enum grade grade)
{
    static const char *const names[] = {"ok", "note", "soft", "fail"};

    return names[grade];
}

const char *quoted(char *buf, size_t size, const void *p, size_t len)
{
    const uint8_t *in = p;
    size_t n = 0;

    buf[n++] = '"';
    /* An escape takes four places, the closing dots and quote another five. */
    for (size_t i = 0; i < len; i++) {
        if (n + 9 > size) {
            n += (size_t)snprintf(buf + n, size - n, "...");
            break;
        }
        if (in[i] >= ' ' && in[i] < 0x7f && in[i] != '"' && in[i] != '\\')
            buf[n++] = (char)in[i];
        else
            n += (size_t)snprintf(buf + n, size - n, "\\x%02x", in[i]);
    }
    buf[n++] = '"';
    buf[n] = '\0';
    return buf;
}
