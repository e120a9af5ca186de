/* SPDX-License-Identifier: MIT */
/*
 * A talk with one endpoint: bytes go in, events and frames come out as words
 * that a table can hold. All input lies against a page that cannot be read, in
 * a copy of its own, for the endpoint unmasks where the bytes lie.
 */
#ifndef WEFT_TEST_TALK_H
#define WEFT_TEST_TALK_H

#include "wire.h"

#include "support.h"

struct talk {
    struct weft_endpoint *ep;
    enum weft_role role;
    struct fail_mem fm;
    struct weft_mem mem;
    struct bytes events; /* "text:Hello ping: close:1000/bye" */
    struct bytes out;    /* all bytes that were sent */
    struct bytes frames; /* their words, filled by talk_frames */
    size_t messages;     /* events of that type */
    bool closed;         /* the close event has come */
    bool deaf;           /* output is left where it is */
    int rc;              /* the last result of next */
    uint64_t random;     /* state behind the masking keys */
};

/* The default options for a role, without memory. */
struct weft_endpoint_opts talk_opts(enum weft_role role);

/* Opens with these options, whose mem and random are replaced. */
void talk_open(struct talk *t, const struct weft_endpoint_opts *opts);

/* The same, for the default options of a role. */
void talk_open_as(struct talk *t, enum weft_role role);

/* Frees the endpoint and fails the test when memory is left. */
void talk_close(struct talk *t);

/* Feeds the bytes and pulls events until there is nothing more; what is to be
 * sent is taken after each event unless the talk is deaf. */
int talk_feed(struct talk *t, const void *bytes, size_t len);

/* Feeds frames written without masks, as hex digits; see wire_add_plain. */
int talk_feed_plain(struct talk *t, const char *hex);

/* Feeds one frame. */
int talk_feed_frame(struct talk *t, unsigned first, const void *payload,
                    size_t len);

/* Pulls events until there is nothing more. */
int talk_pull(struct talk *t);

/* The peer's stream ends. */
int talk_feed_end(struct talk *t);

/* Takes what is to be sent. */
void talk_drain(struct talk *t);

/* What happened, as words. */
const char *talk_events(const struct talk *t);

/* All that was sent since the beginning, as words. */
const char *talk_frames(struct talk *t);

/* A case of a table: frames in, words out. */
struct talk_case {
    const char *what;
    const char *plain;  /* hex digits, see wire_add_plain */
    const char *events; /* words */
    const char *frames; /* words */
    int rc;             /* the verdict */
};

/* Runs the input of a case in both roles whole, byte by byte and cut at every
 * place; events, frames and verdict must be the same each time. opts may be
 * NULL; its role does not matter. */
void talk_run(const struct talk_case *c, const struct weft_endpoint_opts *opts);

/* The same for bytes in the form in which they travel, in one role. Inputs of
 * more than 600 bytes are cut at their ends and at 64 places between. */
void talk_run_bytes(const struct talk_case *c,
                    const struct weft_endpoint_opts *opts, const uint8_t *in,
                    size_t len);

#endif
