/* SPDX-License-Identifier: MIT */
/*
 * What the files of permessage-deflate share. deflate.c is the extension of a
 * connection, deflate_pool.c what its loop keeps for it, deflate_pack.c and
 * deflate_unpack.c the two directions over zlib, deflate_whole.c both over
 * libdeflate, and deflate_quick.c packs by our own means. Nobody else includes
 * this.
 */
#ifndef WEFT_WS_DEFLATE_INTERNAL_H
#define WEFT_WS_DEFLATE_INTERNAL_H

#include "base/list.h"
#include "base/sizes.h"
#include "ws/deflate.h"

#define ZLIB_CONST
#include <zlib.h>

/* The four bytes that end what was flushed, and that neither side sends
 * (section 7.2.1): length and complement of a stored block of nothing. */
#define WEFT_DEFLATE_TAIL "\x00\x00\xff\xff"
#define WEFT_DEFLATE_TAIL_LEN 4

/* ---- deflate_pool.c ------------------------------------------------------ */

/* What a state of zlib was made for; only such a use can have it again. */
struct weft_deflate_key {
    bool is_unpacker;
    uint8_t window_bits;
    uint8_t level, memory_level; /* of a packer; 0 otherwise */
};

/* A state of zlib. */
struct weft_deflate_stream {
    struct weft_list node; /* while it waits in the pool */
    struct weft_deflate_key key;
    bool is_between; /* an unpacker stands at the end of a block */
    z_stream z;
};

struct weft_deflate_whole; /* the states of libdeflate */
struct weft_deflate_quick; /* that of our own compressor */

struct weft_deflate_pool {
    const struct weft_mem *mem;
    struct weft_deflate_budget *budget; /* or NULL */
    struct weft_list idle;              /* streams; the last used comes first */
    unsigned idle_count;
    struct weft_buf packed;           /* what was encoded last */
    struct weft_buf unpacked;         /* what was decoded last */
    struct weft_buf padded;           /* a message to decode, and its tail */
    struct weft_deflate_whole *whole; /* NULL: not needed yet */
    struct weft_deflate_quick *quick; /* NULL: not needed yet */
};

/* A stream without history, the caller's until it is given back; NULL: no
 * memory. */
struct weft_deflate_stream *
weft_deflate_take(struct weft_deflate_pool *pool,
                  const struct weft_deflate_key *key);
void weft_deflate_give(struct weft_deflate_pool *pool,
                       struct weft_deflate_stream *stream);

/* Forgets what is in a buffer of the pool, and gives it back where it has
 * grown beyond what is kept. */
void weft_deflate_reuse(struct weft_buf *buf);

/* Whether the budget had room for a context of that size, which is then taken;
 * must: it is taken in any case. */
bool weft_deflate_charge(struct weft_deflate_pool *pool, size_t size,
                         bool must);
void weft_deflate_discharge(struct weft_deflate_pool *pool, size_t size);

/* What a kept context holds, about. */
size_t weft_deflate_context_size(const struct weft_deflate_key *key);

/* ---- deflate_pack.c ------------------------------------------------------ */

/* Whether a look at some of the bytes says that they do not compress. */
bool weft_deflate_is_hopeless(const uint8_t *p, size_t len);

/*
 * Appends to out, which is empty, the message in its encoded form. At most
 * most bytes: 1, or 0 when they are not enough. 0 and NOMEM leave the stream to
 * be reset before it is used again.
 */
int weft_deflate_pack(struct weft_deflate_stream *stream, const void *data,
                      size_t len, size_t most, struct weft_buf *out);

/* ---- deflate_unpack.c ---------------------------------------------------- */

/* Where what is unpacked goes. */
struct weft_deflate_sink {
    struct weft_buf *out;
    size_t limit;    /* out never gets longer */
    const char *why; /* what INVALID_DATA was, static */
};

/* Appends what the bytes stand for; with fin the message ends. 0, LIMIT, NOMEM,
 * or INVALID_DATA. */
int weft_deflate_unpack(struct weft_deflate_stream *stream, const uint8_t *p,
                        size_t len, bool fin, struct weft_deflate_sink *sink);

/* ---- deflate_quick.c ----------------------------------------------------- */

/* It has the levels from 1 to this. */
#define WEFT_DEFLATE_QUICK_LEVELS 4

/* Packs a whole message without context, into pool->packed, which is empty,
 * and keeps to the key's window: 1; 0: it would be longer than most; or NOMEM.
 */
int weft_deflate_quick_pack(struct weft_deflate_pool *pool,
                            const struct weft_deflate_key *key,
                            const void *data, size_t len, size_t most);

void weft_deflate_quick_free(struct weft_deflate_pool *pool);

/* ---- deflate_whole.c ----------------------------------------------------- */

/* The same for whole messages without context, in pool->packed: 1; 0: it would
 * be longer than most; or NOMEM, which is also said where there is no
 * libdeflate. */
int weft_deflate_whole_pack(struct weft_deflate_pool *pool, int level,
                            const void *data, size_t len, size_t most);

/* In pool->unpacked: 1; 0: this is for zlib, be it that it is malformed;
 * LIMIT. */
int weft_deflate_whole_unpack(struct weft_deflate_pool *pool, const uint8_t *p,
                              size_t len, size_t limit);

void weft_deflate_whole_free(struct weft_deflate_pool *pool);

#endif
