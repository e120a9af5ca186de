/* SPDX-License-Identifier: MIT */
/*
 * Reads the rules that gcc and clang write for -MD -MT x:
 *
 *     x: chat_wsh.c /usr/include/stdio.h \
 *      room\ list.h
 *
 * In a name, a backslash stands before a space or a tab, and the backslashes
 * before that one are doubled; "$$" is "$", "\#" is "#" and "\:" is ":". Other
 * backslashes stand for themselves. A backslash at the end of a line continues
 * the rule. Only the first rule counts.
 */
#include "handler/so/depfile.h"

struct reader {
    struct weft_slice rule;
    size_t pos;
    char *out; /* the name so far, size bytes of room */
    size_t size, used;
};

static char peek(const struct reader *r, size_t ahead)
{
    return r->pos + ahead < r->rule.len ? r->rule.ptr[r->pos + ahead] : '\0';
}

/* Appends n times the character, leaving room for a NUL. */
static bool put(struct reader *r, char c, size_t n)
{
    if (n >= r->size - r->used)
        return false;
    memset(r->out + r->used, c, n);
    r->used += n;
    return true;
}

/* Passes over the target. The position behind its colon, or 0. */
static size_t skip_target(struct weft_slice rule)
{
    const char *text = rule.ptr;

    for (size_t i = 0; i < rule.len && text[i] != '\n'; i++)
        if (text[i] == ':' &&
            (i + 1 == rule.len || strchr(" \t\\\n", text[i + 1])))
            return i + 1;
    return 0;
}

/* Passes over white space and continued lines. */
static void skip_blank(struct reader *r)
{
    for (;;) {
        if (peek(r, 0) == ' ' || peek(r, 0) == '\t')
            r->pos++;
        else if (peek(r, 0) == '\\' && peek(r, 1) == '\n')
            r->pos += 2;
        else
            return;
    }
}

/* Reads backslashes and, if they escape it, the character behind them. */
static bool read_backslashes(struct reader *r)
{
    size_t n = 0;
    char next;

    while (peek(r, n) == '\\')
        n++;
    next = peek(r, n);
    r->pos += n;

    if (next == ' ' || next == '\t') {
        if (n % 2 == 0) /* the space is not escaped: it ends the name */
            return put(r, '\\', n / 2);
        r->pos++;
        return put(r, '\\', n / 2) && put(r, next, 1);
    }
    if (next == '#' || next == ':') {
        r->pos++;
        return put(r, '\\', n - 1) && put(r, next, 1);
    }
    return put(r, '\\', n);
}

static bool read_name(struct reader *r)
{
    while (r->pos < r->rule.len && !strchr(" \t\n", peek(r, 0))) {
        bool fits;

        if (peek(r, 0) == '\\') {
            fits = read_backslashes(r);
        } else {
            fits = put(r, peek(r, 0), 1);
            r->pos += peek(r, 0) == '$' && peek(r, 1) == '$' ? 2 : 1;
        }
        if (!fits)
            return false;
    }
    r->out[r->used] = '\0';
    return true;
}

int weft_depfile_next(struct weft_slice rule, size_t *pos, char *out,
                      size_t size)
{
    struct reader r = {.rule = rule, .pos = *pos, .out = out, .size = size};
    bool fits;

    if (r.pos == 0)
        r.pos = skip_target(rule);
    if (r.pos == 0)
        return -1;

    skip_blank(&r);
    *pos = r.pos;
    if (r.pos >= rule.len || peek(&r, 0) == '\n')
        return 0;
    fits = read_name(&r);
    *pos = r.pos;
    return fits ? 1 : -1;
}
