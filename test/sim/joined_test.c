/* SPDX-License-Identifier: MIT */
/*
 * A client and a server joined in memory. What they do, when their bytes
 * travel, where those are cut and what time it is come from a seed, so each
 * run can be had again. On some runs an intermediary cuts frames into
 * fragments on the way, which RFC 6455 section 5.4 lets it do.
 *
 * Whatever the order: what arrives is what was sent, in its order; only what
 * was sent to a side that had begun to close may be missing; pongs answer
 * pings; and both sides learn of a clean close with the code that the other
 * gave.
 */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_NS 1000000u

struct side {
    struct weft_endpoint *ep;
    enum weft_role role;
    struct fail_mem fm;
    struct weft_mem mem;

    struct bytes raw;  /* taken from the endpoint, for the intermediary */
    struct bytes wire; /* on the way to the other side, from wire_at on */
    size_t wire_at;

    struct bytes sent, got;         /* messages, as words */
    struct bytes pings, pings_seen; /* of the application, as words */
    struct bytes pongs;

    unsigned numbered;   /* pings sent so far */
    bool closed_itself;  /* close was called before the peer's close came */
    uint16_t close_sent; /* its code; 0: none */
    struct weft_event end;
};

struct sim {
    struct side side[2];
    uint64_t seed, now;
    bool refragments;
};

static size_t pick(struct sim *s, size_t below)
{
    return (size_t)(test_random(&s->seed) % below);
}

static int sim_entropy(void *ud, void *out, size_t len)
{
    struct sim *s = ud;

    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)pick(s, 256);
    return 0;
}

static void sim_open(struct sim *s, uint64_t seed)
{
    static const size_t out_limits[] = {200, 5000, 1 << 20};

    *s = (struct sim){.seed = seed, .now = 1 + pick(s, 1000)};
    s->refragments = pick(s, 2);
    for (int i = 0; i < 2; i++) {
        struct side *side = &s->side[i];
        struct weft_endpoint_opts opts = WEFT_ENDPOINT_OPTS;

        side->role = i ? WEFT_CLIENT : WEFT_SERVER;
        side->fm.left = -1;
        side->mem = (struct weft_mem){fail_realloc, &side->fm};
        opts.role = side->role;
        opts.mem = &side->mem;
        opts.random = sim_entropy;
        opts.random_ud = s;
        opts.out_limit = out_limits[pick(s, COUNT(out_limits))];
        /* Bytes may wait long on the way here; nobody is given up for it. */
        opts.ping_ns = 40 * STEP_NS;
        opts.pong_ns = 0;
        opts.close_ns = 0;
        assert_int_equal(weft_endpoint_new(&side->ep, &opts), 0);
        assert_int_equal(weft_endpoint_tick(side->ep, s->now), 0);
    }
}

static void sim_close(struct sim *s)
{
    for (int i = 0; i < 2; i++) {
        struct side *side = &s->side[i];

        weft_endpoint_free(side->ep);
        CHECK(side->fm.live == 0, "%zu bytes leaked", side->fm.live);
        bytes_release(&side->raw);
        bytes_release(&side->wire);
        bytes_release(&side->sent);
        bytes_release(&side->got);
        bytes_release(&side->pings);
        bytes_release(&side->pings_seen);
        bytes_release(&side->pongs);
    }
}

/* ---- What the applications do -------------------------------------------- */

static size_t pick_len(struct sim *s)
{
    static const size_t edges[] = {0,   1,     124,   125,   126,  127,
                                   128, 65535, 65536, 65537, 16384};

    if (pick(s, 4) == 0)
        return edges[pick(s, COUNT(edges))];
    return pick(s, pick(s, 50) == 0 ? 200000 : 300);
}

/* Characters of one to four bytes, none above the surrogates but those of
 * four, len bytes in all. */
static void fill_text(struct sim *s, uint8_t *p, size_t len)
{
    while (len > 0) {
        size_t n = 1 + pick(s, len < 4 ? len : 4);

        if (n == 1) {
            *p = (uint8_t)pick(s, 128);
        } else {
            static const uint8_t leads[][4] = {
                {0},
                {0xc2, 0xdf, 0xc9, 0xd0},
                {0xe1, 0xe2, 0xec, 0xee},
                {0xf1, 0xf2, 0xf3, 0xf1},
            };

            p[0] = leads[n - 1][pick(s, 4)];
            for (size_t i = 1; i < n; i++)
                p[i] = (uint8_t)(0x80 + pick(s, 64));
        }
        p += n;
        len -= n;
    }
}

static void add_word(struct bytes *log, enum weft_kind kind, const void *data,
                     size_t len)
{
    text_add(log, kind == WEFT_TEXT ? " text:" : " binary:");
    text_add_payload(log, data, len);
}

static void app_sends(struct sim *s, struct side *side)
{
    enum weft_kind kind = pick(s, 2) ? WEFT_TEXT : WEFT_BINARY;
    size_t len = pick_len(s);
    uint8_t *data = malloc(len + 1);
    int rc;

    if (!data)
        abort();
    if (kind == WEFT_TEXT)
        fill_text(s, data, len);
    else
        sim_entropy(s, data, len);
    rc = weft_endpoint_send(side->ep, kind, data, len);
    if (side->close_sent || side->end.code)
        CHECK(rc == WEFT_ERR_USAGE, "%d", rc);
    else
        CHECK(rc == 0 || rc == WEFT_ERR_BUSY, "%d", rc);
    if (rc == 0)
        add_word(&side->sent, kind, data, len);
    free(data);
}

static void app_pings(struct side *side)
{
    char name[16];
    int len;

    if (side->close_sent || side->end.code)
        return;
    len = snprintf(name, sizeof(name), "n%u", side->numbered++);
    assert_int_equal(weft_endpoint_send(side->ep, WEFT_PING, name, (size_t)len),
                     0);
    text_add(&side->pings, " %s", name);
}

static void app_closes(struct sim *s, struct side *side)
{
    uint16_t code = (uint16_t)(3000 + pick(s, 2000));

    if (side->close_sent || side->end.code)
        return;
    assert_int_equal(weft_endpoint_close(side->ep, code, "bye", 3), 0);
    side->close_sent = code;
    side->closed_itself = true;
}

static void app_hears(struct sim *s, struct side *side,
                      const struct weft_event *event)
{
    const struct weft_message *msg = &event->msg;

    CHECK(!side->end.code, "an event after close");
    switch (event->type) {
    case WEFT_EVENT_MESSAGE:
        add_word(&side->got, msg->kind, msg->data, msg->len);
        if (pick(s, 8) == 0)
            app_sends(s, side); /* in the middle of the pull */
        break;
    case WEFT_EVENT_PING:
        if (msg->len > 0 && *(const char *)msg->data == 'n')
            text_add(&side->pings_seen, " %.*s", (int)msg->len,
                     (const char *)msg->data);
        break;
    case WEFT_EVENT_PONG:
        if (msg->len > 0 && *(const char *)msg->data == 'n')
            text_add(&side->pongs, " %.*s", (int)msg->len,
                     (const char *)msg->data);
        break;
    case WEFT_EVENT_CLOSE:
        side->end = *event;
        if (!side->close_sent && pick(s, 3) == 0) { /* an answer of its own */
            side->close_sent = (uint16_t)(3000 + pick(s, 2000));
            assert_int_equal(
                weft_endpoint_close(side->ep, side->close_sent, NULL, 0), 0);
        } else if (!side->close_sent) {
            side->close_sent = event->code; /* the echo */
        }
        break;
    }
}

/* ---- What the network does ----------------------------------------------- */

/* Passes on whole frames, those with data cut into fragments of random size. */
static void intermediary(struct sim *s, struct side *from)
{
    enum weft_role to = from->role == WEFT_SERVER ? WEFT_CLIENT : WEFT_SERVER;
    struct wire_frame f;
    size_t at = 0, used;

    while ((used = wire_read(&f, from->raw.data + at, from->raw.len - at))) {
        bool control = f.opcode >= 8;
        size_t done = 0;

        at += used;
        while (!control && f.len - done > 1 && pick(s, 3) > 0) {
            size_t len = pick(s, f.len - done);

            wire_add_frame(&from->wire, to, f.opcode, f.payload + done, len);
            f.opcode = 0;
            done += len;
        }
        wire_add_frame(&from->wire, to, 0x80 | f.opcode, f.payload + done,
                       f.len - done);
        free(f.payload);
    }
    memmove(from->raw.data, from->raw.data + at, from->raw.len - at);
    from->raw.len -= at;
}

/* Takes some of what a side has to send. false: there was nothing. */
static bool take(struct sim *s, struct side *side)
{
    struct iovec iov;

    if (!weft_endpoint_output(side->ep, &iov))
        return false;
    if (pick(s, 2))
        iov.iov_len = 1 + pick(s, iov.iov_len);
    bytes_add(s->refragments ? &side->raw : &side->wire, iov.iov_base,
              iov.iov_len);
    weft_endpoint_sent(side->ep, iov.iov_len);
    if (s->refragments && side->raw.len > 0)
        intermediary(s, side);
    return true;
}

/* Brings some of what is on the way to its end. false: there was nothing. */
static bool deliver(struct sim *s, struct side *from, struct side *to)
{
    size_t len = from->wire.len - from->wire_at;
    struct weft_event event;
    int rc;

    if (len == 0)
        return false;
    if (pick(s, 8))
        len = 1 + pick(s, len < 3000 ? len : 3000);
    assert_int_equal(
        weft_endpoint_feed(
            to->ep, at_page_end(from->wire.data + from->wire_at, len), len),
        0);
    while ((rc = weft_endpoint_next(to->ep, &event)) > 0)
        app_hears(s, to, &event);
    CHECK(rc == 0, "%d", rc);
    from->wire_at += len;
    if (from->wire_at == from->wire.len)
        from->wire_at = from->wire.len = 0;
    return true;
}

static void step(struct sim *s)
{
    struct side *side = &s->side[pick(s, 2)];
    struct side *other = &s->side[side == s->side];

    s->now += pick(s, 2 * STEP_NS);
    assert_int_equal(weft_endpoint_tick(side->ep, s->now), 0);
    switch (pick(s, 8)) {
    case 0:
    case 1:
        app_sends(s, side);
        break;
    case 2:
        app_pings(side);
        break;
    case 3:
    case 4:
        take(s, side);
        break;
    default:
        deliver(s, other, side);
        break;
    }
}

static void settle(struct sim *s)
{
    bool moved;

    do {
        moved = false;
        for (int i = 0; i < 2; i++) {
            moved |= take(s, &s->side[i]);
            moved |= deliver(s, &s->side[i], &s->side[!i]);
        }
    } while (moved);
}

/* ---- What must be true --------------------------------------------------- */

static bool is_prefix(const struct bytes *part, const struct bytes *all)
{
    return part->len <= all->len &&
           (part->len == 0 || !memcmp(part->data, all->data, part->len));
}

/* Whether the words of part stand in all, in that order. */
static bool is_subsequence(const struct bytes *part, const struct bytes *all)
{
    const char *at = text_of(all), *p = text_of(part);

    while (*p) {
        size_t len = 1 + strcspn(p + 1, " ");

        while (*at && (strncmp(at, p, len) || (at[len] && at[len] != ' ')))
            at += 1 + strcspn(at + 1, " ");
        if (!*at)
            return false;
        at += len;
        p += len;
    }
    return true;
}

static void check_way(const struct side *from, const struct side *to,
                      uint64_t seed)
{
    unsigned long long n = seed;

    CHECK(is_prefix(&to->got, &from->sent), "seed %llu: got%s\nsent%s", n,
          text_of(&to->got), text_of(&from->sent));
    CHECK(is_prefix(&to->pings_seen, &from->pings), "seed %llu: pings%s\nof%s",
          n, text_of(&to->pings_seen), text_of(&from->pings));
    if (!to->closed_itself) {
        CHECK(to->got.len == from->sent.len, "seed %llu: got%s\nsent%s", n,
              text_of(&to->got), text_of(&from->sent));
        CHECK(to->pings_seen.len == from->pings.len, "seed %llu", n);
    }
    CHECK(is_subsequence(&from->pongs, &to->pings_seen),
          "seed %llu: pongs%s\nfor%s", n, text_of(&from->pongs),
          text_of(&to->pings_seen));
    CHECK(to->end.code == from->close_sent && to->end.clean,
          "seed %llu: closed with %u, not %u", n, to->end.code,
          from->close_sent);
}

static void check_end(struct sim *s, uint64_t seed)
{
    struct weft_event event;

    for (int i = 0; i < 2; i++) {
        struct side *side = &s->side[i];

        check_way(side, &s->side[!i], seed);
        assert_true(weft_endpoint_is_over(side->ep));
        assert_int_equal(weft_endpoint_queued(side->ep), 0);
        weft_endpoint_feed_end(side->ep);
        assert_int_equal(weft_endpoint_next(side->ep, &event), 0);
    }
}

/* Closes by the server, by the client, or by both at once: 0, 1, 2. */
static void run(uint64_t seed, unsigned who)
{
    struct sim s;
    size_t steps;

    sim_open(&s, seed);
    steps = 50 + pick(&s, 300);
    while (steps-- > 0)
        step(&s);
    if (who != 1)
        app_closes(&s, &s.side[0]);
    for (steps = pick(&s, 20); steps > 0; steps--)
        step(&s);
    if (who != 0)
        app_closes(&s, &s.side[1]);
    for (steps = pick(&s, 100); steps > 0; steps--)
        step(&s);
    settle(&s);
    check_end(&s, seed);
    sim_close(&s);
}

static void test_conversations(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++)
        run(seed * 7919, seed % 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
