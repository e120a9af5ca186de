/* SPDX-License-Identifier: MIT */
#include "cli/bench_report.h"

#include "support.h"
#include <stdlib.h>

typedef void report(FILE *out, const struct bench_options *options,
                    const struct load_result *result);

/* What is printed; freed by the caller. */
static char *text_of(report *print, const struct bench_options *options,
                     const struct load_result *result)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    print(out, options, result);
    fclose(out);
    return text;
}

/* Two seconds, and a thousand messages of which each took 100 ns. */
static struct load_result *usual(void)
{
    struct load_result *result = calloc(1, sizeof(*result));

    result->seconds = 2;
    result->messages = 1000;
    result->sent = 1000;
    result->bytes_received = 22000;
    result->generator_ns = 7000000;
    result->server = (struct load_usage){6500000, 2000000, 4000000};
    result->rss_before = 1000;
    result->rss_after = 5000;
    load_histogram_add(&result->latency, 1500, 999);
    load_histogram_add(&result->latency, 2500000, 1);
    return result;
}

static struct bench_options options_of(enum load_work work)
{
    return (struct bench_options){.load = {.url = "ws://h/\"\\",
                                           .work = work,
                                           .connections = 10,
                                           .depth = 2,
                                           .size = 20}};
}

static void test_json(void **state)
{
    static const char want[] =
        "{\"url\":\"ws://h/\\\"\\\\\",\"work\":\"echo\",\"connections\":10,"
        "\"depth\":2,\"size\":20,\"kind\":\"ascii\",\"deflate\":false,"
        "\"takeover\":false,\"rate\":500,\"seconds\":2.000000,"
        "\"messages\":1000,\"messages_per_s\":500.0,\"bytes_per_s\":20000.0,"
        "\"bytes_received\":22000,\"latency_ns\":{\"p50\":1503,\"p90\":1503,"
        "\"p99\":1503,\"p99_9\":1503,\"max\":2500000,\"mean\":3998},"
        "\"server\":{\"cpu_ns_per_message\":6500.0,"
        "\"user_ns_per_message\":2000.0,\"system_ns_per_message\":4000.0,"
        "\"rss_bytes_before\":1000,\"rss_bytes_after\":5000,"
        "\"bytes_per_connection\":400.0},"
        "\"generator\":{\"cpu_ns_per_message\":7000.0},"
        "\"failed_connections\":0,\"errors\":0}\n";
    struct bench_options options = options_of(LOAD_ECHO);
    struct load_result *result = usual();
    char *text;

    (void)state;
    options.load.rate = 500;
    options.load.server = &options.server;
    result->has_rss = true;
    text = text_of(bench_report_json, &options, result);
    assert_string_equal(text, want);
    free(text);
    result->packed_bytes = 12.25;
    text = text_of(bench_report_json, &options, result);
    assert_non_null(strstr(text, "22000,\"packed_bytes_per_message\":12.2,"));
    free(text);
    free(result);
}

/* What was not measured is left out. */
static void test_json_of_little(void **state)
{
    static const char *const missing[] = {"messages", "latency", "server",
                                          "generator", "rate"};
    struct bench_options options = options_of(LOAD_IDLE);
    struct load_result *result = usual();
    char *text;

    (void)state;
    memset(&result->latency, 0, sizeof(result->latency));
    result->errors = 3;
    text = text_of(bench_report_json, &options, result);
    for (size_t i = 0; i < COUNT(missing); i++)
        CHECK(!strstr(text, missing[i]), "%s: %s", missing[i], text);
    assert_non_null(strstr(text, "\"errors\":3}\n"));
    free(text);
    free(result);
}

static void test_text(void **state)
{
    static const char want[] =
        "churn: 10 connections, 20 bytes of ascii, 2.00 s\n"
        "connections/s   500\n"
        "bytes/s         20,000 of payload, both ways\n"
        "latency         p50 1.5 us, p90 1.5 us, p99 1.5 us, p99.9 1.5 us, "
        "max 2.5 ms\n"
        "server CPU      6,500 ns each (user 2000, system 4000)\n"
        "generator CPU   7,000 ns each\n"
        "server memory   5,000 bytes, 400 by connection\n"
        "1 slow connections were closed by the server\n"
        "2 connections failed\n"
        "3 errors\n";
    struct bench_options options = options_of(LOAD_CHURN);
    struct load_result *result = usual();
    char *text;

    (void)state;
    options.load.server = &options.server;
    result->has_rss = true;
    result->slow_closed = 1;
    result->failed_connections = 2;
    result->errors = 3;
    text = text_of(bench_report_text, &options, result);
    assert_string_equal(text, want);
    free(text);
    free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_of_little),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
