/* SPDX-License-Identifier: MIT */
/*
 * Decompressing with zlib, in pieces as they come.
 *
 * A message is a run of whole DEFLATE blocks, and its last four bytes, the end
 * of an empty stored block, were taken away (section 7.2.2). So a message that
 * ends rightly stops within that block's head, and the four bytes complete it
 * and stand for nothing; whatever else they do, the message was cut short. One
 * that stops between blocks has nothing missing and is taken too: it is empty,
 * or its sender left out what section 7.2.3.4 asks for behind a final block.
 *
 * Behind a block that says it is the last, there may be others, which may refer
 * to what is before it (section 7.2.1); zlib has to be told to go on.
 */
#include "ws/deflate_internal.h"

/* What zlib says in data_type: it stands behind a block and has not begun the
 * next, with so many bits of the last byte left. */
#define IS_BETWEEN 128
#define BITS_LEFT 7

static int malformed(const z_stream *z, struct weft_deflate_sink *sink)
{
    sink->why = z->msg ? z->msg : "compressed data that makes no sense";
    return WEFT_ERR_INVALID_DATA;
}

/* Points zlib to what is free of out. When the limit is reached there is a byte
 * besides: only what is written there is too much. */
static int give_room(z_stream *z, const struct weft_deflate_sink *sink,
                     uint8_t *spare)
{
    struct weft_buf *out = sink->out;
    size_t left = sink->limit - out->len, room;
    int err = 0;

    z->next_out = spare;
    z->avail_out = 1;
    if (left == 0)
        return 0;
    if (out->len == out->cap)
        err = weft_buf_reserve(
            out, left < WEFT_DEFLATE_STEP ? left : WEFT_DEFLATE_STEP);
    if (err)
        return err;
    room = out->cap - out->len;
    if (room > left)
        room = left;
    z->next_out = out->data + out->len;
    z->avail_out =
        (unsigned)(room < WEFT_DEFLATE_PIECE ? room : WEFT_DEFLATE_PIECE);
    return 0;
}

/* What zlib has written since give_room. */
static int take_output(const z_stream *z, struct weft_buf *out,
                       const uint8_t *spare)
{
    if (z->next_out == spare + 1)
        return WEFT_ERR_LIMIT;
    if (z->next_out != spare)
        out->len = (size_t)(z->next_out - out->data);
    return 0;
}

/* Judges what inflate returned: 0, or an error. */
static int judge(struct weft_deflate_stream *stream, int rc,
                 struct weft_deflate_sink *sink)
{
    switch (rc) {
    case Z_STREAM_END:
        /* As inflateReset, but what came so far can be referred to. */
        inflateResetKeep(&stream->z);
        return 0;
    case Z_OK:
    case Z_BUF_ERROR: /* nothing to do until there are more bytes, or room */
        return 0;
    case Z_MEM_ERROR:
        return WEFT_ERR_NOMEM;
    default:
        return malformed(&stream->z, sink);
    }
}

static bool stands_between(const z_stream *z)
{
    return (z->data_type & (IS_BETWEEN | BITS_LEFT)) == IS_BETWEEN;
}

/* Takes at most WEFT_DEFLATE_PIECE bytes. */
static int unpack(struct weft_deflate_stream *stream, const uint8_t *p,
                  size_t len, struct weft_deflate_sink *sink)
{
    z_stream *z = &stream->z;
    uint8_t spare;
    int err, rc;

    z->next_in = p;
    z->avail_in = (unsigned)len;
    do {
        err = give_room(z, sink, &spare);
        if (err)
            return err;
        rc = inflate(z, Z_SYNC_FLUSH);
        /* A call that finds nothing to do forgets where it stands. */
        if (rc != Z_BUF_ERROR)
            stream->is_between = rc == Z_STREAM_END || stands_between(z);
        err = take_output(z, sink->out, &spare);
        if (!err)
            err = judge(stream, rc, sink);
        if (err)
            return err;
        /* With room left, zlib has nothing more to say to these bytes. */
    } while (z->avail_in > 0 || (z->avail_out == 0 && rc != Z_STREAM_END));
    return 0;
}

static int end_message(struct weft_deflate_stream *stream,
                       struct weft_deflate_sink *sink)
{
    z_stream *z = &stream->z;
    uint8_t spare;
    int rc;

    if (stream->is_between)
        return 0;
    z->next_in = (const uint8_t *)WEFT_DEFLATE_TAIL;
    z->avail_in = WEFT_DEFLATE_TAIL_LEN;
    z->next_out = &spare;
    z->avail_out = 1;
    rc = inflate(z, Z_SYNC_FLUSH);
    if (rc == Z_STREAM_END) /* it may be marked as the last, too */
        inflateResetKeep(z);
    else if (rc != Z_OK || !stands_between(z))
        rc = Z_DATA_ERROR;
    if (rc < 0 || z->avail_in > 0 || z->avail_out == 0) {
        sink->why = "compressed data that ends within a block";
        return WEFT_ERR_INVALID_DATA;
    }
    stream->is_between = true;
    return 0;
}

int weft_deflate_unpack(struct weft_deflate_stream *stream, const uint8_t *p,
                        size_t len, bool fin, struct weft_deflate_sink *sink)
{
    int err = 0;

    while (len > 0 && !err) {
        size_t piece = len < WEFT_DEFLATE_PIECE ? len : WEFT_DEFLATE_PIECE;

        err = unpack(stream, p, piece, sink);
        p += piece;
        len -= piece;
    }
    return err || !fin ? err : end_message(stream, sink);
}
