/* SPDX-License-Identifier: MIT */
/* A double counts messages exactly up to 2^53, and is off by less than a
 * microsecond over a year of nanoseconds. */
#include "load/pace.h"

#define NS_PER_S 1e9

void load_pace_start(struct load_pace *pace, uint64_t start_ns, double rate,
                     size_t ways)
{
    *pace = (struct load_pace){
        .start_ns = start_ns, .interval_ns = NS_PER_S / rate, .ways = ways};
}

uint64_t load_pace_due(const struct load_pace *pace, uint64_t number)
{
    return pace->start_ns + (uint64_t)((double)number * pace->interval_ns);
}

uint64_t load_pace_due_on(const struct load_pace *pace, size_t way, uint64_t n)
{
    return load_pace_due(pace, n * pace->ways + way);
}

uint64_t load_pace_take(struct load_pace *pace, uint64_t now_ns, size_t *way)
{
    uint64_t first = pace->next;

    *way = (size_t)(first % pace->ways);
    if (now_ns < load_pace_due(pace, first))
        return 0;
    pace->next =
        (uint64_t)((double)(now_ns - pace->start_ns) / pace->interval_ns);
    if (pace->next < first)
        pace->next = first;
    /* The division may be off by one, either way. */
    while (pace->next > first && load_pace_due(pace, pace->next - 1) > now_ns)
        pace->next--;
    while (load_pace_due(pace, pace->next) <= now_ns)
        pace->next++;
    return pace->next - first;
}
