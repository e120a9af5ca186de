/* SPDX-License-Identifier: MIT */
/*
 * What a message without context costs to compress and to decompress, by zlib
 * and by libdeflate as src/ws uses them: nanoseconds of processor time, and
 * the bytes that are left of each that was.
 *
 *     build-bench/bench/deflate [LEVEL…]
 *
 * The messages are cut out of two long texts at changing places: records of
 * JSON, and lines of a log. Each figure is the least of several runs, so other
 * programs on the machine disturb it little. It is these tables that decide
 * which library serves which message (WEFT_DEFLATE_WHOLE_MIN) and the defaults
 * of level and threshold.
 */
#include "base/mem.h"
#include "ws/deflate_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TEXT_LEN ((size_t)2 << 20)
#define LEN_MIN 64
#define LEN_MAX ((size_t)1 << 20)

#define RUNS 5
#define RUN_NS 4e6 /* at least; the clock is good for a thousandth */

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "deflate: %s\n", what);
    exit(1);
}

static double now_ns(void)
{
    struct timespec ts;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) != 0)
        die("no clock of processor time");
    return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* ---- Texts --------------------------------------------------------------- */

static uint32_t seed;

static unsigned pick(unsigned below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

__attribute__((format(printf, 2, 3))) static void add(struct weft_buf *text,
                                                      const char *format, ...)
{
    va_list args;
    int err;

    va_start(args, format);
    err = weft_buf_vprintf(text, format, args);
    va_end(args);
    if (err)
        die(weft_strerror(err));
}

static const char *const names[] = {"Ada",   "Brian", "Chen",   "Dolores",
                                    "Erika", "Farid", "Grace",  "Hiroshi",
                                    "Ines",  "Jamal", "Katrin", "Li"};
static const char *const words[] = {"market", "order", "closed", "open",
                                    "limit",  "trade", "update", "pending",
                                    "north",  "south", "review", "ready"};

static void add_json(struct weft_buf *text)
{
    add(text,
        "{\"id\":%u,\"user\":\"%s %s\",\"price\":%u.%02u,\"tags\":[\"%s\","
        "\"%s\"],\"active\":%s,\"at\":\"2024-%02u-%02uT%02u:%02u:%02u.%03uZ\"}"
        ",",
        pick(1000000), names[pick(12)], names[pick(12)], pick(10000), pick(100),
        words[pick(12)], words[pick(12)], pick(2) ? "true" : "false",
        1 + pick(12), 1 + pick(28), pick(24), pick(60), pick(60), pick(1000));
}

static void add_log(struct weft_buf *text)
{
    static const char *const levels[] = {"INFO ", "INFO ", "DEBUG", "WARN "};
    static const char *const parts[] = {"http.server", "db.pool", "auth",
                                        "cache.lru", "ws.session"};

    add(text,
        "2024-05-17 %02u:%02u:%02u,%03u %s [worker-%u] %s: %s %s of "
        "%u.%u.%u.%u "
        "took %u ms (request %08x%08x)\n",
        pick(24), pick(60), pick(60), pick(1000), levels[pick(4)], pick(16),
        parts[pick(5)], words[pick(12)], words[pick(12)], 10 + pick(200),
        pick(256), pick(256), pick(256), pick(3000), pick(1u << 24),
        pick(1u << 24));
}

static const struct {
    const char *name;
    void (*add)(struct weft_buf *text);
} texts[] = {{"JSON", add_json}, {"log", add_log}};

/* ---- Measuring ----------------------------------------------------------- */

struct bench {
    struct weft_deflate_pool *pool;
    struct weft_deflate_key packs, unpacks;
    const uint8_t *text;
    size_t len, turn;
    uint8_t *packed; /* one message, for unpacking */
    size_t packed_len;
    size_t made; /* bytes of the last result */
};

static const uint8_t *next_message(struct bench *b)
{
    return b->text + b->turn++ % 64 * 997;
}

static int zlib_pack(struct bench *b)
{
    struct weft_deflate_stream *stream = weft_deflate_take(b->pool, &b->packs);
    int rc;

    if (!stream)
        return WEFT_ERR_NOMEM;
    weft_deflate_reuse(&b->pool->packed);
    rc = weft_deflate_pack(stream, next_message(b), b->len, 2 * b->len,
                           &b->pool->packed);
    weft_deflate_give(b->pool, stream);
    b->made = b->pool->packed.len;
    return rc;
}

static int whole_pack(struct bench *b)
{
    int rc;

    weft_deflate_reuse(&b->pool->packed);
    rc = weft_deflate_whole_pack(b->pool, b->packs.level, next_message(b),
                                 b->len, 2 * b->len);
    b->made = b->pool->packed.len;
    return rc;
}

static int zlib_unpack(struct bench *b)
{
    struct weft_deflate_stream *stream =
        weft_deflate_take(b->pool, &b->unpacks);
    struct weft_deflate_sink sink = {&b->pool->unpacked, b->len, NULL};
    int err;

    if (!stream)
        return WEFT_ERR_NOMEM;
    weft_deflate_reuse(sink.out);
    err = weft_deflate_unpack(stream, b->packed, b->packed_len, true, &sink);
    weft_deflate_give(b->pool, stream);
    b->made = sink.out->len;
    return err ? err : 1;
}

static int whole_unpack(struct bench *b)
{
    int rc;

    weft_deflate_reuse(&b->pool->unpacked);
    rc = weft_deflate_whole_unpack(b->pool, b->packed, b->packed_len, b->len);
    b->made = b->pool->unpacked.len;
    return rc;
}

/* Nanoseconds of one call; 0 where it does not do the work. */
static double measure(struct bench *b, int (*work)(struct bench *b))
{
    double best = 0;

    if (work(b) != 1)
        return 0;
    for (int run = 0; run < RUNS; run++) {
        double start = now_ns(), spent, each;
        size_t count = 0;

        do {
            work(b);
            count++;
            spent = now_ns() - start;
        } while (spent < RUN_NS);
        each = spent / (double)count;
        if (best == 0 || each < best)
            best = each;
    }
    return best;
}

static void measure_len(struct bench *b)
{
    double ns[4], left[2];

    b->turn = 0;
    ns[0] = measure(b, zlib_pack);
    left[0] = (double)b->made / (double)b->len;
    ns[1] = measure(b, whole_pack);
    left[1] = (double)b->made / (double)b->len;
    b->turn = 0;
    if (zlib_pack(b) != 1)
        die("zlib has failed");
    b->packed_len = b->pool->packed.len;
    memcpy(b->packed, b->pool->packed.data, b->packed_len);
    ns[2] = measure(b, zlib_unpack);
    ns[3] = measure(b, whole_unpack);
    printf("%8zu %10.0f %5.3f %10.0f %5.3f %5.2f %10.0f %10.0f %5.2f\n", b->len,
           ns[0], left[0], ns[1], left[1], ns[1] / ns[0], ns[2], ns[3],
           ns[3] / ns[2]);
}

static void measure_level(struct bench *b, const char *text, int level)
{
    b->packs = (struct weft_deflate_key){
        .window_bits = 15, .level = (uint8_t)level, .memory_level = 8};
    printf(
        "\n%s, level %d: ns of a message, what is left of it, and libdeflate "
        "by zlib\n%8s %16s %16s %5s %10s %10s %5s\n",
        text, level, "bytes", "zlib packs", "libdeflate", "by", "unpacks",
        "libdeflate", "by");
    for (b->len = LEN_MIN; b->len <= LEN_MAX; b->len *= 2)
        measure_len(b);
}

static void measure_text(struct bench *b, size_t which, const int *levels,
                         int count)
{
    struct weft_buf text;

    weft_buf_init(&text, &weft_mem_libc, 2 * TEXT_LEN);
    seed = 1;
    while (text.len < TEXT_LEN)
        texts[which].add(&text);
    b->text = text.data;
    for (int i = 0; i < count; i++)
        measure_level(b, texts[which].name, levels[i]);
    weft_buf_release(&text);
}

int main(int argc, char **argv)
{
    int levels[16] = {1, 3, 6, 9}, count = argc > 1 ? argc - 1 : 4;
    struct bench b = {.unpacks = {.is_unpacker = true, .window_bits = 15}};

    for (int i = 0; i < count && argc > 1; i++)
        levels[i & 15] = (int)strtol(argv[i + 1], NULL, 10);
    for (int i = 0; i < count; i++)
        if (count > 16 || levels[i] < 1 || levels[i] > 9)
            die("levels are from 1 to 9");
    b.pool = weft_deflate_pool_new(&weft_mem_libc, NULL);
    b.packed = malloc(2 * LEN_MAX);
    if (!b.pool || !b.packed)
        die("out of memory");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        measure_text(&b, i, levels, count);
    free(b.packed);
    weft_deflate_pool_free(b.pool);
    return 0;
}
