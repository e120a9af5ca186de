/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "base/sizes.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
/* In the build of small buffers it would take a minute. */
#define LARGE WEFT_SIZE((size_t)3 << 20, (size_t)600000)

static uint8_t bytes[LARGE];

static void start(struct visit *visit, int version)
{
    visit_start(visit, server_of(&certs.server));
    if (version)
        SSL_set_max_proto_version(visit->peer.ssl, version);
    visit_shake(visit);
}

static int64_t write_iov(struct end *end, const struct iovec *iov, int niov)
{
    int64_t n;

    end->within++;
    n = weft_stream_write(&end->stream, iov, niov);
    end->within--;
    return n;
}

static void set_small(int fd)
{
    int size = 4096;

    assert_return_code(
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), errno);
}

/* Reads and compares what comes, from the beginning of bytes. */
static void expect(struct visit *visit, size_t len)
{
    static uint8_t got[sizeof(bytes)];

    assert_int_equal(peer_get(&visit->peer, got, len), len);
    assert_memory_equal(got, bytes, len);
}

/* ---- Writing ------------------------------------------------------------- */

/* Counts the records that wait to be read, and reads them. */
static int count_records(int fd)
{
    static uint8_t raw[1 << 20];
    ssize_t len = recv(fd, raw, sizeof(raw), 0);
    ssize_t at = 0;
    int count = 0;

    while (at + 5 <= len) {
        at += 5 + (raw[at + 3] << 8 | raw[at + 4]);
        count++;
    }
    assert_int_equal(at, len);
    return count;
}

/* Small pieces share a record, large ones fill them. */
static void test_records(void **state)
{
    static const struct {
        size_t size;
        int pieces, records;
    } cases[] = {
        {10, 1, 1},    {10, 64, 1},    {1000, 20, 2},
        {16384, 1, 1}, {16384, 3, 3},  {16385, 1, 2},
        {20000, 2, 3}, {100, 1000, 7}, {0, 3, 0},
    };

    (void)state;
    if (WEFT_TLS_WRITE_BATCH < 100000)
        skip();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct iovec iov[1000];
        struct visit visit;
        size_t len = cases[i].size * (size_t)cases[i].pieces;

        start(&visit, 0);
        turn_until_quiet(visit.loop);
        for (int k = 0; k < cases[i].pieces; k++)
            iov[k] =
                (struct iovec){.iov_base = bytes + (size_t)k * cases[i].size,
                               .iov_len = cases[i].size};
        while (is_readable(visit.peer.fd))
            count_records(visit.peer.fd); /* the ticket */
        assert_int_equal(write_iov(&visit.server, iov, cases[i].pieces), len);
        assert_null(visit.server.stream.io.tx); /* one call took it all */
        if (len > 0)
            CHECK(count_records(visit.peer.fd) == cases[i].records, "%zu", i);
        else
            assert_false(is_readable(visit.peer.fd));
        visit_end(&visit);
    }
}

/* However the bytes are cut into pieces, they arrive as they are. */
static void test_pieces(void **state)
{
    const size_t most[] = {50, 2000, 40000};
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 60; round++) {
        struct iovec iov[64];
        struct visit visit;
        size_t len = 0;
        int64_t took;

        for (int n = 0; n < 64; n++) {
            seed = seed * 1103515245 + 12345;
            iov[n].iov_base = bytes + len;
            iov[n].iov_len = (seed >> 16) % most[round % 3];
            len += iov[n].iov_len;
        }
        start(&visit, versions[round % 2]);
        took = write_iov(&visit.server, iov, 64);
        assert_int_equal(
            took, len < WEFT_TLS_WRITE_BATCH ? len : WEFT_TLS_WRITE_BATCH);
        expect(&visit, (size_t)took);
        visit_end(&visit);
    }
}

/* Before the handshake is over nothing is taken; what is queued follows it. */
static void test_before_handshake(void **state)
{
    static const struct iovec iov = {.iov_base = bytes, .iov_len = 1000};

    (void)state;
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct visit visit;

        visit_start(&visit, server_of(&certs.server));
        SSL_set_max_proto_version(visit.peer.ssl, versions[i]);
        assert_int_equal(write_iov(&visit.server, &iov, 1), 0);
        end_queue(&visit.server, &iov, 1);
        turn_until_quiet(visit.loop);
        assert_int_equal(visit.server.sents, 0);
        expect(&visit, (peer_shake(&visit.peer), 1000));
        TURN_UNTIL(visit.loop, visit.server.sents == 1);
        assert_int_equal(visit.server.tx.taken, 1000);
        visit_end(&visit);
    }
}

/* What the kernel leaves is kept, a batch at most, and until it has gone
 * nothing more is taken. */
static void test_rest(void **state)
{
    static const struct iovec iov = {.iov_base = bytes,
                                     .iov_len = sizeof(bytes)};
    struct visit visit;
    int64_t n;

    (void)state;
    if (WEFT_TLS_WRITE_BATCH < 65536)
        skip(); /* a socket takes it all */
    start(&visit, 0);
    set_small(visit.server.stream.io.fd);
    n = write_iov(&visit.server, &iov, 1);
    assert_int_equal(n, WEFT_TLS_WRITE_BATCH);
    assert_int_equal(write_iov(&visit.server, &iov, 1), 0);
    assert_false(weft_stream_is_queued(&visit.server.stream));
    expect(&visit, (size_t)n);
    TURN_UNTIL(visit.loop, !visit.server.stream.io.tx);
    assert_null(weft_tls_filter_of(&visit.server.stream)->out);
    assert_true(write_iov(&visit.server, &iov, 1) > 0);
    visit_end(&visit);
}

static int key_updates;

static void note_key_update(const SSL *ssl, int where, int value)
{
    (void)value;
    if ((where & SSL_CB_LOOP) && SSL_get_state(ssl) == TLS_ST_CR_KEY_UPDATE)
        key_updates++;
}

/* After so many records there are new keys, where TLS has a way to them. */
static void test_new_keys(void **state)
{
    static const struct iovec iov = {.iov_base = bytes, .iov_len = 10};

    (void)state;
    for (size_t i = 0; i < COUNT(versions); i++) {
        bool is_able = versions[i] == TLS1_3_VERSION;
        struct weft_tls_filter *f;
        struct visit visit;

        start(&visit, versions[i]);
        key_updates = 0;
        SSL_set_info_callback(visit.peer.ssl, note_key_update);
        f = weft_tls_filter_of(&visit.server.stream);
        f->records = WEFT_TLS_KEY_RECORDS - 1;
        for (int n = 0; n < 3; n++) {
            assert_int_equal(write_iov(&visit.server, &iov, 1), 10);
            expect(&visit, 10);
            assert_true((key_updates > 0) == is_able);
        }
        assert_int_equal(key_updates, is_able);
        visit_end(&visit);
    }
}

/* ---- Queueing ------------------------------------------------------------ */

/* Megabytes both ways at once through sockets that take little. */
static void test_large_both_ways(void **state)
{
    static const struct iovec iov[] = {
        {.iov_base = bytes, .iov_len = 5},
        {.iov_base = bytes + 5, .iov_len = 100000},
        {.iov_base = bytes + 100005, .iov_len = 0},
        {.iov_base = bytes + 100005, .iov_len = sizeof(bytes) - 100005},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct end *ends[2];
        struct pair pair;

        pair_start(&pair, versions[i]);
        ends[0] = &pair.server;
        ends[1] = &pair.client;
        for (int k = 0; k < 2; k++) {
            set_small(ends[k]->stream.io.fd);
            end_queue(ends[k], iov, COUNT(iov));
        }
        for (int k = 0; k < 2; k++)
            TURN_UNTIL(pair.loop, ends[k]->got_len == sizeof(bytes));
        for (int k = 0; k < 2; k++) {
            assert_memory_equal(ends[k]->got, bytes, sizeof(bytes));
            TURN_UNTIL(pair.loop, ends[k]->sents == 1);
            assert_int_equal(ends[k]->tx.taken, sizeof(bytes));
        }
        turn_until_quiet(pair.loop);
        assert_true(pair.fx.fm.peak < sizeof(bytes) + (2 << 20));
        pair_end(&pair);
    }
}

/* Turns until the socket takes no more of what is queued. */
static void fill(struct visit *visit)
{
    size_t before;

    do {
        before = visit->server.tx.taken;
        turn(visit->loop);
        turn(visit->loop);
    } while (visit->server.tx.taken != before);
    turn_until_quiet(visit->loop);
}

/* A peer that does not read holds up what is queued, a batch of which is kept;
 * and when it goes, that is told once. */
static void test_peer_gone(void **state)
{
    static const struct iovec iov = {.iov_base = bytes,
                                     .iov_len = sizeof(bytes)};

    (void)state;
    for (int paused = 0; paused < 2; paused++) {
        struct visit visit;

        start(&visit, 0);
        end_queue(&visit.server, &iov, 1);
        fill(&visit);
        assert_int_equal(visit.server.sents, 0);
        assert_true(visit.server.tx.taken < sizeof(bytes));
        peer_put(&visit.peer, "bye", 3);
        if (paused)
            weft_stream_pause(&visit.server.stream);
        close(visit.peer.fd);
        visit.peer.fd = -1;
        TURN_UNTIL(visit.loop, visit.server.ends + visit.server.brokens == 1);
        if (paused) {
            assert_int_equal(visit.server.brokens, 1);
            assert_false(weft_stream_is_queued(&visit.server.stream));
            assert_int_equal(write_iov(&visit.server, &iov, 1), WEFT_ERR_EOF);
            weft_stream_resume(&visit.server.stream);
            TURN_UNTIL(visit.loop, visit.server.ends == 1);
        }
        assert_int_equal(visit.server.got_len, 3);
        turn_until_quiet(visit.loop);
        visit_end(&visit);
    }
}

/* With nothing of the owner's on its way, only reading tells that the peer has
 * gone, behind what it said. */
static void test_peer_gone_over_rest(void **state)
{
    static const struct iovec iov = {.iov_base = bytes,
                                     .iov_len = sizeof(bytes)};
    struct visit visit;
    int64_t n;

    (void)state;
    start(&visit, 0);
    set_small(visit.server.stream.io.fd);
    weft_stream_pause(&visit.server.stream);
    n = write_iov(&visit.server, &iov, 1);
    assert_true(n > 0);
    while (!visit.server.stream.io.tx)
        assert_true(write_iov(&visit.server, &iov, 1) > 0);
    peer_put(&visit.peer, "bye", 3);
    close(visit.peer.fd);
    visit.peer.fd = -1;
    TURN_UNTIL(visit.loop, !visit.server.stream.io.tx);
    assert_int_equal(visit.server.ends + visit.server.brokens, 0);
    assert_int_equal(write_iov(&visit.server, &iov, 1), WEFT_ERR_EOF);
    end_queue(&visit.server, &iov, 1);
    TURN_UNTIL(visit.loop, visit.server.brokens == 1);
    weft_stream_resume(&visit.server.stream);
    TURN_UNTIL(visit.loop, visit.server.ends == 1);
    assert_int_equal(visit.server.got_len, 3);
    visit_end(&visit);
}

/* ---- The end of our half ------------------------------------------------- */

/* close_notify and FIN, behind all that was written; the other half goes on. */
static void test_shutdown(void **state)
{
    static const struct iovec iov = {.iov_base = bytes, .iov_len = 100000};

    (void)state;
    for (int is_clogged = 0; is_clogged < 2; is_clogged++) {
        struct visit visit;
        int64_t n;
        char c;

        start(&visit, 0);
        if (is_clogged)
            set_small(visit.server.stream.io.fd);
        n = write_iov(&visit.server, &iov, 1);
        assert_true(n > 0);
        end_shutdown(&visit.server);
        assert_int_equal(write_iov(&visit.server, &iov, 1) <= 0, 1);
        expect(&visit, (size_t)n);
        assert_int_equal(peer_get(&visit.peer, &c, 1), 0);
        assert_int_equal(SSL_get_shutdown(visit.peer.ssl),
                         SSL_RECEIVED_SHUTDOWN);
        wait_ready(visit.peer.fd, POLLIN);
        assert_int_equal(recv(visit.peer.fd, &c, 1, 0), 0);
        peer_put(&visit.peer, "still", 5);
        TURN_UNTIL(visit.loop, visit.server.got_len == 5);
        assert_int_equal(write_iov(&visit.server, &iov, 1), WEFT_ERR_EOF);
        assert_int_equal(visit.server.ends, 0);
        visit_end(&visit);
    }
}

static void test_shutdown_before_handshake(void **state)
{
    struct visit visit;
    char c;

    (void)state;
    visit_start(&visit, server_of(&certs.server));
    end_shutdown(&visit.server);
    visit_shake(&visit);
    assert_int_equal(peer_get(&visit.peer, &c, 1), 0);
    assert_int_equal(SSL_get_shutdown(visit.peer.ssl), SSL_RECEIVED_SHUTDOWN);
    visit_end(&visit);
}

/* A stream that is closed says so, unless it is reset. */
static void test_closing(void **state)
{
    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        struct visit visit;
        char c;

        start(&visit, 0);
        weft_stream_close(&visit.server.stream, reset);
        TURN_UNTIL(visit.loop, visit.server.closeds == 1);
        assert_int_equal(peer_get(&visit.peer, &c, 1), 0);
        assert_int_equal(SSL_get_shutdown(visit.peer.ssl),
                         reset ? 0 : SSL_RECEIVED_SHUTDOWN);
        visit_end(&visit);
    }
}

/* Of bytes that were cut off nobody may think that they were all. */
static void test_closing_over_rest(void **state)
{
    static const struct iovec iov = {.iov_base = bytes,
                                     .iov_len = sizeof(bytes)};
    static uint8_t got[sizeof(bytes)];
    struct visit visit;

    (void)state;
    start(&visit, 0);
    end_queue(&visit.server, &iov, 1);
    fill(&visit);
    weft_stream_close(&visit.server.stream, false);
    TURN_UNTIL(visit.loop, visit.server.closeds == 1);
    assert_true(peer_get(&visit.peer, got, sizeof(got)) < sizeof(got));
    assert_int_equal(SSL_get_shutdown(visit.peer.ssl), 0);
    visit_end(&visit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_before_handshake),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_new_keys),
        cmocka_unit_test(test_large_both_ways),
        cmocka_unit_test(test_peer_gone),
        cmocka_unit_test(test_peer_gone_over_rest),
        cmocka_unit_test(test_shutdown),
        cmocka_unit_test(test_shutdown_before_handshake),
        cmocka_unit_test(test_closing),
        cmocka_unit_test(test_closing_over_rest),
    };

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 13 + i / 509);
    return cmocka_run_group_tests(tests, certs_up, certs_down);
}
