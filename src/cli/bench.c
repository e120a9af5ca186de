/* SPDX-License-Identifier: MIT */
/* The command around the generator: its processors, its progress and its end.
 * What it prints of the server's words has been made printable. */
#include "cli/bench.h"

#include "cli/bench_options.h"
#include "cli/bench_report.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { DONE, FAILED, BAD_USAGE };

/* A terminal's line, back to its beginning and empty. */
#define CLEAR "\r\x1b[K"

struct bench {
    struct bench_options options;
    bool has_line; /* progress is shown */
    uint64_t last_messages;
    struct timespec last;
};

/* ---- While it runs ------------------------------------------------------- */

static void tell(void *user, const char *text)
{
    const struct bench *bench = user;

    if (bench->has_line)
        fputs(CLEAR, stderr);
    complain("%s", text);
}

/* Messages in a second since the last call. */
static double rate_since(struct bench *bench, uint64_t messages)
{
    struct timespec now, last = bench->last;
    uint64_t before = bench->last_messages;
    double seconds;

    clock_gettime(CLOCK_MONOTONIC, &now);
    seconds = (double)(now.tv_sec - last.tv_sec) +
              (double)(now.tv_nsec - last.tv_nsec) / 1e9;
    bench->last = now;
    bench->last_messages = messages;
    return seconds > 0 ? (double)(messages - before) / seconds : 0;
}

static void show_progress(void *user, const struct load_progress *progress)
{
    struct bench *bench = user;
    double rate = rate_since(bench, progress->messages);

    switch (progress->phase) {
    case LOAD_CONNECTING:
        fprintf(stderr, CLEAR "connecting: %" PRIu64 " of %zu",
                progress->opened, bench->options.load.connections);
        break;
    case LOAD_WARMING:
        fputs(CLEAR "warming up", stderr);
        break;
    case LOAD_COUNTING:
        fprintf(stderr, CLEAR "%" PRIu64 " messages, %.0f a second",
                progress->messages, rate);
        break;
    case LOAD_ENDING:
        break;
    }
    fflush(stderr);
}

static bool wants_line(const struct bench_options *options)
{
    const char *term = getenv("TERM");

    return !options->is_quiet && isatty(STDERR_FILENO) && term && *term &&
           strcmp(term, "dumb") != 0;
}

/* ---- The end ------------------------------------------------------------- */

static int print(const struct bench *bench, const struct load_result *result)
{
    if (bench->options.is_json)
        bench_report_json(stdout, &bench->options, result);
    else
        bench_report_text(stdout, &bench->options, result);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return DONE;
    complain("the result cannot be written: %s", strerror(errno));
    return FAILED;
}

static int judge(const struct bench *bench, const struct load_result *result)
{
    const struct load_opts *load = &bench->options.load;
    uint64_t faults = result->errors + result->failed_connections;
    int status;

    if (faults > LOAD_FAULTS_TOLD)
        complain("and %" PRIu64 " more", faults - LOAD_FAULTS_TOLD);
    if (result->seconds <= 0) {
        if (result->was_stopped)
            complain("stopped before anything was counted");
        return FAILED;
    }
    if (load->has_takeover && !result->has_takeover)
        complain("the server does not keep its context, though it may");
    status = print(bench, result);
    if (result->messages == 0 && load->work != LOAD_IDLE &&
        !result->was_stopped) {
        complain("not one message was counted: try a longer --time");
        return FAILED;
    }
    return faults > 0 ? FAILED : status;
}

static int run(struct bench *bench)
{
    struct load_opts *load = &bench->options.load;
    struct load_result *result = calloc(1, sizeof(*result));
    char why[LOAD_WHY] = "";
    int err, status;

    if (!result) {
        complain("%s", weft_strerror(WEFT_ERR_NOMEM));
        return FAILED;
    }
    load->stop_fd = interrupt_begin(false);
    err = load_run(result, load, why);
    interrupt_end();
    if (bench->has_line)
        fputs(CLEAR, stderr);
    if (err)
        complain("%s", *why ? why : weft_strerror(err));
    status = err == WEFT_ERR_USAGE ? BAD_USAGE : FAILED;
    if (!err)
        status = judge(bench, result);
    free(result);
    return status;
}

int bench_main(int argc, char **argv)
{
    struct bench bench = {0};
    struct bench_options *options = &bench.options;

    switch (bench_options_parse(options, argc, argv)) {
    case OPTIONS_HELP:
        return DONE;
    case OPTIONS_BAD:
        return BAD_USAGE;
    case OPTIONS_RUN:
        break;
    }
    /* Threads inherit it. */
    if (options->has_cpus &&
        sched_setaffinity(0, sizeof(options->cpus), &options->cpus) != 0) {
        complain("--cpu: %s", strerror(errno));
        return BAD_USAGE;
    }
    bench.has_line = wants_line(options);
    options->load.tell = tell;
    if (bench.has_line)
        options->load.progress = show_progress;
    options->load.user = &bench;
    return run(&bench);
}
