/* SPDX-License-Identifier: MIT */
/* The defaults stand in one table; docs/limits.md says what each protects. */
#include "server/options.h"

#include "base/mem.h"
#include "base/opts.h"
#include "server/server.h"
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

#define HEADER_MAX (64 * MIB) /* more is surely a slip */
#define FIELD_MAX 10000

/* Descriptors that are not connections: the loops' and listeners', files being
 * sent, handlers', the log. */
#define RESERVED_FDS 128

static const struct {
    size_t offset;
    uint64_t value;
} defaults[] = {
#define D(name, value)                                                         \
    {                                                                          \
        offsetof(struct weft_server_opts, name), value                         \
    }
    D(header_limit, 8 * KIB),   D(field_limit, 100),
    D(handshake_ms, 10000),     D(idle_http_ms, 10000),
    D(message_limit, 16 * MIB), D(fragment_limit, 131072),
    D(queue_limit, MIB),        D(ping_ms, 30000),
    D(pong_ms, 15000),          D(close_ms, 5000),
    D(drain_ms, 10000),         D(per_address_limit, WEFT_UNLIMITED),
    D(topic_limit, 1024),
#undef D
};

/* As many as there can be descriptors; one that is asked for beyond that waits
 * for a descriptor rather than being told so. */
static uint64_t connections_by_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return WEFT_UNLIMITED;
    return limit.rlim_cur > 2 * RESERVED_FDS ? limit.rlim_cur - RESERVED_FDS
                                             : limit.rlim_cur / 2;
}

/* Those that this process may run on. Two threads on one processor would only
 * be in each other's way. */
static unsigned cores(void)
{
    cpu_set_t set;
    int n;

    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        n = CPU_COUNT(&set);
    else /* more processors than the set has room for */
        n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (n < 1)
        return 1;
    return n < WEFT_THREADS_MAX ? (unsigned)n : WEFT_THREADS_MAX;
}

int weft_server_opts_fill(struct weft_server_opts *out,
                          const struct weft_server_opts *opts)
{
    static const struct weft_server_opts none = {.size = sizeof(none)};
    int err = weft_opts_copy(out, sizeof(*out), opts ? opts : &none);

    if (err)
        return err;
    if (out->threads > WEFT_THREADS_MAX || out->field_limit > FIELD_MAX ||
        out->header_limit > HEADER_MAX)
        return WEFT_ERR_USAGE;
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        char *field = (char *)out + defaults[i].offset;
        uint64_t value;

        memcpy(&value, field, sizeof(value));
        if (value == 0)
            memcpy(field, &defaults[i].value, sizeof(value));
    }
    if (out->connection_limit == 0)
        out->connection_limit = connections_by_descriptors();
    if (out->threads == 0)
        out->threads = cores();
    if (!out->mem)
        out->mem = &weft_mem_libc;
    return 0;
}

static size_t count_of(const char *const *list)
{
    size_t n = 0;

    while (list[n])
        n++;
    return n;
}

/* Frees a list that was made for n strings, some of which may be missing. */
static void strings_release(const struct weft_mem *mem, char **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        weft_strfree(mem, list[i]);
    weft_free(mem, list, (n + 1) * sizeof(*list));
}

char **weft_strings_copy(const struct weft_mem *mem, const char *const *list,
                         int *err)
{
    size_t n = list ? count_of(list) : 0;
    char **copy;

    if (!list || *err)
        return NULL;
    copy = weft_zalloc(mem, (n + 1) * sizeof(*copy));
    for (size_t i = 0; copy && i < n; i++) {
        copy[i] = weft_strdup(mem, list[i]);
        if (!copy[i]) {
            strings_release(mem, copy, n);
            copy = NULL;
        }
    }
    if (!copy)
        *err = WEFT_ERR_NOMEM;
    return copy;
}

void weft_strings_free(const struct weft_mem *mem, char **list)
{
    if (list)
        strings_release(mem, list, count_of((const char *const *)list));
}
