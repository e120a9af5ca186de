/* SPDX-License-Identifier: MIT */
#include "base/mem.h"
#include "handler/so/handlers.h"
#include "workshop.h"
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void reload(struct weft_handlers *handlers)
{
    int err = weft_handlers_reload(handlers);

    CHECK(err == 0, "%d", err);
}

/* Nothing has changed: nothing is compiled, mounted or said. */
static void test_no_change(void **state)
{
    struct weft_handlers *handlers;
    size_t runs, lines;

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    tree_write("h/bad_wsh.c", "int x = ;\n");
    workshop_object("h/two_wsh.so", ANSWERS("402"));
    handlers = workshop_open();
    runs = workshop_runs();
    lines = fake_server_logged(-1, "");
    reload(handlers);
    reload(handlers);
    assert_int_equal(workshop_runs(), runs);
    assert_int_equal(fake_server_logged(-1, ""), lines);
    assert_int_equal(fake_server_mounts(), 2);
    assert_int_equal(weft_handlers_failed(handlers), 1);
    weft_handlers_close(handlers);
}

/* A source that failed is tried again when it changes, and when something
 * beside it does: a header that was missing. */
static void test_failure_is_retried(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    tree_write("h/one_wsh.c", "#include \"number.h\"\n" ANSWERS("NUMBER"));
    handlers = workshop_open();
    assert_int_equal(weft_handlers_failed(handlers), 1);
    tree_write("h/number.h", "#define NUMBER 401\n");
    reload(handlers);
    assert_int_equal(weft_handlers_failed(handlers), 0);
    assert_int_equal(fake_server_ask("/one"), 401);
    weft_handlers_close(handlers);
}

/* A change that fails is undone: what is served is right again. */
static void test_failure_is_undone(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    handlers = workshop_open();
    tree_write("h/one_wsh.c", ANSWERS("none"));
    reload(handlers);
    assert_int_equal(weft_handlers_failed(handlers), 1);
    assert_string_equal(workshop_paths(handlers), "/one");
    assert_int_equal(fake_server_ask("/one"), 401);
    tree_write("h/one_wsh.c", ANSWERS("401"));
    reload(handlers);
    assert_int_equal(weft_handlers_failed(handlers), 0);
    assert_int_equal(fake_server_mounts(), 1);
    weft_handlers_close(handlers);
}

/* A source comes to an object of its name, fails, works, and goes. */
static void test_source_and_object(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    workshop_object("h/one_wsh.so", ANSWERS("401"));
    handlers = workshop_open();
    assert_int_equal(fake_server_ask("/one"), 401);

    tree_write("h/one_wsh.c", ANSWERS("none"));
    reload(handlers);
    assert_int_equal(fake_server_ask("/one"), 401);
    assert_string_equal(workshop_paths(handlers), "/one");

    tree_write("h/one_wsh.c", ANSWERS("402"));
    reload(handlers);
    assert_int_equal(fake_server_ask("/one"), 402);
    assert_string_equal(workshop_paths(handlers), "/one");

    tree_remove("h/one_wsh.c");
    reload(handlers);
    assert_int_equal(fake_server_ask("/one"), 401);
    assert_string_equal(workshop_paths(handlers), "/one");
    assert_int_equal(fake_server_logged(-1, "no longer served"), 0);

    tree_remove("h/one_wsh.so");
    reload(handlers);
    assert_int_equal(fake_server_ask("/one"), -1);
    assert_string_equal(workshop_paths(handlers), "");
    assert_int_equal(fake_server_mounts(), 3);
    assert_int_equal(fake_server_gone(), 3);
    weft_handlers_close(handlers);
}

/* An object is written over in place while its code is in use. */
static void test_object_changes(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    workshop_object("h/one_wsh.so", ANSWERS("401"));
    handlers = workshop_open();
    tree_write("h/one_wsh.so", "");
    reload(handlers);
    assert_int_equal(fake_server_ask("/one"), 401);
    assert_int_equal(weft_handlers_failed(handlers), 1);
    workshop_object("h/one_wsh.so", ANSWERS("402"));
    reload(handlers);
    assert_int_equal(fake_server_ask("/one"), 402);
    assert_int_equal(weft_handlers_failed(handlers), 0);
    weft_handlers_close(handlers);
}

static void test_no_folder(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    handlers = workshop_open();
    tree_remove("h");
    assert_int_equal(weft_handlers_reload(handlers), WEFT_ERR_MISSING);
    assert_string_equal(workshop_paths(handlers), "");
    assert_int_equal(fake_server_ask("/one"), -1);
    weft_handlers_close(handlers);
}

/* The server takes no route: said once, tried again when something changes. */
static void test_refused_by_server(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    fake_server_refuse(WEFT_ERR_NOMEM);
    handlers = workshop_open();
    assert_int_equal(weft_handlers_failed(handlers), 1);
    reload(handlers);
    assert_int_equal(fake_server_logged(-1, "does not take it"), 1);
    fake_server_refuse(0);
    tree_write("h/one_wsh.c", ANSWERS("402"));
    reload(handlers);
    assert_int_equal(fake_server_ask("/one"), 402);
    weft_handlers_close(handlers);
}

/* A stop leaves the rest for never, and takes nothing away. */
static void test_stop(void **state)
{
    struct weft_handlers *handlers;

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("401"));
    tree_write("h/two_wsh.c", ANSWERS("402"));
    handlers = workshop_open();
    tree_write("h/one_wsh.c", ANSWERS("403"));
    tree_remove("h/two_wsh.c");
    eventfd_write(handlers->stop, 1);
    assert_int_equal(weft_handlers_reload(handlers), WEFT_ERR_GONE);
    assert_int_equal(fake_server_ask("/one"), 401);
    assert_int_equal(fake_server_ask("/two"), 402);
    weft_handlers_close(handlers);
}

/* Out of memory at each step: what was served stays, and the next try with
 * enough of it does the rest. */
static void test_no_memory(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    struct weft_handlers *handlers;
    char text[512];

    (void)state;
    tree_write("h/one_wsh.c", ANSWERS("400"));
    workshop_object("h/old_wsh.so", ANSWERS("1"));
    assert_int_equal(weft_handlers_open_with(&handlers, fake_server(),
                                             workshop_dir, &workshop_opts,
                                             &mem),
                     0);
    for (long n = 0; n < 12; n++) {
        int answer = fake_server_ask("/one");

        snprintf(text, sizeof(text), ANSWERS("%ld"), 401 + n);
        tree_write("h/one_wsh.c", text);
        fm.left = n;
        if (weft_handlers_reload(handlers) || weft_handlers_failed(handlers))
            CHECK(fake_server_ask("/one") == answer, "step %ld", n);
        CHECK(fake_server_ask("/old") == 1, "step %ld", n);
        fm.left = -1;
        tree_write("h/beside.h", text);
        reload(handlers);
        CHECK(fake_server_ask("/one") == 401 + n, "step %ld", n);
    }
    weft_handlers_close(handlers);
    fake_server_reset();
    assert_int_equal(fm.live, 0);
}

#define IN_SHOP(test)                                                          \
    cmocka_unit_test_setup_teardown(test, workshop_setup, workshop_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SHOP(test_no_change),         IN_SHOP(test_failure_is_retried),
        IN_SHOP(test_failure_is_undone), IN_SHOP(test_source_and_object),
        IN_SHOP(test_object_changes),    IN_SHOP(test_no_folder),
        IN_SHOP(test_refused_by_server), IN_SHOP(test_stop),
        IN_SHOP(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
