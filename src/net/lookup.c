/* SPDX-License-Identifier: MIT */
/*
 * Questions wait in one queue of the process, under one mutex. A thread takes
 * them from there, one after the other, and ends when it finds none, so there
 * are as many threads as there are questions, up to the limit, and none at
 * rest.
 *
 * getaddrinfo cannot be interrupted, and may take as long as name servers are
 * silent. So a thread may outlive whoever asked, his loop and his allocator:
 * what it works on has come from malloc, and it looks at the box, which is the
 * owner's, only under the mutex and only while the owner has not dropped the
 * question. While is_running, the one of the two who comes last frees it.
 */
#include "net/lookup.h"

#include "base/mem.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <strings.h>

static struct {
    pthread_mutex_t lock; /* over all below, and what lookup.h says */
    struct weft_list waiting;
    int threads;
} office = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .waiting = {&office.waiting, &office.waiting},
};

/* ---- One question -------------------------------------------------------- */

struct weft_lookup *weft_lookup_new(const char *host, uint16_t port, int family)
{
    size_t size = strlen(host) + 1;
    struct weft_lookup *lookup =
        weft_zalloc(&weft_mem_libc, sizeof(*lookup) + size);

    if (!lookup)
        return NULL;
    weft_list_init(&lookup->node);
    lookup->port = port;
    lookup->family = family;
    memcpy(lookup->host, host, size);
    return lookup;
}

static void lookup_free(struct weft_lookup *lookup)
{
    weft_free(&weft_mem_libc, lookup,
              sizeof(*lookup) + strlen(lookup->host) + 1);
}

/* An answer may name an address twice, as when /etc/hosts does. */
static bool has(const struct weft_lookup *lookup, const void *sa, size_t len)
{
    for (int i = 0; i < lookup->count; i++)
        if (lookup->list[i].len == len &&
            memcmp(&lookup->list[i].sa, sa, len) == 0)
            return true;
    return false;
}

static void keep(struct weft_lookup *lookup, const void *sa, size_t len)
{
    struct weft_address *address = &lookup->list[lookup->count];

    if (lookup->count == WEFT_LOOKUP_MAX || len > sizeof(address->sa) ||
        has(lookup, sa, len))
        return;
    memcpy(&address->sa, sa, len);
    address->len = (socklen_t)len;
    lookup->count++;
}

/*
 * Without AI_ADDRCONFIG: it takes a machine whose only addresses of a family
 * are those of the loopback for one without the family. An address that cannot
 * be reached fails at once and costs nothing.
 */
static void ask(struct weft_lookup *lookup, int flags)
{
    const struct addrinfo hints = {
        .ai_family = lookup->family,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = flags | AI_NUMERICSERV,
    };
    struct addrinfo *found = NULL;
    char port[8];

    snprintf(port, sizeof(port), "%u", (unsigned)lookup->port);
    lookup->error = getaddrinfo(lookup->host, port, &hints, &found);
    if (lookup->error != 0)
        return;
    for (const struct addrinfo *ai = found; ai; ai = ai->ai_next)
        keep(lookup, ai->ai_addr, ai->ai_addrlen);
    freeaddrinfo(found);
    if (lookup->count == 0)
        lookup->error = EAI_NONAME;
}

/* ---- What is known ------------------------------------------------------- */

/* "localhost" and what ends in ".localhost", with the root's dot or without. */
static bool is_localhost(const char *host)
{
    static const char name[] = "localhost";
    const size_t name_len = sizeof(name) - 1;
    size_t len = strlen(host);

    if (len > 0 && host[len - 1] == '.')
        len--;
    if (len < name_len ||
        strncasecmp(host + len - name_len, name, name_len) != 0)
        return false;
    return len == name_len || host[len - name_len - 1] == '.';
}

static void answer_localhost(struct weft_lookup *lookup)
{
    const struct sockaddr_in6 in6 = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(lookup->port),
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };
    const struct sockaddr_in in = {
        .sin_family = AF_INET,
        .sin_port = htons(lookup->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    if (lookup->family != AF_INET)
        keep(lookup, &in6, sizeof(in6));
    if (lookup->family != AF_INET6)
        keep(lookup, &in, sizeof(in));
}

/* An address of the other family is an answer too, and so is one with a zone
 * that this machine does not have: no name has a colon. */
bool weft_lookup_known(struct weft_lookup *lookup)
{
    if (is_localhost(lookup->host)) {
        answer_localhost(lookup);
        return true;
    }
    ask(lookup, AI_NUMERICHOST);
    return lookup->error != EAI_NONAME || strchr(lookup->host, ':');
}

/* ---- Threads ------------------------------------------------------------- */

/* The next question; with NULL, the calling thread is counted no longer. */
static struct weft_lookup *next(void)
{
    struct weft_lookup *lookup = NULL;

    pthread_mutex_lock(&office.lock);
    if (weft_list_is_empty(&office.waiting)) {
        office.threads--;
    } else {
        lookup = WEFT_OF(office.waiting.next, struct weft_lookup, node);
        weft_list_remove(&lookup->node);
        lookup->is_running = true;
    }
    pthread_mutex_unlock(&office.lock);
    return lookup;
}

/* A byte, and not the end of the stream: a child that was forked in between
 * would keep that from coming. It fails when the socket is full of bytes that
 * nobody has read yet, and then one of those will do. */
static void ring(int bell)
{
    (void)send(bell, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void hand_over(struct weft_lookup *lookup)
{
    bool is_dropped;

    pthread_mutex_lock(&office.lock);
    lookup->is_running = false;
    is_dropped = !lookup->box;
    if (!is_dropped) {
        weft_list_append(&lookup->box->found, &lookup->node);
        ring(lookup->box->bell);
    }
    pthread_mutex_unlock(&office.lock);
    if (is_dropped)
        lookup_free(lookup);
}

static void *work(void *arg)
{
    struct weft_lookup *lookup;

    (void)arg;
    while ((lookup = next())) {
        ask(lookup, 0);
        hand_over(lookup);
    }
    return NULL;
}

/* The program's signals are for the threads that it knows of. */
static int start_thread(void)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    int error;

    if (pthread_attr_init(&attr) != 0)
        return WEFT_ERR_SYSTEM;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread, &attr, work, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return error ? WEFT_ERR_SYSTEM : 0;
}

/* All threads are busy as long as they live, so a question needs one of its
 * own; where there cannot be more, one that ends its present work comes to
 * it. */
int weft_lookup_start(struct weft_lookup *lookup, struct weft_lookup_box *box)
{
    int err = 0;

    pthread_mutex_lock(&office.lock);
    if (office.threads < WEFT_LOOKUP_THREADS) {
        err = start_thread();
        if (!err)
            office.threads++;
        else if (office.threads > 0)
            err = 0;
    }
    if (!err) {
        lookup->box = box;
        weft_list_append(&office.waiting, &lookup->node);
    }
    pthread_mutex_unlock(&office.lock);
    return err;
}

/* ---- The owner ----------------------------------------------------------- */

void weft_lookup_take(struct weft_lookup_box *box, struct weft_list *list)
{
    pthread_mutex_lock(&office.lock);
    weft_list_move(list, &box->found);
    pthread_mutex_unlock(&office.lock);
}

void weft_lookup_drop(struct weft_lookup *lookup)
{
    bool is_running;

    if (!lookup)
        return;
    pthread_mutex_lock(&office.lock);
    is_running = lookup->is_running;
    lookup->box = NULL;
    if (!is_running)
        weft_list_remove(&lookup->node);
    pthread_mutex_unlock(&office.lock);
    if (!is_running)
        lookup_free(lookup);
}
