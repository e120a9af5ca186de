/* SPDX-License-Identifier: MIT */
/*
 * Topics: who gets what, in which order, across threads. A client speaks to a
 * small handler in words: "+a" subscribes to a, "-a" unsubscribes, "a:text"
 * publishes text to a, "!a:text" to the others; the answer says how it went.
 */
#include "serve.h"

#include <stdio.h>
#include <stdlib.h>

static struct gate closed = GATE;

static void answer(struct weft_conn *conn, int err)
{
    char text[32];

    snprintf(text, sizeof(text), "=%d", err);
    (void)weft_send_text(conn, text);
}

/* The words, cut at the colon. */
static void obey(struct weft_conn *conn, const struct weft_message *msg)
{
    char words[600] = "";
    unsigned flags = 0;
    char *topic = words, *text;

    EXPECT(msg->len < sizeof(words));
    memcpy(words, msg->data, msg->len);
    if (words[0] == '+') {
        answer(conn, weft_subscribe(conn, words + 1));
        return;
    }
    if (words[0] == '-') {
        answer(conn, weft_unsubscribe(conn, words + 1));
        return;
    }
    if (words[0] == '!') {
        flags = WEFT_PUBLISH_OTHERS;
        topic++;
    }
    text = strchr(topic, ':');
    EXPECT(text);
    *text++ = '\0';
    answer(conn,
           weft_publish(conn, topic, WEFT_TEXT, text, strlen(text), flags));
}

static void on_close(struct weft_conn *conn, const struct weft_closed *how)
{
    /* What is said on leaving reaches those that stay. */
    (void)how;
    (void)weft_publish(conn, "left", WEFT_TEXT, "bye", 3, 0);
    gate_pass(&closed);
}

static const struct weft_handler handler = {
    .size = sizeof(handler), .message = obey, .close = on_close};

static struct serve *start(unsigned threads)
{
    struct serve *s = serve_new();

    gate_reset(&closed);
    s->opts.threads = threads;
    serve_open_at(s, "/x", &handler);
    serve_run(s);
    return s;
}

/* Says the words and expects this answer to be the next thing that comes. */
static void say(struct client *c, const char *words, int err)
{
    char want[32];

    client_text(c, words);
    snprintf(want, sizeof(want), "text:=%d", err);
    client_expect(c, want);
}

/* ---- On one thread ------------------------------------------------------- */

static void test_who_gets_it(void **state)
{
    struct serve *s = start(1);
    struct client a, b, c;

    (void)state;
    client_join(&a, s, "/x");
    client_join(&b, s, "/x");
    client_join(&c, s, "/x");
    say(&a, "+news", 0);
    say(&b, "+news", 0);
    say(&b, "+news", 0); /* twice is once */
    say(&c, "+other", 0);

    /* From one that is not subscribed. */
    say(&c, "news:one", 0);
    client_expect(&a, "text:one");
    client_expect(&b, "text:one");
    /* From one that is: it comes before the answer, as it was sent first. */
    client_text(&a, "news:two");
    client_expect(&a, "text:two");
    client_expect(&a, "text:=0");
    client_expect(&b, "text:two");
    say(&a, "!news:three", 0);
    client_expect(&b, "text:three");
    say(&a, "nobody:four", 0);

    say(&b, "-news", 0);
    say(&b, "-news", 0);
    say(&b, "-never", 0);
    client_text(&a, "news:five");
    client_expect(&a, "text:five");
    client_expect(&a, "text:=0");
    say(&b, "+left", 0); /* nothing came before this answer */
    client_close(&a);
    client_expect(&b, "text:bye");
    say(&c, "news:six", 0);
    client_close(&b);
    client_close(&c);
    serve_close(s);
}

/* Names are bytes: compared whole, up to 255 of them. */
static void test_names(void **state)
{
    struct serve *s = start(1);
    char name[300] = "+";
    struct client a;

    (void)state;
    client_join(&a, s, "/x");
    memset(name + 1, 'n', 255);
    say(&a, name, 0);
    name[0] = '-';
    say(&a, name, 0);
    memset(name + 1, 'n', 256);
    say(&a, name, WEFT_ERR_USAGE);
    name[0] = '+';
    say(&a, name, WEFT_ERR_USAGE);
    name[257] = ':';
    say(&a, name + 1, WEFT_ERR_USAGE);
    say(&a, "+", WEFT_ERR_USAGE);
    say(&a, "-", WEFT_ERR_USAGE);
    say(&a, ":x", WEFT_ERR_USAGE);
    say(&a, "+caf\xc3\xa9 *?/\n", 0);
    say(&a, "+Caf", 0);
    say(&a, "caf:x", 0);
    client_text(&a, "caf\xc3\xa9 *?/\n:found");
    client_expect(&a, "text:found");
    client_expect(&a, "text:=0");
    client_close(&a);
    serve_close(s);
}

static void bad_publish(struct weft_conn *conn, const struct weft_message *msg)
{
    (void)msg;
    EXPECT(weft_publish(conn, NULL, WEFT_TEXT, "x", 1, 0) == WEFT_ERR_USAGE);
    EXPECT(weft_publish(conn, "a", WEFT_TEXT, "\xff", 1, 0) == WEFT_ERR_USAGE);
    EXPECT(weft_publish(conn, "a", WEFT_PING, "x", 1, 0) == WEFT_ERR_USAGE);
    EXPECT(weft_publish(conn, "a", (enum weft_kind)8, "x", 1, 0) ==
           WEFT_ERR_USAGE);
    EXPECT(weft_publish(conn, "a", WEFT_TEXT, "x", 1, 2) == WEFT_ERR_USAGE);
    EXPECT(weft_publish(conn, "a", WEFT_TEXT, "x", 1, ~0u) == WEFT_ERR_USAGE);
    EXPECT(weft_subscribe(conn, NULL) == WEFT_ERR_USAGE);
    EXPECT(weft_unsubscribe(conn, NULL) == WEFT_ERR_USAGE);
    EXPECT(weft_publish(conn, "a", WEFT_BINARY, "\xff", 1, 0) == 0);
    EXPECT(weft_publish(conn, "a", WEFT_TEXT, NULL, 0, 0) == 0);
    (void)weft_send_text(conn, "done");
}

static void test_bad_arguments(void **state)
{
    const struct weft_handler bad = {.size = sizeof(bad),
                                     .message = bad_publish};
    struct serve *s = serve_new();
    struct client c;

    (void)state;
    serve_open_at(s, "/x", &bad);
    serve_run(s);
    client_join(&c, s, "/x");
    client_text(&c, "go");
    client_expect(&c, "text:done");
    client_close(&c);
    assert_int_equal(weft_server_publish(s->srv, "", WEFT_TEXT, "x", 1),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_server_publish(s->srv, NULL, WEFT_TEXT, "x", 1),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_server_publish(s->srv, "a", WEFT_TEXT, "\xff", 1),
                     WEFT_ERR_USAGE);
    assert_int_equal(weft_server_publish(s->srv, "a", WEFT_PONG, "x", 1),
                     WEFT_ERR_USAGE);
    serve_close(s);
}

static void test_limit(void **state)
{
    struct serve *s = serve_new();
    struct client a, b;

    (void)state;
    s->opts.topic_limit = 2;
    serve_open_at(s, "/x", &handler);
    serve_run(s);
    client_join(&a, s, "/x");
    client_join(&b, s, "/x");
    say(&a, "+1", 0);
    say(&a, "+2", 0);
    say(&a, "+3", WEFT_ERR_LIMIT);
    say(&a, "+2", 0); /* one that it has */
    say(&b, "+3", 0); /* the limit is each one's own */
    say(&a, "-1", 0);
    say(&a, "+3", 0);
    say(&a, "+1", WEFT_ERR_LIMIT);
    client_text(&b, "3:x");
    client_expect(&b, "text:x");
    client_expect(&b, "text:=0");
    client_expect(&a, "text:x");
    client_close(&a);
    client_close(&b);
    serve_close(s);
}

#define MANY 1000

static void subscribe_many(struct weft_conn *conn, struct weft_request *req)
{
    char name[32];

    (void)req;
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "topic %d", i);
        EXPECT(weft_subscribe(conn, name) == 0);
    }
    for (int i = 0; i < MANY; i += 2) {
        snprintf(name, sizeof(name), "topic %d", i);
        EXPECT(weft_unsubscribe(conn, name) == 0);
    }
}

/* A thousand subscriptions of each of two connections; half of them given up
 * again, the rest gone with the connection. */
static void test_many_topics(void **state)
{
    const struct weft_handler many = {
        .size = sizeof(many), .open = subscribe_many, .close = on_close};
    struct serve *s = start(1);
    char name[32], want[32];
    struct client a, b;

    (void)state;
    assert_int_equal(weft_server_route(s->srv, "/x", &many), 0);
    client_join(&a, s, "/x");
    client_join(&b, s, "/x");
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "topic %d", i);
        snprintf(want, sizeof(want), "n%d", i);
        assert_int_equal(
            weft_server_publish(s->srv, name, WEFT_TEXT, want, strlen(want)),
            0);
    }
    for (int i = 1; i < MANY; i += 2) {
        snprintf(want, sizeof(want), "text:n%d", i);
        client_expect(&a, want);
        client_expect(&b, want);
    }
    client_close(&a);
    client_reset(&b);
    gate_wait(&closed, 2);
    assert_int_equal(weft_server_publish(s->srv, "topic 1", WEFT_TEXT, "", 0),
                     0);
    serve_close(s);
}

/* ---- Across threads ------------------------------------------------------ */

#define LISTENERS 16
#define MESSAGES 200

static void *publish_all(void *arg)
{
    struct serve *s = arg;
    char text[32];

    for (int i = 0; i < MESSAGES; i++) {
        int n = snprintf(text, sizeof(text), "s %d", i);

        if (weft_server_publish(s->srv, "all", WEFT_TEXT, text, (size_t)n))
            return arg;
    }
    return NULL;
}

/* Reads until all of count publishers' messages have come, each publisher's
 * in its order. The messages are "name number". */
static void read_in_order(struct client *c, const char *names)
{
    int next[128] = {0}, left = (int)strlen(names) * MESSAGES;

    while (left > 0) {
        const char *words = client_words(c); /* "text:a\x20 17" */
        int number;

        if (words[5] == '=')
            continue;
        CHECK(strchr(names, words[5]) && strlen(words) > 10, "%s", words);
        number = (int)strtol(words + 10, NULL, 10);
        CHECK(number == next[(int)words[5]], "%s instead of %d", words,
              next[(int)words[5]]);
        next[(int)words[5]]++;
        left--;
    }
}

/* Three publish at once: two connections, which may be on different threads,
 * and a thread of the program. Everybody hears all of it. */
static void test_order(void **state)
{
    static struct client c[LISTENERS];
    struct serve *s = start(2);
    pthread_t outside;
    void *failed;
    char text[64];

    (void)state;
    for (int i = 0; i < LISTENERS; i++) {
        client_join(&c[i], s, "/x");
        say(&c[i], "+all", 0);
    }
    pthread_create(&outside, NULL, publish_all, s);
    for (int i = 0; i < MESSAGES; i++) {
        snprintf(text, sizeof(text), "all:a %d", i);
        client_text(&c[0], text);
        snprintf(text, sizeof(text), "all:b %d", i);
        client_text(&c[1], text);
    }
    for (int i = 0; i < LISTENERS; i++)
        read_in_order(&c[i], "abs");
    pthread_join(outside, &failed);
    assert_null(failed);
    for (int i = 0; i < LISTENERS; i++)
        client_close(&c[i]);
    serve_close(s);
}

/* Publishers are left out of their own messages on any thread. */
static void test_others(void **state)
{
    static struct client c[LISTENERS];
    struct serve *s = start(2);
    char text[64], want[64];

    (void)state;
    for (int i = 0; i < LISTENERS; i++) {
        client_join(&c[i], s, "/x");
        say(&c[i], "+all", 0);
    }
    for (int i = 0; i < LISTENERS; i++) {
        snprintf(text, sizeof(text), "!all:%d", i);
        say(&c[i], text, 0); /* the answer comes, and not the message */
        snprintf(want, sizeof(want), "text:%d", i);
        for (int j = 0; j < LISTENERS; j++)
            if (j != i)
                client_expect(&c[j], want);
    }
    for (int i = 0; i < LISTENERS; i++)
        client_close(&c[i]);
    serve_close(s);
}

/* A message of each size that is sent in another way: copied, by reference,
 * larger than the socket takes. */
static void test_large(void **state)
{
    static const size_t sizes[] = {0, 125, 126, 1000, 1100, 70000, 900000};
    static struct client c[4];
    struct serve *s = start(2);
    uint8_t *payload = malloc(900000);

    (void)state;
    assert_non_null(payload);
    for (size_t i = 0; i < COUNT(c); i++) {
        client_join(&c[i], s, "/x");
        say(&c[i], "+all", 0);
    }
    for (size_t i = 0; i < COUNT(sizes); i++) {
        memset(payload, (int)i + 1, sizes[i]);
        assert_int_equal(
            weft_server_publish(s->srv, "all", WEFT_BINARY, payload, sizes[i]),
            0);
    }
    for (size_t i = 0; i < COUNT(c); i++) {
        for (size_t j = 0; j < COUNT(sizes); j++) {
            size_t len, k = 0;
            uint8_t *got = client_payload(&c[i], WEFT_BINARY, &len);

            assert_int_equal(len, sizes[j]);
            while (k < len && got[k] == j + 1)
                k++;
            assert_int_equal(k, len);
            free(got);
        }
        client_close(&c[i]);
    }
    free(payload);
    serve_close(s);
}

/* ---- Slow subscribers and want of memory --------------------------------- */

/* Each subscriber's own rule: the slow one is closed, the other hears all. */
static void test_slow_subscriber(void **state)
{
    struct weft_handler small = handler;
    struct serve *s = start(1);
    char text[1000] = "";
    struct client fast, slow;
    int sent = 0, got = 0;

    (void)state;
    small.queue_limit = 5000;
    assert_int_equal(weft_server_route(s->srv, "/small", &small), 0);
    client_join(&fast, s, "/x");
    client_join(&slow, s, "/small");
    say(&fast, "+all", 0);
    say(&slow, "+all", 0);
    while (serve_stats(s).slow_closed == 0) {
        CHECK(sent < 20000, "never too slow");
        for (int i = 0; i < 20; i++, sent++)
            assert_int_equal(weft_server_publish(s->srv, "all", WEFT_BINARY,
                                                 text, sizeof(text)),
                             0);
        serve_turn(s);
        for (; got < sent; got++) {
            size_t len;

            free(client_payload(&fast, WEFT_BINARY, &len));
            assert_int_equal(len, sizeof(text));
        }
    }
    while (strcmp(client_words(&slow), "close:1013") != 0)
        ;
    client_close_frame(&slow, 1013);
    assert_true(client_ended(&slow));
    client_close(&slow);
    client_close(&fast);
    serve_close(s);
}

static struct gate blocked = GATE, let_go = GATE;

static void block(struct weft_conn *conn, void *arg)
{
    (void)conn;
    (void)arg;
    gate_pass(&blocked);
    gate_wait(&let_go, 1);
}

/* A thread that stands still is not buried: what is on its way to it is
 * bounded, and what the others get is not held up. */
static void test_blocked_thread(void **state)
{
    const size_t len = (size_t)1 << 20;
    struct serve *s = start(2);
    const struct weft_handle first = {s->srv, 0}; /* on the first thread */
    uint8_t *payload = calloc(1, len);
    int err = 0, sent = 0;

    (void)state;
    assert_non_null(payload);
    gate_reset(&blocked);
    gate_reset(&let_go);
    assert_int_equal(weft_handle_call(first, block, NULL), 0);
    gate_wait(&blocked, 1);
    while (!err && sent < 100) {
        err = weft_server_publish(s->srv, "all", WEFT_BINARY, payload, len);
        sent += !err;
    }
    gate_pass(&let_go);
    assert_int_equal(err, WEFT_ERR_BUSY);
    assert_in_range(sent, 60, 64);
    serve_turn(s);
    assert_int_equal(
        weft_server_publish(s->srv, "all", WEFT_BINARY, payload, len), 0);
    free(payload);
    serve_close(s);
}

static void test_without_memory(void **state)
{
    struct serve *s = start(2);
    struct client a, b;
    int ok = 0;

    (void)state;
    client_join(&a, s, "/x");
    client_join(&b, s, "/x");
    say(&a, "+all", 0);
    say(&b, "+all", 0);
    for (long n = 0; n < 12; n++) {
        int err;

        serve_turn(s);
        serve_fail(s, n);
        err = weft_server_publish(s->srv, "all", WEFT_TEXT, "x", 1);
        serve_turn(s);
        serve_fail(s, -1);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        ok += err == 0;
    }
    assert_true(ok > 0 && ok < 12);
    assert_int_equal(weft_server_publish(s->srv, "all", WEFT_TEXT, "y", 1), 0);
    while (strcmp(client_words(&a), "text:y") != 0)
        assert_string_equal(client_body(&a), "text:x");
    while (strcmp(client_words(&b), "text:y") != 0)
        assert_string_equal(client_body(&b), "text:x");
    client_close(&a);
    client_close(&b);
    serve_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_gets_it),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_many_topics),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_slow_subscriber),
        cmocka_unit_test(test_blocked_thread),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
