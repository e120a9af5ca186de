/* SPDX-License-Identifier: MIT */
/*
 * The loop and its turn. A turn waits, then does each kind of work once, in
 * this order: what came over descriptors, timers, posts, the owner's end of
 * turn, and the closed. What a kind finds at its start is what it does, so that
 * no callback can hold the turn by making more of it; only the closed are told
 * until none is left, as each can be closed once.
 *
 * Turns do not nest: pollers and lists may rely on it.
 */
#include "loop/loop.h"

#include "base/opts.h"
#include "base/sizes.h"
#include "loop/poller.h"

#include <errno.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)

uint64_t weft_clock(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 * NS_PER_MS + (uint64_t)ts.tv_nsec;
}

/* ---- Making and freeing -------------------------------------------------- */

static int set_up(struct weft_loop *loop, size_t read_size)
{
    loop->now = weft_clock();
    loop->buf_size = read_size ? read_size : WEFT_LOOP_READ_SIZE;
    loop->buf = weft_alloc(loop->mem, loop->buf_size);
    if (!loop->buf)
        return WEFT_ERR_NOMEM;
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake_fd < 0)
        return weft_system_error(errno);
    return loop->ops->open(loop);
}

static uint64_t busy_ns(uint64_t us)
{
    return us < UINT64_MAX / 2000 ? us * 1000 : UINT64_MAX / 2;
}

int weft_loop_new(struct weft_loop **out, const struct weft_loop_opts *opts)
{
    struct weft_loop_opts given;
    const struct weft_mem *mem;
    struct weft_loop *loop;
    int err;

    err = weft_opts_copy(&given, sizeof(given), opts);
    if (err)
        return err;
    mem = given.mem ? given.mem : &weft_mem_libc;
    loop = weft_zalloc(mem, sizeof(*loop));
    if (!loop)
        return WEFT_ERR_NOMEM;
    loop->mem = mem;
    loop->busy_ns = busy_ns(given.busy_poll_us);
    loop->ops = &weft_poller_epoll;
    loop->wake_fd = -1;
    weft_posts_init(loop);
    weft_list_init(&loop->gates);

    err = set_up(loop, given.read_size);
    if (err) {
        weft_loop_free(loop);
        return err;
    }
    *out = loop;
    return 0;
}

static void free_share(struct weft_loop_share *share)
{
    if (share->state)
        share->free(share->state);
}

void weft_loop_free(struct weft_loop *loop)
{
    if (!loop)
        return;
    weft_io_tell_closed(loop);
    free_share(&loop->filters);
    free_share(&loop->codecs);
    free_share(&loop->rests);
    weft_posts_release(loop);
    loop->ops->close(loop);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    weft_free(loop->mem, loop->buf, loop->buf_size);
    weft_free(loop->mem, loop, sizeof(*loop));
}

/* ---- The turn ------------------------------------------------------------ */

int weft_loop_timeout_ms(const struct weft_loop *loop)
{
    uint64_t next = weft_alarms_next(loop);
    uint64_t now, ms;

    if (loop->closed)
        return 0;
    if (next == UINT64_MAX)
        return -1;
    now = weft_clock();
    if (next <= now)
        return 0;
    /* Rounded up: waking early would find nothing due, and spin. */
    ms = (next - now - 1) / NS_PER_MS + 1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static int shorter(int a_ms, int b_ms)
{
    if (a_ms < 0)
        return b_ms;
    if (b_ms < 0)
        return a_ms;
    return a_ms < b_ms ? a_ms : b_ms;
}

int weft_loop_turn(struct weft_loop *loop, int timeout_ms)
{
    int err;

    if (loop->is_turning)
        return WEFT_ERR_USAGE;
    loop->is_turning = true;

    err =
        loop->ops->wait(loop, shorter(timeout_ms, weft_loop_timeout_ms(loop)));
    loop->now = weft_clock();
    if (!err) {
        weft_posts_awake(loop);
        loop->ops->dispatch(loop);
        weft_alarms_ring(loop);
        weft_posts_run(loop);
        if (loop->turn_end)
            loop->turn_end(loop->owner);
        weft_io_tell_closed(loop);
    }

    loop->is_turning = false;
    return err;
}

int weft_loop_run(struct weft_loop *loop)
{
    int err;

    do {
        err = weft_loop_turn(loop, atomic_load(&loop->is_stopped) ? 0 : -1);
    } while (!err && !atomic_load(&loop->is_stopped));

    /* A refused call changed nothing: the run it came from goes on. */
    if (err != WEFT_ERR_USAGE)
        atomic_store(&loop->is_stopped, false);
    return err;
}

/* The wake is for a signal that comes between the look at is_stopped and the
 * wait. */
void weft_loop_stop(struct weft_loop *loop)
{
    atomic_store(&loop->is_stopped, true);
    weft_loop_wake(loop);
}

/* ---- Waking -------------------------------------------------------------- */

void weft_loop_wake(struct weft_loop *loop)
{
    const uint64_t one = 1;
    int saved = errno; /* a signal handler must leave it alone */

    /* It fails only when the counter is full, and then the loop is awake. */
    if (write(loop->wake_fd, &one, sizeof(one)) < 0)
        errno = saved;
}

void weft_loop_wake_clear(struct weft_loop *loop)
{
    uint64_t count;

    /* It fails only when there was no wake. */
    if (read(loop->wake_fd, &count, sizeof(count)) < 0)
        return;
}

/* ---- Small things -------------------------------------------------------- */

int weft_loop_fd(const struct weft_loop *loop)
{
    return loop->ops->fd(loop);
}

uint64_t weft_loop_now(const struct weft_loop *loop)
{
    return loop->now;
}

void weft_loop_set_owner(struct weft_loop *loop, void *owner,
                         void (*turn_end)(void *owner))
{
    loop->owner = owner;
    loop->turn_end = turn_end;
}

void *weft_loop_owner(const struct weft_loop *loop)
{
    return loop->owner;
}

const struct weft_mem *weft_loop_mem(const struct weft_loop *loop)
{
    return loop->mem;
}

struct weft_list *weft_loop_gates(struct weft_loop *loop)
{
    return &loop->gates;
}

struct weft_loop_share *weft_loop_filters(struct weft_loop *loop)
{
    return &loop->filters;
}

struct weft_loop_share *weft_loop_codecs(struct weft_loop *loop)
{
    return &loop->codecs;
}

struct weft_loop_share *weft_loop_rests(struct weft_loop *loop)
{
    return &loop->rests;
}

struct weft_traffic weft_loop_traffic(const struct weft_loop *loop)
{
    return loop->traffic;
}
