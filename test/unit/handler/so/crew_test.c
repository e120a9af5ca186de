/* SPDX-License-Identifier: MIT */
/*
 * The compiler is a shell script, and every source is a piece of shell that it
 * runs: so each says itself what compiling it is like.
 */
#include "base/mem.h"
#include "handler/so/crew.h"
#include "tree.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMPILER                                                               \
    "while [ $# -gt 0 ]; do case $1 in -MF) rule=$2; shift;; "                 \
    "-o) object=$2; shift;; *) source=$1;; esac; shift; done\n"                \
    "echo \"object: $source\" >\"$rule\"; echo made >\"$object\"\n"            \
    ". \"$source\""

struct outcome {
    unsigned done, slow;
    int err;
    char why[256], words[256];
    bool is_cut;
};

static struct weft_cache cache;
static struct weft_compiler compiler;
static struct weft_builder builder;
static struct weft_build builds[8];
static struct outcome outcomes[8];
static struct weft_build *queue[8];
static char dir[PATH_MAX];

static void done(void *arg, struct weft_build *build,
                 const struct weft_crew_words *words)
{
    struct outcome *o = build->user;

    (void)arg;
    o->done++;
    o->err = build->err;
    o->is_cut = words->is_cut;
    snprintf(o->why, sizeof(o->why), "%s", build->why);
    snprintf(o->words, sizeof(o->words), "%.*s", (int)words->len,
             words->len ? words->text : "");
}

/* Writes the line that a compiler waits for. */
static void let_go(void *arg, struct weft_build *build)
{
    struct outcome *o = build->user;

    o->slow++;
    CHECK(write(*(int *)arg, "\n", 1) == 1, "%s", build->name);
}

static void slow(void *arg, struct weft_build *build)
{
    struct outcome *o = build->user;

    o->slow++;
    if (arg)
        eventfd_write(*(int *)arg, 1);
}

static struct weft_crew_opts opts = {
    .builder = &builder,
    .stop = -1,
    .slow_ms = 60000,
    .limit_ms = 60000,
    .done = done,
    .slow = slow,
};

static int set_up(void **state)
{
    if (tree_setup(state))
        return -1;
    tree_mkdir("h");
    snprintf(dir, sizeof(dir), "%s", tree_path("h"));
    builder = (struct weft_builder){
        .mem = &weft_mem_libc,
        .dir = dir,
        .cache = &cache,
        .compiler = &compiler,
    };
    memset(outcomes, 0, sizeof(outcomes));
    return weft_cache_init(&cache, &weft_mem_libc, tree_path("cache")) ||
                   weft_compiler_init(
                       &compiler, &weft_mem_libc,
                       &(struct weft_compiler_opts){
                           tree_script("cc.sh", COMPILER), "/i", NULL}) ||
                   weft_builder_init(&builder)
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    weft_compiler_release(&compiler);
    weft_cache_release(&cache);
    return tree_teardown(state);
}

/* Writes the sources, the last one NULL, and queues them. */
static size_t write_sources(const char *const scripts[])
{
    static char names[8][32];
    char path[64];
    size_t n = 0;

    for (; scripts[n]; n++) {
        snprintf(names[n], sizeof(names[n]), "s%zu_wsh.c", n);
        snprintf(path, sizeof(path), "h/%s", names[n]);
        tree_write(path, scripts[n]);
        builds[n] = (struct weft_build){
            .name = names[n], .is_source = true, .user = &outcomes[n]};
        queue[n] = &builds[n];
    }
    return n;
}

static void test_outcomes(void **state)
{
    static const char *const scripts[] = {
        "exit 0",
        "echo words; echo and more >&2; exit 1",
        "echo a warning >&2",
        "rm \"$rule\"",
        "rm \"$object\"",
        "kill -KILL $$",
        NULL,
    };
    static const struct {
        int err;
        const char *why, *words;
    } want[] = {
        {0, "", ""},
        {WEFT_ERR_INVALID, "status 1", "words\nand more\n"},
        {0, "", "a warning\n"},
        {WEFT_ERR_GONE, "cannot be kept", ""},
        {WEFT_ERR_SYSTEM, "cannot be kept", ""},
        {WEFT_ERR_INVALID, "signal 9", ""},
    };
    size_t n = write_sources(scripts);

    (void)state;
    assert_int_equal(weft_crew_run(&opts, queue, n), 0);
    for (size_t i = 0; i < n; i++) {
        const struct outcome *o = &outcomes[i];

        CHECK(o->done == 1 && o->slow == 0, "%zu: %u, %u", i, o->done, o->slow);
        CHECK(o->err == want[i].err, "%zu: %d %s", i, o->err, o->why);
        CHECK(strstr(o->why, want[i].why), "%zu: %s", i, o->why);
        CHECK(strcmp(o->words, want[i].words) == 0, "%zu: %s", i, o->words);
        CHECK(weft_cache_has(&cache, builds[i].object) == !o->err, "%zu", i);
    }
    /* Nothing is left but two objects and their rules. */
    assert_int_equal(tree_count("cache", ".so"), 2);
    assert_int_equal(tree_count("cache", ".d"), 2);
}

/* Two work at a time: each waits for the other at a FIFO. Only once:
 * a source written a moment ago may be compiled twice. */
static void test_parallel(void **state)
{
    char first[2 * PATH_MAX], second[2 * PATH_MAX];
    const char *const scripts[] = {first, second, NULL};

    (void)state;
    assert_int_equal(mkfifo(tree_path("fifo"), 0600), 0);
    snprintf(first, sizeof(first),
             "[ -e \"$source.met\" ] || { >\"$source.met\"; echo x >'%s'; }",
             tree_path("fifo"));
    snprintf(second, sizeof(second),
             "[ -e \"$source.met\" ] || { >\"$source.met\"; cat '%s'; }",
             tree_path("fifo"));
    assert_int_equal(weft_crew_run(&opts, queue, write_sources(scripts)), 0);
    for (size_t i = 0; i < 2; i++)
        CHECK(outcomes[i].done == 1 && !outcomes[i].err, "%zu: %s", i,
              outcomes[i].why);
}

static void test_nothing_to_do(void **state)
{
    (void)state;
    assert_int_equal(weft_crew_run(&opts, queue, 0), 0);
}

static void test_takes_too_long(void **state)
{
    static const char *const scripts[] = {"echo so far; sleep 1000", NULL};
    struct weft_crew_opts hasty = opts;

    (void)state;
    hasty.limit_ms = 1;
    assert_int_equal(weft_crew_run(&hasty, queue, write_sources(scripts)), 0);
    assert_int_equal(outcomes[0].done, 1);
    assert_int_equal(outcomes[0].err, WEFT_ERR_TIMEOUT);
    assert_int_equal(tree_count("cache", ".so"), 0);
    assert_int_equal(tree_count("cache", ".d"), 0);
}

/* The compiler waits for what slow does: hence slow is called. */
static void test_slow(void **state)
{
    const char *const scripts[] = {"read line <\"$source.go\"", NULL};
    struct weft_crew_opts eager = opts;
    int fifo;

    (void)state;
    assert_int_equal(mkfifo(tree_path("h/s0_wsh.c.go"), 0600), 0);
    fifo = open(tree_path("h/s0_wsh.c.go"), O_RDWR | O_CLOEXEC);
    eager.slow_ms = 1;
    eager.slow = let_go;
    eager.arg = &fifo;
    assert_int_equal(weft_crew_run(&eager, queue, write_sources(scripts)), 0);
    assert_int_equal(outcomes[0].done, 1);
    assert_int_equal(outcomes[0].err, 0);
    assert_true(outcomes[0].slow >= 1);
    close(fifo);
}

/* A stop ends compilers that would take forever, and removes their files. */
static void test_stop(void **state)
{
    static const char *const scripts[] = {"sleep 1000", "sleep 1000", "exit 0",
                                          NULL};
    struct weft_crew_opts stopped = opts;
    int stop = eventfd(0, EFD_CLOEXEC);

    (void)state;
    stopped.slow_ms = 1;
    stopped.stop = stop;
    stopped.arg = &stop; /* slow writes to it */
    assert_int_equal(weft_crew_run(&stopped, queue, write_sources(scripts)),
                     WEFT_ERR_GONE);
    for (size_t i = 0; i < 3; i++)
        CHECK(outcomes[i].done == 0, "%zu", i);
    assert_int_equal(tree_count("cache", ".so"), 0);
    assert_int_equal(tree_count("cache", ".d"), 0);
    close(stop);
}

static void test_no_compiler(void **state)
{
    static const char *const scripts[] = {"", "", "", NULL};

    (void)state;
    weft_compiler_release(&compiler);
    assert_int_equal(
        weft_compiler_init(
            &compiler, &weft_mem_libc,
            &(struct weft_compiler_opts){"weft-no-such-compiler", "/i", NULL}),
        0);
    assert_int_equal(weft_crew_run(&opts, queue, write_sources(scripts)), 0);
    for (size_t i = 0; i < 3; i++) {
        CHECK(outcomes[i].done == 1, "%zu", i);
        CHECK(outcomes[i].err == WEFT_ERR_MISSING, "%d", outcomes[i].err);
    }
    assert_int_equal(tree_count("cache", ".so"), 0);
}

/* A source that changes once is compiled again; one that never stops changing
 * is given up. */
static void test_changing(void **state)
{
    static const char *const scripts[] = {
        "echo x >>\"$source.runs\"; "
        "[ \"$(wc -l <\"$source.runs\")\" -gt 1 ] || echo : >>\"$source\"\n",
        "echo x >>\"$source.runs\"; echo : >>\"$source\"\n",
        NULL,
    };
    char *runs;

    (void)state;
    assert_int_equal(weft_crew_run(&opts, queue, write_sources(scripts)), 0);
    CHECK(outcomes[0].err == 0, "%s", outcomes[0].why);
    CHECK(outcomes[1].err == WEFT_ERR_BUSY, "%s", outcomes[1].why);
    assert_int_equal(outcomes[0].done, 1);
    assert_int_equal(outcomes[1].done, 1);
    runs = tree_read("h/s1_wsh.c.runs");
    assert_string_equal(runs, "x\nx\nx\nx\nx\n");
    free(runs);
    assert_int_equal(tree_count("cache", ".so"), 1);
    assert_int_equal(tree_count("cache", ".d"), 1);
}

static void test_no_memory(void **state)
{
    static const char *const scripts[] = {"echo words", NULL};
    size_t n = write_sources(scripts);
    long left = 0;

    (void)state;
    do {
        struct fail_mem fm = {.left = left++};
        struct weft_mem mem = {fail_realloc, &fm};

        builder.mem = &mem;
        builds[0].err = 0;
        assert_int_equal(weft_crew_run(&opts, queue, n), 0);
        CHECK(builds[0].err == 0 || builds[0].err == WEFT_ERR_NOMEM, "%s",
              builds[0].why);
        CHECK(fm.live == 0, "%zu bytes leaked at step %ld", fm.live, left);
    } while (builds[0].err);
    assert_int_equal(tree_count("cache", ".so"), 1);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(test_outcomes),      IN_PLACE(test_parallel),
        IN_PLACE(test_nothing_to_do), IN_PLACE(test_takes_too_long),
        IN_PLACE(test_slow),          IN_PLACE(test_stop),
        IN_PLACE(test_no_compiler),   IN_PLACE(test_changing),
        IN_PLACE(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
