/* SPDX-License-Identifier: MIT */
/* What a process of this machine has used, as the kernel tells it. */
#ifndef WEFT_LOAD_PROCESS_H
#define WEFT_LOAD_PROCESS_H

#include <weft/error.h>
#include <weft/types.h>

#include <sys/types.h>

#define LOAD_PIDS_MAX 64

/* A server may be several processes. */
struct load_process {
    pid_t pids[LOAD_PIDS_MAX];
    size_t count;
};

/* Processor time of all threads, also of those that have ended. The kernel
 * divides it between user and system in ticks of 10 ms. */
struct load_usage {
    uint64_t cpu_ns;
    uint64_t user_ns, system_ns;
};

/* What they have used since they began, in all. 0, or MISSING where one of them
 * is not there (any more). */
WEFT_CHECK int load_process_usage(const struct load_process *process,
                                  struct load_usage *usage);

/* Bytes of memory that are resident. 0, or MISSING. */
WEFT_CHECK int load_process_rss(const struct load_process *process,
                                uint64_t *bytes);

#endif
