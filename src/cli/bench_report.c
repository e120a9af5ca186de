/* SPDX-License-Identifier: MIT */
/* Figures by message are of what was counted, whatever that was: answers,
 * deliveries or connections. What was not measured is not mentioned. */
#include "cli/bench_report.h"

#include <inttypes.h>

struct figures {
    const struct load_opts *opts;
    const struct load_result *result;
    bool has_messages, has_server;
    double per_s, bytes_per_s;
    double generator_ns; /* by message, as are these: */
    double server_ns, user_ns, system_ns;
    double connection_bytes; /* if the memory was measured */
};

static struct figures figures_of(const struct bench_options *options,
                                 const struct load_result *result)
{
    const struct load_opts *opts = &options->load;
    double messages = (double)result->messages;
    struct figures f = {
        .opts = opts,
        .result = result,
        .has_messages = opts->work != LOAD_IDLE && result->messages > 0 &&
                        result->seconds > 0,
        .has_server = opts->server != NULL,
    };

    if (f.has_messages) {
        f.per_s = messages / result->seconds;
        f.bytes_per_s = (messages + (double)result->sent) * (double)opts->size /
                        result->seconds;
        f.generator_ns = (double)result->generator_ns / messages;
        f.server_ns = (double)result->server.cpu_ns / messages;
        f.user_ns = (double)result->server.user_ns / messages;
        f.system_ns = (double)result->server.system_ns / messages;
    }
    f.connection_bytes =
        ((double)result->rss_after - (double)result->rss_before) /
        (double)(opts->connections + opts->bulk + opts->slow);
    return f;
}

static const struct {
    const char *key, *text;
    double q;
} quantiles[] = {
    {"p50", "p50", 0.5},
    {"p90", "p90", 0.9},
    {"p99", "p99", 0.99},
    {"p99_9", "p99.9", 0.999},
};

#define QUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

/* ---- For people ---------------------------------------------------------- */

/* Digits in threes. */
static void put_count(FILE *out, double value)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%.0f", value);

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            fputc(',', out);
        fputc(digits[i], out);
    }
}

static void put_time(FILE *out, double ns)
{
    if (ns < 1e3)
        fprintf(out, "%.0f ns", ns);
    else if (ns < 1e6)
        fprintf(out, "%.3g us", ns / 1e3);
    else if (ns < 1e9)
        fprintf(out, "%.3g ms", ns / 1e6);
    else
        fprintf(out, "%.3g s", ns / 1e9);
}

static void put_name(FILE *out, const char *name)
{
    fprintf(out, "%-16s", name);
}

static void put_latency(FILE *out, const struct load_histogram *h)
{
    put_name(out, "latency");
    for (size_t i = 0; i < QUANTILES; i++) {
        fprintf(out, "%s ", quantiles[i].text);
        put_time(out, (double)load_histogram_quantile(h, quantiles[i].q));
        fputs(", ", out);
    }
    fputs("max ", out);
    put_time(out, (double)h->max);
    fputc('\n', out);
}

static void put_messages(FILE *out, const struct figures *f)
{
    put_name(out, f->opts->work == LOAD_CHURN ? "connections/s" : "messages/s");
    put_count(out, f->per_s);
    fputc('\n', out);
    put_name(out, "bytes/s");
    put_count(out, f->bytes_per_s);
    fputs(" of payload, both ways\n", out);
    if (f->result->latency.count > 0)
        put_latency(out, &f->result->latency);
    if (f->has_server) {
        put_name(out, "server CPU");
        put_count(out, f->server_ns);
        fprintf(out, " ns each (user %.0f, system %.0f)\n", f->user_ns,
                f->system_ns);
    }
    put_name(out, "generator CPU");
    put_count(out, f->generator_ns);
    fputs(" ns each\n", out);
}

static void put_faults(FILE *out, const struct load_result *result)
{
    if (result->slow_closed > 0)
        fprintf(out, "%" PRIu64 " slow connections were closed by the server\n",
                result->slow_closed);
    if (result->failed_connections > 0)
        fprintf(out, "%" PRIu64 " connections failed\n",
                result->failed_connections);
    if (result->errors > 0)
        fprintf(out, "%" PRIu64 " errors\n", result->errors);
}

void bench_report_text(FILE *out, const struct bench_options *options,
                       const struct load_result *result)
{
    const struct load_opts *opts = &options->load;
    struct figures f = figures_of(options, result);

    fprintf(out, "%s: %zu connections, %zu bytes of %s, %.2f s\n",
            bench_work_name(opts->work), opts->connections, opts->size,
            bench_kind_name(opts->kind), result->seconds);
    if (f.has_messages)
        put_messages(out, &f);
    if (result->has_rss) {
        put_name(out, "server memory");
        put_count(out, (double)result->rss_after);
        fprintf(out, " bytes, %.0f by connection\n", f.connection_bytes);
    }
    put_faults(out, result);
}

/* ---- For programs -------------------------------------------------------- */

static void put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

static void put_json_opts(FILE *out, const struct figures *f)
{
    const struct load_opts *opts = f->opts;

    fputs("{\"url\":", out);
    put_string(out, opts->url);
    fprintf(out,
            ",\"work\":\"%s\",\"connections\":%zu,\"depth\":%zu,\"size\":%zu,"
            "\"kind\":\"%s\",\"deflate\":%s,\"takeover\":%s",
            bench_work_name(opts->work), opts->connections, opts->depth,
            opts->size, bench_kind_name(opts->kind), truth(opts->has_deflate),
            truth(f->result->has_takeover));
    if (opts->rate > 0)
        fprintf(out, ",\"rate\":%" PRIu64, opts->rate);
}

static void put_json_latency(FILE *out, const struct load_histogram *h)
{
    fputs(",\"latency_ns\":{", out);
    for (size_t i = 0; i < QUANTILES; i++)
        fprintf(out, "\"%s\":%" PRIu64 ",", quantiles[i].key,
                load_histogram_quantile(h, quantiles[i].q));
    fprintf(out, "\"max\":%" PRIu64 ",\"mean\":%.0f}", h->max,
            load_histogram_mean(h));
}

static void put_json_server(FILE *out, const struct figures *f)
{
    const struct load_result *result = f->result;

    fputs(",\"server\":{", out);
    if (f->has_messages)
        fprintf(out,
                "\"cpu_ns_per_message\":%.1f,\"user_ns_per_message\":%.1f,"
                "\"system_ns_per_message\":%.1f,",
                f->server_ns, f->user_ns, f->system_ns);
    fprintf(out,
            "\"rss_bytes_before\":%" PRIu64 ",\"rss_bytes_after\":%" PRIu64
            ",\"bytes_per_connection\":%.1f}",
            result->rss_before, result->rss_after, f->connection_bytes);
}

void bench_report_json(FILE *out, const struct bench_options *options,
                       const struct load_result *result)
{
    struct figures f = figures_of(options, result);

    put_json_opts(out, &f);
    fprintf(out, ",\"seconds\":%.6f", result->seconds);
    if (f.has_messages)
        fprintf(out,
                ",\"messages\":%" PRIu64 ",\"messages_per_s\":%.1f"
                ",\"bytes_per_s\":%.1f",
                result->messages, f.per_s, f.bytes_per_s);
    fprintf(out, ",\"bytes_received\":%" PRIu64, result->bytes_received);
    if (result->packed_bytes > 0)
        fprintf(out, ",\"packed_bytes_per_message\":%.1f",
                result->packed_bytes);
    if (result->latency.count > 0)
        put_json_latency(out, &result->latency);
    if (f.has_server)
        put_json_server(out, &f);
    if (f.has_messages)
        fprintf(out, ",\"generator\":{\"cpu_ns_per_message\":%.1f}",
                f.generator_ns);
    fprintf(out,
            ",\"failed_connections\":%" PRIu64 ",\"errors\":%" PRIu64 "}\n",
            result->failed_connections, result->errors);
}
