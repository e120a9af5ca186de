/* SPDX-License-Identifier: MIT */
/*
 * The conductor: it makes the threads, waits for what they tell, and says when
 * the next phase begins. It sleeps while the load runs, so that what is
 * measured as the generator's is the work of the threads.
 */
#include "load/load.h"

#include "base/mem.h"
#include "load/descriptors.h"
#include "load/load_thread.h"
#include "loop/poller.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)
#define PROGRESS_NS (NS_PER_S / 2)

struct conductor {
    struct load_plan plan;
    const struct load_opts *opts;
    struct load_result *result;
    struct load_thread *threads;
    size_t made, running; /* of them */
    enum load_phase phase;
    uint64_t progress_ns; /* when it is told next */
    uint64_t generator_ns;
    bool is_stopped;
};

/* ---- Sums over the threads ----------------------------------------------- */

enum tally {
    SETTLED,
    OPENED,
    ALIVE,
    WAITING,
    HEARD,
    COUNTED,
};

static uint64_t tally_of(const struct load_tally *tally, enum tally which)
{
    switch (which) {
    case SETTLED:
        return atomic_load(&tally->settled);
    case OPENED:
        return atomic_load(&tally->opened);
    case ALIVE:
        return atomic_load(&tally->alive);
    case WAITING:
        return atomic_load(&tally->waiting);
    case HEARD:
        return atomic_load(&tally->heard);
    case COUNTED:
        return atomic_load(&tally->counted);
    }
    return 0;
}

static uint64_t sum(const struct conductor *c, enum tally which)
{
    uint64_t total = 0;

    for (size_t i = 0; i < c->made; i++)
        total += tally_of(&c->threads[i].tally, which);
    return total;
}

static void tell_all(struct conductor *c,
                     void (*say)(struct load_thread *thread))
{
    for (size_t i = 0; i < c->running; i++)
        say(&c->threads[i]);
}

/* ---- Waiting ------------------------------------------------------------- */

static bool is_hopeless(const struct conductor *c)
{
    return sum(c, ALIVE) == 0 || atomic_load(&c->plan.is_lost);
}

static void tell_progress(struct conductor *c, uint64_t now)
{
    struct load_progress progress = {.phase = c->phase};

    if (!c->opts->progress || now < c->progress_ns)
        return;
    c->progress_ns = now + PROGRESS_NS;
    progress.opened = sum(c, OPENED);
    progress.messages = sum(c, COUNTED);
    c->opts->progress(c->opts->user, &progress);
}

/* Sleeps until there is news, at most to the time given. */
static void sleep_until(struct conductor *c, uint64_t until)
{
    struct pollfd fds[] = {
        {.fd = c->plan.news_fd, .events = POLLIN},
        {.fd = c->opts->stop_fd, .events = POLLIN},
    };
    uint64_t now = weft_clock(), news, ns;
    struct timespec ts;

    tell_progress(c, now);
    if (c->opts->progress && c->progress_ns < until)
        until = c->progress_ns;
    ns = until > now ? until - now : 0;
    ts = (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S),
                           .tv_nsec = (long)(ns % NS_PER_S)};
    if (ppoll(fds, 2, &ts, NULL) <= 0)
        return;
    if (fds[0].revents && read(c->plan.news_fd, &news, sizeof(news)) < 0)
        return; /* another call has had it */
    c->is_stopped |= fds[1].revents != 0;
}

/* What would show that the server still does something. */
static uint64_t signs_of_life(const struct conductor *c)
{
    return sum(c, SETTLED) + sum(c, HEARD) + sum(c, COUNTED);
}

/* Until done says so, or there is nothing to wait for. false, and the late have
 * failed, when nothing has moved for the time that is allowed. */
static bool wait_for(struct conductor *c, bool (*done)(struct conductor *c),
                     uint64_t until, bool may_be_still)
{
    uint64_t signs = 0, since = weft_clock();

    while (!c->is_stopped && !is_hopeless(c) && !done(c)) {
        uint64_t now = weft_clock(), latest = since + c->opts->timeout_ns;

        if (now >= until)
            return true;
        if (signs != signs_of_life(c)) {
            signs = signs_of_life(c);
            since = now;
        } else if (!may_be_still && now >= latest) {
            tell_all(c, load_thread_give_up);
            return false;
        }
        sleep_until(c, may_be_still || until < latest ? until : latest);
    }
    return true;
}

/* ---- Phases -------------------------------------------------------------- */

static bool have_settled(struct conductor *c)
{
    const struct load_opts *opts = c->opts;
    size_t mains = opts->work == LOAD_CHURN ? 0 : opts->connections;

    return sum(c, SETTLED) >= mains + opts->bulk + opts->slow;
}

static bool have_answered(struct conductor *c)
{
    return c->opts->work != LOAD_CHURN && sum(c, WAITING) == 0;
}

static bool never(struct conductor *c)
{
    (void)c;
    return false;
}

/* All are open, or have failed. */
static void connect_all(struct conductor *c)
{
    if (!wait_for(c, have_settled, UINT64_MAX, false))
        wait_for(c, have_settled, weft_clock() + c->opts->timeout_ns, true);
}

/* All have had their first answer, and the time is over. */
static void warm_up(struct conductor *c)
{
    uint64_t begin = weft_clock();
    uint64_t latest = begin + c->opts->warmup_ns + c->opts->timeout_ns;

    c->phase = LOAD_WARMING;
    tell_all(c, load_thread_warm);
    wait_for(c, never, begin + c->opts->warmup_ns, true);
    if (c->opts->work == LOAD_CHURN)
        return;
    if (wait_for(c, have_answered, latest, false) && sum(c, WAITING) > 0 &&
        !c->is_stopped)
        tell_all(c, load_thread_give_up);
    wait_for(c, have_answered, weft_clock() + c->opts->timeout_ns, true);
}

static uint64_t own_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void check_server(struct conductor *c, int err)
{
    if (err)
        load_plan_fault(&c->plan, "the server's process cannot be looked at: "
                                  "is --pid right?");
    c->result->errors += err != 0;
}

static void count_usage(struct load_usage *usage,
                        const struct load_usage *before)
{
    usage->cpu_ns -= before->cpu_ns;
    usage->user_ns -= before->user_ns;
    usage->system_ns -= before->system_ns;
}

/* The one phase that has a result. */
static void count(struct conductor *c)
{
    const struct load_process *server = c->opts->server;
    struct load_usage before = {0};
    int err = 0;

    c->phase = LOAD_COUNTING;
    if (server)
        err = load_process_usage(server, &before);
    c->generator_ns = own_ns();
    tell_all(c, load_thread_count);
    wait_for(c, never, weft_clock() + c->opts->time_ns,
             c->opts->work == LOAD_IDLE);
    if (server && !err)
        err = load_process_usage(server, &c->result->server);
    c->result->generator_ns = own_ns() - c->generator_ns;
    count_usage(&c->result->server, &before);
    if (server && !err && c->result->has_rss)
        err = load_process_rss(server, &c->result->rss_after);
    check_server(c, err);
}

/* ---- Threads ------------------------------------------------------------- */

/* Signals are the main thread's. */
static int start_thread(struct load_thread *thread)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&thread->id, NULL, load_thread_run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error ? WEFT_ERR_SYSTEM : 0;
}

static int start_threads(struct conductor *c, char why[LOAD_WHY])
{
    size_t n = c->opts->threads;
    int err = 0;

    c->threads = weft_zalloc(c->plan.mem, n * sizeof(*c->threads));
    if (!c->threads)
        return WEFT_ERR_NOMEM;
    while (!err && c->made < n) {
        const struct load_share share = {.number = c->made, .threads = n};

        err = load_thread_init(&c->threads[c->made], &c->plan, &share, why);
        c->made++;
    }
    while (!err && c->running < n) {
        err = start_thread(&c->threads[c->running]);
        c->running += !err;
    }
    return err;
}

static void end_threads(struct conductor *c)
{
    c->phase = LOAD_ENDING;
    tell_all(c, load_thread_end);
    for (size_t i = 0; i < c->running; i++)
        pthread_join(c->threads[i].id, NULL);
}

static void add_thread(struct load_result *result,
                       const struct load_thread *thread)
{
    const struct load_tally *tally = &thread->tally;
    double seconds = (double)(thread->ended_ns - thread->begun_ns) / 1e9;

    result->messages += atomic_load(&tally->counted);
    result->failed_connections += atomic_load(&tally->failed);
    result->errors += atomic_load(&tally->errors);
    result->slow_closed += atomic_load(&tally->given_up);
    result->has_takeover |= thread->has_takeover;
    if (thread->ended_ns == 0)
        return;
    result->sent += thread->sent;
    result->bytes_received += thread->received;
    if (seconds > result->seconds)
        result->seconds = seconds;
    load_histogram_merge(&result->latency, &thread->latency);
}

static void release_threads(struct conductor *c)
{
    for (size_t i = 0; i < c->made; i++)
        load_thread_release(&c->threads[i]);
    weft_free(c->plan.mem, c->threads, c->opts->threads * sizeof(*c->threads));
}

/* ---- The whole ----------------------------------------------------------- */

static int prepare(struct conductor *c, char why[LOAD_WHY])
{
    const struct load_opts *opts = c->opts;
    int err =
        load_descriptors_want(opts->connections + opts->bulk + opts->slow, why);

    if (!err)
        err = load_target_look_up(&c->plan.target, why);
    if (!err && opts->server) {
        err = load_process_rss(opts->server, &c->result->rss_before);
        c->result->has_rss = !err;
        if (err)
            snprintf(why, LOAD_WHY, "the process of --pid is not there");
    }
    return err;
}

static void conduct(struct conductor *c)
{
    connect_all(c);
    if (!c->is_stopped && !is_hopeless(c))
        warm_up(c);
    if (!c->is_stopped && !is_hopeless(c))
        count(c);
}

int load_run(struct load_result *result, const struct load_opts *opts,
             char why[LOAD_WHY])
{
    struct conductor c = {.opts = opts, .result = result};
    int err;

    *result = (struct load_result){0};
    err = load_plan_init(&c.plan, opts, why);
    if (!err)
        err = prepare(&c, why);
    if (!err)
        err = start_threads(&c, why);
    if (!err)
        conduct(&c);
    if (!err)
        result->packed_bytes =
            (double)c.plan.packed_bytes / (double)c.plan.variety;
    end_threads(&c);
    result->was_stopped = c.is_stopped;
    for (size_t i = 0; !err && i < c.made; i++)
        add_thread(result, &c.threads[i]);
    release_threads(&c);
    load_plan_release(&c.plan);
    return err;
}
