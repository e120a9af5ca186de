/* SPDX-License-Identifier: MIT */
#include "loop/loop.h"

#include "turns.h"

#include "base/list.h"
#include <stdlib.h>

#define MANY 150

struct door {
    struct weft_acceptor acceptor;
    struct weft_loop *loop;
    int listener;
    struct sockaddr_in at;
    int fds[MANY];
    int count;
    int starves, starved_by;
    int stop_at; /* stops itself at this number of connections */
    bool stop_when_starved;
    struct door **other; /* stopped and freed when a connection comes */
};

static void on_accepted(struct weft_acceptor *acceptor, int fd,
                        const struct sockaddr_storage *peer, socklen_t peer_len)
{
    struct door *door = WEFT_OF(acceptor, struct door, acceptor);
    struct sockaddr_storage said;
    socklen_t said_len = sizeof(said);

    if (getpeername(fd, (struct sockaddr *)&said, &said_len) == 0) {
        assert_int_equal(peer_len, said_len);
        assert_memory_equal(peer, &said, said_len);
    }

    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    door->fds[door->count++] = fd;
    if (door->count == door->stop_at)
        weft_acceptor_stop(acceptor);
    if (door->other) {
        struct door *other = *door->other;

        weft_acceptor_stop(&other->acceptor);
        close(other->listener);
        free(other);
        *door->other = NULL;
        door->other = NULL;
    }
}

static void on_starved(struct weft_acceptor *acceptor, int error)
{
    struct door *door = WEFT_OF(acceptor, struct door, acceptor);

    door->starves++;
    door->starved_by = error;
    if (door->stop_when_starved)
        weft_acceptor_stop(acceptor);
}

static void start_door(struct door *door, struct weft_loop *loop, int listener)
{
    memset(door, 0, sizeof(*door));
    door->loop = loop;
    door->listener = listener;
    door->acceptor.accepted = on_accepted;
    door->acceptor.starved = on_starved;
    assert_int_equal(weft_acceptor_start(&door->acceptor, loop, listener), 0);
}

static struct door *new_door(struct weft_loop *loop)
{
    struct door *door = malloc(sizeof(*door));
    struct sockaddr_in at;

    start_door(door, loop, tcp_listener(&at));
    door->at = at;
    return door;
}

static void free_door(struct door *door)
{
    weft_acceptor_stop(&door->acceptor);
    weft_acceptor_stop(&door->acceptor);
    for (int i = 0; i < door->count; i++)
        close(door->fds[i]);
    close(door->listener);
    free(door);
}

/* Waits until the listener's queue holds connections. */
static void connect_many(const struct door *door, int *fds, int count)
{
    for (int i = 0; i < count; i++)
        fds[i] = tcp_connect(&door->at);
    wait_ready(door->listener, POLLIN);
}

static void close_many(const int *fds, int count)
{
    for (int i = 0; i < count; i++)
        close(fds[i]);
}

/* ---- Plenty -------------------------------------------------------------- */

static void test_accept(void **state)
{
    struct fixture fx;
    struct door *door = new_door(start_loop(&fx, 0));
    int fds[2];

    (void)state;
    turn(fx.loop);
    connect_many(door, fds, 2);
    assert_int_equal(door->count, 0);
    TURN_UNTIL(fx.loop, door->count == 2);
    put(fds[0], "x");
    turn_until_quiet(fx.loop);

    /* Stopped, it leaves connections to others; started again, it has them. */
    weft_acceptor_stop(&door->acceptor);
    close_many(fds, 2);
    connect_many(door, fds, 1);
    assert_false(is_readable(weft_loop_fd(fx.loop)));
    turn(fx.loop);
    assert_int_equal(door->count, 2);
    assert_int_equal(
        weft_acceptor_start(&door->acceptor, fx.loop, door->listener), 0);
    TURN_UNTIL(fx.loop, door->count == 3);
    close_many(fds, 1);
    free_door(door);
    end_loop(&fx);
}

/* A storm is taken in parts. */
static void test_bound_of_a_turn(void **state)
{
    struct fixture fx;
    struct door *door = new_door(start_loop(&fx, 0));
    int fds[MANY];
    int before = 0;

    (void)state;
    connect_many(door, fds, MANY);
    for (int turns = 0; door->count < MANY; turns++) {
        CHECK(turns < 100, "%d", door->count);
        assert_int_equal(weft_loop_turn(fx.loop, 1000), 0);
        CHECK(door->count - before <= 64, "%d in a turn", door->count - before);
        before = door->count;
    }
    close_many(fds, MANY);
    free_door(door);
    end_loop(&fx);
}

static void test_stop_in_accepted(void **state)
{
    struct fixture fx;
    struct door *door = new_door(start_loop(&fx, 0));
    int fds[10];

    (void)state;
    door->stop_at = 3;
    connect_many(door, fds, 10);
    TURN_UNTIL(fx.loop, door->count == 3);
    turn_until_quiet(fx.loop);
    assert_int_equal(door->count, 3);
    assert_int_equal(door->acceptor.fd, -1);
    close_many(fds, 10);
    free_door(door);
    end_loop(&fx);
}

/* Two listeners in one batch: whoever comes first stops and frees the other. */
static void test_free_another_of_the_batch(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct door *doors[2] = {new_door(loop), new_door(loop)};
    int fds[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        doors[i]->other = &doors[!i];
        fds[i] = tcp_connect(&doors[i]->at);
        wait_ready(doors[i]->listener, POLLIN);
    }
    turn(loop);
    assert_true(!doors[0] != !doors[1]);
    for (int i = 0; i < 2; i++) {
        if (doors[i]) {
            assert_int_equal(doors[i]->count, 1);
            free_door(doors[i]);
        }
        close(fds[i]);
    }
    end_loop(&fx);
}

/* ---- Starved ------------------------------------------------------------- */

/* Without descriptors it neither spins nor gives up, and takes the connection
 * that waited as soon as it can. */
static void test_starved(void **state)
{
    struct fixture fx;
    struct door *door = new_door(start_loop(&fx, 0));
    rlim_t before;
    int fd, ms;

    (void)state;
    connect_many(door, &fd, 1);
    before = limit_descriptors((rlim_t)lowest_fd());
    for (int times = 1; times <= 2; times++) {
        TURN_UNTIL(fx.loop, door->starves == times);
        assert_int_equal(door->starved_by, EMFILE);
        assert_int_equal(door->count, 0);
        assert_false(is_readable(weft_loop_fd(fx.loop)));
        ms = weft_loop_timeout_ms(fx.loop);
        CHECK(ms >= 0 && ms <= 100, "%d", ms);
    }
    limit_descriptors(before);
    TURN_UNTIL(fx.loop, door->count == 1);
    assert_int_equal(door->starves, 2);
    turn_until_quiet(fx.loop);
    assert_int_equal(weft_loop_timeout_ms(fx.loop), -1);
    close(fd);
    free_door(door);
    end_loop(&fx);
}

static void test_stop_while_starved(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);

    (void)state;
    for (int inside = 0; inside < 2; inside++) {
        struct door *door = new_door(loop);
        rlim_t before;
        int fd;

        door->stop_when_starved = inside;
        connect_many(door, &fd, 1);
        before = limit_descriptors((rlim_t)lowest_fd());
        TURN_UNTIL(loop, door->starves == 1);
        limit_descriptors(before);
        weft_acceptor_stop(&door->acceptor);
        assert_int_equal(weft_loop_timeout_ms(loop), -1);
        turn_until_quiet(loop);
        assert_int_equal(door->count, 0);

        /* Stopping left nothing behind that starting would trip over. */
        assert_int_equal(
            weft_acceptor_start(&door->acceptor, loop, door->listener), 0);
        TURN_UNTIL(loop, door->count == 1);
        close(fd);
        free_door(door);
    }
    end_loop(&fx);
}

/* ---- Shared and refused -------------------------------------------------- */

/* Two loops on one listener: each connection comes once. */
static void test_shared(void **state)
{
    struct fixture fx[2];
    struct door *first = new_door(start_loop(&fx[0], 0));
    struct door second;
    int fds[20];

    (void)state;
    start_door(&second, start_loop(&fx[1], 0), first->listener);
    connect_many(first, fds, 20);
    for (int turns = 0; first->count + second.count < 20; turns++) {
        CHECK(turns < 100, "%d", first->count + second.count);
        assert_int_equal(weft_loop_turn(fx[turns % 2].loop, 10), 0);
    }
    assert_int_equal(first->count + second.count, 20);
    turn_until_quiet(fx[0].loop);
    turn_until_quiet(fx[1].loop);

    /* One goes, the other serves on. */
    weft_acceptor_stop(&first->acceptor);
    close_many(fds, 1);
    connect_many(first, fds, 1);
    TURN_UNTIL(fx[1].loop, first->count + second.count == 21);
    weft_acceptor_stop(&second.acceptor);
    close_many(second.fds, second.count);
    close_many(fds, 20);
    free_door(first);
    end_loop(&fx[0]);
    end_loop(&fx[1]);
}

static void test_start_fails(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    struct weft_acceptor acceptor = {0};
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    (void)state;
    weft_acceptor_stop(&acceptor);
    assert_int_equal(weft_acceptor_start(&acceptor, loop, fd), WEFT_ERR_SYSTEM);
    weft_acceptor_stop(&acceptor);
    turn(loop);
    close(fd);
    end_loop(&fx);
}

/* A socket that does not listen: an error no peer causes, treated alike. */
static void test_not_a_listener(void **state)
{
    struct fixture fx;
    struct weft_loop *loop = start_loop(&fx, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct door door;

    (void)state;
    start_door(&door, loop, fd);
    TURN_UNTIL(loop, door.starves == 1);
    assert_int_equal(door.starved_by, EINVAL);
    assert_false(is_readable(weft_loop_fd(loop)));
    weft_acceptor_stop(&door.acceptor);
    close(fd);
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_bound_of_a_turn),
        cmocka_unit_test(test_stop_in_accepted),
        cmocka_unit_test(test_free_another_of_the_batch),
        cmocka_unit_test(test_starved),
        cmocka_unit_test(test_stop_while_starved),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_start_fails),
        cmocka_unit_test(test_not_a_listener),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
