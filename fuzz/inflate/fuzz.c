/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as compressed messages, whole and cut anywhere, against zlib with
 * each window and with and without context. Where the reference reads a
 * message, so do we; what we read is what it stands for, and never more than
 * the limit. We may read more than the reference, which forgets at once what is
 * beyond the window; but where that is as large as windows get, only the same.
 * Memory is bounded by the limit, whatever the bytes stand for.
 *
 * Input: one byte for the window, the context and the role, one for the limit,
 * two that say where the messages are cut; then messages, each with its length
 * in two bytes before it.
 */
#include "fuzz.h"

#include "../inflater.h"
#include "ws/deflate.h"

/* Of the first byte; the lowest three bits are the window, less 8. */
enum {
    TAKES_OVER = 8,
    IS_CLIENT = 16,
};

/* Of zlib's and libdeflate's states: 10 KiB and the window of zlib, two
 * buffers that are kept; libdeflate's own memory is not counted. */
#define PEAK_AT_REST 220000

struct plan {
    int window_bits;
    bool takes_over, is_client;
    size_t limit;
    struct fuzz_cuts cuts;
};

/* One way of reading. */
struct reader {
    const struct plan *plan;
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_ext *ext;
};

static struct plan read_plan(struct fuzz_input *in)
{
    static const size_t limits[] = {65536, 0, 1, 10, 100, 1000, 4096, 20000};
    unsigned how = fuzz_byte(in), limit = fuzz_byte(in);
    struct plan plan = {
        .window_bits = 8 + how % 8,
        .takes_over = how & TAKES_OVER,
        .is_client = how & IS_CLIENT,
        .limit = limits[limit % COUNT(limits)],
    };

    plan.cuts = fuzz_cuts(in);
    return plan;
}

static void open_reader(struct reader *r, const struct plan *plan)
{
    struct weft_deflate_params params = {
        .server_no_context_takeover = !plan->takes_over,
        .client_no_context_takeover = !plan->takes_over,
        .server_max_window_bits = (uint8_t)plan->window_bits,
        .client_max_window_bits = (uint8_t)plan->window_bits,
    };
    struct weft_deflate_opts opts;
    struct weft_deflate_pool *pool;

    *r = (struct reader){.plan = plan, .fm = {.left = -1}};
    r->mem = (struct weft_mem){fail_realloc, &r->fm};
    CHECK(weft_deflate_opts_fill(&opts, NULL) == 0, "options");
    pool = weft_deflate_pool_new(&r->mem, NULL);
    CHECK(pool, "no pool");
    CHECK(weft_deflate_new(&r->ext, pool, &opts, &params, plan->is_client,
                           true) == 0,
          "no extension");
}

static void close_reader(struct reader *r)
{
    r->ext->ops->free(r->ext);
    CHECK(r->fm.live == 0, "%zu bytes leaked", r->fm.live);
}

/* ---- Our readings -------------------------------------------------------- */

static int check_error(int err, const char *why)
{
    CHECK(err == WEFT_ERR_LIMIT || err == WEFT_ERR_INVALID_DATA, "%d", err);
    CHECK(err == WEFT_ERR_LIMIT || (why && why[0]), "no words");
    return err;
}

/* 0 and the text, or an error. */
static int read_whole(struct reader *r, const uint8_t *p, size_t len,
                      struct bytes *out)
{
    const char *why = NULL;
    struct iovec text;
    int rc = r->ext->ops->decode_whole(r->ext, at_page_end(p, len), len,
                                       r->plan->limit, &text, &why);

    if (rc < 0)
        return check_error(rc, why);
    CHECK(rc == 1, "%d", rc);
    CHECK(text.iov_len <= r->plan->limit, "%zu bytes", text.iov_len);
    bytes_add(out, text.iov_base, text.iov_len);
    return 0;
}

static int read_cut(struct reader *r, const uint8_t *p, size_t len,
                    struct bytes *out)
{
    const char *why = NULL;
    struct weft_buf text;
    size_t at = 0;
    int err;

    weft_buf_init(&text, &r->mem, r->plan->limit);
    do {
        size_t piece = fuzz_piece(&r->plan->cuts, at, len);

        err = r->ext->ops->decode(r->ext, at_page_end(p + at, piece), piece,
                                  at + piece == len, &text, &why);
        CHECK(text.len <= r->plan->limit, "%zu bytes", text.len);
        at += piece;
    } while (!err && at < len);
    if (!err)
        bytes_add(out, text.data, text.len);
    weft_buf_release(&text);
    return err ? check_error(err, why) : 0;
}

/* ---- Against the reference ----------------------------------------------- */

struct judges {
    struct inflater exact; /* with the window agreed on */
    struct inflater wide;  /* with the largest there is */
    bool is_exact_lost;    /* it read something else, or nothing */
    bool is_libdeflate;    /* what reads here if it can */
};

/*
 * libdeflate reads some codes that RFC 1951 section 3.2.7 does not allow, or
 * that it gives no meaning (3.2.6), where zlib says what is wrong with them.
 * With the blocks themselves, and with distances, it is as strict.
 */
static bool is_allowed_more(const struct judges *judges)
{
    static const char *const not_codes[] = {"invalid block type",
                                            "invalid stored block lengths",
                                            "invalid distance too far back"};
    const char *why = judges->wide.z.msg;

    if (!judges->is_libdeflate || !why)
        return false;
    for (size_t i = 0; i < COUNT(not_codes); i++)
        if (strcmp(why, not_codes[i]) == 0)
            return false;
    return true;
}

static void check_text(const struct judges *judges, bool is_wide,
                       const struct bytes *wide, const struct bytes *text)
{
    if (is_allowed_more(judges))
        return;
    CHECK(is_wide && wide->len == text->len &&
              (wide->len == 0 || !memcmp(wide->data, text->data, wide->len)),
          "%zu bytes, not %zu", text->len, wide->len);
}

static void check_reading(struct judges *judges, size_t limit, int err,
                          const struct bytes *text, struct weft_slice message)
{
    const uint8_t *p = (const uint8_t *)message.ptr;
    size_t len = message.len;
    struct bytes exact = {0}, wide = {0};
    bool is_exact = !judges->is_exact_lost &&
                    inflater_message(&judges->exact, p, len, limit, &exact);
    bool is_wide = inflater_message(&judges->wide, p, len, limit, &wide);

    if (!is_exact)
        judges->is_exact_lost = true;
    if (err)
        CHECK(!is_exact, "%d for a good message", err);
    else
        check_text(judges, is_wide, &wide, text);
    /* libdeflate asks for the room first, and looks what comes then. */
    if (err == WEFT_ERR_LIMIT && !judges->is_libdeflate)
        CHECK(wide.len > limit, "limit %zu, %zu bytes", limit, wide.len);
    bytes_release(&exact);
    bytes_release(&wide);
}

/* Reads messages until one is wrong. */
static void run(struct fuzz_input in, const struct plan *plan,
                int (*decode)(struct reader *, const uint8_t *, size_t,
                              struct bytes *))
{
    struct judges judges = {
        .is_libdeflate = decode == read_whole && !plan->takes_over,
    };
    struct reader reader;
    size_t size = in.left;
    int err = 0;

    open_reader(&reader, plan);
    inflater_init(&judges.exact, plan->window_bits, plan->takes_over);
    inflater_init(&judges.wide, 15, plan->takes_over);
    while (in.left > 0 && !err) {
        size_t len = fuzz_byte(&in) << 8;
        struct bytes text = {0};

        len |= fuzz_byte(&in);
        len = len < in.left ? len : in.left;
        err = decode(&reader, in.at, len, &text);
        check_reading(&judges, plan->limit, err, &text,
                      (struct weft_slice){(const char *)in.at, len});
        bytes_release(&text);
        in.at += len;
        in.left -= len;
    }
    CHECK(reader.fm.peak <= PEAK_AT_REST + 3 * (plan->limit + size),
          "%zu bytes held", reader.fm.peak);
    inflater_release(&judges.exact);
    inflater_release(&judges.wide);
    close_reader(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct plan plan = read_plan(&in);

    run(in, &plan, read_whole);
    run(in, &plan, read_cut);
    return 0;
}
