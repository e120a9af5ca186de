/* SPDX-License-Identifier: MIT */
/*
 * Three loads for a real server, each against one of its own:
 *
 *     soak WEFT HANDLERS [--short] [held] [slow] [deaf]
 *
 * script/soak builds both programs and calls this. Exits with 0 when all was
 * good, 1 when something failed, and 2 when it could not run.
 */
#include "soak.h"

#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>

static const struct plan whole = {
    .held = 15000,
    .slow = 5000,
    .deaf = 2000,
    .slow_ns = 30 * SECOND,
    .deaf_ns = 20 * SECOND,
    .drip_ns = 10 * SECOND,
    .handshake_ms = 100,
};

static const struct plan brief = {
    .is_short = true,
    .held = 600,
    .slow = 400,
    .deaf = 100,
    .slow_ns = 3 * SECOND,
    .deaf_ns = 3 * SECOND,
    .drip_ns = 1 * SECOND,
    .handshake_ms = 100,
};

static const struct {
    const char *name;
    unsigned (*load)(const struct plan *plan);
} loads[] = {
    {"held", load_held},
    {"slow", load_slow},
    {"deaf", load_deaf},
};

unsigned judge(bool is_good, const char *format, ...)
{
    va_list args;

    printf("  %s  ", is_good ? "PASS" : "FAIL");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
    return !is_good;
}

unsigned judge_honest(struct honest *h, const struct plan *plan,
                      bool judges_handshakes)
{
    double p99 = honest_handshake_ms(h, 0.99);
    unsigned failed = 0;

    printf("  honest clients, ms:    median     p99    most   number\n");
    printf("    handshakes         %8.2f%8.2f%8.2f%9zu\n",
           honest_handshake_ms(h, 0.5), p99, honest_handshake_ms(h, 1),
           honest_handshakes(h));
    printf("    echoes             %8.2f%8.2f%8.2f%9zu\n",
           honest_echo_ms(h, 0.5), honest_echo_ms(h, 0.99),
           honest_echo_ms(h, 1), honest_sent(h));
    failed += judge(honest_lost(h) == 0 && honest_sent(h) > 0 &&
                        honest_handshakes(h) > 0,
                    "%zu messages and connections of honest clients are lost",
                    honest_lost(h));
    if (judges_handshakes && !plan->is_short)
        failed += judge(p99 < plan->handshake_ms,
                        "99 of 100 handshakes take less than %.0f ms",
                        plan->handshake_ms);
    return failed;
}

/* As many descriptors as we may have: each connection takes one here, too. */
static void raise_limit(const struct plan *plan)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < plan->held + 100)
        fprintf(stderr, "soak: only %llu descriptors: raise the hard limit\n",
                (unsigned long long)limit.rlim_cur);
}

static bool is_asked(const char *name, int argc, char **argv)
{
    bool any = false;

    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return true;
        any |= argv[i][0] != '-';
    }
    return !any;
}

int main(int argc, char **argv)
{
    struct plan plan = whole;
    unsigned failed = 0;

    if (argc < 3) {
        fprintf(stderr, "usage: soak WEFT HANDLERS [--short] [LOAD...]\n");
        return 2;
    }
    if (argc > 3 && strcmp(argv[3], "--short") == 0)
        plan = brief;
    plan.weft = argv[1];
    plan.handlers = argv[2];
    raise_limit(&plan);
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        if (is_asked(loads[i].name, argc, argv))
            failed += loads[i].load(&plan);
    printf("%s: %u failed\n", failed ? "FAIL" : "PASS", failed);
    return failed > 0;
}
