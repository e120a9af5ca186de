/* SPDX-License-Identifier: MIT */
/*
 * conform: judges a WebSocket server that echoes, or, as a server, clients that
 * do, by RFC 6455 and RFC 7692 (permessage-deflate). This file has the command
 * line and the exit status; cases.h has the tables, script.h their notation.
 */
#include "judge.h"
#include "known.h"
#include "report.h"
#include "runner.h"
#include "script.h"
#include "target.h"
#include "tour.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EXIT_PASSED = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 77, /* what Meson and Automake call skipped */
};

static const char usage[] =
    "Usage: conform [OPTION]... {ws|wss}://HOST[:PORT]/PATH\n"
    "       conform [OPTION]... --serve [HOST:PORT]\n"
    "Judges a WebSocket server that echoes, case by case, by RFC 6455 and RFC\n"
    "7692; or is a server and judges clients that echo. No certificate is\n"
    "looked at.\n"
    "\n"
    "  -1            send every byte in a segment of its own; long messages\n"
    "                only at their beginning and end\n"
    "  -c PREFIX     only cases whose number begins so, as 5.4 or 8.1-017, or\n"
    "                d7.2 of RFC 7692; may be given more than once\n"
    "  -j N          cases at the same time (default: 16)\n"
    "  -l            list the cases and judge nothing\n"
    "  -t SECONDS    how long to wait for a byte (default: 3)\n"
    "  -v            show what was sent and received\n"
    "      --json    an object on each line\n"
    "      --known FILE\n"
    "                cases that are known to fail: a failure if they do not\n"
    "      --rounds N\n"
    "                how many messages to send in cases that are about many\n"
    "                (default: so many that each takes no time)\n"
    "      --strict  what the RFC only recommends must hold as well\n"
    "  -h, --help    this text\n"
    "\n"
    "  -s, --serve   judge clients. Prints its URL (default: 127.0.0.1 and\n"
    "                any port) on the first line. Each case has the path\n"
    "                /case/NUMBER, the next one also /next; / lists them.\n"
    "                Ends when all were visited, or by a signal\n"
    "      --client COMMAND\n"
    "                start this program, which sends a client through all\n"
    "                cases and tells what its interface says\n"
    "\n"
    "A case is \"ok\" (with a note in brackets where the RFC leaves a "
    "choice),\n"
    "\"soft\" where less is done than the RFC recommends, \"know\" if it "
    "fails\n"
    "as known, or \"FAIL\".\n"
    "\n"
    "Exit status: 0 none failed, 1 some failed, 2 the command line is wrong,\n"
    "77 the server cannot be reached.\n";

/* Single bytes take long. */
#define ROUNDS_SINGLY 3
/* More would take more steps than a script may have. */
#define ROUNDS_LIMIT 1000

struct args {
    struct runner runner;
    struct judge_opts opts;
    struct report report;
    struct known known;
    const char *prefixes[32];
    size_t prefix_count;
    bool list;
    bool serve;
    const char *command; /* NULL: anybody is judged */
    const char *url; /* of the server; or the address to serve at, or NULL */
};

static int wrong_usage(const char *text, const char *what)
{
    fprintf(stderr, "conform: %s%s%s (see conform --help)\n", text,
            what ? ": " : "", what ? what : "");
    return EXIT_USAGE;
}

static bool parse_number(const char *text, double low, double high,
                         double *value)
{
    char *end;

    *value = strtod(text, &end);
    return end != text && !*end && *value >= low && *value <= high;
}

static int read_known(struct args *a, const char *file)
{
    size_t line;
    const char *wrong = known_read(&a->known, file, &line);

    if (!wrong)
        return 0;
    fprintf(stderr, "conform: %s:%zu: %s\n", file, line, wrong);
    return EXIT_USAGE;
}

/* Takes one long option. Returns 0 to go on. */
static int take_long_option(struct args *a, int opt)
{
    double n;

    switch (opt) {
    case 'J':
        a->report.json = true;
        return 0;
    case 'S':
        a->report.strict = true;
        return 0;
    case 'K':
        return read_known(a, optarg);
    case 'C':
        a->command = optarg;
        return 0;
    case 'R':
        if (!parse_number(optarg, 1, ROUNDS_LIMIT, &n))
            return wrong_usage("--rounds wants a number from 1 to 1000",
                               optarg);
        script_rounds = (unsigned long)n;
        return 0;
    default:
        return EXIT_USAGE;
    }
}

/* Takes one option. Returns 0 to go on. */
static int take_option(struct args *a, int opt)
{
    double n;

    switch (opt) {
    case '1':
        a->opts.singly = true;
        return 0;
    case 'c':
        if (a->prefix_count == COUNT(a->prefixes))
            return wrong_usage("too many -c", NULL);
        a->prefixes[a->prefix_count++] = optarg;
        return 0;
    case 'j':
        if (!parse_number(optarg, 1, 256, &n))
            return wrong_usage("-j wants a number from 1 to 256", optarg);
        a->runner.jobs = (int)n;
        return 0;
    case 'l':
        a->list = true;
        return 0;
    case 't':
        if (!parse_number(optarg, 0.01, 3600, &n))
            return wrong_usage("-t wants seconds from 0.01 to 3600", optarg);
        a->opts.silence_ms = (int64_t)(n * 1000);
        return 0;
    case 'v':
        a->report.verbose = a->opts.trace = a->runner.trace = true;
        return 0;
    case 's':
        a->serve = true;
        return 0;
    default:
        return take_long_option(a, opt);
    }
}

static int parse_args(struct args *a, int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"client", required_argument, NULL, 'C'},
        {"json", no_argument, NULL, 'J'},
        {"known", required_argument, NULL, 'K'},
        {"rounds", required_argument, NULL, 'R'},
        {"serve", no_argument, NULL, 's'},
        {"strict", no_argument, NULL, 'S'},
        {0},
    };
    int opt, status;

    while ((opt = getopt_long(argc, argv, "1c:hj:lst:v", options, NULL)) >= 0) {
        if (opt == 'h') {
            fputs(usage, stdout);
            exit(EXIT_PASSED);
        }
        status = take_option(a, opt);
        if (status)
            return status;
    }
    if (optind < argc)
        a->url = argv[optind++];
    if (optind < argc)
        return wrong_usage("one URL is enough", argv[optind]);
    if (a->command && !a->serve)
        return wrong_usage("--client goes with --serve", NULL);
    if (!a->url && !a->list && !a->serve)
        return wrong_usage("which server? Give its ws:// URL", NULL);
    return 0;
}

static bool chosen(const struct args *a, const struct test_case *tc)
{
    if (!(tc->judged & (a->serve ? OF_CLIENTS : OF_SERVERS)))
        return false;
    for (size_t i = 0; i < a->prefix_count; i++) {
        if (strncmp(tc->id, a->prefixes[i], strlen(a->prefixes[i])) == 0)
            return true;
    }
    return a->prefix_count == 0;
}

/* Moves the chosen cases to the front. Returns their number. */
static size_t choose(const struct args *a, struct test_case *list, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        if (chosen(a, &list[i])) {
            struct test_case tc = list[n];

            list[n++] = list[i];
            list[i] = tc;
        }
    }
    return n;
}

static void case_done(void *user, const struct test_case *tc,
                      const struct verdict *v)
{
    struct args *a = user;
    struct verdict known = *v;

    known_apply(&a->known, tc, &known);
    report_case(&a->report, tc, &known);
}

static int end_report(struct args *a, int64_t start)
{
    return report_end(&a->report, now_ms() - start) ? EXIT_FAILED : EXIT_PASSED;
}

static void judge_one(void *arg, const struct test_case *tc, struct verdict *v)
{
    judge_case(arg, tc, v);
}

static int judge_server(struct args *a)
{
    static struct target target;
    const char *wrong = target_parse(&target, a->url);
    int64_t start = now_ms();

    if (wrong)
        return wrong_usage(wrong, a->url);
    wrong = target_reach(&target);
    if (wrong) {
        fprintf(stderr, "conform: cannot reach %s: %s\n", a->url, wrong);
        return EXIT_UNREACHABLE;
    }
    a->opts.target = &target;
    a->runner.judge = judge_one;
    a->runner.arg = &a->opts;
    runner_run(&a->runner);
    return end_report(a, start);
}

/* For sigwait, in this thread and all that it starts. */
static void block_signals(void)
{
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
}

static int judge_anybody(struct args *a, struct tour *t)
{
    int64_t start = now_ms();
    size_t left = tour_anybody(t);

    tour_close(t);
    if (left && !a->report.json)
        printf("%zu cases were not visited\n", left);
    return end_report(a, start);
}

static int judge_guided(struct args *a, struct tour *t)
{
    int64_t start = now_ms();
    const char *wrong = tour_guide(t, a->command);

    if (wrong) {
        fprintf(stderr, "conform: %s: %s\n", a->command, wrong);
        return EXIT_FAILED;
    }
    a->runner.judge = tour_case;
    a->runner.arg = t;
    runner_run(&a->runner);
    tour_close(t);
    return end_report(a, start);
}

static int judge_clients(struct args *a)
{
    static struct tour t;
    const char *wrong;

    t.opts = a->opts;
    t.cases = a->runner.cases;
    t.count = a->runner.count;
    t.done = case_done;
    t.user = a;
    t.is_guided = a->command;
    if (!a->command)
        block_signals();
    wrong = tour_open(&t, a->url);
    if (wrong)
        return wrong_usage(wrong, a->url);
    printf(a->report.json ? "{\"url\":\"%s/\"}\n" : "%s/\n", t.door.url);
    fflush(stdout);
    return a->command ? judge_guided(a, &t) : judge_anybody(a, &t);
}

int main(int argc, char **argv)
{
    struct args a = {.runner = {.jobs = 16}, .opts = {.silence_ms = 3000}};
    struct test_case *list;
    const char *stranger;
    int status = parse_args(&a, argc, argv);
    size_t count;

    if (status)
        return status;
    signal(SIGPIPE, SIG_IGN);
    if (a.opts.singly && !script_rounds)
        script_rounds = ROUNDS_SINGLY;
    a.report.colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
    count = cases_make(&list);
    a.runner.cases = list;
    a.runner.done = case_done;
    a.runner.user = &a;
    a.runner.count = choose(&a, list, count);
    stranger = known_stranger(&a.known, list, count);
    if (!cases_check(list, count))
        status = EXIT_USAGE;
    else if (stranger)
        status =
            wrong_usage("--known names a case that there is not", stranger);
    else if (a.runner.count == 0)
        status = wrong_usage("no case has such a number", a.prefixes[0]);
    else if (!a.list)
        status = a.serve ? judge_clients(&a) : judge_server(&a);
    for (size_t i = 0; a.list && !status && i < a.runner.count; i++)
        report_name(&a.report, &list[i]);
    cases_free(list, count);
    known_release(&a.known);
    return status;
}
