/* SPDX-License-Identifier: MIT */
/* An unspecified address cannot be a peer's, so it can stand for none. */
#include "net/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct weft_host weft_host_of(const struct weft_address *address)
{
    struct weft_host host = {{0}};

    if (address->sa.ss_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, &address->sa, sizeof(in));
        memcpy(host.ip, mapped, sizeof(mapped));
        memcpy(host.ip + sizeof(mapped), &in.sin_addr, 4);
    } else if (address->sa.ss_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, &address->sa, sizeof(in6));
        memcpy(host.ip, &in6.sin6_addr, sizeof(host.ip));
    }
    return host;
}

bool weft_host_is_unix(const struct weft_host *host)
{
    static const struct weft_host none;

    return memcmp(host, &none, sizeof(none)) == 0;
}

const char *weft_host_text(const struct weft_host *host,
                           char text[WEFT_ADDRESS_TEXT])
{
    bool is_ipv4 = memcmp(host->ip, mapped, sizeof(mapped)) == 0;

    if (weft_host_is_unix(host))
        snprintf(text, WEFT_ADDRESS_TEXT, "unix");
    else if (!inet_ntop(is_ipv4 ? AF_INET : AF_INET6,
                        host->ip + (is_ipv4 ? sizeof(mapped) : 0), text,
                        WEFT_ADDRESS_TEXT))
        snprintf(text, WEFT_ADDRESS_TEXT, "unknown");
    return text;
}
