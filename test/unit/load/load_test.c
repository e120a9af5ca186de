/* SPDX-License-Identifier: MIT */
#include "load/load.h"

#include "liar.h"
#include "serve.h"
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_send(conn, msg->kind, msg->data, msg->len);
}

static void on_open(struct weft_conn *conn, struct weft_request *req)
{
    (void)req;
    (void)weft_subscribe(conn, "all");
}

static void on_publish(struct weft_conn *conn, const struct weft_message *msg)
{
    weft_publish(conn, "all", msg->kind, msg->data, msg->len, 0);
}

static const struct weft_handler echo = {.size = sizeof(echo),
                                         .message = on_message};
static const struct weft_handler all = {
    .size = sizeof(all), .open = on_open, .message = on_publish};

static unsigned port_of(struct serve *s)
{
    const char *address = weft_server_address(s->srv, 0);

    return (unsigned)strtoul(strrchr(address, ':') + 1, NULL, 10);
}

/* Every kind of work, by two threads; what is counted adds up. */
static void test_works(void **state)
{
    (void)state;
    for (int work = LOAD_ECHO; work <= LOAD_IDLE; work++) {
        bool is_topic = work == LOAD_BROADCAST || work == LOAD_PUBLISH;
        struct serve *s = serve_new();
        struct ran *ran;

        serve_open_at(s, "/", is_topic ? &all : &echo);
        serve_run(s);
        ran = ran_new(port_of(s));
        ran->opts.work = (enum load_work)work;
        ran->opts.connections = 5;
        ran->opts.depth = 3;
        ran->opts.threads = 2;
        ran->opts.size = 300;
        ran_run(ran);
        CHECK(ran->err == 0 && ran->told_count == 0, "%d: %s", work,
              ran->told[0]);
        assert_true(ran->result.seconds > 0);
        assert_int_equal(ran->result.errors, 0);
        assert_int_equal(ran->result.failed_connections, 0);
        assert_true(work == LOAD_IDLE || ran->result.messages > 0);
        ran_free(ran);
        serve_close(s);
    }
}

/* Compressed, with readers that are slow and messages that are large. */
static void test_company(void **state)
{
    struct serve *s = serve_new();
    struct ran *ran;

    (void)state;
    serve_open_at(s, "/", &echo);
    serve_run(s);
    ran = ran_new(port_of(s));
    ran->opts.connections = 3;
    ran->opts.has_deflate = true;
    ran->opts.size = 2000;
    ran->opts.bulk = 2;
    ran->opts.bulk_size = 300000;
    ran->opts.slow = 2;
    ran->opts.slow_rate = 1000;
    ran_run(ran);
    CHECK(ran->told_count == 0, "%s", ran->told[0]);
    assert_true(ran->result.messages > 0);
    ran_free(ran);
    serve_close(s);
}

static void test_usage(void **state)
{
    struct load_process process = {.pids = {getpid()}, .count = 1};
    struct serve *s = serve_new();
    struct ran *ran;

    (void)state;
    serve_open_at(s, "/", &echo);
    serve_run(s);
    ran = ran_new(port_of(s));
    ran->opts.server = &process;
    ran_run(ran);
    assert_true(ran->result.server.cpu_ns > 0);
    assert_true(ran->result.has_rss && ran->result.rss_after > 0);
    assert_true(ran->result.generator_ns > 0);
    ran_free(ran);
    serve_close(s);
}

/* It would take a day. */
static void test_stopped(void **state)
{
    int stop = eventfd(1, EFD_CLOEXEC);
    struct serve *s = serve_new();
    struct ran *ran;

    (void)state;
    serve_open_at(s, "/", &echo);
    serve_run(s);
    ran = ran_new(port_of(s));
    ran->opts.time_ns = UINT64_C(86400000000000);
    ran->opts.stop_fd = stop;
    ran_run(ran);
    assert_int_equal(ran->err, 0);
    assert_true(ran->result.was_stopped);
    assert_int_equal(ran->result.errors, 0);
    ran_free(ran);
    serve_close(s);
    close(stop);
}

static void test_nothing_to_run(void **state)
{
    struct load_process nobody = {.pids = {INT32_MAX}, .count = 1};
    struct ran *ran = ran_new(1);

    (void)state;
    ran->opts.url = "file:///etc";
    ran_run(ran);
    assert_int_equal(ran->err, WEFT_ERR_USAGE);
    assert_true(*ran->why);
    ran->opts.url = ran->url;
    ran->opts.server = &nobody;
    ran_run(ran);
    assert_int_equal(ran->err, WEFT_ERR_MISSING);
    ran->opts.server = NULL;
    ran->opts.url = "wss://127.0.0.1:1/";
    ran->opts.ca_file = "/nonexistent";
    ran_run(ran);
    assert_true(ran->err < 0 && strstr(ran->why, "/nonexistent"));
    ran_free(ran);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_works),          cmocka_unit_test(test_company),
        cmocka_unit_test(test_usage),          cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_nothing_to_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
