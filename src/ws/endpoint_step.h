/* SPDX-License-Identifier: MIT */
/*
 * Between the files of an endpoint's receiving side: what one step of it finds,
 * and the steps that endpoint_data.c has for endpoint.c.
 */
#ifndef WEFT_WS_ENDPOINT_STEP_H
#define WEFT_WS_ENDPOINT_STEP_H

#include "ws/endpoint.h"
#include "ws/mask.h"

/* What a step found, beside errors, whose reason is then in *why. */
enum weft_step {
    WEFT_STARVED = 0, /* nothing, for want of bytes */
    WEFT_FOUND = 1,   /* an event */
    WEFT_GO_ON = 2,   /* nothing, and there may be more bytes */
};

/* What has come of the payload of a text, binary or continuation frame. */
int weft_endpoint_take_data(struct weft_endpoint *ep, struct weft_event *event,
                            const char **why);

/*
 * The short way for a message that is one frame, lies whole in what was fed and
 * is not encoded. The long way comes to the same for it; STARVED: it is to be
 * taken.
 */
int weft_endpoint_take_simple(struct weft_endpoint *ep,
                              struct weft_event *event, const char **why);

/* The fault of a message over the limit. */
int weft_endpoint_limit_fault(const char **why);

/* Unmasks what a client sent; what a server sends is not masked. */
static inline void weft_endpoint_unmask(struct weft_endpoint *ep, uint8_t *p,
                                        size_t len)
{
    if (!ep->conf->is_client)
        ep->key = weft_mask(p, p, len, ep->key);
}

#endif
