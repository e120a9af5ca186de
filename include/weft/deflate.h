/* SPDX-License-Identifier: MIT */
/*
 * permessage-deflate (RFC 7692), the extension that compresses messages. The
 * same options serve servers, handlers, clients and bare endpoints; which of
 * them is meant by "we" is whoever has the options.
 */
#ifndef WEFT_DEFLATE_H
#define WEFT_DEFLATE_H

#include <weft/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * All numbers: 0 takes the default, which is given in brackets. A window is the
 * stretch of earlier bytes that compression may refer to: 2^bits bytes, which
 * whoever decompresses keeps too. Context takeover means that it reaches back
 * into earlier messages (sections 7.1.1, 7.1.2): small messages that resemble
 * each other become much smaller, and the connection keeps its window also at
 * rest, about 38 KiB to compress by default, 268 KiB with a window of 15 bits
 * and memory level 8, and 42 KiB to decompress with one of 15. Without it a
 * connection at rest keeps nothing.
 *
 * A higher level makes messages smaller and takes longer. Without takeover, 1
 * to 4 are Weft's own compressor and 5 to 9 libdeflate, or zlib where that was
 * not built in or the window is less than the message; with takeover all are
 * zlib. Of 16 KiB, 3 makes 3 % more than zlib's level 6 in the mean of many
 * kinds of text, and 11 % more at most, in two fifths of its time.
 */
struct weft_deflate_opts {
    size_t size;          /* of this struct */
    bool is_off;          /* the extension is not negotiated at all */
    bool has_takeover;    /* we keep our context, if the peer lets us */
    bool peer_takeover;   /* the peer may keep its own */
    int level;            /* [3] 1, fast, to 9, small; see below */
    int memory_level;     /* [8; with has_takeover 5] 1 to 9, as zlib has it,
                           * where it serves; a context that is kept holds
                           * 2^(7 + this) bytes of a window at most */
    int window_bits;      /* [15] 8 to 15, of what we send; at most */
    int peer_window_bits; /* [15] 8 to 15, of what the peer sends */

    /* [256; with has_takeover 32] bytes; shorter messages go uncompressed. */
    uint64_t threshold;

    /* [64 MiB] of contexts that are kept between messages, in a whole server;
     * beyond it new connections are agreed on without. Of a server's own
     * options only. */
    uint64_t ceiling;
};

#ifdef __cplusplus
}
#endif

#endif
