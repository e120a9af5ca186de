/* SPDX-License-Identifier: MIT */
/* What `weft bench` has to say in the end. */
#ifndef WEFT_CLI_BENCH_REPORT_H
#define WEFT_CLI_BENCH_REPORT_H

#include "cli/bench_options.h"
#include <stdio.h>

/* For people, a line for each figure. */
void bench_report_text(FILE *out, const struct bench_options *options,
                       const struct load_result *result);

/* One JSON object and the end of the line. */
void bench_report_json(FILE *out, const struct bench_options *options,
                       const struct load_result *result);

#endif
