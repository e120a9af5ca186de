/* SPDX-License-Identifier: MIT */
/*
 * The server that is judged. Its name is looked up once; every case then
 * connects to the address that answered.
 */
#include "target.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool copy(char *out, size_t size, const char *p, size_t len)
{
    if (len >= size)
        return false;
    memcpy(out, p, len);
    out[len] = '\0';
    return true;
}

static const char *parse_port(struct target *t, const char *p, size_t len)
{
    char *end;
    long port;

    if (len == 0) {
        snprintf(t->port, sizeof(t->port), "%s", t->is_secure ? "443" : "80");
        return NULL;
    }
    if (p[0] != ':' || !copy(t->port, sizeof(t->port), p + 1, len - 1))
        return "the port is not a number";
    port = strtol(t->port, &end, 10);
    if (*end || port < 1 || port > 65535)
        return "the port is not a number from 1 to 65535";
    return NULL;
}

static const char *parse_authority(struct target *t)
{
    const char *a = t->authority, *end;
    size_t skip = 0;

    if (a[0] == '[') {
        skip = 1;
        end = strchr(a, ']');
        if (!end)
            return "a bracket is not closed";
    } else {
        end = a + strcspn(a, ":");
    }
    if (end == a + skip)
        return "there is no host";
    if (strchr(a, '@'))
        return "a ws URL has no user name";
    if (!copy(t->host, sizeof(t->host), a + skip, (size_t)(end - a) - skip))
        return "the host is too long";
    end += skip;
    return parse_port(t, end, strlen(end));
}

const char *target_parse(struct target *t, const char *url)
{
    size_t len;

    memset(t, 0, sizeof(*t));
    t->is_secure = strncmp(url, "wss://", 6) == 0;
    if (!t->is_secure && strncmp(url, "ws://", 5) != 0)
        return "it does not begin with ws:// or wss://";
    url += t->is_secure ? 6 : 5;
    len = strcspn(url, "/?#");
    if (!copy(t->authority, sizeof(t->authority), url, len))
        return "the host is too long";
    url += len;
    if (strchr(url, '#'))
        return "a ws URL has no fragment (RFC 6455 3)";
    len = (size_t)snprintf(t->resource, sizeof(t->resource), "%s%s",
                           *url == '/' ? "" : "/", url);
    if (len >= sizeof(t->resource))
        return "the path is too long";
    return parse_authority(t);
}

static bool try_address(struct target *t, const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), rc;

    if (fd < 0)
        return false;
    rc = connect(fd, ai->ai_addr, ai->ai_addrlen);
    close(fd);
    if (rc < 0)
        return false;
    memcpy(&t->addr, ai->ai_addr, ai->ai_addrlen);
    t->addr_len = ai->ai_addrlen;
    return true;
}

const char *target_reach(struct target *t)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    const char *why = "no address";
    int rc = getaddrinfo(t->host, t->port, &hints, &list);

    if (rc != 0)
        return gai_strerror(rc);
    for (const struct addrinfo *ai = list; ai && why; ai = ai->ai_next)
        why = try_address(t, ai) ? NULL : strerror(errno);
    freeaddrinfo(list);
    return why;
}
