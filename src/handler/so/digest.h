/* SPDX-License-Identifier: MIT */
/*
 * A digest of 128 bits that names what it was made of: the same additions give
 * the same digest, and no two different sources will meet by accident. It is
 * no defence against somebody who looks for a collision, and need not be: who
 * can write handlers runs code here anyway.
 */
#ifndef WEFT_HANDLER_DIGEST_H
#define WEFT_HANDLER_DIGEST_H

#include <weft/error.h>

struct weft_digest {
    uint64_t half[2];
};

#define WEFT_DIGEST_HEX 33 /* characters, with the NUL */

/* The largest file that is read: a bound on the time a scan takes. */
#define WEFT_DIGEST_FILE_MAX (256u << 20)

void weft_digest_init(struct weft_digest *d);

/* Each addition counts as one: "ab", "c" is not "a", "bc". */
void weft_digest_add(struct weft_digest *d, const void *data, size_t len);
void weft_digest_add_text(struct weft_digest *d, const char *text);

/* Adds the bytes of a file from fd's position to the end. 0, SYSTEM, or LIMIT
 * beyond WEFT_DIGEST_FILE_MAX. */
WEFT_CHECK int weft_digest_add_fd(struct weft_digest *d, int fd);

/* Adds the bytes of a regular file. 0, MISSING (none, or not a regular file),
 * or as above. */
WEFT_CHECK int weft_digest_add_file(struct weft_digest *d, const char *path);

bool weft_digest_eq(const struct weft_digest *a, const struct weft_digest *b);
void weft_digest_hex(const struct weft_digest *d, char out[WEFT_DIGEST_HEX]);

#endif
