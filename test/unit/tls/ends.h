/* SPDX-License-Identifier: MIT */
/*
 * Streams with TLS on a real loop, as the tests of this folder have them: the
 * two ends of a pair of sockets, each of which notes what it was told, and
 * certificates for both.
 */
#ifndef WEFT_TEST_UNIT_TLS_ENDS_H
#define WEFT_TEST_UNIT_TLS_ENDS_H

#include "../loop/turns.h"

#include "base/list.h"
#include "certs.h"
#include "tls/tls_filter.h"
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes that the loops of these tests read at once, in every build. */
#define READ_SIZE ((size_t)512 << 10)

/* ---- An owner ------------------------------------------------------------ */

struct end {
    struct weft_stream stream;
    struct weft_loop *loop;
    bool is_open;
    uint8_t *got;
    size_t got_len, got_room;
    int datas, ends, end_err, sents, brokens, closeds;
    int within;           /* calls of ours on the stack: must be 0 in a call */
    const char *close_in; /* the callback that closes */
    bool by_reset;
    const char *pause_in;
    char why[WEFT_TLS_WHY]; /* when it ended */
    struct weft_tx tx;
};

static inline struct end *end_of(struct weft_stream *stream)
{
    return WEFT_OF(stream, struct end, stream);
}

static inline void end_react(struct end *end, const char *in)
{
    if (end->pause_in && strcmp(end->pause_in, in) == 0)
        weft_stream_pause(&end->stream);
    if (end->close_in && strcmp(end->close_in, in) == 0)
        weft_stream_close(&end->stream, end->by_reset);
}

static inline void end_on_data(struct weft_stream *stream, uint8_t *p,
                               size_t len)
{
    struct end *end = end_of(stream);

    assert_int_equal(end->within, 0);
    assert_int_equal(end->ends, 0);
    assert_true(len > 0 && stream->io.fd >= 0);
    assert_false(weft_stream_is_paused(stream));
    if (end->got_len + len > end->got_room) {
        end->got_room = (end->got_len + len) * 2;
        end->got = realloc(end->got, end->got_room);
        assert_non_null(end->got);
    }
    memcpy(end->got + end->got_len, p, len);
    memset(p, 0xee, len); /* it may be written to */
    end->got_len += len;
    end->datas++;
    end_react(end, "data");
}

static inline void end_on_end(struct weft_stream *stream, int err)
{
    struct end *end = end_of(stream);

    assert_int_equal(end->within, 0);
    assert_int_equal(end->ends, 0);
    assert_false(weft_stream_is_paused(stream));
    end->ends++;
    end->end_err = err;
    snprintf(end->why, sizeof(end->why), "%s", weft_tls_why(stream));
    end_react(end, "end");
}

static inline void end_on_sent(struct weft_stream *stream)
{
    struct end *end = end_of(stream);

    assert_int_equal(end->within, 0);
    assert_false(weft_stream_is_queued(stream));
    end->sents++;
    end_react(end, "sent");
}

static inline void end_on_broken(struct weft_stream *stream)
{
    struct end *end = end_of(stream);

    assert_int_equal(end->within, 0);
    assert_false(weft_stream_is_queued(stream));
    end->brokens++;
    end_react(end, "broken");
}

static inline void end_on_closed(struct weft_stream *stream)
{
    struct end *end = end_of(stream);

    assert_int_equal(end->within, 0);
    end->closeds++;
}

static const struct weft_stream_ops end_ops = {
    .data = end_on_data,
    .end = end_on_end,
    .sent = end_on_sent,
    .broken = end_on_broken,
    .closed = end_on_closed,
};

static inline void end_open(struct end *end, struct weft_loop *loop, int fd)
{
    memset(end, 0, sizeof(*end));
    end->loop = loop;
    end->is_open = true;
    assert_int_equal(weft_stream_open(&end->stream, loop, fd, &end_ops), 0);
}

static inline int64_t end_write(struct end *end, const void *p, size_t len)
{
    const struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = len};
    int64_t n;

    end->within++;
    n = weft_stream_write(&end->stream, &iov, 1);
    end->within--;
    return n;
}

static inline void end_queue(struct end *end, const struct iovec *iov, int niov)
{
    end->tx = (struct weft_tx){.iov = iov, .niov = niov};
    end->within++;
    weft_stream_queue(&end->stream, &end->tx);
    end->within--;
    assert_true(weft_stream_is_queued(&end->stream));
}

static inline void end_shutdown(struct end *end)
{
    end->within++;
    weft_stream_shutdown(&end->stream);
    end->within--;
}

/* Closes, waits for closed, and frees. */
static inline void end_close(struct end *end)
{
    if (!end->is_open)
        return;
    end->within++;
    weft_stream_close(&end->stream, false);
    end->within--;
    TURN_UNTIL(end->loop, end->closeds > 0);
    assert_int_equal(end->closeds, 1);
    end->is_open = false;
    free(end->got);
    end->got = NULL;
}

/* ---- Certificates -------------------------------------------------------- */

struct certs {
    char folder[64];
    struct cert ca, server, other, client, lone, expired, stranger_ca, stranger;
};

static inline void certs_make(struct certs *certs)
{
    const struct {
        struct cert *cert;
        const char *file;
        struct cert_opts opts;
    } all[] = {
        {&certs->ca, "ca", {.name = "Weft authority", .is_authority = true}},
        {&certs->server,
         "server",
         {.name = "a.test",
          .names = "DNS:a.test,IP:127.0.0.1,IP:::1",
          .issuer = &certs->ca}},
        {&certs->other,
         "other",
         {.name = "b.test",
          .names = "DNS:b.test,DNS:*.wild.test,IP:127.0.0.2",
          .issuer = &certs->ca}},
        {&certs->client, "client", {.name = "alice", .issuer = &certs->ca}},
        {&certs->lone, "lone", {.name = "a.test", .names = "DNS:a.test"}},
        {&certs->expired,
         "expired",
         {.name = "a.test",
          .names = "DNS:a.test",
          .issuer = &certs->ca,
          .from_s = -48 * CERT_HOUR,
          .until_s = -24 * CERT_HOUR}},
        {&certs->stranger_ca,
         "stranger_ca",
         {.name = "Another authority", .is_authority = true}},
        {&certs->stranger,
         "stranger",
         {.name = "a.test",
          .names = "DNS:a.test",
          .issuer = &certs->stranger_ca}},
    };

    certs_folder_make(certs->folder);
    for (size_t i = 0; i < COUNT(all); i++) {
        cert_make(all[i].cert, &all[i].opts);
        cert_write(all[i].cert, certs->folder, all[i].file);
    }
}

static inline void certs_release(struct certs *certs)
{
    struct cert *all[] = {&certs->ca,          &certs->server,  &certs->other,
                          &certs->client,      &certs->lone,    &certs->expired,
                          &certs->stranger_ca, &certs->stranger};

    for (size_t i = 0; i < COUNT(all); i++)
        cert_release(all[i]);
    certs_folder_remove(certs->folder);
}

/* The certificates of a test program, made once: for group fixtures. */
static struct certs certs;

static inline int certs_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's own sockets cannot do without */
    certs_make(&certs);
    return 0;
}

static inline int certs_down(void **state)
{
    (void)state;
    certs_release(&certs);
    return 0;
}

/* ---- Contexts ------------------------------------------------------------ */

/* A server with one identity. */
static inline struct weft_tls *server_of(const struct cert *cert)
{
    const struct weft_tls_identity identity = {cert->path, cert->key_path};
    const struct weft_tls_opts opts = {
        .size = sizeof(opts), .identities = &identity, .identity_count = 1};
    char why[WEFT_TLS_WHY];
    struct weft_tls *tls;
    int err = weft_tls_new_server(&tls, &opts, NULL, why);

    CHECK(err == 0, "%d %s", err, why);
    return tls;
}

/* A client that trusts the tests' authority. */
static inline struct weft_tls *client_of(struct weft_loop *loop,
                                         const struct cert *own)
{
    const struct weft_tls_client_opts opts = {
        .ca_file = certs.ca.path,
        .certificate = own ? own->path : NULL,
        .key = own ? own->key_path : NULL,
    };
    char why[WEFT_TLS_WHY];
    struct weft_tls *tls;
    int err = weft_tls_new_client(&tls, loop, &opts, why);

    CHECK(err == 0, "%d %s", err, why);
    return tls;
}

static inline void limit_version(struct weft_tls *tls, int version)
{
    for (size_t i = 0; i < tls->ctx_count; i++) {
        SSL_CTX_set_min_proto_version(tls->ctxs[i], version);
        SSL_CTX_set_max_proto_version(tls->ctxs[i], version);
    }
}

/* ---- A pair: our server and our client ----------------------------------- */

struct pair {
    struct fixture fx;
    struct weft_loop *loop;
    struct weft_tls *server_tls, *client_tls;
    struct end server, client;
};

static inline void pair_join(struct pair *pair, const char *host)
{
    int fds[2];

    unix_pair(fds);
    end_open(&pair->server, pair->loop, fds[0]);
    end_open(&pair->client, pair->loop, fds[1]);
    assert_int_equal(weft_tls_accept(&pair->server.stream, pair->server_tls),
                     0);
    assert_int_equal(
        weft_tls_connect(&pair->client.stream, pair->client_tls, host, 443), 0);
}

static inline void pair_part(struct pair *pair)
{
    end_close(&pair->client);
    end_close(&pair->server);
}

/* version 0: any. */
static inline void pair_start(struct pair *pair, int version)
{
    memset(pair, 0, sizeof(*pair));
    pair->loop = start_loop(&pair->fx, READ_SIZE);
    pair->server_tls = server_of(&certs.server);
    pair->client_tls = client_of(pair->loop, NULL);
    if (version)
        limit_version(pair->server_tls, version);
    pair_join(pair, "a.test");
}

static inline void pair_end(struct pair *pair)
{
    pair_part(pair);
    weft_tls_unref(pair->server_tls);
    weft_tls_unref(pair->client_tls);
    end_loop(&pair->fx);
}

static inline bool end_is_settled(const struct end *end)
{
    return end->ends > 0 || end->closeds > 0 || weft_tls_is_ready(&end->stream);
}

static inline void pair_shake(struct pair *pair)
{
    TURN_UNTIL(pair->loop,
               end_is_settled(&pair->server) && end_is_settled(&pair->client));
}

#endif
