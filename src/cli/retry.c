/* SPDX-License-Identifier: MIT */
/*
 * Exponential waits with full jitter: anything from nothing to a bound, which
 * doubles from one second to a minute. The spread keeps a thousand clients of a
 * server that fell over from coming back all at once. A server that takes
 * connections only to drop them is one that fails.
 */
#include "cli/retry.h"

#define FIRST_MS UINT64_C(1000)
#define MOST_MS UINT64_C(60000)
#define LASTED_MS UINT64_C(10000)

void retry_lasted(struct retry *retry, uint64_t open_ms)
{
    if (open_ms >= LASTED_MS)
        retry->failures = 0;
}

uint64_t retry_wait_ms(struct retry *retry, uint64_t random)
{
    uint64_t bound = FIRST_MS;

    for (unsigned i = 0; i < retry->failures && bound < MOST_MS; i++)
        bound *= 2;
    if (bound > MOST_MS)
        bound = MOST_MS;
    retry->failures++;
    return random % (bound + 1);
}
