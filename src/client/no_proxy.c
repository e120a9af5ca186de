/* SPDX-License-Identifier: MIT */
/*
 * The list of what is reached without a proxy. No standard says what it looks
 * like; this is what curl makes of it since 7.86. A host that is an address is
 * compared as one, with addresses and networks only: "0.0.1" is no domain that
 * 127.0.0.1 lies in. A member that makes no sense excepts nothing.
 */
#include "client/proxy.h"
#include "client/url_ip.h"

#include <arpa/inet.h>

struct address {
    int family; /* AF_UNSPEC: it is a name */
    uint8_t bytes[16];
};

struct member {
    struct weft_slice name; /* or address, without brackets */
    int bits;               /* of the network's prefix; -1: all */
    int port;               /* -1: any */
};

static void read_address(struct address *address, struct weft_slice text)
{
    char copy[INET6_ADDRSTRLEN];

    address->family = AF_UNSPEC;
    if (text.len == 0 || text.len >= sizeof(copy))
        return;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, address->bytes) == 1)
        address->family = AF_INET;
    else if (inet_pton(AF_INET6, copy, address->bytes) == 1)
        address->family = AF_INET6;
}

/* The length of what is none of the characters. */
static size_t span(struct weft_slice text, const char *stop)
{
    size_t len = 0;

    while (len < text.len && !strchr(stop, text.ptr[len]))
        len++;
    return len;
}

/* The length of an address or a name. Two colons are of IPv6, one is before a
 * port. */
static size_t name_length(struct weft_slice text)
{
    size_t colon = span(text, ":");
    struct weft_slice rest = text;

    if (colon == text.len)
        return span(text, "/");
    weft_slice_take(&rest, colon + 1);
    return span(text, span(rest, ":") == rest.len ? "/:" : "/");
}

/* "/" or ":" in front and a number behind it; -1 in *number: nothing is there.
 */
static bool take_number(int *number, struct weft_slice *text, char mark,
                        int max)
{
    *number = -1;
    if (text->len == 0 || text->ptr[0] != mark)
        return true;
    weft_slice_take(text, 1);
    *number = weft_url_number(weft_slice_take(text, span(*text, ":")), max);
    return *number >= 0 && *number <= max;
}

static bool parse_member(struct member *member, struct weft_slice text)
{
    bool has_brackets = text.ptr[0] == '[';

    if (has_brackets)
        weft_slice_take(&text, 1);
    member->name = weft_slice_take(&text, has_brackets ? span(text, "]")
                                                       : name_length(text));
    if (has_brackets) {
        if (text.len == 0)
            return false;
        weft_slice_take(&text, 1);
    }
    return take_number(&member->bits, &text, '/', 128) &&
           take_number(&member->port, &text, ':', UINT16_MAX) && text.len == 0;
}

static bool lies_in_network(const struct address *host,
                            const struct member *member)
{
    int full = host->family == AF_INET ? 32 : 128;
    int bits = member->bits < 0 ? full : member->bits;
    struct address network;
    size_t whole = (size_t)bits / 8;
    uint8_t mask = (uint8_t)(0xff00 >> bits % 8);

    read_address(&network, member->name);
    if (network.family != host->family || bits > full ||
        memcmp(network.bytes, host->bytes, whole) != 0)
        return false;
    return bits % 8 == 0 ||
           ((network.bytes[whole] ^ host->bytes[whole]) & mask) == 0;
}

/* Without the dot of the root behind it. */
static struct weft_slice relative_name(struct weft_slice name)
{
    if (name.len > 0 && name.ptr[name.len - 1] == '.')
        name.len--;
    return name;
}

/* The host is the domain, or ends in a dot and it. */
static bool lies_in_domain(struct weft_slice host, struct weft_slice domain)
{
    size_t before;

    host = relative_name(host);
    domain = relative_name(domain);
    if (domain.len > 0 && domain.ptr[0] == '.')
        weft_slice_take(&domain, 1);
    if (domain.len == 0 || domain.len > host.len)
        return false;
    before = host.len - domain.len;
    if (before > 0 && host.ptr[before - 1] != '.')
        return false;
    weft_slice_take(&host, before);
    return weft_slice_same_nocase(host, domain);
}

static bool covers(struct weft_slice text, struct weft_slice host,
                   const struct address *address, uint16_t port)
{
    struct member member;

    if (weft_slice_eq(text, "*"))
        return true;
    if (!parse_member(&member, text) ||
        (member.port >= 0 && member.port != port))
        return false;
    if (address->family != AF_UNSPEC)
        return lies_in_network(address, &member);
    return member.bits < 0 && lies_in_domain(host, member.name);
}

bool weft_proxy_is_excepted(const char *list, const char *host, uint16_t port)
{
    static const char separators[] = ", \t\r\n";
    struct weft_slice rest = weft_slice(list), name = weft_slice(host);
    struct address address;

    read_address(&address, name);
    while (rest.len > 0) {
        struct weft_slice member =
            weft_slice_take(&rest, span(rest, separators));

        if (member.len > 0 && covers(member, name, &address, port))
            return true;
        if (rest.len > 0)
            weft_slice_take(&rest, 1);
    }
    return false;
}
