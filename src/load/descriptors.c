/* SPDX-License-Identifier: MIT */
/* Beside the connections there are those of the loops, of the program and of
 * whatever it was started with. */
#include "load/descriptors.h"

#include <stdio.h>
#include <sys/resource.h>

#define OTHERS 128

int load_descriptors_want(size_t count, char why[LOAD_WHY])
{
    rlim_t want = (rlim_t)count + OTHERS;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
        return 0; /* where it cannot be asked, opening will tell */
    if (limit.rlim_max < want) {
        struct rlimit raised = {.rlim_cur = want, .rlim_max = want};

        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            return 0;
        snprintf(why, LOAD_WHY,
                 "%zu connections take %llu descriptors, and the limit is "
                 "%llu: raise it with 'ulimit -Hn %llu' as root",
                 count, (unsigned long long)want,
                 (unsigned long long)limit.rlim_max, (unsigned long long)want);
        return WEFT_ERR_LIMIT;
    }
    limit.rlim_cur = want;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return 0;
    snprintf(why, LOAD_WHY, "the limit of descriptors cannot be raised to %llu",
             (unsigned long long)want);
    return WEFT_ERR_LIMIT;
}
