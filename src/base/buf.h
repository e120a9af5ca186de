/* SPDX-License-Identifier: MIT */
/*
 * Owned bytes in one piece, which grow with what is appended and never beyond
 * a maximum given when the buffer is made.
 *
 * Invariant: len <= cap <= max; data is NULL exactly when cap is 0. Growth at
 * least doubles, so appending n bytes costs O(n) in all.
 */
#ifndef WEFT_BASE_BUF_H
#define WEFT_BASE_BUF_H

#include <weft/error.h>
#include <weft/types.h>

#include <stdarg.h>

struct weft_buf {
    const struct weft_mem *mem;
    uint8_t *data;
    size_t len, cap, max;
};

/* Allocates nothing. */
void weft_buf_init(struct weft_buf *buf, const struct weft_mem *mem,
                   size_t max);
void weft_buf_release(struct weft_buf *buf);

/* Forgets the bytes and keeps the memory. */
void weft_buf_clear(struct weft_buf *buf);

/* 0, LIMIT when it would pass max, or NOMEM; then nothing has changed. */
WEFT_CHECK int weft_buf_append(struct weft_buf *buf, const void *data,
                               size_t len);
WEFT_CHECK int weft_buf_append_text(struct weft_buf *buf, const char *text);
WEFT_CHECK int weft_buf_printf(struct weft_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
WEFT_CHECK int weft_buf_vprintf(struct weft_buf *buf, const char *format,
                                va_list args)
    __attribute__((format(printf, 2, 0)));

/* Room for at least len more bytes at data + len; the caller then raises len
 * itself. Results as append. */
WEFT_CHECK int weft_buf_reserve(struct weft_buf *buf, size_t len);

/* Makes cap at least this, max being the most. Results as append. */
WEFT_CHECK int weft_buf_grow_to(struct weft_buf *buf, size_t cap);

/* Drops the first n bytes. */
void weft_buf_consume(struct weft_buf *buf, size_t n);

#endif
