/* SPDX-License-Identifier: MIT */
/* The head of a message of HTTP/1.1 that came: its first line and its fields.
 */
#ifndef CONFORM_FIELDS_H
#define CONFORM_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Points into what was read. */
struct fields {
    const char *first; /* the first line, which the caller takes apart */
    size_t first_len;  /* without the end of the line */
    const char *p;     /* the lines behind it, each with its end */
    size_t len;
};

/* Reads a head. Returns its size with the empty line, 0 when more bytes are
 * needed, or -1 with *fault when it is none. */
int fields_read(struct fields *f, const uint8_t *in, size_t len,
                const char **fault);

/* Counts the fields of this name and joins their values with commas. */
size_t fields_get(const struct fields *f, const char *name, char *out,
                  size_t size);

/* True if a list of the form "a, b; c=1" has this element; parameters and
 * case do not count. */
bool list_has(const char *list, const char *element);

/* The length of the token (RFC 9110 5.6.2) at p. */
size_t token_len(const char *p);

#endif
