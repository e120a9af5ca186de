/* SPDX-License-Identifier: MIT */
#include "../loop/turns.h"
#include "client/gate.h"

#define COUNT_MAX 8

struct walker {
    struct weft_gate_pass pass;
    int admitted;
};

static void admit(struct weft_gate_pass *pass)
{
    WEFT_OF(pass, struct walker, pass)->admitted++;
}

static void enter(struct walker *w, struct weft_loop *loop, const char *key)
{
    *w = (struct walker){.pass = {.admit = admit}};
    assert_int_equal(weft_gate_enter(&w->pass, loop, key), 0);
}

/* One is inside, the others are admitted in the order in which they came, each
 * when the one before has left. */
static void test_one_at_a_time(void **state)
{
    struct walker w[COUNT_MAX];
    struct fixture fx;

    (void)state;
    start_loop(&fx, 4096);
    for (int i = 0; i < COUNT_MAX; i++) {
        enter(&w[i], fx.loop, "a");
        assert_int_equal(weft_gate_is_inside(&w[i].pass), i == 0);
        assert_int_equal(weft_gate_is_waiting(&w[i].pass), i > 0);
    }
    for (int i = 0; i < COUNT_MAX; i++) {
        for (int j = 0; j < COUNT_MAX; j++)
            assert_int_equal(w[j].admitted, j > 0 && j <= i);
        weft_gate_leave(&w[i].pass);
        weft_gate_leave(&w[i].pass);
        assert_false(weft_gate_is_inside(&w[i].pass));
        assert_false(weft_gate_is_waiting(&w[i].pass));
    }
    end_loop(&fx);
}

/* Who leaves the line admits nobody, and is not admitted. */
static void test_leaving_the_line(void **state)
{
    struct walker w[3];
    struct fixture fx;

    (void)state;
    start_loop(&fx, 4096);
    for (int i = 0; i < 3; i++)
        enter(&w[i], fx.loop, "a");
    weft_gate_leave(&w[1].pass);
    assert_int_equal(w[2].admitted, 0);
    weft_gate_leave(&w[0].pass);
    assert_int_equal(w[1].admitted, 0);
    assert_int_equal(w[2].admitted, 1);
    assert_true(weft_gate_is_inside(&w[2].pass));
    weft_gate_leave(&w[2].pass);
    end_loop(&fx);
}

/* Another key, and another loop, has a gate of its own; and one through which
 * all have gone is as new. */
static void test_gates_apart(void **state)
{
    struct walker a, b, c, again;
    struct fixture fx, other;

    (void)state;
    start_loop(&fx, 4096);
    start_loop(&other, 4096);
    enter(&a, fx.loop, "a");
    enter(&b, fx.loop, "b");
    enter(&c, other.loop, "a");
    assert_true(weft_gate_is_inside(&a.pass) && weft_gate_is_inside(&b.pass) &&
                weft_gate_is_inside(&c.pass));
    weft_gate_leave(&a.pass);
    enter(&again, fx.loop, "a");
    assert_true(weft_gate_is_inside(&again.pass));
    weft_gate_leave(&again.pass);
    weft_gate_leave(&b.pass);
    weft_gate_leave(&c.pass);
    end_loop(&other);
    end_loop(&fx);
}

/* A pass that was never used may leave. */
static void test_zeroed(void **state)
{
    struct weft_gate_pass pass = {0};

    (void)state;
    weft_gate_leave(&pass);
    assert_false(weft_gate_is_inside(&pass));
    assert_false(weft_gate_is_waiting(&pass));
}

static void test_without_memory(void **state)
{
    struct weft_gate_pass pass = {.admit = admit};
    struct fixture fx;

    (void)state;
    start_loop(&fx, 4096);
    fx.fm.left = 0;
    assert_int_equal(weft_gate_enter(&pass, fx.loop, "a"), WEFT_ERR_NOMEM);
    assert_false(weft_gate_is_inside(&pass));
    weft_gate_leave(&pass);
    fx.fm.left = -1;
    end_loop(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_leaving_the_line),
        cmocka_unit_test(test_gates_apart),
        cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
