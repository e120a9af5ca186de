/* SPDX-License-Identifier: MIT */
#include "loop/loop.h"

#include "turns.h"

#include "base/list.h"
#include <pthread.h>

#define THREADS 4
#define POSTS_EACH 25000

/* ---- Many threads -------------------------------------------------------- */

struct poster {
    struct weft_loop *loop;
    pthread_t thread;
    struct slip {
        struct poster *poster;
        int number;
    } slips[POSTS_EACH];
    int seen; /* by the loop's thread */
};

static void take_slip(void *arg)
{
    struct slip *slip = arg;

    CHECK(slip->number == slip->poster->seen, "%d came as number %d",
          slip->number, slip->poster->seen);
    slip->poster->seen++;
}

static void *post_all(void *arg)
{
    struct poster *poster = arg;

    for (int i = 0; i < POSTS_EACH; i++) {
        poster->slips[i] = (struct slip){poster, i};
        if (weft_loop_post(poster->loop, take_slip, &poster->slips[i]) != 0)
            return poster;
    }
    return NULL;
}

static bool all_seen(const struct poster *posters)
{
    for (int i = 0; i < THREADS; i++)
        if (posters[i].seen < POSTS_EACH)
            return false;
    return true;
}

/* None is lost, and each thread's come in its order. */
static void test_threads(void **state)
{
    static struct poster posters[THREADS];
    struct weft_loop *loop;

    (void)state;
    assert_int_equal(weft_loop_new(&loop, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        posters[i].loop = loop;
        assert_int_equal(
            pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
    /* Each wait is without bound: a lost wake would hang, not just be slow. */
    while (!all_seen(posters))
        assert_int_equal(weft_loop_turn(loop, -1), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;

        assert_int_equal(pthread_join(posters[i].thread, &failed), 0);
        assert_null(failed);
        assert_int_equal(posters[i].seen, POSTS_EACH);
    }
    weft_loop_free(loop);
}

static void stop_loop(void *arg)
{
    weft_loop_stop(arg);
}

static void *run_and_free(void *arg)
{
    struct weft_loop *loop = arg;

    if (weft_loop_run(loop) != 0)
        return loop;
    weft_loop_free(loop);
    return NULL;
}

/* The last post may end in freeing the loop while it is still being made. */
static void test_post_that_ends_the_loop(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct weft_loop *loop;
        pthread_t thread;
        void *failed;

        assert_int_equal(weft_loop_new(&loop, NULL), 0);
        assert_int_equal(pthread_create(&thread, NULL, run_and_free, loop), 0);
        assert_int_equal(weft_loop_post(loop, stop_loop, loop), 0);
        assert_int_equal(pthread_join(thread, &failed), 0);
        assert_null(failed);
    }
}

/* ---- One thread ---------------------------------------------------------- */

struct counter {
    struct weft_loop *loop;
    struct weft_alarm alarm;
    int posts, left;
};

static void count(void *arg)
{
    struct counter *counter = arg;

    counter->posts++;
}

static void count_and_post(void *arg)
{
    struct counter *counter = arg;

    counter->posts++;
    if (counter->left-- > 0)
        for (int i = 0; i < 2; i++)
            assert_int_equal(
                weft_loop_post(counter->loop, count_and_post, counter), 0);
}

/* A turn runs the posts that it found, not those they make. */
static void test_post_in_post(void **state)
{
    struct fixture fx;
    struct counter counter = {.loop = start_loop(&fx, 0), .left = 1000};

    (void)state;
    assert_int_equal(weft_loop_post(counter.loop, count_and_post, &counter), 0);
    for (int turns = 1, want = 1; turns <= 8; turns++) {
        assert_int_equal(weft_loop_turn(counter.loop, -1), 0);
        assert_int_equal(counter.posts, want);
        want = want * 2 + 1;
    }
    counter.left = 0;
    TURN_UNTIL(counter.loop, counter.posts == 255 + 256);
    end_loop(&fx);
}

static void post_from_ring(struct weft_alarm *alarm)
{
    struct counter *counter = WEFT_OF(alarm, struct counter, alarm);

    assert_int_equal(weft_loop_post(counter->loop, count, counter), 0);
    /* No system call was made for it. */
    assert_false(is_readable(counter->loop->wake_fd));
}

/* A post made before the turn comes to its posts needs no wake. */
static void test_post_while_awake(void **state)
{
    struct fixture fx;
    struct counter counter = {.loop = start_loop(&fx, 0)};

    (void)state;
    counter.alarm.ring = post_from_ring;
    weft_alarm_set(counter.loop, &counter.alarm, 0);
    turn(counter.loop);
    assert_int_equal(counter.posts, 1);
    assert_false(is_readable(weft_loop_fd(counter.loop)));

    /* Between turns the first one wakes. */
    assert_int_equal(weft_loop_post(counter.loop, count, &counter), 0);
    assert_int_equal(weft_loop_post(counter.loop, count, &counter), 0);
    assert_true(is_readable(weft_loop_fd(counter.loop)));
    turn(counter.loop);
    assert_int_equal(counter.posts, 3);
    assert_false(is_readable(weft_loop_fd(counter.loop)));
    end_loop(&fx);
}

/* ---- Memory -------------------------------------------------------------- */

/* A post that finds no memory changes nothing for those before it. */
static void test_without_memory(void **state)
{
    struct fixture fx;
    struct counter counter = {.loop = start_loop(&fx, 0)};
    int made = 0;

    (void)state;
    fx.fm.left = 0;
    assert_int_equal(weft_loop_post(counter.loop, count, &counter),
                     WEFT_ERR_NOMEM);
    turn(counter.loop);
    fx.fm.left = 2;
    while (weft_loop_post(counter.loop, count, &counter) == 0)
        made++;
    CHECK(made >= 2, "%d", made);
    turn(counter.loop);
    assert_int_equal(counter.posts, made);
    end_loop(&fx);
}

/* Once the arrays have grown, nothing is allocated. */
static void test_steady_state(void **state)
{
    struct fixture fx;
    struct counter counter = {.loop = start_loop(&fx, 0)};
    long calls = 0;

    (void)state;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 100; i++)
            assert_int_equal(weft_loop_post(counter.loop, count, &counter), 0);
        turn(counter.loop);
        if (round == 1)
            calls = fx.fm.calls;
    }
    assert_int_equal(counter.posts, 1000);
    assert_int_equal(fx.fm.calls, calls);
    end_loop(&fx);
}

/* The queue has an end, and a burst's memory is given back. */
static void test_burst(void **state)
{
    struct fixture fx;
    struct counter counter = {.loop = start_loop(&fx, 0)};
    size_t before = fx.fm.live;
    int made = 0;

    (void)state;
    while (weft_loop_post(counter.loop, count, &counter) == 0)
        made++;
    assert_int_equal(made, 1 << 20);
    turn(counter.loop);
    assert_int_equal(counter.posts, made);
    assert_int_equal(fx.fm.live, before);
    assert_int_equal(weft_loop_post(counter.loop, count, &counter), 0);
    end_loop(&fx); /* a post that never ran is forgotten */
    assert_int_equal(counter.posts, made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_post_that_ends_the_loop),
        cmocka_unit_test(test_post_in_post),
        cmocka_unit_test(test_post_while_awake),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_steady_state),
        cmocka_unit_test(test_burst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
