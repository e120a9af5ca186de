/* SPDX-License-Identifier: MIT */
/*
 * A string of bytes that grows. The program judges others and has nothing to
 * save when memory runs out, so it ends there and no caller checks.
 */
#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void *grow(void *p, size_t size)
{
    p = realloc(p, size);
    if (!p) {
        fputs("conform: out of memory\n", stderr);
        abort();
    }
    return p;
}

uint8_t *bytes_room(struct bytes *b, size_t n)
{
    if (b->cap - b->len < n || !b->p) {
        size_t cap = b->cap ? b->cap : 256;

        while (cap - b->len < n)
            cap *= 2;
        b->p = grow(b->p, cap);
        b->cap = cap;
    }
    return b->p + b->len;
}

void bytes_add(struct bytes *b, const void *p, size_t n)
{
    if (!n)
        return;
    memcpy(bytes_room(b, n), p, n);
    b->len += n;
}

void bytes_add_byte(struct bytes *b, uint8_t byte)
{
    bytes_add(b, &byte, 1);
}

void bytes_print(struct bytes *b, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        return;
    va_start(args, format);
    vsnprintf((char *)bytes_room(b, (size_t)n + 1), (size_t)n + 1, format,
              args);
    va_end(args);
    b->len += (size_t)n;
}

void bytes_drop(struct bytes *b, size_t n)
{
    if (!n)
        return;
    memmove(b->p, b->p + n, b->len - n);
    b->len -= n;
}

void bytes_release(struct bytes *b)
{
    free(b->p);
    *b = (struct bytes){0};
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
