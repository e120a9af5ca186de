/* SPDX-License-Identifier: MIT */
#include "handler/so/watch.h"
#include "tree.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct weft_watch watch;
static int stop;

static int set_up(void **state)
{
    if (tree_setup(state))
        return -1;
    tree_mkdir("h");
    stop = eventfd(0, EFD_CLOEXEC);
    return weft_watch_init(&watch, stop);
}

static int tear_down(void **state)
{
    weft_watch_release(&watch);
    weft_watch_release(&watch);
    close(stop);
    return tree_teardown(state);
}

static void watch_folder(const char *name)
{
    int fd = open(tree_path("%s", name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    CHECK(fd >= 0, "%s", name);
    assert_int_equal(weft_watch_folder(&watch, fd), 0);
    close(fd);
}

static void *wait_once(void *arg)
{
    *(int *)arg = weft_watch_wait(&watch);
    return NULL;
}

/* Whether what is in the queue counts as a change: another thread waits for
 * one and empties the queue; only then is it told to stop. */
static bool has_changed(void)
{
    pthread_t thread;
    int waiting, ret = -1;
    eventfd_t value;

    watch.longest_ms = 0;
    assert_int_equal(pthread_create(&thread, NULL, wait_once, &ret), 0);
    while (!ioctl(watch.fd, FIONREAD, &waiting) && waiting > 0)
        sched_yield();
    eventfd_write(stop, 1);
    pthread_join(thread, NULL);
    eventfd_read(stop, &value);
    CHECK(ret == 0 || ret == 1, "%d", ret);
    return ret == 1;
}

static void move(const char *from, const char *to)
{
    const char *source = tree_path("%s", from);

    CHECK(rename(source, tree_path("%s", to)) == 0, "%s to %s", from, to);
}

static void test_what_counts(void **state)
{
    int fd;

    (void)state;
    tree_write("h/there", "");
    tree_write("elsewhere", "");
    watch_folder("h");
    assert_false(has_changed());

    tree_write("h/x", "1");
    assert_true(has_changed());
    tree_replace("h/x", "2");
    assert_true(has_changed());
    move("h/x", "h/y");
    assert_true(has_changed());
    move("h/y", "y");
    assert_true(has_changed());
    move("elsewhere", "h/z");
    assert_true(has_changed());
    tree_remove("h/z");
    assert_true(has_changed());
    assert_int_equal(chmod(tree_path("h/there"), 0600), 0);
    assert_true(has_changed());
    assert_int_equal(symlink("there", tree_path("h/link")), 0);
    assert_true(has_changed());
    tree_mkdir("h/sub");
    assert_true(has_changed());
    tree_write("h/.hidden", "1");
    assert_false(has_changed());
    move("h/.hidden", "h/shown");
    assert_true(has_changed());

    /* Reading is no change; writing is one once the file is closed. */
    free(tree_read("h/there"));
    assert_false(has_changed());
    fd = open(tree_path("h/there"), O_WRONLY);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_false(has_changed());
    close(fd);
    assert_true(has_changed());
}

static void test_folders(void **state)
{
    (void)state;
    tree_mkdir("h/a");
    tree_mkdir("h/b");
    watch_folder("h");
    watch_folder("h/a");
    watch_folder("h/a"); /* the same watch again */
    tree_write("h/b/x", "");
    assert_false(has_changed());
    tree_write("h/a/x", "");
    assert_true(has_changed());
    assert_false(has_changed());
    tree_remove("h");
    assert_true(has_changed());
    assert_false(has_changed());
}

/* The folder is replaced as a whole: of its neighbours nobody hears. */
static void test_parent(void **state)
{
    static const char *const ends[] = {"h", "h/", "./h//"};

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        weft_watch_release(&watch);
        assert_int_equal(weft_watch_init(&watch, stop), 0);
        assert_int_equal(weft_watch_parent(&watch, tree_path("%s", ends[i])),
                         0);
        tree_write("neighbour", "");
        tree_write("hh", "");
        tree_write("h/x", "");
        assert_false(has_changed());
        move("h", "old");
        assert_true(has_changed());
        tree_mkdir("h");
        assert_true(has_changed());
        tree_remove("old");
        assert_false(has_changed());
    }
}

static void test_parent_by_relative_name(void **state)
{
    char *back = getcwd(NULL, 0);

    (void)state;
    assert_int_equal(chdir(tree_path(".")), 0);
    assert_int_equal(weft_watch_parent(&watch, "h"), 0);
    assert_int_equal(chdir(back), 0);
    free(back);
    move("h", "old");
    assert_true(has_changed());
}

static void test_no_parent(void **state)
{
    static const char *const names[] = {".", "..", "/", "", "a/..", "a/./"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        CHECK(weft_watch_parent(&watch, names[i]) == WEFT_ERR_USAGE, "%s",
              names[i]);
    assert_int_equal(weft_watch_parent(&watch, tree_path("none/h")),
                     WEFT_ERR_SYSTEM);
}

/* The kernel forgets what was too much, and says so: that counts. */
static void test_overflow(void **state)
{
    int queue = 0;
    FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");

    (void)state;
    if (!f || fscanf(f, "%d", &queue) != 1 || queue > 100000) {
        print_message("the queue is too long to fill: %d\n", queue);
        skip();
    }
    fclose(f);
    tree_write("h/.a", "");
    watch_folder("h");
    /* Hidden files do not count; two names, or else events are merged. */
    for (int i = 0; i <= queue; i++)
        move(i % 2 ? "h/.b" : "h/.a", i % 2 ? "h/.a" : "h/.b");
    assert_true(has_changed());
}

/* A burst is one change. */
static void test_settles(void **state)
{
    (void)state;
    watch_folder("h");
    tree_write("h/a", "");
    tree_replace("h/a", "");
    tree_write("h/b", "");
    assert_int_equal(weft_watch_wait(&watch), 1);
    assert_false(has_changed());
}

/* Told to stop while it settles, it stops. */
static void test_stops(void **state)
{
    (void)state;
    watch_folder("h");
    tree_write("h/a", "");
    eventfd_write(stop, 1);
    assert_int_equal(weft_watch_wait(&watch), 0);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_what_counts), IN_PLACE(test_folders),
        IN_PLACE(test_parent),      IN_PLACE(test_parent_by_relative_name),
        IN_PLACE(test_no_parent),   IN_PLACE(test_overflow),
        IN_PLACE(test_settles),     IN_PLACE(test_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
