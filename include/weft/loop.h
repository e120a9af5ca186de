/* SPDX-License-Identifier: MIT */
/*
 * The event loop. A server makes one for each of its threads; a client, or a
 * program of one's own, makes one and runs it, or drives it turn by turn from
 * another loop.
 *
 * A loop belongs to one thread at a time. Only weft_loop_post may be called
 * from any thread.
 */
#ifndef WEFT_LOOP_H
#define WEFT_LOOP_H

#include <weft/error.h>
#include <weft/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weft_loop;
struct weft_timer;

struct weft_loop_opts {
    size_t size;                /* of this struct */
    const struct weft_mem *mem; /* NULL: malloc. Must outlive the loop, and is
                                 * called by threads that post, too */
    size_t read_size;           /* bytes of the receive buffer; 0: 512 KiB */
    uint64_t busy_poll_us;      /* [0] microseconds for which it looks for work
                                 * again and again before it sleeps; a signal
                                 * does not end that */
};

/* opts may be NULL. 0; NOMEM; SYSTEM when the kernel gives no descriptor;
 * USAGE when opts asks for what this library does not know. */
WEFT_API WEFT_CHECK int weft_loop_new(struct weft_loop **out,
                                      const struct weft_loop_opts *opts);

/* All connections, servers and timers on the loop must be gone. Posts that have
 * not run are forgotten. NULL is allowed; not in a callback of the loop. */
WEFT_API void weft_loop_free(struct weft_loop *loop);

/* Runs until weft_loop_stop. 0, or SYSTEM when waiting fails. */
WEFT_API int weft_loop_run(struct weft_loop *loop);

/* One turn: waits until something is due, timeout_ms at most (-1: no bound,
 * 0: do not wait), and handles it. 0, or SYSTEM; USAGE in a callback of the
 * loop, as turns do not nest. */
WEFT_API int weft_loop_turn(struct weft_loop *loop, int timeout_ms);

/* Makes weft_loop_run return at the end of its turn; if it is not running, the
 * next one does a single turn without waiting. Signal handlers may call it. */
WEFT_API void weft_loop_stop(struct weft_loop *loop);

/* A descriptor that is readable when a turn would find work, and how long, in
 * milliseconds, another loop may wait for it (-1: without bound). */
WEFT_API int weft_loop_fd(const struct weft_loop *loop);
WEFT_API int weft_loop_timeout_ms(const struct weft_loop *loop);

/* The monotonic time at which this turn began, in nanoseconds. */
WEFT_API uint64_t weft_loop_now(const struct weft_loop *loop);

/* Calls fn(arg) on the loop's thread, in the order of the posts. May be called
 * from any thread. 0, or NOMEM, also when a million posts are waiting. */
WEFT_API WEFT_CHECK int weft_loop_post(struct weft_loop *loop,
                                       void (*fn)(void *arg), void *arg);

/* A timer of the loop, not running yet. 0 or NOMEM. */
WEFT_API WEFT_CHECK int weft_timer_new(struct weft_timer **out,
                                       struct weft_loop *loop,
                                       void (*fn)(void *arg), void *arg);

/* Runs the timer once, in_ms from now, or again every repeat_ms after that
 * (0: once). Starting a running timer moves it. */
WEFT_API void weft_timer_start(struct weft_timer *timer, uint64_t in_ms,
                               uint64_t repeat_ms);

/* Stops it; may be called in any timer's callback. */
WEFT_API void weft_timer_stop(struct weft_timer *timer);

/* Stops and frees it, also in its own callback; NULL is allowed. */
WEFT_API void weft_timer_free(struct weft_timer *timer);

#ifdef __cplusplus
}
#endif

#endif
