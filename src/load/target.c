/* SPDX-License-Identifier: MIT */
/* A plain reader of plain URLs. The client's own, which does what browsers do,
 * belongs to the client. */
#include "load/target.h"

#include <netinet/in.h>
#include <stdio.h>

static const struct scheme {
    const char *prefix;
    bool is_secure;
} schemes[] = {
    {"ws://", false},
    {"wss://", true},
    {"http://", false},
    {"https://", true},
};

static int refuse(char why[LOAD_WHY], const char *url, const char *what)
{
    snprintf(why, LOAD_WHY, "the URL '%.200s' %s", url, what);
    return WEFT_ERR_USAGE;
}

static const char *take_scheme(struct load_target *target, const char *url)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i].prefix);

        if (strncmp(url, schemes[i].prefix, len) != 0)
            continue;
        target->is_secure = schemes[i].is_secure;
        return url + len;
    }
    return NULL;
}

static bool copy(char *to, size_t size, const char *from, size_t len)
{
    if (len >= size)
        return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

/* Graphic ASCII only: what gets into the request must end no line of it. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static bool read_port(const char *text, uint16_t *port)
{
    unsigned value = 0;

    if (*text == '\0')
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned)(*text - '0');
        if (value > 65535)
            return false;
    }
    *port = (uint16_t)value;
    return value > 0;
}

/* host, host:port, [v6] or [v6]:port. */
static bool read_authority(struct load_target *target)
{
    const char *begin = target->authority, *end = strchr(begin, ':');

    if (*begin == '[') {
        end = strchr(begin, ']');
        if (!end || !copy(target->host, sizeof(target->host), begin + 1,
                          (size_t)(end - begin - 1)))
            return false;
        end++;
    } else {
        end = end ? end : begin + strlen(begin);
        if (!copy(target->host, sizeof(target->host), begin,
                  (size_t)(end - begin)))
            return false;
    }
    if (target->host[0] == '\0' || strchr(begin, '@'))
        return false;
    return *end == '\0' || (*end == ':' && read_port(end + 1, &target->port));
}

int load_target_parse(struct load_target *target, const char *url,
                      char why[LOAD_WHY])
{
    const char *rest;
    size_t len;

    *target = (struct load_target){0};
    rest = take_scheme(target, url);
    if (!rest)
        return refuse(why, url, "begins with neither ws:// nor wss://");
    if (!is_plain(rest))
        return refuse(why, url, "has a character that must be encoded");
    if (strchr(rest, '#'))
        return refuse(why, url, "has a fragment");
    target->port = target->is_secure ? 443 : 80;
    len = strcspn(rest, "/?");
    if (!copy(target->authority, sizeof(target->authority), rest, len) ||
        !read_authority(target))
        return refuse(why, url, "has no host and port that can be read");
    rest += len;
    if (snprintf(target->resource, sizeof(target->resource), "%s%s",
                 *rest == '/' ? "" : "/",
                 rest) >= (int)sizeof(target->resource))
        return refuse(why, url, "is too long");
    return 0;
}

int load_target_look_up(struct load_target *target, char why[LOAD_WHY])
{
    char text[300];
    bool is_v6 = strchr(target->host, ':') != NULL;
    int count;

    snprintf(text, sizeof(text), "%s%s%s:%u", is_v6 ? "[" : "", target->host,
             is_v6 ? "]" : "", target->port);
    count = weft_address_parse(target->addresses, LOAD_ADDRESSES_MAX, text);
    if (count <= 0) {
        snprintf(why, LOAD_WHY, "cannot find %s", target->host);
        return WEFT_ERR_ADDRESS;
    }
    target->count = count;
    return 0;
}

bool load_target_is_loopback(const struct weft_address *address)
{
    return address->sa.ss_family == AF_INET &&
           weft_address_is_loopback(address);
}
