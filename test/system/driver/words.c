/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_value(char c)
{
    const char *const digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

static void decode(struct word *word)
{
    char *in = word->text, *out = word->text;

    while (*in) {
        int high = *in == '%' ? hex_value(in[1]) : -1;
        int low = high >= 0 ? hex_value(in[2]) : -1;

        if (low >= 0) {
            *out++ = (char)(high * 16 + low);
            in += 3;
        } else {
            *out++ = *in++;
        }
    }
    *out = '\0';
    word->len = (size_t)(out - word->text);
}

size_t words_split(char *line, struct word *words, size_t max)
{
    size_t n = 0;

    while (line && n < max) {
        words[n].text = strsep(&line, " ");
        decode(&words[n++]);
    }
    return n;
}

uint64_t words_number(const struct word *word)
{
    return strtoull(word->text, NULL, 10);
}

static void put_bytes(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (isalnum(p[i]) || (p[i] && strchr("-_.~", p[i])))
            putchar(p[i]);
        else
            printf("%%%02x", p[i]);
    }
}

static void put_text(const char *text)
{
    put_bytes((const unsigned char *)text, strlen(text));
}

void words_print(const char *format, ...)
{
    const unsigned char *p;
    va_list args;

    va_start(args, format);
    for (; *format; format++) {
        if (*format != '%') {
            putchar(*format);
            continue;
        }
        switch (*++format) {
        case 's':
            put_text(va_arg(args, const char *));
            break;
        case 'b':
            p = va_arg(args, const void *);
            put_bytes(p, va_arg(args, size_t));
            break;
        case 'd':
            printf("%d", va_arg(args, int));
            break;
        case 'u':
            printf("%" PRIu64, va_arg(args, uint64_t));
            break;
        }
    }
    va_end(args);
    putchar('\n');
}
