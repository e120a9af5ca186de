/* SPDX-License-Identifier: MIT */
#include "capture.h"
#include "cli/bench_options.h"
#include "command_line.h"
#include "support.h"
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

static const char url[] = "ws://localhost/";

static enum options_result parse(struct bench_options *options,
                                 const char *const *args)
{
    static struct command_line line;

    command_line_fill(&line, "bench", args);
    return bench_options_parse(options, line.argc, line.argv);
}

static void test_defaults(void **state)
{
    const char *const args[] = {url, NULL};
    struct bench_options o;

    (void)state;
    assert_int_equal(parse(&o, args), OPTIONS_RUN);
    assert_string_equal(o.load.url, url);
    assert_int_equal(o.load.work, LOAD_ECHO);
    assert_int_equal(o.load.kind, LOAD_ASCII);
    assert_int_equal(o.load.connections, 100);
    assert_int_equal(o.load.depth, 1);
    assert_int_equal(o.load.size, 20);
    assert_int_equal(o.load.threads, 1);
    assert_int_equal(o.load.rate, 0);
    assert_true(o.load.time_ns == 5 * SECOND);
    assert_true(o.load.warmup_ns == SECOND / 2);
    assert_true(o.load.timeout_ns == 10 * SECOND);
    assert_null(o.load.server);
    assert_null(o.load.headers);
    assert_false(o.load.has_deflate || o.load.has_takeover || o.is_json);
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        {"2", 2 * SECOND},     {"0.5", SECOND / 2}, {"1.25s", 5 * SECOND / 4},
        {"250ms", SECOND / 4}, {"1m", 60 * SECOND}, {"0.000000001", 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const args[] = {"-t", cases[i].text, url, NULL};
        struct bench_options o;

        assert_int_equal(parse(&o, args), OPTIONS_RUN);
        CHECK(o.load.time_ns == cases[i].ns, "%s", cases[i].text);
    }
}

static void test_the_rest(void **state)
{
    const char *const args[] = {
        "--publish", "-c",     "7",     "-d",       "2",   "-s",
        "1K",        "-k",     "json",  "-j",       "3",   "-r",
        "99",        "-H",     "a: b",  "--origin", "o",   "--bulk",
        "4:2M",      "--slow", "5",     "--pid",    "1,2", "--pid",
        "3",         "--cpu",  "0,2-3", url,        NULL};
    struct bench_options o;

    (void)state;
    assert_int_equal(parse(&o, args), OPTIONS_RUN);
    assert_int_equal(o.load.work, LOAD_PUBLISH);
    assert_int_equal(o.load.connections, 7);
    assert_int_equal(o.load.depth, 2);
    assert_int_equal(o.load.size, 1024);
    assert_int_equal(o.load.kind, LOAD_JSON);
    assert_int_equal(o.load.threads, 3);
    assert_int_equal(o.load.rate, 99);
    assert_string_equal(o.load.headers[0], "a: b");
    assert_null(o.load.headers[1]);
    assert_string_equal(o.load.origin, "o");
    assert_int_equal(o.load.bulk, 4);
    assert_int_equal(o.load.bulk_size, 2 << 20);
    assert_int_equal(o.load.slow, 5);
    assert_int_equal(o.load.slow_rate, 4096);
    assert_int_equal(o.server.count, 3);
    assert_int_equal(o.server.pids[2], 3);
    assert_true(o.has_cpus && CPU_COUNT(&o.cpus) == 3 &&
                CPU_ISSET(3, &o.cpus) && !CPU_ISSET(1, &o.cpus));
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(bench_work_name(LOAD_ECHO), "echo");
    assert_string_equal(bench_work_name(LOAD_IDLE), "idle");
    assert_string_equal(bench_kind_name(LOAD_ASCII), "ascii");
    assert_string_equal(bench_kind_name(LOAD_BINARY), "binary");
}

static void test_wrong(void **state)
{
    static const struct {
        const char *args[8], *about;
    } cases[] = {
        {{NULL}, "the URL is missing"},
        {{url, url}, "one URL at a time"},
        {{"--nonsense", url}, "--nonsense"},
        {{"-c", "0", url}, "--connections"},
        {{"-c", "1000001", url}, "--connections"},
        {{"-d", "x", url}, "--depth"},
        {{"-d", "65537", url}, "--depth"},
        {{"-s", "17M", url}, "--size"},
        {{"-s", "-1", url}, "--size"},
        {{"-j", "65", url}, "--threads"},
        {{"-j", "2", "-c", "1", url}, "--threads"},
        {{"-k", "prose", url}, "--kind"},
        {{"-t", "0", url}, "--time"},
        {{"-t", "1.", url}, "--time"},
        {{"-t", ".5", url}, "--time"},
        {{"-t", "1.5m", url}, "--time"},
        {{"-t", "1d", url}, "--time"},
        {{"--warmup", "99999m", url}, "--warmup"},
        {{"--timeout", "0", url}, "--timeout"},
        {{"--echo", "--churn", url}, "one kind of work at a time"},
        {{"--publish", "-s", "7", url}, "--publish"},
        {{"--publish", "-z", url}, "--publish"},
        {{"--churn", "-r", "5", url}, "--rate"},
        {{"-r", "0", url}, "--rate"},
        {{"--takeover", url}, "--takeover"},
        {{"--bulk", "x", url}, "--bulk"},
        {{"--bulk", "1:", url}, "--bulk"},
        {{"--bulk", "1:17M", url}, "--bulk"},
        {{"--slow", "1:0", url}, "--slow"},
        {{"--pid", "0", url}, "--pid"},
        {{"--pid", "1,", url}, "--pid"},
        {{"--pid", "a", url}, "--pid"},
        {{"--cpu", "1-0", url}, "--cpu"},
        {{"--cpu", "0-", url}, "--cpu"},
        {{"--cpu", "99999", url}, "--cpu"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct bench_options o;
        enum options_result result;

        capture_begin(STDERR_FILENO);
        result = parse(&o, cases[i].args);
        command_line_check(capture_end(), "weft bench", cases[i].about, i);
        CHECK(result == OPTIONS_BAD, "case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_times),
        cmocka_unit_test(test_the_rest), cmocka_unit_test(test_names),
        cmocka_unit_test(test_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
