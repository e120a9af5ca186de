/* SPDX-License-Identifier: MIT */
/*
 * The other side of compression in tests: zlib used plainly, as a peer would
 * that has nothing of ours. And bytes to compress, the same at each run.
 */
#ifndef WEFT_TEST_DEFLATE_PEER_H
#define WEFT_TEST_DEFLATE_PEER_H

#include "support.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

/* ---- Bytes --------------------------------------------------------------- */

enum peer_bytes { PEER_TEXT, PEER_ZEROS, PEER_RANDOM, PEER_REPEATED };

static inline uint8_t peer_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return (uint8_t)(*seed >> 24);
}

/* PEER_REPEATED: random bytes, which come again after distance bytes. */
static inline void peer_fill(uint8_t *p, size_t len, enum peer_bytes kind,
                             size_t distance)
{
    static const char *const words[] = {"{\"id\":", "\"name\":\"", "weft ",
                                        "socket",   "\"},",        " of the ",
                                        "42",       "\n"};
    uint32_t seed = 1;

    for (size_t i = 0; i < len;) {
        const char *word = words[peer_random(&seed) % 8];

        if (kind == PEER_TEXT) {
            size_t n = strlen(word) < len - i ? strlen(word) : len - i;

            memcpy(p + i, word, n);
            i += n;
        } else if (kind == PEER_REPEATED && i >= distance) {
            p[i] = p[i - distance];
            i++;
        } else {
            p[i++] = kind == PEER_ZEROS ? 0 : peer_random(&seed);
        }
    }
}

/* ---- Compressing --------------------------------------------------------- */

static inline void peer_packer(z_stream *z, int level, int bits)
{
    memset(z, 0, sizeof(*z));
    assert_int_equal(deflateInit2(z, level, Z_DEFLATED, bits == 8 ? -9 : -bits,
                                  8, Z_DEFAULT_STRATEGY),
                     Z_OK);
}

/* A message, without its tail. *out is malloc'd, with some room to spare. */
static inline size_t peer_pack(z_stream *z, const void *p, size_t len,
                               uint8_t **out)
{
    size_t size = len + len / 100 + 512;

    *out = malloc(size);
    assert_non_null(*out);
    z->next_in = p;
    z->avail_in = (unsigned)len;
    z->next_out = *out;
    z->avail_out = (unsigned)size;
    deflate(z, Z_SYNC_FLUSH);
    assert_int_equal(z->avail_in, 0);
    assert_true(z->avail_out > 0);
    size -= z->avail_out;
    if (len == 0 && size == 0) { /* flushed already */
        **out = 0;
        return 1;
    }
    assert_true(size >= 5);
    assert_memory_equal(*out + size - 4, "\0\0\xff\xff", 4);
    return size - 4;
}

/* ---- Decompressing ------------------------------------------------------- */

static inline void peer_unpacker(z_stream *z, int bits)
{
    memset(z, 0, sizeof(*z));
    assert_int_equal(inflateInit2(z, -bits), Z_OK);
}

/* Whether the bytes and then the tail are a message that is p[len]. Taken one
 * byte a call, each copy has to come out of the window: zlib then refuses what
 * is further away than that. */
static inline bool peer_reads(z_stream *z, const void *bytes, size_t bytes_len,
                              const uint8_t *p, size_t len, bool one_by_one)
{
    uint8_t *got = malloc(len + 1);
    size_t n = 0;
    int rc = Z_OK;

    assert_non_null(got);
    for (int part = 0; part < 2; part++) {
        z->next_in = part == 0 ? bytes : "\0\0\xff\xff";
        z->avail_in = part == 0 ? (unsigned)bytes_len : 4;
        do {
            z->next_out = got + n;
            z->avail_out = one_by_one ? 1 : (unsigned)(len + 1 - n);
            rc = inflate(z, Z_SYNC_FLUSH);
            n = (size_t)(z->next_out - got);
        } while ((rc == Z_OK || rc == Z_BUF_ERROR) && z->avail_out == 0 &&
                 n <= len);
        if ((rc != Z_OK && rc != Z_BUF_ERROR) || z->avail_in > 0)
            break;
    }
    if (n != len || z->avail_in > 0 || (rc != Z_OK && rc != Z_BUF_ERROR) ||
        (len > 0 && memcmp(got, p, len) != 0))
        n = SIZE_MAX;
    free(got);
    return n != SIZE_MAX;
}

#endif
