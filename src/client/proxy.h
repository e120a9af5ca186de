/* SPDX-License-Identifier: MIT */
/*
 * Which HTTP proxy a connection goes through, by what the caller says or by the
 * environment, as curl and most other programs read it: http_proxy for ws (in
 * small letters only: HTTP_PROXY may be a request's field in a CGI program),
 * https_proxy or HTTPS_PROXY for wss, else all_proxy or ALL_PROXY; and
 * no_proxy or NO_PROXY, a list of what is reached without one.
 */
#ifndef WEFT_CLIENT_PROXY_H
#define WEFT_CLIENT_PROXY_H

#include "client/url.h"

/* The strings are owned; a zeroed struct may be released. */
struct weft_proxy {
    const struct weft_mem *mem;
    char *host;          /* to connect to, as in struct weft_url */
    char *authorization; /* value of Proxy-Authorization, or NULL */
    uint16_t port;
};

/*
 * Chooses for a URL. given is "http://[user:password@]host[:port]", also
 * without the scheme, "" for no proxy, or NULL for the environment. The port is
 * 1080 unless it is given, as in curl. 1: *proxy is filled; 0: there is none;
 * NOMEM; or INVALID with *reason, a static sentence that says what is wrong
 * with it and where it came from.
 */
WEFT_CHECK int weft_proxy_choose(struct weft_proxy *proxy,
                                 const struct weft_mem *mem, const char *given,
                                 const struct weft_url *url,
                                 const char **reason);
void weft_proxy_release(struct weft_proxy *proxy);

/*
 * Whether a list like no_proxy names the host: "*"; a name, with or without a
 * dot in front, which stands for itself and all below it; an address; or a
 * network as 192.0.2.0/24 or 2001:db8::/32. Members are separated by commas or
 * blanks; a port behind one must be the URL's.
 */
bool weft_proxy_is_excepted(const char *list, const char *host, uint16_t port);

#endif
