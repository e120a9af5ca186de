/* SPDX-License-Identifier: MIT */
/*
 * A server in a thread of the test. What is waited for is waited for with a
 * bound, after which the test fails; nothing sleeps. Handlers run on the
 * server's threads: they count at gates and keep notes, and the test's own
 * thread alone judges.
 */
#ifndef WEFT_TEST_SERVE_H
#define WEFT_TEST_SERVE_H

#include "client.h"

#include "support.h"
#include <pthread.h>
#include <weft/server.h>

/* ---- Waiting ------------------------------------------------------------- */

/* Counts what has happened; any thread. Static ones begin with GATE. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t passed;
    int count;
};
#define GATE                                                                   \
    {                                                                          \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0                 \
    }

void gate_pass(struct gate *gate);
int gate_count(struct gate *gate);
void gate_reset(struct gate *gate);

/* Waits until count is at least n; fails the test after 20 s. */
void gate_wait(struct gate *gate, int n);

/* For handlers, in which CHECK must not be used: serve_close fails the test
 * for the first condition that was false. */
#define EXPECT(cond) ((cond) ? (void)0 : serve_fault(__FILE__, __LINE__, #cond))
void serve_fault(const char *file, int line, const char *what);

/* ---- The server ---------------------------------------------------------- */

struct serve {
    struct weft_server *srv;
    struct weft_server_opts opts; /* change what should differ before open */
    struct fail_mem fm;           /* under lock */
    long fails_at;                /* likewise; -1: never */
    bool is_spared;               /* likewise: nothing fails now */
    struct weft_mem mem;
    pthread_mutex_t lock;
    struct bytes log; /* "LEVEL line\n", under lock */
    pthread_t thread;
    bool runs;
    int rc; /* of weft_server_run, once it has ended */
};

/* One thread, the defaults, and an allocator that counts. It is not on the
 * stack, so that a server outlives a test that fails. */
struct serve *serve_new(void);

/* Makes the server; fails the test when it cannot. */
void serve_open(struct serve *s);

/* The same, and serves a handler at a path. */
void serve_open_at(struct serve *s, const char *path,
                   const struct weft_handler *handler);

/* Listens on a free port of 127.0.0.1 and runs in a thread. */
void serve_run(struct serve *s);

/* Runs in a thread; listening has been seen to. */
void serve_spawn(struct serve *s);

/* Stops the server and waits for its thread. */
void serve_stop(struct serve *s);

/* Waits for the thread of a server that was stopped otherwise. */
void serve_join(struct serve *s);

/* Stops a running server, frees it and s, and fails the test when the server
 * has left memory. */
void serve_close(struct serve *s);

/* Lets n more allocations succeed; -1: all. */
void serve_allow(struct serve *s, long n);

/* Lets n allocations succeed and the next one fail; -1: none fails. */
void serve_fail(struct serve *s, long n);

/* While on, all allocations succeed and none is counted by these two. */
void serve_spare(struct serve *s, bool on);

/* Whether the allocation came that one of these two meant. */
bool serve_has_failed(struct serve *s);

/* Whether a line of the log contains the text. */
bool serve_logged(struct serve *s, const char *text);

/* Waits until every thread of the server has gone through a whole turn that
 * began after the call. */
void serve_turn(struct serve *s);

/* Waits for a condition that turns of the server make true. */
#define SERVE_UNTIL(s, cond)                                                   \
    do {                                                                       \
        for (int turns_ = 0; !(cond); turns_++) {                              \
            CHECK(turns_ < 100000, "still not after %d turns", turns_);        \
            serve_turn(s);                                                     \
        }                                                                      \
    } while (0)

struct weft_server_stats serve_stats(struct serve *s);

/* Connections of any kind that are open now. */
uint64_t serve_connections(struct serve *s);

#endif
