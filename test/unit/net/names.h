/* SPDX-License-Identifier: MIT */
/*
 * A name service of the tests' own, so that nothing depends on a real one. The
 * library's getaddrinfo comes here (ld's --wrap). Names below .test are
 * answered here, others by the real one:
 *
 *     3.test          three addresses of each family asked for
 *     twice.test      one address, named twice
 *     none.test       EAI_NONAME
 *     again.test      EAI_AGAIN
 *     empty.test      success without an address
 *     anything.test   one address
 *
 * As long as names.is_held is set, nobody gets an answer.
 */
#ifndef WEFT_TEST_UNIT_NET_NAMES_H
#define WEFT_TEST_UNIT_NET_NAMES_H

#include "../loop/turns.h"

#include "base/list.h"
#include <dirent.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NAMES_MAX 128

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_held;
    int inside, most; /* threads that ask: now, and the most at once */
    int calls;
    char asked[NAMES_MAX][32]; /* in the order of the calls */
    bool takes_signals;        /* a thread that asked did */
} names = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
};

int __real_getaddrinfo(const char *host, const char *service,
                       const struct addrinfo *hints, struct addrinfo **found);
void __real_freeaddrinfo(struct addrinfo *found);
int __wrap_getaddrinfo(const char *host, const char *service,
                       const struct addrinfo *hints, struct addrinfo **found);
void __wrap_freeaddrinfo(struct addrinfo *found);

/* An answer of ours: AI_PASSIVE, which the library never asks for, marks it. */
struct names_answer {
    struct addrinfo ai;
    struct sockaddr_storage sa;
};

static inline void names_add(struct addrinfo **found, int family, unsigned n,
                             const char *service)
{
    struct names_answer *answer = calloc(1, sizeof(*answer));
    uint16_t port = htons((uint16_t)strtoul(service, NULL, 10));
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = port};

    inet_pton(AF_INET, "192.0.2.0", &in.sin_addr);
    in.sin_addr.s_addr |= htonl(n);
    inet_pton(AF_INET6, "2001:db8::", &in6.sin6_addr);
    in6.sin6_addr.s6_addr[15] = (uint8_t)n;
    memcpy(&answer->sa, family == AF_INET ? (void *)&in : (void *)&in6,
           family == AF_INET ? sizeof(in) : sizeof(in6));
    answer->ai = (struct addrinfo){
        .ai_flags = AI_PASSIVE,
        .ai_family = family,
        .ai_addrlen = family == AF_INET ? sizeof(in) : sizeof(in6),
        .ai_addr = (struct sockaddr *)&answer->sa,
    };
    while (*found)
        found = &(*found)->ai_next;
    *found = &answer->ai;
}

static inline int names_answer(const char *host, const char *service,
                               int family, struct addrinfo **found)
{
    long count = strtol(host, NULL, 10);
    bool is_twice = strcmp(host, "twice.test") == 0;

    *found = NULL;
    if (strcmp(host, "none.test") == 0)
        return EAI_NONAME;
    if (strcmp(host, "again.test") == 0)
        return EAI_AGAIN;
    if (strcmp(host, "empty.test") == 0)
        return 0;
    if (count == 0)
        count = 1;
    for (long i = 0; i < (is_twice ? 2 : count); i++) {
        unsigned n = is_twice ? 1 : (unsigned)i + 1;

        if (family != AF_INET)
            names_add(found, AF_INET6, n, service);
        if (family != AF_INET6)
            names_add(found, AF_INET, n, service);
    }
    return 0;
}

static inline void names_note_signals(void)
{
    static const int some[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD};
    sigset_t blocked;

    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    for (size_t i = 0; i < COUNT(some); i++)
        if (!sigismember(&blocked, some[i]))
            names.takes_signals = true;
}

int __wrap_getaddrinfo(const char *host, const char *service,
                       const struct addrinfo *hints, struct addrinfo **found)
{
    size_t len = strlen(host);

    if (len < 5 || strcmp(host + len - 5, ".test") != 0)
        return __real_getaddrinfo(host, service, hints, found);
    if (hints->ai_flags & AI_NUMERICHOST)
        return EAI_NONAME;

    pthread_mutex_lock(&names.lock);
    names_note_signals();
    snprintf(names.asked[names.calls++ % NAMES_MAX], sizeof(names.asked[0]),
             "%s", host);
    names.inside++;
    if (names.inside > names.most)
        names.most = names.inside;
    pthread_cond_broadcast(&names.changed);
    while (names.is_held)
        pthread_cond_wait(&names.changed, &names.lock);
    names.inside--;
    pthread_cond_broadcast(&names.changed);
    pthread_mutex_unlock(&names.lock);
    return names_answer(host, service, hints->ai_family, found);
}

void __wrap_freeaddrinfo(struct addrinfo *found)
{
    if (!found || found->ai_flags != AI_PASSIVE) {
        __real_freeaddrinfo(found);
        return;
    }
    while (found) {
        struct addrinfo *next = found->ai_next;

        free(WEFT_OF(found, struct names_answer, ai));
        found = next;
    }
}

static inline void names_hold(bool is_held)
{
    pthread_mutex_lock(&names.lock);
    names.is_held = is_held;
    if (is_held)
        names.most = names.calls = 0;
    pthread_cond_broadcast(&names.changed);
    pthread_mutex_unlock(&names.lock);
}

/* Waits until so many threads ask and wait for the answer. */
static inline void names_wait_inside(int count)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(PATIENCE_NS / 1000000000);
    pthread_mutex_lock(&names.lock);
    while (names.inside != count)
        CHECK(pthread_cond_timedwait(&names.changed, &names.lock, &until) == 0,
              "%d threads ask, not %d", names.inside, count);
    pthread_mutex_unlock(&names.lock);
}

/* ---- What is left behind ------------------------------------------------- */

static inline int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static inline int count_fds(void)
{
    return count_entries("/proc/self/fd");
}

static inline int count_threads(void)
{
    return count_entries("/proc/self/task");
}

/* Threads end in their own time. */
static inline void wait_threads(int count)
{
    uint64_t until = weft_clock() + PATIENCE_NS;

    while (count_threads() > count) {
        CHECK(weft_clock() < until, "%d threads, not %d", count_threads(),
              count);
        sched_yield();
    }
}

static inline void *names_nothing(void *arg)
{
    return arg;
}

/* The threads of the process at rest. A sanitizer may have one of its own from
 * the first other thread on. */
static inline int threads_at_rest(void)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, names_nothing, NULL), 0);
    pthread_join(thread, NULL);
    return count_threads();
}

#endif
