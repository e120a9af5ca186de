/* SPDX-License-Identifier: MIT */
/*
 * Keepalive and patience. Time comes as an argument, and a wait begins at a
 * tick: a close frame is stamped by the first tick after it, which the
 * deadline asks for at once. So a message costs no look at a clock.
 */
#include "ws/endpoint.h"

/* The moment a wait is over, which begins at from_ns once it is stamped. */
static uint64_t end_of_wait(const struct weft_endpoint *ep, bool is_stamped,
                            uint64_t from_ns, uint64_t wait_ns)
{
    if (wait_ns == 0)
        return UINT64_MAX;
    if (!is_stamped)
        return ep->now_ns;
    return from_ns > UINT64_MAX - wait_ns ? UINT64_MAX : from_ns + wait_ns;
}

/*
 * How long a closing endpoint waits. Section 7.1.1 has a client leave the end
 * of TCP to the server, and allows it to lose patience; there is nothing more
 * to be heard then, and browsers wait for as short a time.
 */
#define FIN_NS UINT64_C(1000000000)

static uint64_t close_wait(const struct weft_endpoint *ep)
{
    uint64_t wait_ns = ep->conf->close_ns;

    if (!ep->conf->is_client || !weft_endpoint_is_closed(ep))
        return wait_ns;
    return wait_ns > 0 && wait_ns < FIN_NS ? wait_ns : FIN_NS;
}

/* Whether nothing is waited for any more but the end of the connection. */
static bool is_closing(const struct weft_endpoint *ep)
{
    return ep->err || (ep->flags & (WEFT_EP_CLOSE_SENT |
                                    WEFT_EP_CLOSE_RECEIVED | WEFT_EP_ENDED));
}

uint64_t weft_endpoint_deadline(const struct weft_endpoint *ep)
{
    const struct weft_endpoint_conf *conf = ep->conf;
    bool is_stamped = ep->flags & WEFT_EP_STAMPED;

    if (ep->flags & WEFT_EP_TIMED_OUT)
        return UINT64_MAX;
    if (is_closing(ep))
        return end_of_wait(ep, is_stamped, ep->since_ns, close_wait(ep));
    if (ep->flags & WEFT_EP_PINGED)
        return end_of_wait(ep, is_stamped, ep->since_ns, conf->pong_ns);
    return end_of_wait(ep, ep->flags & WEFT_EP_TICKED, ep->since_ns,
                       conf->ping_ns);
}

void weft_endpoint_heard(struct weft_endpoint *ep)
{
    if (is_closing(ep))
        return;
    ep->since_ns = ep->now_ns;
    ep->flags &= (uint16_t) ~(WEFT_EP_PINGED | WEFT_EP_STAMPED);
}

void weft_endpoint_taking(struct weft_endpoint *ep)
{
    weft_endpoint_heard(ep);
    ep->flags &= (uint16_t)~WEFT_EP_STAMPED;
}

static void stamp(struct weft_endpoint *ep)
{
    ep->since_ns = ep->now_ns;
    ep->flags |= WEFT_EP_STAMPED;
}

static int time_is_up(struct weft_endpoint *ep)
{
    if (!is_closing(ep) && !(ep->flags & WEFT_EP_PINGED)) {
        /* Without memory the ping is left out, and patience begins all the
         * same: silence is what ends a connection. */
        (void)weft_endpoint_send(ep, WEFT_PING, "", 0);
        ep->flags |= WEFT_EP_PINGED;
        stamp(ep);
        return 0;
    }
    weft_endpoint_fail(ep, WEFT_ERR_TIMEOUT,
                       is_closing(ep) ? "the closing handshake took too long"
                                      : "the peer was silent");
    ep->flags |= WEFT_EP_TIMED_OUT;
    return WEFT_ERR_TIMEOUT;
}

int weft_endpoint_tick(struct weft_endpoint *ep, uint64_t now_ns)
{
    ep->now_ns = now_ns;
    if (ep->flags & WEFT_EP_TIMED_OUT)
        return WEFT_ERR_TIMEOUT;
    if (!(ep->flags & WEFT_EP_TICKED)) {
        ep->flags |= WEFT_EP_TICKED;
        ep->since_ns = now_ns;
    }
    if (is_closing(ep) && !(ep->flags & WEFT_EP_STAMPED))
        stamp(ep);
    return weft_endpoint_deadline(ep) <= now_ns ? time_is_up(ep) : 0;
}
