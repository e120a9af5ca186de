/* SPDX-License-Identifier: MIT */
/*
 * A message is a run of whole blocks, the last of which is stored and empty and
 * has lost its last four bytes (section 7.2.1). One that lacks nothing, though
 * it should, is read too. Behind a block marked as the last there may be others
 * (section 7.2.3.4), and what is before it stays in reach.
 */
#include "inflater.h"

#include "support.h"
#include <string.h>

#define WINDOW_MAX 32768
#define ROOM_MAX 4096

void inflater_init(struct inflater *inflater, int window_bits, bool keeps)
{
    *inflater = (struct inflater){
        .keeps = keeps,
        .room = window_bits < 15 ? 1 : ROOM_MAX,
    };
    CHECK(inflateInit2(&inflater->z, -window_bits) == Z_OK, "no memory");
}

void inflater_release(struct inflater *inflater)
{
    inflateEnd(&inflater->z);
}

/* As after a block marked as the last. */
static void restart(z_stream *z)
{
    uint8_t window[WINDOW_MAX];
    unsigned len = sizeof(window);

    CHECK(inflateGetDictionary(z, window, &len) == Z_OK, "window");
    CHECK(inflateReset(z) == Z_OK, "reset");
    if (len > 0)
        CHECK(inflateSetDictionary(z, window, len) == Z_OK, "window");
}

/* Between two blocks, with no bit of the last byte left (zlib.h, Z_BLOCK). It
 * says so once: a call that finds nothing to do forgets it. */
static bool is_between(const z_stream *z)
{
    return (z->data_type & (128 | 7)) == 128;
}

/* Reads it all, or to an error, or beyond most bytes: false for an error. */
static bool read_bytes(struct inflater *inflater, const uint8_t *p, size_t len,
                       size_t most, struct bytes *out)
{
    z_stream *z = &inflater->z;
    uint8_t bytes[ROOM_MAX];
    int rc;

    z->next_in = p;
    z->avail_in = (unsigned)len;
    do {
        z->next_out = bytes;
        z->avail_out = inflater->room;
        rc = inflate(z, Z_SYNC_FLUSH);
        if (rc == Z_BUF_ERROR)
            return true; /* there was nothing left to do */
        bytes_add(out, bytes, inflater->room - z->avail_out);
        inflater->is_between = rc == Z_STREAM_END || is_between(z);
        if (rc == Z_STREAM_END)
            restart(z);
        else if (rc != Z_OK)
            return false;
    } while (out->len <= most &&
             (z->avail_in > 0 || (z->avail_out == 0 && rc != Z_STREAM_END)));
    return true;
}

bool inflater_message(struct inflater *inflater, const uint8_t *p, size_t len,
                      size_t most, struct bytes *out)
{
    static const uint8_t tail[] = {0, 0, 0xff, 0xff};
    size_t end;
    bool is_good;

    if (!inflater->keeps)
        inflateReset(&inflater->z);
    inflater->is_between = true;
    if (!read_bytes(inflater, p, len, most, out) || out->len > most)
        return false;
    if (inflater->is_between)
        return true;
    end = out->len;
    is_good = read_bytes(inflater, tail, sizeof(tail), end, out) &&
              out->len == end && inflater->is_between;
    out->len = end;
    return is_good;
}
