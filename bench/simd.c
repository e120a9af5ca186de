/* SPDX-License-Identifier: MIT */
/*
 * Bytes per nanosecond of processor time that each instruction set masks,
 * unmasks and checks in one pass, and checks, for lengths from 16 bytes to 64
 * KiB, in ASCII and in a text of Latin, Cyrillic and Japanese, at a multiple of
 * 64 bytes and one byte beside it.
 *
 *     build-bench/bench/simd [NAME…]    those named only
 *
 * The texts lie in the first cache. Each figure is the best of several runs.
 */
#include "ws/simd.h"
#include "ws/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LEN_MAX ((size_t)64 << 10)
#define ARENA ((size_t)16 << 10) /* of the places where short texts lie */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RUNS 7
#define RUN_BYTES ((size_t)4 << 20) /* some hundred microseconds */
#define CALLS_MAX 20000

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "simd: %s\n", what);
    exit(1);
}

static double now_ns(void)
{
    struct timespec ts;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) != 0)
        die("no clock of processor time");
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* ---- Kernels ------------------------------------------------------------- */

struct job {
    const struct weft_simd_ops *ops;
    uint8_t *p;
    size_t len;
    uint32_t key;
};

static void do_mask(const struct job *job)
{
    job->ops->mask(job->p, job->p, job->len, job->key);
}

static void do_text(const struct job *job)
{
    if (job->ops->mask_text(job->p, job->p, job->len, job->key,
                            WEFT_UTF8_START) != WEFT_UTF8_START)
        die("a text was found wrong");
}

static void do_check(const struct job *job)
{
    if (job->ops->check(WEFT_UTF8_START, job->p, job->len) != WEFT_UTF8_START)
        die("a text was found wrong");
}

/* As the endpoint calls it. */
static void do_call(const struct job *job)
{
    enum weft_utf8 state = WEFT_UTF8_START;

    weft_mask_text(job->p, job->p, job->len, job->key, &state);
    if (state != WEFT_UTF8_START)
        die("a text was found wrong");
}

static const struct {
    const char *name;
    void (*work)(const struct job *job);
} kernels[] = {{"mask", do_mask},
               {"text", do_text},
               {"check", do_check},
               {"call", do_call}};

/* ---- Measuring ----------------------------------------------------------- */

static const size_t lens[] = {16,  20,   32,   48,   64,    128,    256,
                              512, 1024, 2048, 4096, 16384, LEN_MAX};

static const char *const samples[] = {
    "The quick brown fox jumps over the lazy dog. ",
    "\xd0\xa1\xd1\x8a\xd0\xb5\xd1\x88\xd1\x8c \xd0\xb5\xd1\x89\xd1\x91, "
    "\xe3\x81\x84\xe3\x82\x8d\xe3\x81\xaf\xe3\x81\xab, caf\xc3\xa9 ",
};

/* Texts are masked with a key of zeros, so that they stay what they are. */
static void write_text(uint8_t *p, size_t len, const char *sample)
{
    size_t n = strlen(sample), i = 0;

    for (; i + n <= len; i += n)
        memcpy(p + i, sample, n);
    memset(p + i, '.', len - i);
}

/* Side by side, so that no call waits for the stores of the one before. */
static void write_texts(const struct job *job, const char *sample)
{
    for (size_t at = 0; at < ARENA; at += (job->len + 63) / 64 * 64)
        write_text(job->p + at, job->len, sample);
}

static double bytes_per_ns(void (*work)(const struct job *job),
                           const struct job *job)
{
    size_t calls = RUN_BYTES / job->len;
    size_t stride = (job->len + 63) / 64 * 64;
    struct job each = *job;
    double best = 0;

    if (calls > CALLS_MAX)
        calls = CALLS_MAX;
    for (int run = 0; run < RUNS; run++) {
        double start = now_ns(), spent;

        for (size_t i = 0; i < calls; i++) {
            each.p = job->p + i * stride % ARENA;
            work(&each);
        }
        spent = now_ns() - start;
        if (best == 0 || spent < best)
            best = spent;
    }
    return (double)(calls * job->len) / best;
}

/* A row's columns of one text. */
static void measure_text(struct job *job, uint8_t *place, const char *sample)
{
    for (size_t n = 0; n < COUNT(kernels) * 2; n++) {
        job->p = place + n % 2;
        write_texts(job, sample);
        printf(" %6.2f", bytes_per_ns(kernels[n / 2].work, job));
    }
}

static void measure(struct job *job, uint8_t *place)
{
    for (size_t i = 0; i < COUNT(lens); i++) {
        job->len = lens[i];
        printf("%8s %6zu", job->ops->name, job->len);
        measure_text(job, place, samples[0]);
        measure_text(job, place, samples[1]);
        printf("\n");
    }
}

static void head(void)
{
    printf("%15s", "bytes");
    for (size_t s = 0; s < 2; s++)
        for (size_t k = 0; k < COUNT(kernels); k++)
            printf(" %6s %6s", s == 0 ? "ascii" : "mixed", kernels[k].name);
    printf("\n");
}

static bool is_wanted(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 0;
}

int main(int argc, char **argv)
{
    uint8_t *place = aligned_alloc(64, ARENA + LEN_MAX + 64);

    if (!place)
        die("out of memory");
    head();
    for (int kind = 0; kind < WEFT_SIMD_COUNT; kind++) {
        struct job job = {weft_simd_ops((enum weft_simd)kind), NULL, 0, 0};

        if (!job.ops || !is_wanted(job.ops->name, argv + 1, argc - 1))
            continue;
        weft_simd_use((enum weft_simd)kind);
        measure(&job, place);
    }
    free(place);
    return 0;
}
