/* SPDX-License-Identifier: MIT */
/*
 * Judges clients. A visit judges what goes over the wire, on a thread of the
 * door's; the case of a guided client waits for that and for what the client's
 * interface has told, and judges the two against each other. All of them meet
 * at the stop of the case.
 */
#include "tour.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A program that needs longer to start, or to end, is stuck. */
#define START_MS 60000
#define END_MS 20000
/* Silences after which a client that was sent has not come. */
#define PATIENCE 4

/* Waits for news until a time of now_ms. Returns false when it is over. */
static bool wait_for_news(struct tour *t, int64_t until)
{
    struct timespec ts = {.tv_sec = until / 1000,
                          .tv_nsec = until % 1000 * 1000000};

    return pthread_cond_timedwait(&t->news, &t->lock, &ts) == 0;
}

/* The number of a case, or -1. */
static long find_case(const struct tour *t, const char *id, size_t len)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strlen(t->cases[i].id) == len &&
            memcmp(t->cases[i].id, id, len) == 0)
            return (long)i;
    }
    return -1;
}

/* The first case that somebody is awaited at, or -1. */
static long find_next(const struct tour *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->stops[i].state == STOP_AWAITED)
            return (long)i;
    }
    return -1;
}

static long find_target(const struct tour *t, const char *target)
{
    if (strncmp(target, "/case/", 6) == 0)
        return find_case(t, target + 6, strcspn(target + 6, "?"));
    if (!t->is_guided && strcmp(target, "/next") == 0)
        return find_next(t);
    return -1;
}

/* Anybody may come again to a case that is over. */
static bool is_free(const struct tour *t, const struct stop *s)
{
    return s->state == STOP_AWAITED || (!t->is_guided && s->state == STOP_LEFT);
}

/* Takes the visitor to the case it asks for. Returns its stop, or NULL. */
static struct stop *enter(struct tour *t, struct visitor *vis,
                          const char *fault, size_t *number)
{
    struct stop *s = NULL;
    long i;

    pthread_mutex_lock(&t->lock);
    i = find_target(t, vis->asked.target);
    if (i >= 0 && is_free(t, &t->stops[i])) {
        s = &t->stops[i];
        s->state = STOP_TAKEN;
        *number = (size_t)i;
    } else if (i >= 0) {
        t->stops[i].extras++;
    } else {
        if (t->strays++ == 0)
            snprintf(t->stray, sizeof(t->stray), "%s",
                     fault ? fault : "it asks for no case");
    }
    pthread_mutex_unlock(&t->lock);
    return s;
}

/* For people: what there is. */
static void show_list(const struct tour *t, struct conn *c)
{
    struct bytes text = {0};

    bytes_print(&text, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                       "Connection: close\r\n\r\n");
    for (size_t i = 0; i < t->count; i++)
        bytes_print(&text, "%s/case/%-12s %s%s%s\n", t->door.url,
                    t->cases[i].id, t->cases[i].name,
                    t->cases[i].client ? "; the client: " : "",
                    t->cases[i].client ? t->cases[i].client : "");
    conn_send(c, text.p, text.len);
    conn_finish(c);
    while (conn_fill(c, 0) == CONN_BYTES)
        c->in.len = 0;
    bytes_release(&text);
}

/* "a, b" out of "protocol=a protocol=b". */
static void list_protocols(char *out, size_t size, const char *words)
{
    size_t used = 0, n;

    out[0] = '\0';
    for (; words && *words; words += n) {
        words += strspn(words, " ");
        n = strcspn(words, " ");
        if (strncmp(words, "protocol=", 9) == 0 && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%.*s",
                                     used ? ", " : "", (int)n - 9, words + 9);
    }
}

static void judge_request(struct tour *t, const struct test_case *tc,
                          struct visitor *vis, struct verdict *v)
{
    char protocols[256];
    struct asked_want want = {0};

    list_protocols(protocols, sizeof(protocols), tc->client);
    if (t->is_guided)
        want = (struct asked_want){t->door.authority, protocols};
    verdict_trace(v, "< %zu bytes of handshake",
                  vis->asked.fields.first_len + 4 + vis->asked.fields.len);
    if (vis->asked.offered[0])
        verdict_trace(v, "< extensions: %.200s", vis->asked.offered);
    asked_judge(&vis->asked, &want, v);
    if (vis->conn.in.len)
        verdict_say(v, GRADE_FAIL,
                    "it sends more before the handshake is done (4.1)");
}

/* The case is over on the wire. */
static void leave(struct tour *t, struct stop *s, const struct test_case *tc)
{
    bool is_last;

    pthread_mutex_lock(&t->lock);
    s->state = STOP_LEFT;
    t->left += !s->was_left;
    s->was_left = true;
    is_last = t->left == t->count;
    if (!t->is_guided) {
        t->done(t->user, tc, &s->verdict);
        bytes_release(&s->verdict.trace);
        s->verdict = (struct verdict){.tracing = t->opts.trace};
    }
    pthread_cond_broadcast(&t->news);
    pthread_mutex_unlock(&t->lock);
    if (!t->is_guided && is_last)
        kill(getpid(), SIGTERM); /* for tour_anybody, which waits for it */
}

static void visit(void *arg, struct visitor *vis, const char *fault)
{
    struct tour *t = arg;
    size_t i = 0;
    struct stop *s = enter(t, vis, fault, &i);

    if (!s) {
        if (!fault && strcmp(vis->asked.target, "/") == 0)
            show_list(t, &vis->conn);
        conn_close(&vis->conn);
        return;
    }
    if (fault) {
        verdict_say(&s->verdict, GRADE_FAIL, "%s", fault);
        conn_close(&vis->conn);
    } else {
        size_t head = vis->asked.fields.first_len + 4 + vis->asked.fields.len;
        struct bytes request = vis->conn.in;

        /* The fields point into what is dropped here. */
        vis->conn.in = (struct bytes){0};
        bytes_add(&vis->conn.in, request.p + head, request.len - head);
        judge_request(t, &t->cases[i], vis, &s->verdict);
        fresh_add_nonce(&t->fresh, vis->asked.nonce);
        bytes_release(&request);
        judge_visitor(&t->opts, &t->cases[i], vis, &s->verdict, &s->seen);
        fresh_add_masks(&t->fresh, vis->masks.p, vis->masks.len);
        bytes_release(&vis->masks);
    }
    leave(t, s, &t->cases[i]);
}

const char *tour_open(struct tour *t, const char *address)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&t->lock, NULL);
    pthread_mutex_init(&t->fresh.lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->news, &attr);
    pthread_condattr_destroy(&attr);
    t->stops = grow(NULL, (t->count + 1) * sizeof(*t->stops));
    memset(t->stops, 0, (t->count + 1) * sizeof(*t->stops));
    for (size_t i = 0; i < t->count && !t->is_guided; i++) {
        t->stops[i].state = STOP_AWAITED;
        t->stops[i].verdict.tracing = t->opts.trace;
    }
    t->door.silence_ms = t->opts.silence_ms;
    t->door.visit = visit;
    t->door.arg = t;
    return door_open(&t->door, address);
}

/* A line of the guide's. */
static void take_line(void *arg, const char *line)
{
    struct tour *t = arg;
    size_t len = line ? strcspn(line, " ") : 0;
    long i;

    pthread_mutex_lock(&t->lock);
    i = line ? find_case(t, line, len) : -1;
    if (!line)
        t->alone = true;
    else if (strcmp(line, "ready") == 0)
        t->ready = true;
    else if (i >= 0 && !t->stops[i].told)
        t->stops[i].told = strdup(line + len);
    else
        fprintf(stderr, "conform: the client's program says \"%s\"\n", line);
    pthread_cond_broadcast(&t->news);
    pthread_mutex_unlock(&t->lock);
}

const char *tour_guide(struct tour *t, const char *command)
{
    int64_t until = now_ms() + START_MS;
    const char *wrong = NULL;

    t->guide.line = take_line;
    t->guide.arg = t;
    if (!guide_start(&t->guide, command))
        return "cannot start it";
    pthread_mutex_lock(&t->lock);
    while (!t->ready && !t->alone && wait_for_news(t, until))
        ;
    if (t->alone)
        wrong = "it ended before it was ready";
    else if (!t->ready)
        wrong = "it does not say that it is ready";
    pthread_mutex_unlock(&t->lock);
    return wrong;
}

static void send_guide(struct tour *t, const struct test_case *tc)
{
    struct bytes line = {0};

    bytes_print(&line, "%s %s/case/%s%s%s\n", tc->id, t->door.url, tc->id,
                tc->client ? " " : "", tc->client ? tc->client : "");
    guide_say(&t->guide, (const char *)line.p, line.len);
    bytes_release(&line);
}

/* Under the lock. The wire judges itself in bounded time. */
static void wait_for_client(struct tour *t, struct stop *s)
{
    int64_t until = now_ms() + PATIENCE * t->opts.silence_ms;

    while (s->state == STOP_AWAITED && !s->told && !t->alone &&
           wait_for_news(t, until))
        ;
    if (s->state == STOP_AWAITED)
        s->state = STOP_CLOSED;
    while (s->state == STOP_TAKEN)
        pthread_cond_wait(&t->news, &t->lock);
    until = now_ms() + t->opts.silence_ms;
    while (!s->told && !t->alone && wait_for_news(t, until))
        ;
}

static void judge_told(struct tour *t, struct stop *s, struct verdict *v)
{
    if (v->grade == GRADE_FAIL)
        return;
    if (!s->told && t->alone)
        verdict_say(v, GRADE_FAIL, "the client's program has ended");
    else if (!s->told)
        verdict_say(v, GRADE_FAIL,
                    "nothing is told of the end of the connection, within "
                    "%.1f s of it",
                    (double)t->opts.silence_ms / 1000);
    else
        seen_judge(&s->seen, s->told, v);
    if (s->extras)
        verdict_say(v, GRADE_SOFT, "it comes again, %zu times", s->extras);
}

void tour_case(void *tour, const struct test_case *tc, struct verdict *v)
{
    struct tour *t = tour;
    struct stop *s = &t->stops[tc - t->cases];

    pthread_mutex_lock(&t->lock);
    s->verdict.tracing = v->tracing;
    s->state = STOP_AWAITED;
    pthread_mutex_unlock(&t->lock);
    send_guide(t, tc);
    pthread_mutex_lock(&t->lock);
    wait_for_client(t, s);
    *v = s->verdict;
    s->verdict.trace = (struct bytes){0};
    if (s->told)
        verdict_trace(v, "client:%s", s->told);
    if (s->state == STOP_CLOSED)
        verdict_say(v, GRADE_FAIL, "it does not connect");
    judge_told(t, s, v);
    s->state = STOP_CLOSED;
    pthread_mutex_unlock(&t->lock);
}

size_t tour_anybody(struct tour *t)
{
    sigset_t ends;
    int sig;

    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigwait(&ends, &sig);
    return t->count - t->left;
}

static void say(struct tour *t, const char *id, char *name, struct verdict *v)
{
    char nothing[] = "";
    struct test_case tc = {.section = "run", .name = name, .script = nothing};

    snprintf(tc.id, sizeof(tc.id), "%s", id);
    t->done(t->user, &tc, v);
}

static void judge_end(int status, struct verdict *v)
{
    if (status < 0)
        verdict_say(v, GRADE_FAIL, "nobody knows how");
    else if (WIFSIGNALED(status))
        verdict_say(v, GRADE_FAIL, "signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status))
        verdict_say(v, GRADE_FAIL, "status %d", WEXITSTATUS(status));
}

static void judge_strays(struct tour *t, struct verdict *v)
{
    if (t->strays)
        verdict_say(v, GRADE_FAIL, "%zu connections; of the first: %s",
                    t->strays, t->stray);
}

void tour_close(struct tour *t)
{
    static char masks[] = "masking keys are drawn afresh (5.3)";
    static char nonces[] = "each handshake has a key of its own (4.1)";
    static char strays[] = "nobody connects without asking for a case";
    static char end[] = "the client's program ends by itself, with status 0";
    struct verdict v[4] = {0};

    if (t->is_guided)
        judge_end(guide_end(&t->guide, END_MS), &v[3]);
    door_close(&t->door);
    fresh_judge_masks(&t->fresh, &v[0]);
    say(t, "run-001", masks, &v[0]);
    fresh_judge_nonces(&t->fresh, &v[1]);
    say(t, "run-002", nonces, &v[1]);
    judge_strays(t, &v[2]);
    if (t->is_guided) {
        say(t, "run-003", strays, &v[2]);
        say(t, "run-004", end, &v[3]);
    }
    fresh_release(&t->fresh);
    for (size_t i = 0; i < t->count; i++)
        free(t->stops[i].told);
    free(t->stops);
}
