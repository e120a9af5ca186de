/* SPDX-License-Identifier: MIT */
/*
 * The opening handshake of a client (RFC 6455 section 4.1), as a function of
 * bytes: what to send, and what the answers mean. Through a proxy it is two
 * exchanges, first a CONNECT, then the handshake proper; steps of the same
 * kind. All that the caller can have wrong is found when it is made.
 */
#ifndef WEFT_CLIENT_OPENING_H
#define WEFT_CLIENT_OPENING_H

#include "base/buf.h"
#include "client/proxy.h"
#include "client/url.h"
#include "ws/deflate.h"
#include "ws/handshake.h"
#include <weft/client.h>

#define WEFT_WHY_SIZE 256 /* bytes of a text that says why, with the NUL */

struct weft_opening {
    const struct weft_mem *mem;
    struct weft_url url;
    struct weft_proxy proxy; /* if has_proxy */
    bool has_proxy;
    bool is_tunnelling; /* the exchange at hand is that with the proxy */
    char **protocols;   /* as asked for, ended by NULL */
    size_t protocol_count;
    char key[WEFT_KEY_LEN + 1];
    struct weft_buf connect, request; /* what to send; connect may be empty */
    struct weft_buf in;               /* what has come of the answer */
    size_t seen;                      /* of that, by the parser */
    size_t header_limit;              /* for the heads of one exchange */
    size_t passed;                    /* of it, by interim answers */
    int status;                       /* of the last answer; 0: none yet */
    struct weft_agreed agreed;        /* after OPEN; in `in` */
    struct weft_deflate_opts deflate_opts;
    struct weft_deflate_params deflate; /* after OPEN, if has_deflate */
    bool has_deflate;
    char why[WEFT_WHY_SIZE]; /* after an error */
};

/* What weft_opening_judge found. */
enum weft_opening_step {
    WEFT_OPENING_WAIT,   /* an interim answer: there will be another */
    WEFT_OPENING_TUNNEL, /* the proxy has connected: send the request */
    WEFT_OPENING_OPEN,   /* the connection is open: see agreed */
};

/* opts are whole: weft_socket_opts of this library, with their defaults. 0; or
 * INVALID with *why, static; NOMEM; SYSTEM without random bytes. */
WEFT_CHECK int weft_opening_new(struct weft_opening **out,
                                const struct weft_mem *mem, const char *url,
                                const struct weft_socket_opts *opts,
                                const char **why);
void weft_opening_free(struct weft_opening *o);

/* What is to be sent now. */
const struct weft_buf *weft_opening_output(const struct weft_opening *o);

/* Adds bytes of the answer. 0 or NOMEM. */
WEFT_CHECK int weft_opening_feed(struct weft_opening *o, const void *p,
                                 size_t len);

/*
 * Whether an answer's head is there whole. Its length; 0: not yet; PROTOCOL or
 * LIMIT, and why says it. Then weft_opening_judge tells what it means: one of
 * enum weft_opening_step, or PROTOCOL or REFUSED, and why; and in either case
 * weft_opening_next drops that head, after which agreed is gone.
 */
WEFT_CHECK int weft_opening_head(struct weft_opening *o);
WEFT_CHECK int weft_opening_judge(struct weft_opening *o, size_t head);
void weft_opening_next(struct weft_opening *o, size_t head);

#endif
