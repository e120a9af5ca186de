/* SPDX-License-Identifier: MIT */
/*
 * Where clients come in. Each has a thread of its own, which reads its request
 * and then belongs to the case it asks for; every wait there has a bound.
 */
#include "door.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct guest {
    struct door *door;
    struct visitor visitor;
};

static const char *read_request(struct visitor *v)
{
    struct conn *c = &v->conn;
    const char *fault = NULL;
    int n;

    while ((n = asked_read(&v->asked, c->in.p, c->in.len, &fault)) == 0) {
        enum conn_news news = conn_fill(c, 0);

        if (news == CONN_SILENCE)
            return "the request does not end";
        if (news == CONN_END)
            return c->in.len ? "half a request, then the end of TCP"
                             : "the end of TCP in place of a request";
    }
    return n < 0 ? fault : NULL;
}

static void *receive(void *arg)
{
    struct guest *g = arg;
    struct door *d = g->door;

    d->visit(d->arg, &g->visitor, read_request(&g->visitor));
    free(g);
    pthread_mutex_lock(&d->lock);
    d->inside--;
    pthread_cond_signal(&d->quiet);
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static void let_in(struct door *d, int fd)
{
    struct guest *g = grow(NULL, sizeof(*g));
    pthread_t thread;

    memset(g, 0, sizeof(*g));
    g->door = d;
    conn_take(&g->visitor.conn, fd, d->silence_ms);
    pthread_mutex_lock(&d->lock);
    d->inside++;
    pthread_mutex_unlock(&d->lock);
    if (pthread_create(&thread, NULL, receive, g) == 0)
        pthread_detach(thread);
    else
        receive(g); /* one after the other, then */
}

/* Until the socket is shut down. */
static void *listen_on(void *arg)
{
    struct door *d = arg;

    for (;;) {
        int fd = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0)
            let_in(d, fd);
        else if (errno == EINVAL || errno == EBADF)
            return NULL;
    }
}

/* Takes "HOST:PORT" apart; both may be missing. */
static void split(const char *address, char host[64], char port[8])
{
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : strlen(address);

    if (*address == '[') {
        address++;
        len = strcspn(address, "]");
        colon =
            address[len] && address[len + 1] == ':' ? address + len + 1 : NULL;
    } else if (!colon && strspn(address, "0123456789") == len) {
        colon = address - 1; /* a port alone */
        len = 0;
    }
    snprintf(host, 64, "%.*s", len > 63 ? 63 : (int)len, address);
    snprintf(port, 8, "%.7s", colon ? colon + 1 : "0");
    if (!*host)
        memcpy(host, "127.0.0.1", sizeof("127.0.0.1"));
}

static bool listen_at(struct door *d, const struct addrinfo *ai)
{
    int one = 1;

    d->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (d->fd < 0)
        return false;
    setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(d->fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
        listen(d->fd, 256) == 0)
        return true;
    close(d->fd);
    return false;
}

static void name_url(struct door *d, const char *host)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);
    char port[8] = "";
    bool is_v6 = strchr(host, ':');

    getsockname(d->fd, (struct sockaddr *)&addr, &len);
    getnameinfo((struct sockaddr *)&addr, len, NULL, 0, port, sizeof(port),
                NI_NUMERICSERV);
    snprintf(d->authority, sizeof(d->authority), "%s%s%s:%s", is_v6 ? "[" : "",
             host, is_v6 ? "]" : "", port);
    snprintf(d->url, sizeof(d->url), "ws://%s", d->authority);
}

const char *door_open(struct door *d, const char *address)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE},
                    *list;
    char host[64], port[8];
    const char *why = NULL;
    int rc;

    split(address ? address : "", host, port);
    rc = getaddrinfo(host, port, &hints, &list);
    if (rc != 0)
        return gai_strerror(rc);
    if (!listen_at(d, list))
        why = strerror(errno);
    freeaddrinfo(list);
    if (why)
        return why;
    name_url(d, host);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->quiet, NULL);
    rc = pthread_create(&d->thread, NULL, listen_on, d);
    return rc ? strerror(rc) : NULL;
}

void door_close(struct door *d)
{
    shutdown(d->fd, SHUT_RDWR);
    pthread_join(d->thread, NULL);
    close(d->fd);
    pthread_mutex_lock(&d->lock);
    while (d->inside)
        pthread_cond_wait(&d->quiet, &d->lock);
    pthread_mutex_unlock(&d->lock);
}
