/* SPDX-License-Identifier: MIT */
/*
 * Socket addresses and their text. IPv4 addresses mapped into IPv6, as a socket
 * for both families reports them, are treated as the IPv4 addresses that they
 * are. What is shown never holds a control character: the path of a Unix peer's
 * socket is the peer's to choose, and it may end up in a log.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_PREFIX "unix:"
#define UNIX_PREFIX_LEN (sizeof(UNIX_PREFIX) - 1)

/* RFC 1035 2.3.4 allows a name 255 octets; brackets or a zone fit too. */
#define HOST_SIZE 256

static const uint8_t mapped_prefix[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff,
};

static_assert(offsetof(struct sockaddr_in, sin_port) ==
                  offsetof(struct sockaddr_in6, sin6_port),
              "both families have the port in the same place");

/* Addresses of all families lie in one type of storage, so they are written
 * and read as bytes. */
static void set(struct weft_address *address, const void *sa, size_t len)
{
    memset(address, 0, sizeof(*address));
    memcpy(&address->sa, sa, len);
    address->len = (socklen_t)len;
}

static const uint8_t *bytes_at(const struct weft_address *address, size_t at)
{
    return (const uint8_t *)&address->sa + at;
}

static const uint8_t *ipv6_of(const struct weft_address *address)
{
    return bytes_at(address, offsetof(struct sockaddr_in6, sin6_addr));
}

/* The 4 bytes of an IPv4 address, also a mapped one, or NULL. */
static const uint8_t *ipv4_of(const struct weft_address *address)
{
    if (address->sa.ss_family == AF_INET)
        return bytes_at(address, offsetof(struct sockaddr_in, sin_addr));
    if (address->sa.ss_family == AF_INET6 &&
        memcmp(ipv6_of(address), mapped_prefix, sizeof(mapped_prefix)) == 0)
        return ipv6_of(address) + sizeof(mapped_prefix);
    return NULL;
}

/* ---- Reading ------------------------------------------------------------- */

static int parse_unix(struct weft_address *out, const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    if (len >= sizeof(un.sun_path))
        return WEFT_ERR_ADDRESS;
    memcpy(un.sun_path, path, len);
    set(out, &un, sizeof(un));
    return 1;
}

/* Digits only, at most 65535, or -1. */
static long parse_port(const char *text)
{
    long port = 0;

    if (!*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        port = port * 10 + (*text - '0');
        if (port > 65535)
            return -1;
    }
    return port;
}

/* Takes host and port apart; false if text is neither "host:port", with no
 * other colon, nor "[host]:port". */
static bool split(const char *text, char host[HOST_SIZE], const char **port)
{
    const char *colon = strrchr(text, ':');
    const char *begin = text;
    const char *end = colon;

    if (!colon)
        return false;
    if (*text == '[') {
        if (colon - text < 3 || colon[-1] != ']')
            return false;
        begin++;
        end--;
    }
    if ((size_t)(end - begin) >= HOST_SIZE)
        return false;
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    *port = colon + 1;

    /* A colon belongs into brackets, and brackets only around one. */
    return (strchr(host, ':') != NULL) == (*text == '[');
}

static bool has_ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno != EAFNOSUPPORT;
    close(fd);
    return true;
}

static void any_address(struct weft_address *out, uint16_t port)
{
    const struct sockaddr_in6 in6 = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(port),
    };
    const struct sockaddr_in in = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
    };

    if (has_ipv6())
        set(out, &in6, sizeof(in6));
    else
        set(out, &in, sizeof(in));
}

static bool is_among(const struct weft_address *list, int count,
                     const struct addrinfo *ai)
{
    for (int i = 0; i < count; i++)
        if (list[i].len == ai->ai_addrlen &&
            memcmp(&list[i].sa, ai->ai_addr, ai->ai_addrlen) == 0)
            return true;
    return false;
}

/* A name may have several addresses, and the resolver may give one twice. */
static int look_up(struct weft_address *out, int max, const char *host,
                   const char *port)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV,
    };
    struct addrinfo *found;
    int count = 0;

    if (getaddrinfo(host, port, &hints, &found) != 0)
        return WEFT_ERR_ADDRESS;
    for (struct addrinfo *ai = found; ai && count < max; ai = ai->ai_next) {
        if (!is_among(out, count, ai))
            set(&out[count++], ai->ai_addr, ai->ai_addrlen);
    }
    freeaddrinfo(found);
    return count > 0 ? count : WEFT_ERR_ADDRESS;
}

int weft_address_parse(struct weft_address *out, int max, const char *text)
{
    char host[HOST_SIZE];
    const char *port_text;
    long port;

    assert(max > 0);
    if (strncmp(text, UNIX_PREFIX "/", UNIX_PREFIX_LEN + 1) == 0)
        return parse_unix(out, text + UNIX_PREFIX_LEN);
    if (!split(text, host, &port_text))
        return WEFT_ERR_ADDRESS;
    port = parse_port(port_text);
    if (port < 0)
        return WEFT_ERR_ADDRESS;
    if (strcmp(host, "") == 0 || strcmp(host, "*") == 0) {
        any_address(out, (uint16_t)port);
        return 1;
    }
    return look_up(out, max, host, port_text);
}

/* ---- Showing ------------------------------------------------------------- */

static unsigned port_of(const struct weft_address *address)
{
    const uint8_t *p =
        bytes_at(address, offsetof(struct sockaddr_in, sin_port));

    return (unsigned)p[0] << 8 | p[1];
}

/* An abstract name begins with a NUL, shown as @; an unnamed socket has no
 * path at all. */
static void unix_text(const struct weft_address *address, char *text)
{
    const size_t before = offsetof(struct sockaddr_un, sun_path);
    const uint8_t *path = bytes_at(address, before);
    size_t len = address->len > before ? address->len - before : 0;

    memcpy(text, UNIX_PREFIX, sizeof(UNIX_PREFIX) - 1);
    text += sizeof(UNIX_PREFIX) - 1;
    for (size_t i = 0; i < len; i++) {
        if (path[i] == '\0' && i > 0)
            break;
        if (path[i] == '\0')
            *text++ = '@';
        else
            *text++ = path[i] < ' ' || path[i] > '~' ? '?' : (char)path[i];
    }
    *text = '\0';
}

const char *weft_address_host(const struct weft_address *address,
                              char text[WEFT_ADDRESS_TEXT])
{
    const uint8_t *ipv4 = ipv4_of(address);

    if (ipv4)
        snprintf(text, WEFT_ADDRESS_TEXT, "%u.%u.%u.%u", ipv4[0], ipv4[1],
                 ipv4[2], ipv4[3]);
    else if (address->sa.ss_family == AF_UNIX)
        snprintf(text, WEFT_ADDRESS_TEXT, "unix");
    else if (getnameinfo((const void *)&address->sa, address->len, text,
                         WEFT_ADDRESS_TEXT, NULL, 0, NI_NUMERICHOST) != 0)
        snprintf(text, WEFT_ADDRESS_TEXT, "unknown");
    return text;
}

const char *weft_address_text(const struct weft_address *address,
                              char text[WEFT_ADDRESS_TEXT])
{
    bool is_ipv6 = address->sa.ss_family == AF_INET6 && !ipv4_of(address);
    char host[WEFT_ADDRESS_TEXT];

    if (address->sa.ss_family == AF_UNIX)
        unix_text(address, text);
    else
        snprintf(text, WEFT_ADDRESS_TEXT, is_ipv6 ? "[%.100s]:%u" : "%.100s:%u",
                 weft_address_host(address, host), port_of(address));
    return text;
}

/* ---- Asking -------------------------------------------------------------- */

bool weft_address_is_loopback(const struct weft_address *address)
{
    const uint8_t *ipv4 = ipv4_of(address);

    if (ipv4)
        return ipv4[0] == 127;
    if (address->sa.ss_family == AF_INET6)
        return memcmp(ipv6_of(address), &in6addr_loopback, 16) == 0;
    return address->sa.ss_family == AF_UNIX;
}

size_t weft_address_key(const struct weft_address *address, uint8_t key[16])
{
    const uint8_t *ipv4 = ipv4_of(address);

    if (ipv4) {
        memcpy(key, ipv4, 4);
        return 4;
    }
    if (address->sa.ss_family == AF_INET6) {
        memcpy(key, ipv6_of(address), 8);
        return 8;
    }
    return 0;
}

int weft_address_of_peer(struct weft_address *out, int fd)
{
    memset(out, 0, sizeof(*out));
    out->len = sizeof(out->sa);
    return getpeername(fd, (struct sockaddr *)&out->sa, &out->len) < 0
               ? WEFT_ERR_SYSTEM
               : 0;
}

int weft_address_of_socket(struct weft_address *out, int fd)
{
    memset(out, 0, sizeof(*out));
    out->len = sizeof(out->sa);
    return getsockname(fd, (struct sockaddr *)&out->sa, &out->len) < 0
               ? WEFT_ERR_SYSTEM
               : 0;
}
