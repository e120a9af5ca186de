/* SPDX-License-Identifier: MIT */
#include "relay.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* ---- Both ways ----------------------------------------------------------- */

/* However large the buffer is into which the loop reads. */
static void test_echo(void **state)
{
    const size_t read_sizes[] = {1, 7, 1000, 0};

    (void)state;
    for (size_t i = 0; i < COUNT(versions) * COUNT(read_sizes); i++) {
        struct pair pair = {0};

        pair.loop = start_loop(&pair.fx, read_sizes[i % COUNT(read_sizes)]);
        pair.server_tls = server_of(&certs.server);
        pair.client_tls = client_of(pair.loop, NULL);
        limit_version(pair.server_tls, versions[i / COUNT(read_sizes)]);
        pair_join(&pair, "a.test");
        assert_int_equal(end_write(&pair.client, "early", 5), 0);
        pair_shake(&pair);
        assert_int_equal(end_write(&pair.client, "hello", 5), 5);
        TURN_UNTIL(pair.loop, pair.server.got_len == 5);
        assert_memory_equal(pair.server.got, "hello", 5);
        assert_int_equal(end_write(&pair.server, "world!", 6), 6);
        TURN_UNTIL(pair.loop, pair.client.got_len == 6);
        assert_memory_equal(pair.client.got, "world!", 6);
        end_shutdown(&pair.client);
        TURN_UNTIL(pair.loop, pair.server.ends == 1);
        assert_int_equal(pair.server.end_err, 0);
        end_shutdown(&pair.server);
        TURN_UNTIL(pair.loop, pair.client.ends == 1);
        assert_int_equal(pair.client.end_err, 0);
        pair_end(&pair);
    }
}

static void converse(struct relay *relay)
{
    RELAY_UNTIL(relay, end_is_settled(&relay->server) &&
                           end_is_settled(&relay->client));
    CHECK(relay->client.ends == 0, "%s", relay->client.why);
    CHECK(relay->server.ends == 0, "%s", relay->server.why);
    assert_int_equal(end_write(&relay->client, "hello", 5), 5);
    RELAY_UNTIL(relay, relay->server.got_len == 5);
    assert_int_equal(end_write(&relay->server, "world", 5), 5);
    RELAY_UNTIL(relay, relay->client.got_len == 5);
    end_shutdown(&relay->client);
    RELAY_UNTIL(relay, relay->server.ends == 1);
    assert_int_equal(relay->server.end_err, 0);
}

/* Byte by byte, and cut at each place in either direction: the whole sizes are
 * learnt from a first run. */
static void test_cuts(void **state)
{
    const size_t step = 11; /* each place would take a minute */

    (void)state;
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct relay relay;
        size_t up, down;

        relay_start(&relay, versions[i]);
        converse(&relay);
        up = relay.passed_up;
        down = relay.passed_down;
        relay_end(&relay);

        relay_start(&relay, versions[i]);
        relay.piece = 1;
        converse(&relay);
        relay_end(&relay);

        for (size_t cut = 1 + i; cut < up || cut < down; cut += step) {
            relay_start(&relay, versions[i]);
            relay.cut_up = relay.cut_down = cut;
            converse(&relay);
            relay_end(&relay);
        }
    }
}

/* ---- Coming and going ---------------------------------------------------- */

static void test_close_in_callbacks(void **state)
{
    static const char *const where[] = {"data", "sent", "end"};
    static char queued[] = "queued";
    static const struct iovec iov = {.iov_base = queued, .iov_len = 6};

    (void)state;
    for (size_t i = 0; i < 2 * 2 * COUNT(where); i++) {
        const char *in = where[i / 4];
        bool is_server = i % 2;
        struct pair pair;
        struct end *one, *other;

        pair_start(&pair, 0);
        one = is_server ? &pair.server : &pair.client;
        other = is_server ? &pair.client : &pair.server;
        one->close_in = in;
        one->by_reset = i / 2 % 2;
        end_queue(one, &iov, 1); /* before the handshake is over */
        pair_shake(&pair);
        TURN_UNTIL(pair.loop, other->got_len == 6 || one->closeds > 0);
        if (other->ends == 0)
            end_write(other, "x", 1);
        end_shutdown(other);
        TURN_UNTIL(pair.loop, one->closeds == 1);
        TURN_UNTIL(pair.loop, other->ends == 1);
        CHECK(one->by_reset || other->end_err == 0, "%s: %d", in,
              other->end_err);
        turn_until_quiet(pair.loop);
        pair_end(&pair);
    }
}

/* In each state of the handshake. */
static void test_close_at_any_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(versions) * 2 * 2; i++) {
        bool is_server = i % 2, by_reset = i / 2 % 2;

        for (int turns = 0; turns < 8; turns++) {
            struct pair pair;
            struct end *one, *other;

            pair_start(&pair, versions[i / 4]);
            one = is_server ? &pair.server : &pair.client;
            other = is_server ? &pair.client : &pair.server;
            for (int n = 0; n < turns; n++)
                turn(pair.loop);
            one->by_reset = by_reset;
            weft_stream_close(&one->stream, by_reset);
            TURN_UNTIL(pair.loop, one->closeds == 1);
            TURN_UNTIL(pair.loop, other->ends == 1);
            pair_end(&pair);
        }
    }
}

/* What fails at the beginning leaves the stream as it was: plain. */
static void test_begin_without_memory(void **state)
{
    (void)state;
    for (int is_client = 0; is_client < 2; is_client++) {
        int err = WEFT_ERR_NOMEM;

        for (long n = 0; err; n++) {
            struct fixture fx;
            struct weft_loop *loop = start_loop(&fx, READ_SIZE);
            struct weft_tls *tls =
                is_client ? client_of(loop, NULL) : server_of(&certs.server);
            struct end end;
            int fds[2];
            char c;

            unix_pair(fds);
            end_open(&end, loop, fds[0]);
            fx.fm.left = n;
            err = is_client ? weft_tls_connect(&end.stream, tls, "a.test", 443)
                            : weft_tls_accept(&end.stream, tls);
            fx.fm.left = -1;
            assert_int_equal(weft_tls_is_on(&end.stream), err == 0);
            if (err) {
                assert_int_equal(err, WEFT_ERR_NOMEM);
                assert_int_equal(end_write(&end, "x", 1), 1);
                assert_int_equal(recv(fds[1], &c, 1, 0), 1);
            }
            end_close(&end);
            close(fds[1]);
            weft_tls_unref(tls);
            end_loop(&fx);
        }
    }
}

/* A visit in which one allocation fails: the connection that it hits ends, with
 * a reason, and nothing is lost or told twice. */
static void test_without_memory(void **state)
{
    static uint8_t bytes[300000];
    static const struct iovec iov = {.iov_base = bytes,
                                     .iov_len = sizeof(bytes)};
    bool has_failed = true;

    (void)state;
    for (long n = 0; has_failed; n++) {
        struct pair pair;
        uint64_t until = weft_clock() + PATIENCE_NS;

        pair_start(&pair, 0);
        pair.fx.fm.left = n;
        end_queue(&pair.client, &iov, 1);
        while (!pair.server.ends && !pair.client.ends &&
               pair.server.got_len < sizeof(bytes)) {
            CHECK(weft_clock() < until, "step %ld", n);
            turn(pair.loop);
        }
        has_failed = pair.server.ends || pair.client.ends;
        if (has_failed) {
            struct end *hit = pair.server.ends ? &pair.server : &pair.client;

            CHECK(hit->end_err == WEFT_ERR_NOMEM || hit->end_err == 0 ||
                      hit->end_err == WEFT_ERR_EOF ||
                      hit->end_err == WEFT_ERR_TLS,
                  "%d", hit->end_err);
            CHECK(hit->end_err != WEFT_ERR_NOMEM || *hit->why, "step %ld", n);
        }
        pair.fx.fm.left = -1;
        pair_end(&pair);
    }
}

/* A filter of another kind is none of ours. */
static void test_other_filter(void **state)
{
    static const struct weft_filter_ops ops;
    struct weft_filter filter = {&ops};
    struct weft_stream stream = {.filter = &filter};
    char text[8];

    (void)state;
    assert_null(weft_tls_filter_of(&stream));
    assert_false(weft_tls_is_on(&stream));
    assert_string_equal(weft_tls_why(&stream), "");
    assert_string_equal(weft_tls_describe(&stream, text, sizeof(text)), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_close_in_callbacks),
        cmocka_unit_test(test_close_at_any_time),
        cmocka_unit_test(test_begin_without_memory),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_other_filter),
    };

    return cmocka_run_group_tests(tests, certs_up, certs_down);
}
