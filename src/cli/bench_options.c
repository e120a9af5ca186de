/* SPDX-License-Identifier: MIT */
/*
 * The names of the options come from man/bench, with their help; here stands
 * what each of them does, and which do not go together. What is wrong with a
 * URL or a header is for the generator to say.
 */
#include "cli/bench_options.h"

#include "cli/complain.h"
#include "cli/number.h"
#include "man/bench_help.h"
#include <stdlib.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

#define CONNECTIONS_MAX 1000000
#define DEPTH_MAX 65536
#define SIZE_MOST ((uint64_t)16 << 20)
#define THREADS_MAX 64
#define BULK_SIZE ((uint64_t)1 << 20)
#define SLOW_RATE 4096

enum { OPT_FIRST = OPTION_FIRST, WEFT_BENCH_OPTIONS(OPTION_NAME) };

static const struct option_row rows[] = {WEFT_BENCH_OPTIONS(OPTION_ROW)};

static bool set(void *to, int opt, const char *text);
static bool set_url(void *to, const char *text);

static const struct option_set bench_set = {
    .command = "weft bench",
    .help = weft_bench_help,
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .set = set,
    .operand = set_url,
};

static const char *const kinds[] = {"ascii", "mixed", "json", "binary", NULL};

static const char *const works[] = {"echo", "broadcast", "publish", "churn",
                                    "idle"};

const char *bench_work_name(enum load_work work)
{
    return works[work];
}

const char *bench_kind_name(enum load_kind kind)
{
    return kinds[kind];
}

/* ---- Values -------------------------------------------------------------- */

static bool bad(int opt, const char *text, const char *what)
{
    complain("--%s: '%s' is not %s", option_set_name(&bench_set, opt), text,
             what);
    return false;
}

/* "0.5" and "0.5s", and what number_parse_time takes. */
static bool parse_ns(uint64_t *ns, const char *text)
{
    const char *dot = strchr(text, '.'), *p;
    uint64_t whole, unit = NS_PER_S / 10;
    char digits[24];

    if (!dot)
        return number_parse_time(ns, text) &&
               !__builtin_mul_overflow(*ns, NS_PER_MS, ns);
    if ((size_t)(dot - text) >= sizeof(digits))
        return false;
    memcpy(digits, text, (size_t)(dot - text));
    digits[dot - text] = '\0';
    if (!number_parse(&whole, digits) ||
        __builtin_mul_overflow(whole, NS_PER_S, ns))
        return false;
    for (p = dot + 1; *p >= '0' && *p <= '9'; p++, unit /= 10)
        *ns += (uint64_t)(*p - '0') * unit;
    return p > dot + 1 && (*p == '\0' || strcmp(p, "s") == 0);
}

/* A time from 0 up to a day. */
static bool set_time(uint64_t *ns, int opt, const char *text)
{
    if (parse_ns(ns, text) && *ns <= 86400 * NS_PER_S)
        return true;
    return bad(opt, text, "a time");
}

/* "N" or "N:SIZE". */
static bool set_extra(size_t *count, size_t *size, int opt, const char *text)
{
    const char *colon = strchr(text, ':');
    uint64_t n, bytes = *size;
    char digits[24] = "";

    if (!colon)
        colon = text + strlen(text);
    if ((size_t)(colon - text) < sizeof(digits))
        memcpy(digits, text, (size_t)(colon - text));
    if (!number_parse(&n, digits) || n > CONNECTIONS_MAX ||
        (*colon && !number_parse_size(&bytes, colon + 1)) || bytes == 0 ||
        bytes > SIZE_MOST)
        return bad(opt, text, "a number, or a number and a size: 10 or 10:64K");
    *count = (size_t)n;
    *size = (size_t)bytes;
    return true;
}

/* Takes a number off the front. */
static bool take_number(const char **text, long most, long *value)
{
    char *end;

    if (**text < '0' || **text > '9')
        return false;
    *value = strtol(*text, &end, 10); /* LONG_MAX when it is too large */
    *text = end;
    return *value <= most;
}

static bool set_pids(struct load_process *server, const char *text)
{
    const char *p = text;
    long pid;

    do {
        if (!take_number(&p, INT32_MAX, &pid) || pid == 0 ||
            (*p != '\0' && *p != ','))
            return bad(OPT_PID, text, "a process, or several: 123,124");
        if (server->count == LOAD_PIDS_MAX) {
            complain("--pid: %d processes are all that can be measured",
                     LOAD_PIDS_MAX);
            return false;
        }
        server->pids[server->count++] = (pid_t)pid;
    } while (*p++ == ',');
    return true;
}

static bool set_cpus(struct bench_options *options, const char *text)
{
    const char *p = text;
    long from, to;
    bool is_good;

    CPU_ZERO(&options->cpus);
    options->has_cpus = true;
    do {
        is_good = take_number(&p, CPU_SETSIZE - 1, &from);
        to = from;
        if (is_good && *p == '-') {
            p++;
            is_good = take_number(&p, CPU_SETSIZE - 1, &to) && from <= to;
        }
        if (!is_good || (*p != '\0' && *p != ','))
            return bad(OPT_CPU, text, "a list of processors: 0,1 or 0-3");
        for (; from <= to; from++)
            CPU_SET((size_t)from, &options->cpus);
    } while (*p++ == ',');
    return true;
}

static bool set_work(struct bench_options *options, enum load_work work)
{
    if (options->has_work && options->load.work != work) {
        complain("--%s and --%s: one kind of work at a time",
                 works[options->load.work], works[work]);
        return false;
    }
    options->has_work = true;
    options->load.work = work;
    return true;
}

static bool set_kind(struct load_opts *load, const char *text)
{
    unsigned kind;

    if (!option_word_set(&bench_set, OPT_KIND, kinds, text, &kind))
        return false;
    load->kind = (enum load_kind)kind;
    return true;
}

/* ---- Options ------------------------------------------------------------- */

#define FIELD(field) offsetof(struct bench_options, field)

static const struct option_number numbers[] = {
    {OPT_CONNECTIONS, FIELD(connections), number_parse, "a number", false},
    {OPT_DEPTH, FIELD(depth), number_parse, "a number", false},
    {OPT_SIZE, FIELD(size), number_parse_size, "a size", false, true},
    {OPT_THREADS, FIELD(threads), number_parse, "a number", false},
    {OPT_RATE, FIELD(load.rate), number_parse, "a number", false},
};

static bool set_flag(struct bench_options *options, int opt)
{
    switch (opt) {
    case OPT_DEFLATE:
        options->load.has_deflate = true;
        return true;
    case OPT_TAKEOVER:
        options->load.has_takeover = true;
        return true;
    case OPT_INSECURE:
        options->load.is_insecure = true;
        return true;
    case OPT_JSON:
        options->is_json = true;
        return true;
    case OPT_QUIET:
        options->is_quiet = true;
        return true;
    case OPT_BROADCAST:
        return set_work(options, LOAD_BROADCAST);
    case OPT_PUBLISH:
        return set_work(options, LOAD_PUBLISH);
    case OPT_CHURN:
        return set_work(options, LOAD_CHURN);
    case OPT_IDLE:
        return set_work(options, LOAD_IDLE);
    default:
        return set_work(options, LOAD_ECHO);
    }
}

static bool set(void *to, int opt, const char *text)
{
    struct bench_options *options = to;
    struct load_opts *load = &options->load;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].opt == opt)
            return option_number_set(&bench_set, &numbers[i], options, text);
    switch (opt) {
    case OPT_KIND:
        return set_kind(load, text);
    case OPT_TIME:
        return set_time(&load->time_ns, opt, text);
    case OPT_WARMUP:
        return set_time(&load->warmup_ns, opt, text);
    case OPT_TIMEOUT:
        return set_time(&load->timeout_ns, opt, text);
    case OPT_BULK:
        return set_extra(&load->bulk, &load->bulk_size, opt, text);
    case OPT_SLOW:
        return set_extra(&load->slow, &load->slow_rate, opt, text);
    case OPT_PID:
        return set_pids(&options->server, text);
    case OPT_CPU:
        return set_cpus(options, text);
    case OPT_HEADER:
        return option_list_add(&bench_set, &options->headers, opt, text);
    case OPT_ORIGIN:
        load->origin = text;
        return true;
    case OPT_CA_FILE:
        load->ca_file = text;
        return true;
    default:
        return set_flag(options, opt);
    }
}

static bool set_url(void *to, const char *text)
{
    struct bench_options *options = to;

    if (options->load.url) {
        complain("one URL at a time: '%s' is too many; see 'weft bench "
                 "--help'",
                 text);
        return false;
    }
    options->load.url = text;
    return true;
}

/* ---- The whole ----------------------------------------------------------- */

/* What is wrong with them together, or NULL. */
static const char *fault_of(const struct bench_options *options)
{
    const struct load_opts *load = &options->load;
    bool is_publish = load->work == LOAD_PUBLISH;

    if (!load->url)
        return "the URL is missing, such as ws://localhost:9998/echo; see "
               "'weft bench --help'";
    if (options->connections > CONNECTIONS_MAX)
        return "--connections: a million is the most";
    if (options->depth > DEPTH_MAX)
        return "--depth: 65536 is the most";
    if (options->size > SIZE_MOST)
        return "--size: 16M is the most";
    if (options->threads > THREADS_MAX)
        return "--threads: 64 is the most";
    if (options->threads > options->connections)
        return "--threads: there are fewer connections";
    if (load->time_ns == 0 || load->timeout_ns == 0)
        return "--time and --timeout must be more than nothing";
    if (is_publish && (options->size < LOAD_TAG || load->has_deflate))
        return "--publish takes a --size of 8 at least, and no --deflate";
    if (load->rate > 0 && !is_publish && load->work != LOAD_ECHO)
        return "--rate is for --echo and --publish";
    if (load->has_takeover && !load->has_deflate)
        return "--takeover is for --deflate, which is missing";
    return NULL;
}

static void set_defaults(struct bench_options *options)
{
    *options = (struct bench_options){
        .connections = 100,
        .depth = 1,
        .size = 20,
        .threads = 1,
        .load = {.time_ns = 5 * NS_PER_S,
                 .warmup_ns = NS_PER_S / 2,
                 .timeout_ns = 10 * NS_PER_S,
                 .bulk_size = BULK_SIZE,
                 .slow_rate = SLOW_RATE,
                 .stop_fd = -1},
    };
}

enum options_result bench_options_parse(struct bench_options *options, int argc,
                                        char **argv)
{
    enum options_result result;
    const char *fault;

    set_defaults(options);
    result = option_set_read(&bench_set, options, argc, argv);
    if (result != OPTIONS_RUN)
        return result;
    fault = fault_of(options);
    if (fault) {
        complain("%s", fault);
        return OPTIONS_BAD;
    }
    options->load.connections = (size_t)options->connections;
    options->load.depth = (size_t)options->depth;
    options->load.size = (size_t)options->size;
    options->load.threads = (size_t)options->threads;
    if (options->headers.count > 0)
        options->load.headers = options->headers.items;
    if (options->server.count > 0)
        options->load.server = &options->server;
    return OPTIONS_RUN;
}
