/* SPDX-License-Identifier: MIT */
/* What ends a message on the wire, an empty stored block but for its first
 * byte, is taken off when packing and put on when unpacking. */
#include "load/packed.h"

#define ZLIB_CONST
#include <zlib.h>

#define LEVEL 6
#define MEMORY 8
#define WINDOW (-15) /* no header of zlib's */

static const uint8_t tail[] = {0, 0, 0xff, 0xff};

int load_pack(struct weft_buf *out, const void *data, size_t len)
{
    z_stream z = {0};
    uLong bound;
    int err;

    if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW, MEMORY,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return WEFT_ERR_NOMEM;
    bound = deflateBound(&z, len) + 16; /* the flush's block */
    err = weft_buf_reserve(out, bound);
    if (!err) {
        z.next_in = data;
        z.avail_in = (uInt)len;
        z.next_out = out->data + out->len;
        z.avail_out = (uInt)bound;
        (void)deflate(&z, Z_SYNC_FLUSH); /* there is room */
        out->len += z.total_out - sizeof(tail);
    }
    deflateEnd(&z);
    return err;
}

/* Goes on unpacking; *at counts what was equal. */
static bool is_equal(z_stream *z, const uint8_t *data, size_t len, size_t *at)
{
    uint8_t out[16384];
    int rc;

    do {
        size_t n;

        z->next_out = out;
        z->avail_out = sizeof(out);
        rc = inflate(z, Z_SYNC_FLUSH);
        n = sizeof(out) - z->avail_out;
        if (n > len - *at || memcmp(out, data + *at, n) != 0)
            return false;
        *at += n;
    } while (rc == Z_OK && (z->avail_in > 0 || z->avail_out == 0));
    return rc == Z_OK || rc == Z_BUF_ERROR || rc == Z_STREAM_END;
}

int load_packed_check(const struct weft_buf *packed, const uint8_t *data,
                      size_t len)
{
    z_stream z = {0};
    bool is_same;
    size_t at = 0;

    if (inflateInit2(&z, WINDOW) != Z_OK)
        return WEFT_ERR_NOMEM;
    z.next_in = packed->data;
    z.avail_in = (uInt)packed->len;
    is_same = is_equal(&z, data, len, &at);
    z.next_in = tail;
    z.avail_in = sizeof(tail);
    is_same = is_same && is_equal(&z, data, len, &at) && at == len;
    inflateEnd(&z);
    return is_same ? 0 : WEFT_ERR_INVALID_DATA;
}
