/* SPDX-License-Identifier: MIT */
/*
 * One connection's TLS, as the files of this folder share it.
 *
 * Nothing of the stream's owner is called but from data, end, sent and the
 * loop's alarm, and there only as the last thing: until then what is to be told
 * is noted. The owner may close the stream in each call; the struct lives on
 * until the stream is closed, with io.fd -1.
 */
#ifndef WEFT_TLS_TLS_FILTER_H
#define WEFT_TLS_TLS_FILTER_H

#include "tls/tls_out.h"
#include "tls/tls_share.h"

enum weft_tls_flags {
    WEFT_TLS_READY = 1,      /* the handshake is over */
    WEFT_TLS_FAILED = 2,     /* SSL may not be used any more; why says why */
    WEFT_TLS_STRANGE = 4,    /* no more records come: see weft_tls_whole */
    WEFT_TLS_PUT_OFF = 8,    /* a step of the handshake waits for its turn */
    WEFT_TLS_END_DUE = 16,   /* end_err is to be told */
    WEFT_TLS_SHUT = 32,      /* the owner has ended its half */
    WEFT_TLS_NOTIFIED = 64,  /* that was encrypted */
    WEFT_TLS_LINGERING = 128 /* the end is told when the peer has had our last
                              * word and ends its half */
};

struct weft_tls_filter {
    struct weft_filter filter;
    struct weft_stream *stream;
    struct weft_tls_share *share;
    struct weft_tls *tls;
    SSL *ssl;                 /* NULL: the client has yet to say something */
    struct weft_tx *tx;       /* what the owner queued */
    struct weft_tls_out *out; /* what the kernel has not taken */
    struct weft_buf kept;     /* what OpenSSL has not had: part of a record, or
                               * all that came since it was put off */
    struct weft_list waiting; /* in share->waiting */
    char *why;
    char *host;       /* of the server, for a client */
    uint32_t records; /* written since the keys were new */
    uint16_t port;
    uint16_t flags;
    int8_t write_err; /* nothing can be written any more */
    int8_t end_err;
};

/* The filter of a stream that has one of ours, or NULL. */
struct weft_tls_filter *weft_tls_filter_of(const struct weft_stream *stream);

/* Removes the filter from a stream and frees it. */
void weft_tls_filter_free(struct weft_stream *stream);

/* Sends what OpenSSL has written. 0 or an error, which later writes return. */
int weft_tls_flush(struct weft_tls_filter *f);

/* ---- tls_handshake.c ----------------------------------------------------- */

/* Bytes that came while the handshake is not over: true when they, or what was
 * kept, are to be given to OpenSSL now. */
bool weft_tls_admit(struct weft_tls_filter *f, const uint8_t *p, size_t len,
                    size_t whole);

/* Goes on with the handshake as far as it goes. */
void weft_tls_shake(struct weft_tls_filter *f);

/* Puts it in the row of those that go on in a later turn. */
void weft_tls_wait(struct weft_tls_filter *f);

/* The alarm's: those that wait go on. */
void weft_tls_go_on(struct weft_alarm *alarm);

/* ---- tls_input.c --------------------------------------------------------- */

/* Keeps bytes for later. false: it has failed for want of memory. */
bool weft_tls_keep(struct weft_tls_filter *f, const uint8_t *p, size_t len);

/* Gives bytes, behind those that were kept, to OpenSSL, and what becomes of
 * them to the owner. */
void weft_tls_take(struct weft_tls_filter *f, const uint8_t *p, size_t len,
                   size_t whole);

void weft_tls_on_data(struct weft_stream *stream, uint8_t *p, size_t len);
void weft_tls_on_end(struct weft_stream *stream, int err);
void weft_tls_on_resumed(struct weft_stream *stream);

/* Notes an end, for weft_tls_tell_end to tell unless the owner has paused. */
void weft_tls_end(struct weft_tls_filter *f, int err);
void weft_tls_tell_end(struct weft_tls_filter *f);

/* Notes a failure, which is TLS or of the system, and why. */
void weft_tls_fail(struct weft_tls_filter *f, int err, const char *why);

/* Sends what OpenSSL has written, an alert perhaps, and ends our half if that
 * was the last. */
void weft_tls_last_word(struct weft_tls_filter *f);

/* ---- tls_output.c -------------------------------------------------------- */

int64_t weft_tls_write(struct weft_stream *stream, const struct iovec *iov,
                       int niov);
void weft_tls_queue(struct weft_stream *stream, struct weft_tx *tx);
bool weft_tls_is_queued(const struct weft_stream *stream);
void weft_tls_shutdown(struct weft_stream *stream);
void weft_tls_closing(struct weft_stream *stream, bool reset);
void weft_tls_on_sent(struct weft_stream *stream, int err);

/* Begins what has waited for the handshake. */
void weft_tls_begin_output(struct weft_tls_filter *f);

#endif
