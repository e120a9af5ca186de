/* SPDX-License-Identifier: MIT */
/*
 * Compressing with zlib. A message ends with a sync flush, whose last four
 * bytes are not sent (section 7.2.1). zlib wants to be called again until it
 * leaves room unused, and must have more than six bytes of room when the flush
 * ends, or it flushes again; so a buffer grows by more than that at a time.
 */
#include "ws/deflate_internal.h"

/* A shorter message is compressed about as fast as it is looked at. */
#define LOOK_MIN 1024

/* Bytes looked at: so many places, so many bytes at each. */
#define PLACES 32
#define PLACE_LEN 16
#define SAMPLE (PLACES * PLACE_LEN)

/*
 * How often two bytes of the sample are equal says how far their values are
 * from being spread evenly (the Rényi entropy of order 2). For random bytes
 * that is one pair in 256, 511 of the 130,816 pairs of a sample, give or take
 * 23. Up to half as many again, a byte carries more than 7.4 bits, so the
 * Huffman code of a DEFLATE block saves no more than 7 %: of what is encrypted
 * or compressed already, JPEG too, nothing. English text has 8,000 pairs, the
 * digits of Base64 2,000. Repeated strings are not looked for: what repeats
 * long stretches of evenly spread bytes is taken for hopeless as well.
 */
#define PAIRS_MAX (SAMPLE * (SAMPLE - 1) / 2 / 256 * 3 / 2)

bool weft_deflate_is_hopeless(const uint8_t *p, size_t len)
{
    uint16_t seen[256] = {0};
    size_t stride = len / PLACES;
    unsigned pairs = 0;

    if (len < LOOK_MIN)
        return false;
    for (size_t place = 0; place < PLACES; place++)
        for (size_t i = 0; i < PLACE_LEN; i++)
            pairs += seen[p[place * stride + i]]++;
    return pairs <= PAIRS_MAX;
}

/* Points zlib to what is free of out, at least one byte; 0: bound is reached.
 */
static int give_room(z_stream *z, struct weft_buf *out, size_t bound)
{
    size_t room;

    if (out->len == bound)
        return 0;
    if (out->len == out->cap) {
        size_t left = bound - out->len;
        int err = weft_buf_reserve(
            out, left < WEFT_DEFLATE_STEP ? left : WEFT_DEFLATE_STEP);

        if (err)
            return WEFT_ERR_NOMEM;
    }
    room = (out->cap < bound ? out->cap : bound) - out->len;
    z->next_out = out->data + out->len;
    z->avail_out =
        (unsigned)(room < WEFT_DEFLATE_PIECE ? room : WEFT_DEFLATE_PIECE);
    return 1;
}

/* Takes all of avail_in: 1; 0: it does not fit into bound bytes. */
static int run(z_stream *z, int flush, size_t bound, struct weft_buf *out)
{
    int rc;

    while ((rc = give_room(z, out, bound)) > 0) {
        deflate(z, flush);
        out->len = (size_t)(z->next_out - out->data);
        if (z->avail_out > 0)
            return 1;
    }
    return rc;
}

int weft_deflate_pack(struct weft_deflate_stream *stream, const void *data,
                      size_t len, size_t most, struct weft_buf *out)
{
    /* One more than is enough, as zlib has not ended before room is left. */
    size_t over = WEFT_DEFLATE_TAIL_LEN + 1;
    size_t bound = most > SIZE_MAX - over ? SIZE_MAX : most + over;
    z_stream *z = &stream->z;
    int rc;

    z->next_in = data;
    do {
        size_t piece = len < WEFT_DEFLATE_PIECE ? len : WEFT_DEFLATE_PIECE;

        len -= piece;
        z->avail_in = (unsigned)piece;
        rc = run(z, len > 0 ? Z_NO_FLUSH : Z_SYNC_FLUSH, bound, out);
    } while (rc > 0 && len > 0);
    if (rc > 0)
        out->len -= WEFT_DEFLATE_TAIL_LEN;
    return rc;
}
