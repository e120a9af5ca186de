/* SPDX-License-Identifier: MIT */
/*
 * A load generator: many connections, whose frames are built before the run,
 * and what it cost the server and the messages to serve them. It has no part of
 * the client: what is measured with it must not be slowed by it.
 */
#ifndef WEFT_LOAD_LOAD_H
#define WEFT_LOAD_LOAD_H

#include "load/histogram.h"
#include "load/payload.h"
#include "load/process.h"

/* What the connections do; `weft bench --help` says it in full. */
enum load_work {
    LOAD_ECHO,      /* each waits for its own messages */
    LOAD_BROADCAST, /* one sends, all hear it */
    LOAD_PUBLISH,   /* all send, all hear all */
    LOAD_CHURN,     /* connections one after the other */
    LOAD_IDLE,      /* each has echoed once */
};

/* What stands under the counted time. */
enum load_phase {
    LOAD_CONNECTING,
    LOAD_WARMING, /* messages flow, and nothing is counted */
    LOAD_COUNTING,
    LOAD_ENDING, /* connections are closed */
};

struct load_progress {
    enum load_phase phase;
    uint64_t opened;   /* connections */
    uint64_t messages; /* counted so far */
};

struct load_opts {
    const char *url;
    enum load_work work;
    enum load_kind kind;
    size_t connections, depth, size;
    uint64_t rate; /* messages a second in all; 0: as the answers come */
    bool has_deflate, has_takeover;
    uint64_t time_ns, warmup_ns;
    uint64_t timeout_ns; /* for connecting, and for an answer */
    size_t threads;
    const char *const *headers; /* "Name: value", ended by NULL; or NULL */
    const char *origin;         /* NULL: none */
    const char *ca_file;        /* NULL: the system's store */
    bool is_insecure;

    /* Connections besides those that are counted. */
    size_t bulk, bulk_size;
    size_t slow, slow_rate; /* bytes that one reads in a second */

    const struct load_process *server; /* NULL: not on this machine */

    int stop_fd; /* readable when the user wants an end; -1: never */

    /* One of the first faults, as a sentence without full stop. Any thread, one
     * at a time. */
    void (*tell)(void *user, const char *text);
    /* Every half second, or NULL. */
    void (*progress)(void *user, const struct load_progress *progress);
    void *user;
};

struct load_result {
    uint64_t messages; /* that were answered, delivered …, while counting */
    uint64_t sent;
    uint64_t bytes_received; /* on the wire */
    double packed_bytes;     /* of a message as sent, without its header, on
                                average; 0: they are not packed */
    double seconds;          /* of counting; 0: it never came to that */
    struct load_histogram latency;
    uint64_t generator_ns; /* processor time of this process */

    struct load_usage server; /* while counting */
    uint64_t rss_before, rss_after;
    bool has_rss;

    uint64_t failed_connections; /* that never opened */
    uint64_t errors;             /* of those that did */
    uint64_t slow_closed;        /* slow readers that the server gave up */
    bool was_stopped;            /* by the user */
    bool has_takeover;           /* the server keeps its context */
};

#define LOAD_FAULTS_TOLD 5 /* how many faults opts->tell is called for */

/* 0, also when connections failed: see the result. Or an error, and why, when
 * there was nothing to run: USAGE (the options), ADDRESS, NOMEM, SYSTEM, TLS.
 */
WEFT_CHECK int load_run(struct load_result *result,
                        const struct load_opts *opts, char why[LOAD_WHY]);

#endif
