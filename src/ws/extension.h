/* SPDX-License-Identifier: MIT */
/*
 * Extensions (RFC 6455 section 9): the grammar of their header, and the place
 * where one sits in the path of a message.
 */
#ifndef WEFT_WS_EXTENSION_H
#define WEFT_WS_EXTENSION_H

#include "base/buf.h"
#include "base/slice.h"
#include <sys/uio.h>

#define WEFT_EXT_PARAMS                                                        \
    16                      /* parameters of one extension; more is malformed  \
                             */
#define WEFT_EXT_QUOTED 256 /* bytes of quoted values of one extension, too */

struct weft_ext_param {
    struct weft_slice name;
    struct weft_slice value; /* without quotes and escapes; ptr NULL: none */
};

/* One extension of the header, offered or accepted. */
struct weft_ext_offer {
    struct weft_slice name;
    struct weft_ext_param params[WEFT_EXT_PARAMS];
    size_t count;
    size_t quoted_len;
    char quoted[WEFT_EXT_QUOTED]; /* where quoted values point */
};

/*
 * Takes the next extension off the front of *rest, which begins as the value
 * of a Sec-WebSocket-Extensions field (section 9.1). 1: *offer is filled; 0:
 * there are no more; PROTOCOL: the value is malformed.
 */
int weft_ext_next(struct weft_slice *rest, struct weft_ext_offer *offer);

/* An extension in use on a connection. Its own state begins with this. */
struct weft_ext {
    const struct weft_ext_ops *ops;
    size_t work; /* bytes that came out of decoding, since the owner of the
                  * connection looked and set it to 0 */
};

struct weft_ext_ops {
    uint8_t rsv; /* the bits it sets on the first frame of what it encodes */

    /*
     * Appends what the next piece of an encoded message stands for to out,
     * whose maximum is the message limit; fin with the last piece, which may
     * be empty. 0; LIMIT; NOMEM; or INVALID_DATA and *why, static. After an
     * error the connection ends and decode is not called again.
     */
    int (*decode)(struct weft_ext *ext, const uint8_t *p, size_t len, bool fin,
                  struct weft_buf *out, const char **why);

    /*
     * The same for a message that is there whole, without a copy of it being
     * kept: 1, and *out is the bytes, which stay until the next decoding with
     * the same pool; 0: this message is one for decode, and nothing has
     * changed; or an error as above. limit bounds what comes out.
     */
    int (*decode_whole)(struct weft_ext *ext, const uint8_t *p, size_t len,
                        size_t limit, struct iovec *out, const char **why);

    /* Encodes a whole message: 1, and *out is the bytes, which stay until the
     * next encoding with the same pool; 0 to send it as it is; or NOMEM, and
     * nothing has changed. */
    int (*encode)(struct weft_ext *ext, const void *data, size_t len,
                  struct iovec *out);

    /* What encode gave last will not be sent. */
    void (*unencode)(struct weft_ext *ext);

    /* Whether what another connection of the same pool has encoded, of a
     * message of len bytes, may be sent here as it is. */
    bool (*may_share)(const struct weft_ext *ext, size_t len);

    void (*free)(struct weft_ext *ext);
};

#endif
