/* SPDX-License-Identifier: MIT */
/*
 * Any messages through our compressor and back through zlib, which has the
 * window that was agreed on and no more: each comes out as it was, also behind
 * messages that were sent as they are, that were encoded and not sent, or for
 * which there was no memory. Without context what is encoded is shorter. None
 * of what is sent ends as if its last four bytes were still there.
 *
 * Input: one byte for the window, the context and the role, one for the levels,
 * one for the threshold; then messages: two bytes for the length of a piece,
 * one for how often it is repeated, one for what becomes of it, the piece.
 */
#include "fuzz.h"

#include "../inflater.h"
#include "ws/deflate.h"

/* Bytes of all messages together. More than enough to pass every threshold, and
 * what the reference reads in a few milliseconds. */
#define BYTES_MAX 100000

/* Of the first byte; the lowest three bits are the window, less 8. */
enum {
    TAKES_OVER = 8,
    IS_CLIENT = 16,
};

/* What becomes of a message, by its byte modulo 8. */
enum {
    IS_NOT_SENT = 1, /* though it was encoded */
    FAILS = 2,       /* at an allocation: the first, second … by the others */
};

struct world {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_ext *ext;
    struct inflater peer;
    bool takes_over;
};

static void open_world(struct world *w, struct fuzz_input *in)
{
    static const uint64_t thresholds[] = {1, 128, 1000, 40000};
    unsigned how = fuzz_byte(in), levels = fuzz_byte(in);
    uint8_t bits = 8 + how % 8;
    struct weft_deflate_opts opts,
        given = {
            .size = sizeof(given),
            .has_takeover = how & TAKES_OVER,
            .level = 1 + levels % 16 % 9,
            .memory_level = 1 + levels / 16 % 9,
            .threshold = thresholds[fuzz_byte(in) % COUNT(thresholds)],
        };
    struct weft_deflate_params params = {
        .server_no_context_takeover = !(how & TAKES_OVER),
        .client_no_context_takeover = !(how & TAKES_OVER),
        .server_max_window_bits = bits,
        .client_max_window_bits = bits,
    };
    struct weft_deflate_pool *pool;

    *w = (struct world){.fm = {.left = -1}, .takes_over = how & TAKES_OVER};
    w->mem = (struct weft_mem){fail_realloc, &w->fm};
    CHECK(weft_deflate_opts_fill(&opts, &given) == 0, "options");
    pool = weft_deflate_pool_new(&w->mem, NULL);
    CHECK(pool, "no pool");
    CHECK(weft_deflate_new(&w->ext, pool, &opts, &params, how & IS_CLIENT,
                           true) == 0,
          "no extension");
    inflater_init(&w->peer, bits, w->takes_over);
}

static void close_world(struct world *w)
{
    w->ext->ops->free(w->ext);
    inflater_release(&w->peer);
    CHECK(w->fm.live == 0, "%zu bytes leaked", w->fm.live);
}

static void check_encoded(struct world *w, const struct bytes *message,
                          const struct iovec *encoded)
{
    static const uint8_t tail[] = {0, 0, 0xff, 0xff};
    const uint8_t *p = encoded->iov_base;
    size_t len = encoded->iov_len;
    struct bytes text = {0};

    CHECK(len > 0, "nothing");
    CHECK(w->takes_over || len < message->len, "%zu bytes for %zu", len,
          message->len);
    CHECK(inflater_message(&w->peer, p, len, message->len, &text),
          "%zu bytes for %zu", len, message->len);
    CHECK(text.len == message->len &&
              !memcmp(text.data, message->data, text.len),
          "%zu bytes came out of %zu", text.len, message->len);
    /* Section 7.2.1, step 3. Stored, the message itself may end so. */
    CHECK(len < 4 || memcmp(p + len - 4, tail, 4) != 0 ||
              !memcmp(message->data + message->len - 4, tail, 4),
          "the tail is still there");
    bytes_release(&text);
}

static void send_message(struct world *w, const struct bytes *message,
                         unsigned fate)
{
    struct iovec encoded;
    int rc;

    w->fm.left = fate & FAILS ? (long)(fate / 4) : -1;
    rc = w->ext->ops->encode(w->ext, message->data, message->len, &encoded);
    CHECK(rc == 0 || rc == 1 || (rc == WEFT_ERR_NOMEM && w->fm.left == 0), "%d",
          rc);
    w->fm.left = -1;
    if (rc != 1)
        return;
    if (fate & IS_NOT_SENT)
        w->ext->ops->unencode(w->ext);
    else
        check_encoded(w, message, &encoded);
}

/* Takes the length of the message off the room. */
static void read_message(struct bytes *message, struct fuzz_input *in,
                         size_t *room, unsigned *fate)
{
    size_t len = fuzz_byte(in) << 8, times;

    len |= fuzz_byte(in);
    times = 1 + fuzz_byte(in);
    *fate = fuzz_byte(in);
    len = len < in->left ? len : in->left;
    message->len = 0;
    while (times-- > 0 && message->len + len <= *room)
        bytes_add(message, in->at, len);
    *room -= message->len;
    in->at += len;
    in->left -= len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct bytes message = {0};
    size_t room = BYTES_MAX;
    struct world w;
    unsigned fate;

    open_world(&w, &in);
    while (in.left > 0) {
        read_message(&message, &in, &room, &fate);
        send_message(&w, &message, fate);
    }
    bytes_release(&message);
    close_world(&w);
    return 0;
}
