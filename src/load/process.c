/* SPDX-License-Identifier: MIT */
/*
 * The time is that of the process's clock, which counts to the nanosecond and
 * up to now; what /proc says of the threads may be a tick old. Memory is the
 * sum over the mappings, as the counters in statm are kept per processor and
 * may be some hundred pages behind; they are asked only where the other may not
 * be read.
 */
#include "load/process.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)

static FILE *open_file(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    return fopen(path, "re");
}

/* ---- Time ---------------------------------------------------------------- */

/* proc(5): utime and stime are the 14th and 15th fields. The second, a name in
 * parentheses, may hold spaces and parentheses. */
static bool read_ticks(pid_t pid, uint64_t *user, uint64_t *system)
{
    unsigned long long utime, stime;
    char text[1024];
    const char *p;
    FILE *in = open_file(pid, "stat");
    size_t len;

    if (!in)
        return false;
    len = fread(text, 1, sizeof(text) - 1, in);
    fclose(in);
    text[len] = '\0';
    p = strrchr(text, ')');
    if (!p ||
        sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
               &utime, &stime) != 2)
        return false;
    *user = utime;
    *system = stime;
    return true;
}

static int add_usage(pid_t pid, struct load_usage *usage)
{
    uint64_t tick_ns = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
    uint64_t user, system;
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0 || !read_ticks(pid, &user, &system))
        return WEFT_ERR_MISSING;
    usage->cpu_ns += (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
    usage->user_ns += user * tick_ns;
    usage->system_ns += system * tick_ns;
    return 0;
}

int load_process_usage(const struct load_process *process,
                       struct load_usage *usage)
{
    int err = 0;

    *usage = (struct load_usage){0};
    for (size_t i = 0; !err && i < process->count; i++)
        err = add_usage(process->pids[i], usage);
    return err;
}

/* ---- Memory -------------------------------------------------------------- */

static bool read_rollup(pid_t pid, uint64_t *bytes)
{
    FILE *in = open_file(pid, "smaps_rollup");
    unsigned long long kib;
    char line[256];
    bool is_found = false;

    if (!in)
        return false;
    while (!is_found && fgets(line, sizeof(line), in))
        is_found = sscanf(line, "Rss: %llu kB", &kib) == 1;
    fclose(in);
    if (is_found)
        *bytes = kib * 1024;
    return is_found;
}

static bool read_statm(pid_t pid, uint64_t *bytes)
{
    FILE *in = open_file(pid, "statm");
    unsigned long long pages;
    bool is_read;

    if (!in)
        return false;
    is_read = fscanf(in, "%*u %llu", &pages) == 1;
    fclose(in);
    if (is_read)
        *bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
    return is_read;
}

int load_process_rss(const struct load_process *process, uint64_t *bytes)
{
    *bytes = 0;
    for (size_t i = 0; i < process->count; i++) {
        uint64_t own;

        if (!read_rollup(process->pids[i], &own) &&
            !read_statm(process->pids[i], &own))
            return WEFT_ERR_MISSING;
        *bytes += own;
    }
    return 0;
}
