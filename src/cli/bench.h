/* SPDX-License-Identifier: MIT */
#ifndef WEFT_CLI_BENCH_H
#define WEFT_CLI_BENCH_H

/* `weft bench`; argv[0] is "bench". The exit status. */
int bench_main(int argc, char **argv);

#endif
