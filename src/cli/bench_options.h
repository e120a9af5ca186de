/* SPDX-License-Identifier: MIT */
/* What `weft bench` was asked to do. */
#ifndef WEFT_CLI_BENCH_OPTIONS_H
#define WEFT_CLI_BENCH_OPTIONS_H

#include "cli/option_set.h"
#include "load/load.h"
#include <sched.h>

struct bench_options {
    struct load_opts load;
    struct load_process server; /* load.server, if there are any */
    struct option_list headers;
    uint64_t connections, depth, size, threads; /* for load */
    cpu_set_t cpus;                             /* if has_cpus */
    bool has_work, has_cpus;
    bool is_json, is_quiet;
};

/* Reads the arguments behind `weft bench`; argv[0] is "bench". The strings stay
 * argv's, and the struct stays where it is. */
enum options_result bench_options_parse(struct bench_options *options, int argc,
                                        char **argv);

/* The words for them: "echo", "ascii". */
const char *bench_work_name(enum load_work work);
const char *bench_kind_name(enum load_kind kind);

#endif
