/* SPDX-License-Identifier: MIT */
/*
 * A growing run of bytes. Capacity at least doubles on each growth and stops
 * at max, so a buffer never holds more than twice what came, unless
 * weft_buf_grow_to was asked for more, and never more than max. All arithmetic
 * is done as "what is left", which cannot overflow: len <= cap <= max holds
 * before and after every call. A call that fails leaves the bytes and the
 * memory as they were.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/sizes.h"

#include <stdio.h>

void weft_buf_init(struct weft_buf *buf, const struct weft_mem *mem, size_t max)
{
    *buf = (struct weft_buf){.mem = mem, .max = max};
}

void weft_buf_release(struct weft_buf *buf)
{
    weft_free(buf->mem, buf->data, buf->cap);
    *buf = (struct weft_buf){0};
}

void weft_buf_clear(struct weft_buf *buf)
{
    buf->len = 0;
}

/* The capacity for need bytes, where cap < need <= max. */
static size_t grown_cap(const struct weft_buf *buf, size_t need)
{
    size_t cap = buf->cap <= buf->max / 2 ? buf->cap * 2 : buf->max;

    if (cap < WEFT_BUF_FIRST_CAP)
        cap = WEFT_BUF_FIRST_CAP;
    if (cap > buf->max)
        cap = buf->max;
    return cap < need ? need : cap;
}

int weft_buf_grow_to(struct weft_buf *buf, size_t need)
{
    uint8_t *data;
    size_t cap;

    if (need <= buf->cap)
        return 0;
    if (need > buf->max)
        return WEFT_ERR_LIMIT;
    cap = grown_cap(buf, need);
    data = weft_resize(buf->mem, buf->data, buf->cap, cap);
    if (!data)
        return WEFT_ERR_NOMEM;
    buf->data = data;
    buf->cap = cap;
    return 0;
}

int weft_buf_reserve(struct weft_buf *buf, size_t len)
{
    if (len <= buf->cap - buf->len)
        return 0;
    if (len > buf->max - buf->len)
        return WEFT_ERR_LIMIT;
    return weft_buf_grow_to(buf, buf->len + len);
}

int weft_buf_append(struct weft_buf *buf, const void *data, size_t len)
{
    int err = weft_buf_reserve(buf, len);

    if (err || len == 0)
        return err;
    memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    return 0;
}

int weft_buf_append_text(struct weft_buf *buf, const char *text)
{
    return weft_buf_append(buf, text, strlen(text));
}

/* Text of len characters, too long for the stack. It passes through a block
 * of its own, because vsnprintf wants room for a NUL that buf may not have. */
__attribute__((format(printf, 3, 0))) static int
append_long(struct weft_buf *buf, size_t len, const char *format, va_list args)
{
    char *text;
    int err;

    err = weft_buf_reserve(buf, len);
    if (err)
        return err;
    text = weft_alloc(buf->mem, len + 1);
    if (!text)
        return WEFT_ERR_NOMEM;
    vsnprintf(text, len + 1, format, args);
    err = weft_buf_append(buf, text, len);
    weft_free(buf->mem, text, len + 1);
    return err;
}

int weft_buf_vprintf(struct weft_buf *buf, const char *format, va_list args)
{
    char text[WEFT_BUF_PRINTF_LOCAL];
    va_list again;
    int len, err;

    va_copy(again, args);
    len = vsnprintf(text, sizeof(text), format, args);
    if (len < 0)
        err = WEFT_ERR_LIMIT; /* more than INT_MAX characters */
    else if ((size_t)len < sizeof(text))
        err = weft_buf_append(buf, text, (size_t)len);
    else
        err = append_long(buf, (size_t)len, format, again);
    va_end(again);
    return err;
}

int weft_buf_printf(struct weft_buf *buf, const char *format, ...)
{
    va_list args;
    int err;

    va_start(args, format);
    err = weft_buf_vprintf(buf, format, args);
    va_end(args);
    return err;
}

void weft_buf_consume(struct weft_buf *buf, size_t n)
{
    if (n >= buf->len) {
        buf->len = 0;
        return;
    }
    if (n == 0)
        return;
    buf->len -= n;
    memmove(buf->data, buf->data + n, buf->len);
}
