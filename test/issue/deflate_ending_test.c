/* SPDX-License-Identifier: MIT */
/*
 * What happened: where a compressed message ends was judged in two ways, by
 * libdeflate for what came whole and by zlib for what came in pieces, and the
 * fuzzer "inflate" found where they differ from zlib alone, or from RFC 7692.
 *
 * - A stored block that was cut short four bytes before its end, or nine, took
 *   what libdeflate is given behind a message for its own bytes: the message
 *   got four or nine bytes longer and was good. In pieces it was malformed.
 * - An empty stored block marked as the last is one that section 7.2.1 lets a
 *   sender end with. The message was refused.
 * - zlib says once that it stands between two blocks. Where the text ended just
 *   when the room for it did, it was asked again, and a message that had kept
 *   its last four bytes was refused, though it is read otherwise.
 *
 * What holds since: the verdict is the same however a message comes.
 */
#include "support.h"
#include "ws/deflate.h"

#include <string.h>

#define REFUSED WEFT_ERR_INVALID_DATA
#define HELLO "48656c6c6f"

static const struct {
    const char *what, *hex, *text; /* text in hex, too */
    size_t limit;
    int want;
} cases[] = {
    {"a stored block four bytes short", "000900f6ff48656c6c6f", "", 100,
     REFUSED},
    {"one behind another", "000500faff48656c6c6f 000600f9ff2100", "", 100,
     REFUSED},
    {"nine bytes short, the last", "010e00f1ff48656c6c6f", "", 100, REFUSED},
    {"four bytes short, the last", "010900f6ff48656c6c6f", "", 100, REFUSED},
    {"one that ends so by itself", "000900f6ff48656c6c6f0000ffff00",
     HELLO "0000ffff", 100, 0},
    {"the end is the last block", "000500faff48656c6c6f01", HELLO, 100, 0},
    {"nothing but the last block", "01", "", 100, 0},
    {"tail kept, room for all", "f248cdc9c907000000ffff", HELLO, 100, 0},
    {"tail kept, just enough room", "f248cdc9c907000000ffff", HELLO, 5, 0},
};

struct world {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_ext *ext;
};

static void open_world(struct world *w, bool takes_over)
{
    struct weft_deflate_params params = {
        .server_no_context_takeover = !takes_over,
        .client_no_context_takeover = !takes_over,
        .server_max_window_bits = 15,
        .client_max_window_bits = 15,
    };
    struct weft_deflate_opts opts;
    struct weft_deflate_pool *pool;

    *w = (struct world){.fm = {.left = -1}};
    w->mem = (struct weft_mem){fail_realloc, &w->fm};
    assert_int_equal(weft_deflate_opts_fill(&opts, NULL), 0);
    pool = weft_deflate_pool_new(&w->mem, NULL);
    assert_non_null(pool);
    assert_int_equal(
        weft_deflate_new(&w->ext, pool, &opts, &params, false, true), 0);
}

static void close_world(struct world *w)
{
    w->ext->ops->free(w->ext);
    assert_int_equal(w->fm.live, 0);
}

static void check(size_t i, const char *how, int err, const void *text,
                  size_t len)
{
    uint8_t want[64];
    size_t want_len = unhex(want, cases[i].text);

    CHECK(err == cases[i].want, "%s, %s: %d", cases[i].what, how, err);
    if (!err)
        CHECK(len == want_len && (len == 0 || !memcmp(text, want, len)),
              "%s, %s: %zu bytes", cases[i].what, how, len);
}

static void run_whole(size_t i, const uint8_t *p, size_t len, bool takes_over)
{
    const char *why = NULL;
    struct iovec text = {NULL, 0};
    struct world w;
    int rc;

    open_world(&w, takes_over);
    rc = w.ext->ops->decode_whole(w.ext, at_page_end(p, len), len,
                                  cases[i].limit, &text, &why);
    check(i, takes_over ? "whole, with context" : "whole", rc < 0 ? rc : 0,
          text.iov_base, text.iov_len);
    close_world(&w);
}

static void run_cut(size_t i, const uint8_t *p, size_t len, size_t cut)
{
    const char *why = NULL;
    struct weft_buf text;
    struct world w;
    int err;

    open_world(&w, false);
    weft_buf_init(&text, &w.mem, cases[i].limit);
    err =
        w.ext->ops->decode(w.ext, at_page_end(p, cut), cut, false, &text, &why);
    if (!err)
        err = w.ext->ops->decode(w.ext, at_page_end(p + cut, len - cut),
                                 len - cut, true, &text, &why);
    check(i, "cut", err, text.data, text.len);
    weft_buf_release(&text);
    close_world(&w);
}

static void test_ending(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[64];
        size_t len = unhex(bytes, cases[i].hex);

        run_whole(i, bytes, len, false);
        run_whole(i, bytes, len, true);
        for (size_t cut = 0; cut <= len; cut++)
            run_cut(i, bytes, len, cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
