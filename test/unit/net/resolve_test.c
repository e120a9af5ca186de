/* SPDX-License-Identifier: MIT */
#include "net/resolve.h"

#include "names.h"

#include "net/lookup.h"

#define MANY 40

static int at_rest; /* threads when nobody asks */

/* One who asks, and what he was told. */
struct asker {
    struct weft_loop *loop;
    struct weft_resolve *resolve; /* NULL once answered or cancelled */
    int calls, count, error;
    struct weft_address list[WEFT_RESOLVE_MAX];
    struct asker *cancels; /* in done */
    struct asker *starts;  /* likewise */
};

static void on_resolved(void *arg, const struct weft_address *list, int count,
                        int error);

static int try_start(struct asker *asker, struct weft_loop *loop,
                     const char *host, int family)
{
    const struct weft_name name = {host, 9998, family};

    *asker = (struct asker){.loop = loop};
    return weft_resolve_start(&asker->resolve, loop, &name, on_resolved, asker);
}

static void start(struct asker *asker, struct weft_loop *loop, const char *host)
{
    assert_int_equal(try_start(asker, loop, host, AF_INET), 0);
    assert_int_equal(asker->calls, 0);
}

static void cancel(struct asker *asker)
{
    weft_resolve_cancel(asker->resolve);
    asker->resolve = NULL;
}

static void on_resolved(void *arg, const struct weft_address *list, int count,
                        int error)
{
    struct asker *asker = arg;

    assert_non_null(asker->resolve);
    assert_true(count >= 0 && count <= WEFT_RESOLVE_MAX);
    asker->resolve = NULL;
    asker->calls++;
    asker->count = count;
    asker->error = error;
    if (count > 0)
        memcpy(asker->list, list, (size_t)count * sizeof(*list));
    if (asker->cancels)
        cancel(asker->cancels);
    if (asker->starts)
        start(asker->starts, asker->loop, "started.test");
}

static void check_address(const struct asker *asker, int i, const char *want)
{
    char text[WEFT_ADDRESS_TEXT];

    assert_true(i < asker->count);
    assert_string_equal(weft_address_text(&asker->list[i], text), want);
}

/* ---- Answers ------------------------------------------------------------- */

/* Without a thread and without a descriptor, yet not in the call. */
static void test_known(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    int fds = count_fds();
    struct asker asker;

    (void)state;
    assert_int_equal(try_start(&asker, loop, "localhost", AF_UNSPEC), 0);
    assert_int_equal(count_fds(), fds);
    assert_int_equal(asker.calls, 0);
    turn(loop);
    assert_int_equal(asker.calls, 1);
    check_address(&asker, 0, "[::1]:9998");
    check_address(&asker, 1, "127.0.0.1:9998");
    assert_int_equal(asker.count, 2);

    assert_int_equal(try_start(&asker, loop, "192.0.2.1", AF_INET6), 0);
    TURN_UNTIL(loop, asker.calls == 1);
    assert_int_equal(asker.count, 0);
    assert_int_equal(asker.error, EAI_ADDRFAMILY);
    assert_int_equal(count_threads(), at_rest);
    end_loop(&fx);
}

static struct asker *later;

static void start_later(struct weft_io *io, uint8_t *p, size_t len, int err)
{
    (void)p, (void)len, (void)err;
    start(later, io->loop, "127.0.0.1");
}

static void ignore(struct weft_io *io)
{
    (void)io;
}

/* What is started in a turn is answered in another. */
static void test_known_in_a_turn(void **state)
{
    static const struct weft_io_ops ops = {
        .data = start_later,
        .closed = ignore,
    };
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct asker asker;
    struct weft_io io;
    int fds[2];

    (void)state;
    unix_pair(fds);
    later = &asker;
    assert_int_equal(weft_io_open(&io, loop, fds[0], &ops), 0);
    weft_io_read_start(&io);
    put(fds[1], "x");
    turn(loop);
    assert_non_null(asker.resolve);
    assert_int_equal(asker.calls, 0);
    turn(loop);
    assert_int_equal(asker.calls, 1);
    weft_io_close(&io, false);
    close(fds[1]);
    end_loop(&fx);
}

static void test_asked(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    int fds = count_fds();
    struct asker asker;

    (void)state;
    start(&asker, loop, "2.test");
    TURN_UNTIL(loop, asker.calls == 1);
    assert_int_equal(asker.count, 2);
    check_address(&asker, 0, "192.0.2.1:9998");
    check_address(&asker, 1, "192.0.2.2:9998");

    start(&asker, loop, "none.test");
    TURN_UNTIL(loop, asker.calls == 1);
    assert_int_equal(asker.count, 0);
    assert_int_equal(asker.error, EAI_NONAME);
    turn(loop);
    assert_int_equal(count_fds(), fds);
    end_loop(&fx);
}

/* Any number of lookups needs two descriptors, and none when they are done. */
static void test_many(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 4);
    int fds = count_fds();
    struct asker askers[MANY];
    int done = 0;

    (void)state;
    names_hold(true);
    for (int i = 0; i < MANY; i++)
        start(&askers[i], loop, "many.test");
    assert_int_equal(count_fds(), fds + 2);
    names_hold(false);
    for (int i = 0; i < MANY; i++)
        TURN_UNTIL(loop, askers[i].calls == 1);
    turn(loop);
    assert_int_equal(count_fds(), fds);
    for (int i = 0; i < MANY; i++)
        done += askers[i].calls;
    assert_int_equal(done, MANY);
    end_loop(&fx);
}

/* The first of a batch cancels another of it, and starts one. */
static void test_in_done(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct asker a, b, next, other;

    (void)state;
    for (int same_batch = 0; same_batch < 2; same_batch++) {
        names_hold(true);
        start(&a, loop, "a.test");
        start(&b, loop, "b.test");
        start(&other, loop, "other.test");
        a.cancels = &b;
        b.cancels = &a;
        a.starts = b.starts = &next;
        next = (struct asker){.calls = 0};
        names_hold(false);
        if (same_batch)
            wait_threads(at_rest);
        TURN_UNTIL(loop, next.calls == 1 && other.calls == 1);
        assert_int_equal(a.calls + b.calls, 1);
        assert_null(a.resolve);
        assert_null(b.resolve);
    }
    end_loop(&fx);
}

/* ---- Cancelling ---------------------------------------------------------- */

static void test_cancel(void **state)
{
    static const char *const when[] = {"known", "waiting", "running", "found"};
    int fds = count_fds();

    (void)state;
    weft_resolve_cancel(NULL);
    for (size_t i = 0; i < COUNT(when); i++) {
        struct fixture fx, full_fx;
        struct weft_loop *loop = start_loop(&fx, 0);
        struct weft_loop *full = start_loop(&full_fx, 0);
        struct asker asker, busy[WEFT_LOOKUP_THREADS];
        bool waits = strcmp(when[i], "waiting") == 0;

        names_hold(true);
        for (int j = 0; waits && j < WEFT_LOOKUP_THREADS; j++)
            start(&busy[j], full, "busy.test");
        if (waits)
            names_wait_inside(WEFT_LOOKUP_THREADS);
        start(&asker, loop, i == 0 ? "127.0.0.1" : "asked.test");
        if (strcmp(when[i], "running") == 0)
            names_wait_inside(1);
        if (strcmp(when[i], "found") == 0) {
            names_hold(false);
            wait_ready(weft_loop_fd(loop), POLLIN);
        }
        cancel(&asker);

        /* Nothing of it is left, even while a thread is at it. */
        end_loop(&fx);
        assert_int_equal(asker.calls, 0);
        for (int j = 0; waits && j < WEFT_LOOKUP_THREADS; j++)
            cancel(&busy[j]);
        end_loop(&full_fx);
        CHECK(count_fds() == fds, "%s", when[i]);
        names_hold(false);
        names_wait_inside(0);
    }
}

/* The last one that is cancelled closes the inbox, and the next opens another
 * in the same turn. */
static void test_again_after_cancel(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct asker asker;

    (void)state;
    names_hold(true);
    for (int i = 0; i < 3; i++) {
        start(&asker, loop, "cancelled.test");
        cancel(&asker);
    }
    start(&asker, loop, "asked.test");
    names_hold(false);
    TURN_UNTIL(loop, asker.calls == 1);
    assert_int_equal(asker.count, 1);
    end_loop(&fx);
}

/* ---- Several loops ------------------------------------------------------- */

static void *ask_often(void *arg)
{
    struct weft_loop *loop;
    struct asker asker;
    int *answers = arg;

    if (weft_loop_new(&loop, NULL) != 0)
        return NULL;
    for (int i = 0; i < 50; i++) {
        if (try_start(&asker, loop, "often.test", AF_INET) != 0)
            break;
        if (i % 5 == 4) {
            cancel(&asker);
            continue;
        }
        while (asker.calls == 0)
            if (weft_loop_turn(loop, 1000) != 0)
                break;
        *answers += asker.count;
    }
    weft_loop_free(loop);
    return NULL;
}

static void test_threads(void **state)
{
    int answers[4] = {0};
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, ask_often, &answers[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(answers[i], 40);
    }
}

/* ---- Without ------------------------------------------------------------- */

static void test_no_memory(void **state)
{
    static const char *const hosts[] = {"localhost", "asked.test"};

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        struct fixture fx;
        struct weft_loop *loop = start_loop(&fx, 0);
        struct asker asker;
        long n = 0;
        int err;

        while (fx.fm.left = n, err = try_start(&asker, loop, hosts[i], AF_INET),
               fx.fm.left = -1, err != 0) {
            assert_int_equal(err, WEFT_ERR_NOMEM);
            n++;
        }
        CHECK(n == (i == 0 ? 1 : 2), "%ld allocations", n);
        TURN_UNTIL(loop, asker.calls == 1);
        assert_int_equal(asker.count, 1);
        end_loop(&fx);
    }
}

static void test_no_descriptors(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct asker asker;
    int fds = count_fds();

    (void)state;
    for (int more = 0; more < 2; more++) {
        rlim_t before = limit_descriptors((rlim_t)(lowest_fd() + more));
        int err = try_start(&asker, loop, "asked.test", AF_INET);

        limit_descriptors(before);
        assert_int_equal(err, WEFT_ERR_SYSTEM);
        assert_int_equal(count_fds(), fds);
    }
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_known_in_a_turn),
        cmocka_unit_test(test_asked),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_in_done),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_again_after_cancel),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_descriptors),
    };

    at_rest = threads_at_rest();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
