/* SPDX-License-Identifier: MIT */
/*
 * Compressed payloads, over zlib. For a window of 8 bits zlib's deflate is
 * given 9: it never refers further back than the window less 262 bytes
 * (MAX_DIST of its deflate.h), which are 250 then. Its inflate holds the
 * window, but takes any distance within the bytes that it writes in one call;
 * so it is let write one byte at a time, unless the window is the largest, and
 * then finds every distance that is too long.
 */
#include "pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST 15
/* No case sends a message that inflates to more and is right. */
#define INFLATED_MAX (64u << 20)
/* What a sync flush ends with, and the sender leaves out (7.2.1). */
static const uint8_t tail[4] = {0x00, 0x00, 0xff, 0xff};
/* Bytes of a block, if there are to be many. */
#define BLOCK 61
#define MIB (1u << 20)

const char *pack_way_parse(struct pack_way *way, const char **p)
{
    const struct {
        const char *name;
        bool *flag;
    } words[] = {
        {"stored", &way->stored}, {"fixed", &way->fixed},
        {"coded", &way->coded},   {"blocks", &way->blocks},
        {"final", &way->final},   {"fresh", &way->fresh},
        {"keep", &way->keep},     {"wide", &way->wide},
    };
    size_t i, n;

    for (;; ++*p) {
        n = strspn(*p, "abcdefghijklmnopqrstuvwxyz");
        for (i = 0; i < COUNT(words); i++) {
            if (strlen(words[i].name) == n && !memcmp(words[i].name, *p, n))
                break;
        }
        if (i == COUNT(words))
            return "nobody knows this way to compress";
        *words[i].flag = true;
        *p += n;
        if (**p != ',')
            return NULL;
    }
}

static void die(const char *what)
{
    fprintf(stderr, "conform: zlib: %s\n", what);
    abort();
}

static int strategy_of(const struct pack_way *way)
{
    if (way->fixed)
        return Z_FIXED;
    return way->coded ? Z_HUFFMAN_ONLY : Z_DEFAULT_STRATEGY;
}

/* Makes the stream what this message wants it to be. */
static void tune(struct packer *p, const struct flow *flow,
                 const struct pack_way *way)
{
    int bits = way->wide ? LARGEST : flow->bits < 9 ? 9 : flow->bits;
    bool is_fresh = way->fresh || (flow->fresh && !way->keep);

    if (bits != p->bits) {
        packer_release(p);
        p->bits = bits;
        if (deflateInit2(&p->z, Z_BEST_SPEED, Z_DEFLATED, -bits, 8,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            die("deflateInit2");
    } else if (is_fresh && p->is_used) {
        deflateReset(&p->z);
    }
    p->is_used = true;
}

static void run(struct packer *p, const uint8_t *data, size_t len, int flush,
                struct bytes *out)
{
    int rc;

    /* zlib wants a pointer to what may be written; it does not write. */
    memcpy(&p->z.next_in, &data, sizeof(data));
    p->z.avail_in = (uInt)len;
    do {
        p->z.next_out = bytes_room(out, 4096);
        p->z.avail_out = 4096;
        rc = deflate(&p->z, flush);
        out->len += 4096 - p->z.avail_out;
    } while (rc == Z_OK && p->z.avail_out == 0);
    if (rc == Z_STREAM_ERROR)
        die("deflate");
}

static void run_blocks(struct packer *p, const struct pack_way *way,
                       const struct pack_part *part, struct bytes *out)
{
    const uint8_t *data = part->p;
    size_t n = part->len;

    for (; way->blocks && n > BLOCK; n -= BLOCK, data += BLOCK)
        run(p, data, BLOCK, Z_SYNC_FLUSH, out);
    run(p, data, n, way->final ? Z_FINISH : Z_SYNC_FLUSH, out);
}

void pack(struct packer *p, const struct flow *flow, const struct pack_way *way,
          const struct pack_part *part, struct bytes *out)
{
    size_t from = out->len;

    if (part->is_first)
        tune(p, flow, way);
    p->z.next_out = bytes_room(out, 4096);
    p->z.avail_out = 4096;
    deflateParams(&p->z, way->stored ? 0 : Z_BEST_SPEED, strategy_of(way));
    out->len += 4096 - p->z.avail_out;
    run_blocks(p, way, part, out);
    if (way->final)
        deflateReset(&p->z);
    if (!part->is_last)
        return;
    if (!way->final && out->len >= from + sizeof(tail))
        out->len -= sizeof(tail);
    /* The head of an empty block, which the tail completes: behind BFINAL, and
     * where a flush has nothing to say. */
    if (way->final || out->len == from)
        bytes_add_byte(out, 0x00);
}

void packer_release(struct packer *p)
{
    if (p->bits)
        deflateEnd(&p->z);
    *p = (struct packer){0};
}

void pack_bomb(struct bytes *out, size_t mib)
{
    const struct flow flow = {.bits = LARGEST};
    const struct pack_way way = {.on = true};
    struct packer p = {0};
    uint8_t *zeros = grow(NULL, MIB);
    struct pack_part part = {.p = zeros, .len = MIB, .is_first = true};
    size_t from, len;

    memset(zeros, 0, MIB);
    pack(&p, &flow, &way, &part, out);
    from = out->len;
    part.is_first = false;
    pack(&p, &flow, &way, &part, out);
    len = out->len - from;
    /* Behind a window of zeros a MiB of zeros is always the same bytes. */
    for (size_t i = 2; i < mib; i++) {
        bytes_room(out, len);
        bytes_add(out, out->p + from, len);
    }
    out->len -= sizeof(tail);
    packer_release(&p);
    free(zeros);
}

/* Behind a block with BFINAL the next one begins at the next byte. */
static bool go_on(struct unpacker *u)
{
    uint8_t window[1 << LARGEST];
    uInt len = 0;

    return inflateGetDictionary(&u->z, window, &len) == Z_OK &&
           inflateReset(&u->z) == Z_OK &&
           inflateSetDictionary(&u->z, window, len) == Z_OK;
}

static const char *feed(struct unpacker *u, const struct flow *flow,
                        const uint8_t *in, size_t len, struct bytes *out)
{
    uInt step = flow->bits == LARGEST ? 65536 : 1;
    int rc;

    memcpy(&u->z.next_in, &in, sizeof(in));
    u->z.avail_in = (uInt)len;
    do {
        u->z.next_out = bytes_room(out, step);
        u->z.avail_out = step;
        rc = inflate(&u->z, Z_SYNC_FLUSH);
        out->len += step - u->z.avail_out;
        if (out->len > INFLATED_MAX)
            return "a message that inflates to more than was ever sent";
        if (rc == Z_STREAM_END && !go_on(u))
            die("inflateSetDictionary");
        if (rc == Z_DATA_ERROR)
            return strstr(u->z.msg, "distance")
                       ? "a distance beyond the window, or into an earlier "
                         "message, against what was agreed (RFC 7692 7.1)"
                       : "a message that cannot be inflated (RFC 7692 7.2.2)";
    } while (u->z.avail_in || u->z.avail_out == 0);
    return NULL;
}

const char *unpack(struct unpacker *u, const struct flow *flow,
                   const struct bytes *in, struct bytes *out)
{
    const char *fault;

    if (!u->is_ready && inflateInit2(&u->z, -flow->bits) != Z_OK)
        die("inflateInit2");
    if (u->is_ready && flow->fresh)
        inflateReset(&u->z);
    u->is_ready = true;
    fault = feed(u, flow, in->p, in->len, out);
    if (!fault)
        fault = feed(u, flow, tail, sizeof(tail), out);
    /* 128: at the end of a block (zlib.h, data_type); below it are bits of the
     * last byte that are left over. */
    if (!fault && (u->z.data_type & (128 | 7)) != 128)
        fault = "a compressed message that ends inside a block (7.2.1)";
    return fault;
}

void unpacker_release(struct unpacker *u)
{
    if (u->is_ready)
        inflateEnd(&u->z);
    *u = (struct unpacker){0};
}
