/* SPDX-License-Identifier: MIT */
/*
 * What a message without context costs to compress and to decompress, by each
 * means that src/ws has: nanoseconds of processor time, and how long the result
 * is beside that of zlib's level 6.
 *
 *     build-bench/bench/deflate [BYTES…]
 *
 * The messages are cut out of long texts of several kinds at changing places,
 * so nothing is faster for having seen the same one before. Each figure is the
 * least of several runs, so other programs on the machine disturb it little. At
 * the end it names for each length what is cheapest of all that makes at most
 * 1.12 of zlib's level 6 of every text: that is what the default is chosen by.
 */
#include "base/mem.h"
#include "ws/deflate_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TEXT_LEN ((size_t)2 << 20)
#define LEN_MAX ((size_t)1 << 20)
#define LENS 8

#define RUNS 5
#define RUN_NS 2e6 /* at least; the clock is good for a thousandth */

/* How much longer than by zlib's level 6 a default may be. */
#define LONGER_MAX 1.12

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

/* So few words that each is everywhere: hard to find the best match in. */
static void add_words(struct weft_buf *text)
{
    add(text, "%s ", pick(2) ? words[pick(12)] : names[pick(12)]);
}

static void add_html(struct weft_buf *text)
{
    static const char *const tags[] = {"li", "td", "p", "span"};
    const char *tag = tags[pick(4)];

    add(text, "<%s class=\"%s-%s\"><a href=\"/%s/%u\">%s %s</a></%s>\n", tag,
        words[pick(12)], words[pick(12)], words[pick(12)], pick(10000),
        names[pick(12)], words[pick(12)], tag);
}

static void add_mixed(struct weft_buf *text)
{
    static const char *const parts[] = {
        "рынок ", "заказ ", "обновление ",    "сегодня ", "время ", "и ",
        "市場の", "注文は", "更新しました。", "東京で",   "時間",   "です。"};

    add(text, "%s", parts[pick(12)]);
}

/* Records with something that is Base64. */
static void add_base64(struct weft_buf *text)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
        "uvwxyz0123456789+/";
    unsigned count = 40 + pick(300);

    add(text, "{\"id\":%u,\"data\":\"", pick(1000000));
    while (count-- > 0)
        add(text, "%c", digits[pick(64)]);
    add(text, "\"},");
}

static const struct {
    const char *name;
    void (*add)(struct weft_buf *text);
} texts[] = {{"JSON", add_json}, {"log", add_log},     {"words", add_words},
             {"HTML", add_html}, {"mixed", add_mixed}, {"Base64", add_base64}};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

/* ---- Measuring ----------------------------------------------------------- */

struct bench {
    struct weft_deflate_pool *pool;
    struct weft_deflate_key key;
    const uint8_t *text;
    size_t len, turn;
    uint8_t *packed; /* one message, for unpacking */
    size_t packed_len;
    size_t made; /* bytes of all results since it was 0 */
};

static const uint8_t *next_message(struct bench *b)
{
    return b->text + b->turn++ % 64 * 997;
}

static int zlib_pack(struct bench *b)
{
    struct weft_deflate_stream *stream = weft_deflate_take(b->pool, &b->key);
    int rc;

    if (!stream)
        return WEFT_ERR_NOMEM;
    rc = weft_deflate_pack(stream, next_message(b), b->len, 2 * b->len,
                           &b->pool->packed);
    weft_deflate_give(b->pool, stream);
    return rc;
}

static int whole_pack(struct bench *b)
{
    return weft_deflate_whole_pack(b->pool, b->key.level, next_message(b),
                                   b->len, 2 * b->len);
}

static int quick_pack(struct bench *b)
{
    return weft_deflate_quick_pack(b->pool, &b->key, next_message(b), b->len,
                                   2 * b->len);
}

static int zlib_unpack(struct bench *b)
{
    static const struct weft_deflate_key key = {.is_unpacker = true,
                                                .window_bits = 15};
    struct weft_deflate_stream *stream = weft_deflate_take(b->pool, &key);
    struct weft_deflate_sink sink = {&b->pool->unpacked, b->len, NULL};
    int err;

    if (!stream)
        return WEFT_ERR_NOMEM;
    weft_deflate_reuse(sink.out);
    err = weft_deflate_unpack(stream, b->packed, b->packed_len, true, &sink);
    weft_deflate_give(b->pool, stream);
    return err ? err : 1;
}

static int whole_unpack(struct bench *b)
{
    weft_deflate_reuse(&b->pool->unpacked);
    return weft_deflate_whole_unpack(b->pool, b->packed, b->packed_len, b->len);
}

static int work_once(struct bench *b, int (*work)(struct bench *b))
{
    int rc;

    weft_deflate_reuse(&b->pool->packed);
    rc = work(b);
    b->made += b->pool->packed.len;
    return rc;
}

/* Nanoseconds of one call; 0 where it does not do the work. */
static double measure(struct bench *b, int (*work)(struct bench *b))
{
    double best = 0;

    for (int run = 0; run < RUNS; run++) {
        double start = now_ns(), spent, each;
        size_t count = 0;

        do {
            if (work_once(b, work) != 1)
                return 0;
            count++;
            spent = now_ns() - start;
        } while (spent < RUN_NS);
        each = spent / (double)count;
        if (best == 0 || each < best)
            best = each;
    }
    return best;
}

/* Bytes of the mean of sixty-four messages. */
static double weigh(struct bench *b, int (*work)(struct bench *b))
{
    b->turn = b->made = 0;
    for (int i = 0; i < 64; i++)
        if (work_once(b, work) != 1)
            return 0;
    return (double)b->made / 64;
}

/* ---- The table ----------------------------------------------------------- */

static const struct {
    const char *name;
    int (*pack)(struct bench *b);
    int most; /* levels */
} engines[] = {{"quick", quick_pack, WEFT_DEFLATE_QUICK_LEVELS},
               {"libdeflate", whole_pack, 9},
               {"zlib", zlib_pack, 9}};

#define ENGINES (sizeof(engines) / sizeof(engines[0]))

/* Over all texts, for one length. */
struct sum {
    double ns, worst;
};

static void measure_packing(struct bench *b, double by_zlib, size_t engine,
                            struct sum *sums)
{
    for (int level = 1; level <= engines[engine].most; level++) {
        double bytes, ns;

        b->key = (struct weft_deflate_key){
            .window_bits = 15, .level = (uint8_t)level, .memory_level = 8};
        bytes = weigh(b, engines[engine].pack);
        if (bytes == 0)
            continue;
        ns = measure(b, engines[engine].pack);
        printf("  %s %d: %.0f ns, %.3f\n", engines[engine].name, level, ns,
               bytes / by_zlib);
        sums[level].ns += ns;
        if (bytes / by_zlib > sums[level].worst)
            sums[level].worst = bytes / by_zlib;
    }
}

static void measure_text(struct bench *b, const char *name,
                         struct sum (*sums)[10])
{
    double by_zlib;

    b->key = (struct weft_deflate_key){
        .window_bits = 15, .level = 6, .memory_level = 8};
    by_zlib = weigh(b, zlib_pack);
    if (by_zlib == 0)
        die("zlib has failed");
    b->packed_len = b->pool->packed.len;
    memcpy(b->packed, b->pool->packed.data, b->packed_len);
    printf("%s, %zu bytes, by zlib's level 6 %.0f:\n", name, b->len, by_zlib);
    for (size_t i = 0; i < ENGINES; i++)
        measure_packing(b, by_zlib, i, sums[i]);
    printf("  unpacked by zlib: %.0f ns, by libdeflate: %.0f ns\n",
           measure(b, zlib_unpack), measure(b, whole_unpack));
}

static void print_best(size_t len, struct sum (*sums)[10])
{
    double least = 0;
    size_t engine = 0;
    int best = 0;

    for (size_t i = 0; i < ENGINES; i++)
        for (int level = 1; level <= engines[i].most; level++) {
            const struct sum *sum = &sums[i][level];

            if (sum->ns == 0 || sum->worst > LONGER_MAX ||
                (best > 0 && sum->ns >= least))
                continue;
            least = sum->ns;
            engine = i;
            best = level;
        }
    printf("%zu bytes: %s %d, in the mean %.0f ns, at most %.3f\n\n", len,
           engines[engine].name, best, least / (double)TEXTS,
           sums[engine][best].worst);
}

static void make_texts(struct weft_buf *made)
{
    for (size_t i = 0; i < TEXTS; i++) {
        weft_buf_init(&made[i], &weft_mem_libc, 2 * TEXT_LEN);
        seed = 1;
        while (made[i].len < TEXT_LEN)
            texts[i].add(&made[i]);
    }
}

int main(int argc, char **argv)
{
    size_t lens[LENS] = {64, 256, 1024, 4096, 16384, 65536, LEN_MAX};
    int count = argc > 1 ? argc - 1 : LENS - 1;
    struct bench b = {0};
    struct weft_buf made[TEXTS];

    for (int i = 0; i < count && argc > 1; i++)
        lens[i % LENS] = (size_t)strtoul(argv[i + 1], NULL, 10);
    for (int i = 0; i < count; i++)
        if (count > LENS || lens[i] < 1 || lens[i] > LEN_MAX)
            die("at most 8 lengths, from 1 to 1048576");
    b.pool = weft_deflate_pool_new(&weft_mem_libc, NULL);
    b.packed = malloc(2 * LEN_MAX);
    if (!b.pool || !b.packed)
        die("out of memory");
    make_texts(made);
    for (int i = 0; i < count; i++) {
        struct sum sums[ENGINES][10] = {{{0, 0}}};

        b.len = lens[i];
        for (size_t k = 0; k < TEXTS; k++) {
            b.text = made[k].data;
            measure_text(&b, texts[k].name, sums);
        }
        print_best(b.len, sums);
    }
    for (size_t k = 0; k < TEXTS; k++)
        weft_buf_release(&made[k]);
    free(b.packed);
    weft_deflate_pool_free(b.pool);
    return 0;
}
