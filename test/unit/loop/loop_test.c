/* SPDX-License-Identifier: MIT */
#include "loop/loop.h"

#include "turns.h"

#include "base/list.h"
#include <pthread.h>
#include <signal.h>

/* ---- Making -------------------------------------------------------------- */

static void test_new_without_memory(void **state)
{
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        const struct weft_loop_opts opts = {
            .size = sizeof(opts),
            .mem = &mem,
            .read_size = 4096,
        };
        struct weft_loop *loop = NULL;
        int before = lowest_fd();

        err = weft_loop_new(&loop, &opts);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        CHECK((err == 0) == (loop != NULL), "%d", err);
        weft_loop_free(loop);
        CHECK(fm.live == 0, "%zu bytes leaked at step %ld", fm.live, n);
        CHECK(lowest_fd() == before, "a descriptor leaked at step %ld", n);
    } while (err);
    CHECK(n > 3, "only %ld steps", n);
}

static void test_new_without_descriptors(void **state)
{
    int before = lowest_fd();
    rlim_t extra = 0;
    int err;

    (void)state;
    do {
        rlim_t limit = limit_descriptors((rlim_t)before + extra++);
        struct weft_loop *loop = NULL;

        err = weft_loop_new(&loop, NULL);
        limit_descriptors(limit);
        CHECK(err == 0 || err == WEFT_ERR_SYSTEM, "%d", err);
        weft_loop_free(loop);
        assert_int_equal(lowest_fd(), before);
    } while (err);
    assert_int_equal(extra, 3);
}

static void test_options(void **state)
{
    struct {
        struct weft_loop_opts opts;
        uint64_t unknown;
    } newer = {{.size = sizeof(newer)}, 0};
    struct weft_loop *loop = NULL;

    (void)state;
    assert_int_equal(weft_loop_new(&loop, NULL), 0);
    assert_int_equal(loop->buf_size, 512 << 10);
    assert_ptr_equal(weft_loop_mem(loop), &weft_mem_libc);
    weft_loop_free(loop);

    assert_int_equal(weft_loop_new(&loop, &newer.opts), 0);
    weft_loop_free(loop);

    loop = NULL;
    newer.unknown = 1;
    assert_int_equal(weft_loop_new(&loop, &newer.opts), WEFT_ERR_USAGE);
    assert_null(loop);
    weft_loop_free(NULL);
}

/* ---- The order of a turn ------------------------------------------------- */

struct tape {
    char text[64];
    size_t len;
};

static void note(struct tape *tape, char c)
{
    assert_true(tape->len < sizeof(tape->text) - 1);
    tape->text[tape->len++] = c;
}

struct actor {
    struct weft_io io;
    struct weft_alarm alarm;
    struct tape *tape;
    struct actor *next; /* closed in its closed */
};

static void actor_data(struct weft_io *io, uint8_t *p, size_t len, int err)
{
    struct actor *actor = WEFT_OF(io, struct actor, io);

    (void)p, (void)len, (void)err;
    note(actor->tape, 'i');
    weft_io_close(io, false);
}

static void actor_closed(struct weft_io *io)
{
    struct actor *actor = WEFT_OF(io, struct actor, io);

    note(actor->tape, 'c');
    if (actor->next)
        weft_io_close(&actor->next->io, false);
}

static void actor_ring(struct weft_alarm *alarm)
{
    note(WEFT_OF(alarm, struct actor, alarm)->tape, 'a');
}

static const struct weft_io_ops actor_ops = {actor_data, NULL, actor_closed};

static void note_post(void *arg)
{
    note(arg, 'p');
}

static void note_turn_end(void *owner)
{
    note(owner, 'e');
}

static void test_order_of_a_turn(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct tape tape = {0};
    struct actor actor = {.tape = &tape};
    int fds[2];

    (void)state;
    unix_pair(fds);
    weft_loop_set_owner(loop, &tape, note_turn_end);
    assert_ptr_equal(weft_loop_owner(loop), &tape);
    assert_int_equal(weft_loop_post(loop, note_post, &tape), 0);
    actor.alarm.ring = actor_ring;
    weft_alarm_set(loop, &actor.alarm, 0);
    assert_int_equal(weft_io_open(&actor.io, loop, fds[0], &actor_ops), 0);
    weft_io_read_start(&actor.io);
    put(fds[1], "x");

    turn(loop);
    assert_string_equal(tape.text, "iapec");
    turn(loop);
    assert_string_equal(tape.text, "iapece");
    close(fds[1]);
    end_loop(&fx);
}

static void close_at_turn_end(void *owner)
{
    struct actor *actor = owner;

    note(actor->tape, 'e');
    weft_io_close(&actor->io, false);
}

/* What the end of the turn and the closed close is told in the same turn. */
static void test_closes_at_the_end_are_told(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct tape tape = {0};
    struct actor actors[3] = {
        {.tape = &tape, .next = &actors[1]},
        {.tape = &tape, .next = &actors[2]},
        {.tape = &tape, .next = &actors[0]}, /* twice is once */
    };
    int fds[3][2];

    (void)state;
    for (int i = 0; i < 3; i++) {
        unix_pair(fds[i]);
        assert_int_equal(
            weft_io_open(&actors[i].io, loop, fds[i][0], &actor_ops), 0);
    }
    weft_loop_set_owner(loop, &actors[0], close_at_turn_end);
    turn(loop);
    assert_string_equal(tape.text, "eccc");
    for (int i = 0; i < 3; i++)
        close(fds[i][1]);
    end_loop(&fx);
}

/* A close between turns is told without waiting, and by free if there is no
 * other turn. */
static void test_close_between_turns(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct tape tape = {0};
    struct actor actors[2] = {{.tape = &tape}, {.tape = &tape}};
    int fds[2];

    (void)state;
    unix_pair(fds);
    for (int i = 0; i < 2; i++)
        assert_int_equal(weft_io_open(&actors[i].io, loop, fds[i], &actor_ops),
                         0);
    assert_int_equal(weft_loop_timeout_ms(loop), -1);
    weft_io_close(&actors[0].io, false);
    assert_int_equal(weft_loop_timeout_ms(loop), 0);
    assert_string_equal(tape.text, "");
    assert_int_equal(weft_loop_turn(loop, -1), 0);
    assert_string_equal(tape.text, "c");

    weft_io_close(&actors[1].io, false);
    end_loop(&fx);
    assert_string_equal(tape.text, "cc");
}

/* ---- Running ------------------------------------------------------------- */

struct runner {
    struct weft_loop *loop;
    int runs, nested;
};

static void stop_third(void *arg)
{
    struct runner *runner = arg;

    if (++runner->runs == 3)
        weft_loop_stop(runner->loop);
    else
        assert_int_equal(weft_loop_post(runner->loop, stop_third, runner), 0);
}

static void test_run_until_stopped(void **state)
{
    struct fixture fx;
    struct runner runner = {.loop = start_loop(&fx, 0)};

    (void)state;
    for (int again = 0; again < 2; again++) {
        runner.runs = 0;
        assert_int_equal(weft_loop_post(runner.loop, stop_third, &runner), 0);
        assert_int_equal(weft_loop_run(runner.loop), 0);
        assert_int_equal(runner.runs, 3);
    }
    end_loop(&fx);
}

static void count_turn(void *owner)
{
    ++*(int *)owner;
}

/* A stop before the run is not lost, and is used up by it. */
static void test_stop_before_run(void **state)
{
    struct fixture fx;
    struct runner runner = {.loop = start_loop(&fx, 0)};
    int turns = 0;

    (void)state;
    weft_loop_set_owner(runner.loop, &turns, count_turn);
    weft_loop_stop(runner.loop);
    assert_int_equal(weft_loop_run(runner.loop), 0);
    assert_int_equal(turns, 1);

    assert_int_equal(weft_loop_post(runner.loop, stop_third, &runner), 0);
    assert_int_equal(weft_loop_run(runner.loop), 0);
    assert_int_equal(runner.runs, 3);
    end_loop(&fx);
}

static void run_inside(void *arg)
{
    struct runner *runner = arg;

    runner->nested++;
    weft_loop_stop(runner->loop);
    assert_int_equal(weft_loop_turn(runner->loop, 0), WEFT_ERR_USAGE);
    assert_int_equal(weft_loop_run(runner->loop), WEFT_ERR_USAGE);
}

static void test_turns_do_not_nest(void **state)
{
    struct fixture fx;
    struct runner runner = {.loop = start_loop(&fx, 0)};

    (void)state;
    assert_int_equal(weft_loop_post(runner.loop, run_inside, &runner), 0);
    assert_int_equal(weft_loop_run(runner.loop), 0);
    assert_int_equal(runner.nested, 1);
    end_loop(&fx);
}

/* ---- Waking -------------------------------------------------------------- */

static struct weft_loop *volatile signalled;
static bool must_stop;

static void on_signal(int signo)
{
    (void)signo;
    if (must_stop)
        weft_loop_stop(signalled);
    else
        weft_loop_wake(signalled);
}

static void install(struct weft_loop *loop, bool stop)
{
    struct sigaction action = {.sa_handler = on_signal};

    signalled = loop;
    must_stop = stop;
    sigemptyset(&action.sa_mask);
    assert_return_code(sigaction(SIGUSR1, &action, NULL), errno);
}

static void *raise_signal(void *arg)
{
    (void)arg;
    raise(SIGUSR1);
    return NULL;
}

/* The handler runs in another thread, so that the loop's wait is ended by the
 * wake and not by the signal itself. */
static void test_wake_from_signal_handler(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    pthread_t thread;

    (void)state;
    for (int stop = 0; stop < 2; stop++) {
        install(loop, stop);
        assert_int_equal(pthread_create(&thread, NULL, raise_signal, NULL), 0);
        if (stop)
            assert_int_equal(weft_loop_run(loop), 0);
        else
            assert_int_equal(weft_loop_turn(loop, -1), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        turn_until_quiet(loop);
    }

    /* Before the wait, in this thread. */
    install(loop, false);
    errno = 12345;
    raise(SIGUSR1);
    assert_int_equal(errno, 12345);
    assert_int_equal(weft_loop_turn(loop, -1), 0);
    signal(SIGUSR1, SIG_DFL);
    end_loop(&fx);
}

/* A counter that is full loses no wake and disturbs no errno. */
static void test_wake_when_full(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    const uint64_t most = UINT64_MAX - 1;

    (void)state;
    assert_int_equal(write(loop->wake_fd, &most, sizeof(most)), sizeof(most));
    errno = 12345;
    weft_loop_wake(loop);
    assert_int_equal(errno, 12345);
    assert_int_equal(weft_loop_turn(loop, -1), 0);
    assert_false(is_readable(weft_loop_fd(loop)));
    end_loop(&fx);
}

static void no_ring(struct weft_alarm *alarm)
{
    (void)alarm;
    fail();
}

static void nothing(void *arg)
{
    (void)arg;
}

/* What a program needs that waits in a loop of its own. */
static void test_driven_by_another_loop(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct weft_alarm alarm = {.ring = no_ring};
    int ms;

    (void)state;
    assert_false(is_readable(weft_loop_fd(loop)));
    assert_int_equal(weft_loop_timeout_ms(loop), -1);

    assert_int_equal(weft_loop_post(loop, nothing, NULL), 0);
    assert_true(is_readable(weft_loop_fd(loop)));
    turn(loop);
    assert_false(is_readable(weft_loop_fd(loop)));

    weft_alarm_set(loop, &alarm, weft_clock() + UINT64_C(60000000000));
    ms = weft_loop_timeout_ms(loop);
    CHECK(ms > 0 && ms <= 60000, "%d", ms);
    weft_alarm_set(loop, &alarm, UINT64_MAX - 1);
    assert_int_equal(weft_loop_timeout_ms(loop), INT32_MAX);
    weft_alarm_set(loop, &alarm, 0);
    assert_int_equal(weft_loop_timeout_ms(loop), 0);
    weft_alarm_stop(loop, &alarm);
    assert_int_equal(weft_loop_timeout_ms(loop), -1);
    end_loop(&fx);
}

static void keep_now(void *owner)
{
    struct runner *runner = owner;

    /* All of a turn sees one time. */
    assert_true(weft_loop_now(runner->loop) <= weft_clock());
    runner->runs++;
}

static void test_now(void **state)
{
    struct fixture fx;
    struct runner runner = {.loop = start_loop(&fx, 0)};
    uint64_t before = weft_clock();

    (void)state;
    weft_loop_set_owner(runner.loop, &runner, keep_now);
    turn(runner.loop);
    assert_int_equal(runner.runs, 1);
    assert_true(weft_loop_now(runner.loop) >= before);
    end_loop(&fx);
}

/* An error of the wait is returned, not looped on. */
static void test_wait_that_fails(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    int devnull = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_return_code(dup2(devnull, weft_loop_fd(loop)), errno);
    assert_int_equal(weft_loop_turn(loop, 0), WEFT_ERR_SYSTEM);
    assert_int_equal(weft_loop_run(loop), WEFT_ERR_SYSTEM);
    close(devnull);
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_without_memory),
        cmocka_unit_test(test_new_without_descriptors),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_order_of_a_turn),
        cmocka_unit_test(test_closes_at_the_end_are_told),
        cmocka_unit_test(test_close_between_turns),
        cmocka_unit_test(test_run_until_stopped),
        cmocka_unit_test(test_stop_before_run),
        cmocka_unit_test(test_turns_do_not_nest),
        cmocka_unit_test(test_wake_from_signal_handler),
        cmocka_unit_test(test_wake_when_full),
        cmocka_unit_test(test_driven_by_another_loop),
        cmocka_unit_test(test_now),
        cmocka_unit_test(test_wait_that_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
