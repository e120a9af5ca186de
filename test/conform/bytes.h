/* SPDX-License-Identifier: MIT */
/* A string of bytes that grows, and the time. */
#ifndef CONFORM_BYTES_H
#define CONFORM_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* All zero is the empty string. Out of memory ends the program. */
struct bytes {
    uint8_t *p;
    size_t len;
    size_t cap;
};

/* Makes room for n more bytes and returns the place where they go; the
 * caller adds to len what it wrote. */
uint8_t *bytes_room(struct bytes *b, size_t n);
void bytes_add(struct bytes *b, const void *p, size_t n);
void bytes_add_byte(struct bytes *b, uint8_t byte);
void bytes_print(struct bytes *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Drops the first n bytes. */
void bytes_drop(struct bytes *b, size_t n);
void bytes_release(struct bytes *b);

/* The value of a hexadecimal digit, or -1. */
int hex_digit(char c);

/* As realloc, but never NULL. */
void *grow(void *p, size_t size);

/* A clock that never goes back. */
int64_t now_ms(void);

#endif
