/* SPDX-License-Identifier: MIT */
/*
 * The server's own structs are looked at in two places only: to post to its
 * loops, and to see how many connections it holds. All else is what any user
 * of <weft/server.h> can do.
 */
#include "serve.h"

#include "server/server.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BOUND_S 20 /* of every wait */

/* ---- Waiting ------------------------------------------------------------- */

void gate_pass(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->count++;
    pthread_cond_broadcast(&gate->passed);
    pthread_mutex_unlock(&gate->lock);
}

int gate_count(struct gate *gate)
{
    int count;

    pthread_mutex_lock(&gate->lock);
    count = gate->count;
    pthread_mutex_unlock(&gate->lock);
    return count;
}

void gate_reset(struct gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->count = 0;
    pthread_mutex_unlock(&gate->lock);
}

void gate_wait(struct gate *gate, int n)
{
    struct timespec until;
    int rc = 0, count;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += BOUND_S;
    pthread_mutex_lock(&gate->lock);
    while (gate->count < n && rc == 0)
        rc = pthread_cond_timedwait(&gate->passed, &gate->lock, &until);
    count = gate->count;
    pthread_mutex_unlock(&gate->lock);
    CHECK(count >= n, "%d of %d came", count, n);
}

/* ---- What handlers find -------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    char text[256]; /* the first; "": none */
} fault = {PTHREAD_MUTEX_INITIALIZER, ""};

void serve_fault(const char *file, int line, const char *what)
{
    pthread_mutex_lock(&fault.lock);
    if (!fault.text[0])
        snprintf(fault.text, sizeof(fault.text), "%s:%d: %s", file, line, what);
    pthread_mutex_unlock(&fault.lock);
}

static void check_faults(void)
{
    char text[sizeof(fault.text)];

    pthread_mutex_lock(&fault.lock);
    memcpy(text, fault.text, sizeof(text));
    fault.text[0] = '\0';
    pthread_mutex_unlock(&fault.lock);
    CHECK(!text[0], "in a handler: %s", text);
}

/* ---- The server ---------------------------------------------------------- */

static void *locked_realloc(void *ud, void *ptr, size_t old_size,
                            size_t new_size)
{
    struct serve *s = ud;
    long left;
    void *p;

    pthread_mutex_lock(&s->lock);
    left = s->fm.left;
    if (s->is_spared)
        s->fm.left = -1;
    if (new_size > 0 && !s->is_spared && s->fails_at >= 0 && s->fails_at-- == 0)
        p = NULL;
    else
        p = fail_realloc(&s->fm, ptr, old_size, new_size);
    if (s->is_spared)
        s->fm.left = left;
    pthread_mutex_unlock(&s->lock);
    return p;
}

static void keep_line(void *user, enum weft_log_level level, const char *line)
{
    static const char *const names[] = {"ERROR ", "WARN ", "INFO ", "DEBUG ",
                                        "ACCESS "};
    struct serve *s = user;

    pthread_mutex_lock(&s->lock);
    bytes_add(&s->log, names[level], strlen(names[level]));
    bytes_add(&s->log, line, strlen(line));
    bytes_add(&s->log, "\n", 1);
    pthread_mutex_unlock(&s->lock);
}

struct serve *serve_new(void)
{
    struct serve *s = calloc(1, sizeof(*s));

    if (!s)
        abort();
    s->fm.left = -1;
    s->fails_at = -1;
    pthread_mutex_init(&s->lock, NULL);
    s->mem = (struct weft_mem){locked_realloc, s};
    s->opts = (struct weft_server_opts){
        .size = sizeof(s->opts),
        .mem = &s->mem,
        .threads = 1,
        .log = keep_line,
        .log_user = s,
    };
    return s;
}

void serve_open(struct serve *s)
{
    int err = weft_server_new(&s->srv, &s->opts);

    CHECK(err == 0, "%s", weft_strerror(err));
}

void serve_open_at(struct serve *s, const char *path,
                   const struct weft_handler *handler)
{
    int err;

    serve_open(s);
    err = weft_server_route(s->srv, path, handler);
    CHECK(err == 0, "%s", weft_strerror(err));
}

static void *run(void *arg)
{
    struct serve *s = arg;

    s->rc = weft_server_run(s->srv);
    return NULL;
}

void serve_spawn(struct serve *s)
{
    CHECK(pthread_create(&s->thread, NULL, run, s) == 0, "no thread");
    s->runs = true;
}

void serve_run(struct serve *s)
{
    int err = weft_server_listen(s->srv, "127.0.0.1:0", NULL);

    CHECK(err == 0, "%s", weft_strerror(err));
    serve_spawn(s);
}

void serve_join(struct serve *s)
{
    struct timespec until;
    int rc;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += BOUND_S;
    rc = pthread_timedjoin_np(s->thread, NULL, &until);
    CHECK(rc == 0, "the server does not stop");
    s->runs = false;
}

void serve_stop(struct serve *s)
{
    if (!s->runs)
        return;
    weft_server_stop(s->srv);
    serve_join(s);
    CHECK(s->rc == 0, "%s", weft_strerror(s->rc));
}

void serve_close(struct serve *s)
{
    serve_stop(s);
    weft_server_free(s->srv);
    CHECK(s->fm.live == 0, "%zu bytes are left", s->fm.live);
    bytes_release(&s->log);
    pthread_mutex_destroy(&s->lock);
    free(s);
    check_faults();
}

void serve_allow(struct serve *s, long n)
{
    pthread_mutex_lock(&s->lock);
    s->fm.left = n;
    pthread_mutex_unlock(&s->lock);
}

void serve_fail(struct serve *s, long n)
{
    pthread_mutex_lock(&s->lock);
    s->fails_at = n;
    pthread_mutex_unlock(&s->lock);
}

void serve_spare(struct serve *s, bool on)
{
    pthread_mutex_lock(&s->lock);
    s->is_spared = on;
    pthread_mutex_unlock(&s->lock);
}

bool serve_has_failed(struct serve *s)
{
    bool has_failed;

    pthread_mutex_lock(&s->lock);
    has_failed = s->fm.left >= 0 ? s->fm.left == 0 : s->fails_at < 0;
    pthread_mutex_unlock(&s->lock);
    return has_failed;
}

bool serve_logged(struct serve *s, const char *text)
{
    bool found;

    pthread_mutex_lock(&s->lock);
    found = s->log.len > 0 &&
            memmem(s->log.data, s->log.len, text, strlen(text)) != NULL;
    pthread_mutex_unlock(&s->lock);
    return found;
}

static void pass(void *arg)
{
    gate_pass(arg);
}

/* The first post may run in the turn at hand; when the second runs, that turn
 * is over. */
void serve_turn(struct serve *s)
{
    struct gate gate = GATE;
    int n = 0;

    for (int round = 0; round < 2; round++) {
        for (unsigned i = 0; i < s->srv->threads; i++) {
            /* Without memory, as some tests want it, it is tried again. */
            while (weft_loop_post(s->srv->workers[i].loop, pass, &gate) != 0)
                sched_yield();
            n++;
        }
        gate_wait(&gate, n);
    }
}

struct weft_server_stats serve_stats(struct serve *s)
{
    struct weft_server_stats stats;

    weft_server_stats(s->srv, &stats, sizeof(stats));
    return stats;
}

uint64_t serve_connections(struct serve *s)
{
    return __atomic_load_n(&s->srv->connections, __ATOMIC_ACQUIRE);
}
