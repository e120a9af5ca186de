/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "base/sizes.h"

/* ---- A storm ------------------------------------------------------------- */

#define CLIENTS 24

struct storm {
    struct fixture fx;
    struct weft_loop *loop;
    struct weft_tls *tls;
    struct end servers[CLIENTS];
    struct peer peers[CLIENTS];
};

static void storm_start(struct storm *storm)
{
    memset(storm, 0, sizeof(*storm));
    storm->loop = start_loop(&storm->fx, READ_SIZE);
    storm->tls = server_of(&certs.server);
}

static void storm_add(struct storm *storm, int i)
{
    struct peer *peer = &storm->peers[i];
    int fd = peer_open(peer, storm->loop, TLS_client_method());

    SSL_set_connect_state(peer->ssl);
    end_open(&storm->servers[i], storm->loop, fd);
    assert_int_equal(weft_tls_accept(&storm->servers[i].stream, storm->tls), 0);
    assert_int_equal(SSL_do_handshake(peer->ssl), -1); /* the ClientHello */
}

static void storm_end(struct storm *storm)
{
    for (int i = 0; i < CLIENTS; i++) {
        if (!storm->peers[i].ssl)
            continue;
        end_close(&storm->servers[i]);
        peer_close(&storm->peers[i]);
    }
    weft_tls_unref(storm->tls);
    end_loop(&storm->fx);
}

/* How many of them have been answered. */
static int answered(const struct storm *storm)
{
    int count = 0;

    for (int i = 0; i < CLIENTS; i++)
        count += storm->peers[i].ssl && is_readable(storm->peers[i].fd);
    return count;
}

/* A few in each turn, until all have had theirs; and the hellos of the others
 * wait in the connections. */
static void test_few_in_a_turn(void **state)
{
    struct storm storm;
    int turns = 0;

    (void)state;
    storm_start(&storm);
    for (int i = 0; i < CLIENTS; i++)
        storm_add(&storm, i);
    while (answered(&storm) < CLIENTS) {
        int before = answered(&storm);

        turn(storm.loop);
        turns++;
        assert_true(answered(&storm) - before <= (int)WEFT_TLS_STEP_BATCH);
        assert_true(answered(&storm) > before || WEFT_EVENT_BATCH < CLIENTS);
    }
    assert_true(turns >= CLIENTS / (int)WEFT_TLS_STEP_BATCH);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(peer_shake(&storm.peers[i]), 0);
        TURN_UNTIL(storm.loop, end_is_settled(&storm.servers[i]));
        assert_true(weft_tls_is_ready(&storm.servers[i].stream));
    }
    storm_end(&storm);
}

/* Who comes later is not answered before those that wait. */
static void test_first_come(void **state)
{
    struct storm storm;

    (void)state;
    storm_start(&storm);
    for (int i = 0; i < CLIENTS - 1; i++)
        storm_add(&storm, i);
    turn(storm.loop);
    storm_add(&storm, CLIENTS - 1);
    while (!is_readable(storm.peers[CLIENTS - 1].fd))
        turn(storm.loop);
    assert_int_equal(answered(&storm), CLIENTS);
    storm_end(&storm);
}

/* The last of a storm, which waits. */
static struct end *put_off(struct storm *storm, struct peer **peer)
{
    struct end *found = NULL;

    if (WEFT_EVENT_BATCH < CLIENTS)
        skip(); /* then nobody waits */
    storm_start(storm);
    for (int i = 0; i < CLIENTS; i++)
        storm_add(storm, i);
    turn(storm->loop);
    for (int i = 0; i < CLIENTS; i++) {
        const struct weft_tls_filter *f =
            weft_tls_filter_of(&storm->servers[i].stream);

        if (f->flags & WEFT_TLS_PUT_OFF) {
            found = &storm->servers[i];
            *peer = &storm->peers[i];
        }
    }
    assert_non_null(found);
    return found;
}

static void turn_some(struct storm *storm)
{
    for (int i = 0; i < 2 * CLIENTS; i++)
        turn(storm->loop);
}

/* What the owner does to one that waits is done as if it did not. */
static void test_pause_while_put_off(void **state)
{
    struct storm storm;
    struct peer *peer;
    struct end *end = put_off(&storm, &peer);

    (void)state;
    weft_stream_pause(&end->stream);
    turn_some(&storm);
    assert_false(is_readable(peer->fd));
    weft_stream_resume(&end->stream);
    assert_false(is_readable(peer->fd)); /* not in the call */
    assert_int_equal(peer_shake(peer), 0);
    TURN_UNTIL(storm.loop, end_is_settled(end));
    peer_put(peer, "x", 1);
    TURN_UNTIL(storm.loop, end->got_len == 1);
    storm_end(&storm);
}

static void test_resume_while_put_off(void **state)
{
    struct storm storm;
    struct peer *peer;
    struct end *end = put_off(&storm, &peer);

    (void)state;
    weft_stream_pause(&end->stream);
    weft_stream_resume(&end->stream);
    assert_int_equal(peer_shake(peer), 0);
    TURN_UNTIL(storm.loop, end_is_settled(end));
    storm_end(&storm);
}

static void test_close_while_put_off(void **state)
{
    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        struct storm storm;
        struct peer *peer;
        struct end *end = put_off(&storm, &peer);

        weft_stream_close(&end->stream, reset);
        TURN_UNTIL(storm.loop, end->closeds == 1);
        assert_int_equal(end->ends, 0);
        turn_some(&storm);
        assert_int_equal(answered(&storm), CLIENTS); /* one of them by FIN */
        storm_end(&storm);
    }
}

static void test_shutdown_while_put_off(void **state)
{
    static const struct iovec iov = {.iov_base = (void *)(uintptr_t) "hello",
                                     .iov_len = 5};

    (void)state;
    for (int is_queued = 0; is_queued < 2; is_queued++) {
        struct storm storm;
        struct peer *peer;
        struct end *end = put_off(&storm, &peer);
        char text[8];

        if (is_queued)
            end_queue(end, &iov, 1);
        else
            end_shutdown(end);
        assert_int_equal(peer_shake(peer), 0);
        assert_int_equal(peer_get(peer, text, is_queued ? 5 : 8),
                         is_queued ? 5 : 0);
        storm_end(&storm);
    }
}

/* Whoever is answered in its own time may say more than a hello; whoever waits
 * may not. */
static void test_too_much_while_put_off(void **state)
{
    static uint8_t record[16389] = {22, 3, 1, 0x40, 0};
    struct storm storm;
    struct end end;
    int fds[2];

    (void)state;
    if (WEFT_EVENT_BATCH < CLIENTS)
        skip();
    storm_start(&storm);
    for (int i = 0; i < CLIENTS; i++)
        storm_add(&storm, i);
    turn(storm.loop);
    unix_pair(fds);
    end_open(&end, storm.loop, fds[0]);
    assert_int_equal(weft_tls_accept(&end.stream, storm.tls), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(send(fds[1], record, sizeof(record), MSG_NOSIGNAL),
                         sizeof(record));
    turn(storm.loop);
    shutdown(fds[1], SHUT_WR);
    TURN_UNTIL(storm.loop, end.ends == 1);
    assert_int_equal(end.end_err, WEFT_ERR_TLS);
    CHECK(strstr(end.why, "more came than a ClientHello"), "%s", end.why);
    /* Least of all what was meant for one of the others. */
    assert_true(recv(fds[1], record, sizeof(record), MSG_DONTWAIT) <= 0);
    end_close(&end);
    close(fds[1]);
    storm_end(&storm);
}

/* ---- What is not TLS ----------------------------------------------------- */

/* A stream of a server and a bare socket. */
struct bare {
    struct fixture fx;
    struct weft_loop *loop;
    struct weft_tls *tls;
    struct end server;
    int fd;
};

static void bare_start(struct bare *bare, bool tcp)
{
    int fds[2];

    bare->loop = start_loop(&bare->fx, READ_SIZE);
    bare->tls = server_of(&certs.server);
    (tcp ? tcp_pair : unix_pair)(fds);
    bare->fd = fds[1];
    end_open(&bare->server, bare->loop, fds[0]);
    assert_int_equal(weft_tls_accept(&bare->server.stream, bare->tls), 0);
}

static void bare_end(struct bare *bare)
{
    end_close(&bare->server);
    if (bare->fd >= 0)
        close(bare->fd);
    weft_tls_unref(bare->tls);
    end_loop(&bare->fx);
}

/* Reads to the end of the stream. */
static size_t read_out(struct bare *bare, char *text, size_t size)
{
    size_t len = 0;

    for (int i = 0; len < size; i++) {
        ssize_t n = recv(bare->fd, text + len, size - len, 0);

        CHECK(i < 1000, "no end: %.*s", (int)len, text);
        if (n == 0)
            break;
        if (n > 0)
            len += (size_t)n;
        else if (errno == EAGAIN)
            turn(bare->loop);
        else
            CHECK(false, "%s", strerror(errno));
    }
    return len;
}

/* The page comes whole and ends with a FIN, whatever the client goes on to say;
 * the owner is told when the client has had it. */
static void test_plain_http(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello",
        "GET",
        "G",
        "get / HTTP/1.0\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < 4 * COUNT(requests); i++) {
        bool tcp = i % 2, ends_first = i / 2 % 2;
        const char *body;
        struct bare bare;
        char text[1024];
        size_t len;

        bare_start(&bare, tcp);
        put(bare.fd, requests[i / 4]);
        if (ends_first)
            shutdown(bare.fd, SHUT_WR);
        else
            TURN_UNTIL(bare.loop, is_readable(bare.fd));
        if (!ends_first)
            put(bare.fd, "more\r\n");
        len = read_out(&bare, text, sizeof(text) - 1);
        text[len] = '\0';
        CHECK(strncmp(text, "HTTP/1.1 400 Bad Request\r\n", 26) == 0, "%s",
              text);
        assert_non_null(strstr(text, "Connection: close\r\n"));
        body = strstr(text, "\r\n\r\n");
        assert_non_null(body);
        body += 4;
        assert_non_null(strstr(body, "https://"));
        assert_non_null(strstr(body, "wss://"));
        assert_non_null(strstr(text, "Content-Length: "));
        assert_int_equal(
            strtol(strstr(text, "Content-Length: ") + 16, NULL, 10),
            strlen(body));
        if (!ends_first)
            assert_int_equal(bare.server.ends, 0);
        close(bare.fd);
        bare.fd = -1;
        TURN_UNTIL(bare.loop, bare.server.ends == 1);
        assert_int_equal(bare.server.end_err, WEFT_ERR_TLS);
        CHECK(strstr(bare.server.why, "plain HTTP"), "%s", bare.server.why);
        assert_int_equal(bare.server.got_len, 0);
        bare_end(&bare);
    }
}

/* After a failure nothing can be written, and what is queued is told of. */
static void test_write_after_failure(void **state)
{
    static const struct iovec iov = {.iov_base = (void *)(uintptr_t) "x",
                                     .iov_len = 1};
    struct bare bare;

    (void)state;
    bare_start(&bare, false);
    end_queue(&bare.server, &iov, 1);
    put(bare.fd, "GET / HTTP/1.1\r\n\r\n");
    TURN_UNTIL(bare.loop, is_readable(bare.fd));
    assert_true(weft_stream_is_queued(&bare.server.stream));
    assert_int_equal(end_write(&bare.server, "x", 1), WEFT_ERR_TLS);
    close(bare.fd);
    bare.fd = -1;
    TURN_UNTIL(bare.loop, bare.server.ends == 1);
    assert_int_equal(bare.server.sents, 1);
    bare_end(&bare);
}

/* Whatever else does not begin as TLS does is refused, wherever it is cut. */
static void test_garbage(void **state)
{
    static const char *const cases[] = {
        "00000000000000000000", "802e010301001500000010000000000000000000",
        "160301ffff0000000000", "2a2a2a2a2a",
        "1503010002022a",       "170303000500000000001603010005",
        "16030100050100000100", "ff",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[64];
        size_t len = unhex(bytes, cases[i]);

        for (size_t cut = 1; cut <= len; cut++) {
            struct bare bare;

            bare_start(&bare, false);
            assert_int_equal(send(bare.fd, bytes, cut, MSG_NOSIGNAL), cut);
            turn(bare.loop);
            if (len > cut)
                (void)!send(bare.fd, bytes + cut, len - cut, MSG_NOSIGNAL);
            shutdown(bare.fd, SHUT_WR);
            TURN_UNTIL(bare.loop, bare.server.ends == 1);
            CHECK(bare.server.end_err == WEFT_ERR_TLS, "%zu cut at %zu: %d", i,
                  cut, bare.server.end_err);
            CHECK(strncmp(bare.server.why, "TLS handshake failed: ", 22) == 0,
                  "%zu: %s", i, bare.server.why);
            bare_end(&bare);
        }
    }
}

/* ---- Ends in the middle -------------------------------------------------- */

static void test_ends_early(void **state)
{
    static const struct {
        const char *said; /* in hex */
        char how;
        int err;
        const char *why;
    } cases[] = {
        {"", 'f', 0, ""},
        {"", 'r', WEFT_ERR_EOF, ""},
        {"16", 'f', WEFT_ERR_TLS, "client ended the connection in the middle"},
        {"1603010200010001", 'f', WEFT_ERR_TLS, "in the middle"},
        {"1603010200010001", 'r', WEFT_ERR_TLS, "client reset the connection"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[64];
        size_t len = unhex(bytes, cases[i].said);
        struct bare bare;

        bare_start(&bare, true);
        assert_int_equal(send(bare.fd, bytes, len, MSG_NOSIGNAL), len);
        turn_until_quiet(bare.loop);
        if (cases[i].how == 'r')
            reset_peer(bare.fd);
        else
            close(bare.fd);
        bare.fd = -1;
        TURN_UNTIL(bare.loop, bare.server.ends == 1);
        CHECK(bare.server.end_err == cases[i].err, "%zu: %d", i,
              bare.server.end_err);
        CHECK(strstr(bare.server.why, cases[i].why), "%zu: %s", i,
              bare.server.why);
        bare_end(&bare);
    }
}

/* What servers say that have no TLS. */
static void test_client_of_plain_server(void **state)
{
    static const struct {
        const char *said; /* NULL: nothing, and a FIN */
        const char *why;
    } cases[] = {
        {"HTTP/1.1 400 Bad Request\r\n\r\n", "the server says is not TLS"},
        {"SSH-2.0-x\r\n", "the server says is not TLS"},
        {NULL, "the server ended the connection in the middle of it"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture fx;
        struct weft_loop *loop = start_loop(&fx, READ_SIZE);
        struct weft_tls *tls = client_of(loop, NULL);
        struct end client;
        int fds[2];

        unix_pair(fds);
        end_open(&client, loop, fds[0]);
        assert_int_equal(weft_tls_connect(&client.stream, tls, "a.test", 1), 0);
        if (cases[i].said)
            put(fds[1], cases[i].said);
        else
            shutdown(fds[1], SHUT_WR);
        TURN_UNTIL(loop, client.ends == 1);
        assert_int_equal(client.end_err, WEFT_ERR_TLS);
        CHECK(strstr(client.why, cases[i].why), "%zu: %s", i, client.why);
        end_close(&client);
        close(fds[1]);
        weft_tls_unref(tls);
        end_loop(&fx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_in_a_turn),
        cmocka_unit_test(test_first_come),
        cmocka_unit_test(test_pause_while_put_off),
        cmocka_unit_test(test_resume_while_put_off),
        cmocka_unit_test(test_close_while_put_off),
        cmocka_unit_test(test_shutdown_while_put_off),
        cmocka_unit_test(test_too_much_while_put_off),
        cmocka_unit_test(test_plain_http),
        cmocka_unit_test(test_write_after_failure),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_ends_early),
        cmocka_unit_test(test_client_of_plain_server),
    };

    return cmocka_run_group_tests(tests, certs_up, certs_down);
}
