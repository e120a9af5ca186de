/* SPDX-License-Identifier: MIT */
/*
 * From a host and a port to a connected socket, by Happy Eyeballs (RFC 8305):
 * both families are looked up at once, addresses are tried in turn, a family
 * after the other, each 250 ms after the one before or as soon as that has
 * failed, and the first that answers is taken.
 */
#ifndef WEFT_NET_DIAL_H
#define WEFT_NET_DIAL_H

#include "loop/loop.h"
#include "net/resolve.h"

struct weft_dial;

/*
 * How it went: fd is connected, non-blocking, close-on-exec and the callee's;
 * or fd is -1, err is ADDRESS (the name has no address), UNREACHABLE, NOMEM or
 * SYSTEM, and why says what was tried and what came of it, as "cannot connect
 * to [::1]:9998 (Connection refused) or 127.0.0.1:9998 (Connection refused)" or
 * "cannot find HOST: Name or service not known"; it is gone when this returns.
 */
struct weft_dialed {
    int fd;
    int err;
    const char *why;
};
typedef void weft_dialed_fn(void *arg, const struct weft_dialed *how);

/* host is a name, or an IPv4 or IPv6 address without brackets. done is called
 * once in a later turn, and the dial is gone with it. There is no bound on its
 * time but what the kernel has: the caller sets one, and cancels. 0 or NOMEM or
 * SYSTEM. */
WEFT_CHECK int weft_dial_start(struct weft_dial **out, struct weft_loop *loop,
                               const char *host, uint16_t port,
                               weft_dialed_fn *done, void *arg);

/* Where addresses come from, and how long is waited. */
struct weft_dial_means {
    int (*resolve)(struct weft_resolve **out, struct weft_loop *loop,
                   const struct weft_name *name, weft_resolved_fn *done,
                   void *arg); /* as weft_resolve_start */
    void (*cancel)(struct weft_resolve *resolve);
    uint64_t resolution_ns; /* for IPv6 addresses, when IPv4 has come */
    uint64_t attempt_ns;    /* between the starts of two attempts */
};

/* Those of weft_dial_start. */
extern const struct weft_dial_means weft_dial_usual;

/* The same with others, which must outlive the dial: for tests. The family of
 * the name does not matter. */
WEFT_CHECK int weft_dial_start_with(struct weft_dial **out,
                                    struct weft_loop *loop,
                                    const struct weft_dial_means *means,
                                    const struct weft_name *to,
                                    weft_dialed_fn *done, void *arg);

/* done will not be called, and all that it has begun is closed. Not in done or
 * after it. NULL is allowed. */
void weft_dial_cancel(struct weft_dial *dial);

/* What it is doing, for the one who gives up waiting: "looking up HOST", or
 * "connecting to ADDRESS". Writes at most size bytes with the NUL. */
void weft_dial_describe(const struct weft_dial *dial, char *text, size_t size);

#endif
