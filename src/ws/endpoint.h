/* SPDX-License-Identifier: MIT */
/*
 * The engine as the folders above embed it. <weft/endpoint.h> says what it
 * does; this adds what saves memory and copies: a configuration shared by many
 * connections, and output by reference.
 *
 * An endpoint at rest owns nothing but this struct. What only some need is
 * attached while they need it: output that waits, and a message or control
 * frame that has come in part.
 */
#ifndef WEFT_WS_ENDPOINT_H
#define WEFT_WS_ENDPOINT_H

#include "base/queue.h"
#include "ws/close.h"
#include "ws/extension.h"
#include "ws/frame.h"
#include <weft/endpoint.h>

struct weft_endpoint;

/* Shared by endpoints, and must outlive them. */
struct weft_endpoint_conf {
    const struct weft_mem *mem;
    int (*random)(void *ud, void *out, size_t len);
    void *random_ud;

    /* Tells of each frame as its header has been read, or as a client has put
     * it into the queue; NULL: nobody asks. It may send, close, and mark output
     * as sent; it must not feed or pull. */
    void (*seen)(struct weft_endpoint *ep, const struct weft_frame *frame,
                 bool is_sent);

    size_t message_limit, out_limit;
    uint64_t ping_ns, pong_ns, close_ns; /* 0: never */
    uint32_t fragment_limit;
    bool is_client;
    bool drops;        /* the owner drops messages for a slow peer, which is
                        * read from all the same */
    bool drops_oldest; /* each message gets a chunk that can be dropped */
};

struct weft_part; /* what has come of a message or control frame: part.h */

enum weft_endpoint_flags {
    WEFT_EP_IN_FRAME = 1,       /* a header was read, left bytes follow */
    WEFT_EP_FIN = 2,            /* of the present frame */
    WEFT_EP_CLOSE_SENT = 4,     /* queued, in fact */
    WEFT_EP_CLOSE_RECEIVED = 8, /* and told */
    WEFT_EP_ECHO_DUE = 16,      /* our close frame goes out at the next pull */
    WEFT_EP_PINGED = 32,        /* our keepalive ping has no answer yet */
    WEFT_EP_ENDED = 64,         /* the peer's stream has ended */
    WEFT_EP_END_TOLD = 128,     /* and that was told */
    WEFT_EP_TICKED = 256,       /* now_ns holds a time */
    WEFT_EP_STAMPED = 512,      /* since_ns is when the present wait began */
    WEFT_EP_TIMED_OUT = 1024,   /* patience is at its end, and that was told */
    WEFT_EP_ENCODED = 2048,     /* the present message, by the extension */
    WEFT_EP_TEXT = 4096, /* text is known to be UTF-8, and nobody changes it:
                          * it need not be looked through to be sent. Set and
                          * cleared by the owner, between two frames */
};

struct weft_endpoint {
    const struct weft_endpoint_conf *conf;
    struct weft_queue *out; /* NULL: nothing waits */
    struct weft_part *part; /* NULL: nothing has come in part */
    struct weft_ext *ext;   /* NULL: no extension in use; owned */
    union {
        struct {
            uint8_t *in, *in_end; /* fed and not yet pulled; after the
                                   * peer's close frame, its reason */
        };
        const char *why; /* once err is set: what was wrong, static */
    };
    uint64_t now_ns;   /* of the last tick */
    uint64_t since_ns; /* when bytes came last; while an answer is waited for,
                        * when the ping or the close frame went out */
    union {
        struct {           /* with WEFT_EP_IN_FRAME */
            uint64_t left; /* payload bytes still to come */
            uint32_t key;  /* the masking key, rotated for the next byte */
        };
        uint8_t head[WEFT_FRAME_HEADER_MAX]; /* a header come in part */
        struct weft_slice text;              /* with WEFT_EP_TEXT */
    };
    uint16_t flags;      /* enum weft_endpoint_flags */
    uint16_t close_code; /* of the peer's close frame, to be echoed */
    uint8_t opcode;      /* of the present frame */
    uint8_t kind;        /* of the present message; 0: none has begun */
    int8_t err;          /* why the connection failed; 0: it did not */
    uint8_t head_len;    /* bytes in head */
};

/* Fills *conf from public options; USAGE when they make no sense. */
WEFT_CHECK int weft_endpoint_conf_init(struct weft_endpoint_conf *conf,
                                       const struct weft_endpoint_opts *opts);

/* *ep is overwritten. Allocates nothing. */
void weft_endpoint_init(struct weft_endpoint *ep,
                        const struct weft_endpoint_conf *conf);
void weft_endpoint_release(struct weft_endpoint *ep);

/* Where the next bytes from the peer are best received, and how many: they are
 * fed from there. NULL: anywhere. */
uint8_t *weft_endpoint_room(struct weft_endpoint *ep, size_t *len);

/* Takes what was fed and not yet pulled away again: its length, and where it
 * lies. It may be fed anew. */
size_t weft_endpoint_unfeed(struct weft_endpoint *ep, uint8_t **bytes);

/* Why next has failed: a static text, or "". */
const char *weft_endpoint_why(const struct weft_endpoint *ep);

/* Whether a close frame was queued and one received. */
bool weft_endpoint_is_closed(const struct weft_endpoint *ep);

/* Whether messages may still be sent: no close frame went or came. */
bool weft_endpoint_is_open(const struct weft_endpoint *ep);

/* As weft_endpoint_send, but the payload may be borrowed from the caller, who
 * calls weft_endpoint_settle before the bytes go away. For large messages of
 * servers; others are copied all the same. */
int weft_endpoint_send_borrowed(struct weft_endpoint *ep, enum weft_kind kind,
                                const void *data, size_t len);
bool weft_endpoint_borrows(const struct weft_endpoint *ep);
WEFT_CHECK int weft_endpoint_settle(struct weft_endpoint *ep);

/* A message for many. Begins with frame alone; weft_blob_unref is owed to both
 * in the end. */
struct weft_broadcast {
    struct weft_blob *frame;  /* from weft_endpoint_frame */
    struct weft_blob *packed; /* the same, encoded, or NULL */
    bool was_packed;          /* or it was tried */
};

/* Sends it by reference; the errors of weft_endpoint_send. The first endpoint
 * that wants it encoded has it so for all that may share it, which are of one
 * thread. Servers only. */
int weft_endpoint_broadcast(struct weft_endpoint *ep,
                            struct weft_broadcast *message);

/* A whole unmasked message as a frame, to be sent to many. NULL: no memory. */
struct weft_blob *weft_endpoint_frame(const struct weft_mem *mem,
                                      enum weft_kind kind, const void *data,
                                      size_t len);

/* Puts bytes before the first frame: the answer to the handshake, so that both
 * leave together. 0 or NOMEM. */
WEFT_CHECK int weft_endpoint_preface(struct weft_endpoint *ep, const void *data,
                                     size_t len);

/* The peer is alive: bytes came from it. */
void weft_endpoint_heard(struct weft_endpoint *ep);

/* The peer is alive though it may say nothing: it takes what is sent. Patience
 * with its answer begins anew, also with that to a close frame, which may wait
 * behind a long message. */
void weft_endpoint_taking(struct weft_endpoint *ep);

/* Takes the oldest whole message that waits off the queue: true if there was
 * one. Only with drops_oldest. */
bool weft_endpoint_drop_oldest(struct weft_endpoint *ep);

/* ---- Between the files of the engine ------------------------------------- */

/* Ends the connection for err: queues the close frame that says so, with why
 * as its reason, unless one went before, and forgets what has come. Returns
 * err. */
int weft_endpoint_fail(struct weft_endpoint *ep, int err, const char *why);

/* Queues the answer to a ping; while too much waits, only the latest is kept
 * (RFC 6455 section 5.5.3). 0 or NOMEM. */
WEFT_CHECK int weft_endpoint_pong(struct weft_endpoint *ep,
                                  const uint8_t *payload, size_t len);

/* Answers the peer's close frame with its own code (section 5.5.1) and reason,
 * also when its stream has ended since. 0 or NOMEM. */
WEFT_CHECK int weft_endpoint_echo(struct weft_endpoint *ep);

/* The part, made when there is none. NULL: no memory. */
struct weft_part *weft_endpoint_part(struct weft_endpoint *ep);

#endif
