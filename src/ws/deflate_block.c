/* SPDX-License-Identifier: MIT */
/*
 * Blocks of DEFLATE (RFC 1951 section 3.2.3), none marked as the last. Each
 * is written in the shortest of the three forms, whose lengths are known before
 * a bit is written; so it is known, too, that there is room.
 */
#include "ws/deflate_quick.h"

/* The alphabet in which the lengths of codewords are written (section 3.2.7):
 * the lengths themselves, and three for runs of them. */
#define LENGTHS 19
#define REPEAT 16     /* the one before, 3 to 6 times: 2 bits */
#define ZEROS 17      /* 3 to 10: 3 bits */
#define MANY_ZEROS 18 /* 11 to 138: 7 bits */

/* The order in which the lengths of their own codewords come. */
static const uint8_t order[LENGTHS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                       11, 4,  12, 3, 13, 2, 14, 1, 15};

/* The fixed codes have two symbols more than may be used (section 3.2.6). */
#define FIXED_SYMBOLS 288
#define FIXED_DISTANCES 32

enum form { STORED, FIXED, DYNAMIC }; /* as the head of a block has it */

struct plan {
    enum form form;
    size_t bits; /* of the whole block */
    uint32_t symbol_uses[WEFT_SYMBOLS];
    uint32_t distance_uses[WEFT_DISTANCES];
    struct weft_codeword symbols[FIXED_SYMBOLS];
    struct weft_codeword distances[FIXED_DISTANCES];
    /* How the two codes are told, if they are. */
    unsigned symbol_count, distance_count, length_count, run_count;
    uint32_t length_uses[LENGTHS];
    struct weft_codeword lengths[LENGTHS];
    uint16_t runs[WEFT_SYMBOLS + WEFT_DISTANCES]; /* extra bits from bit 8 on */
};

/* ---- Symbols ------------------------------------------------------------- */

static inline unsigned top_bit(unsigned v)
{
    return 31 - (unsigned)__builtin_clz(v);
}

/* The symbol of a length, and how many bits of it come behind. */
static inline unsigned length_symbol(unsigned length, unsigned *extra)
{
    unsigned over = length - WEFT_MATCH_MIN;

    *extra = 0;
    if (over < 8)
        return 257 + over;
    if (length == WEFT_MATCH_MAX)
        return 285;
    *extra = top_bit(over) - 2;
    return 261 + 4 * *extra + (over >> *extra & 3);
}

static inline unsigned distance_symbol(unsigned distance, unsigned *extra)
{
    unsigned over = distance - 1;

    *extra = 0;
    if (over < 4)
        return over;
    *extra = top_bit(over) - 1;
    return 2 * *extra + 2 + (over >> *extra & 1);
}

static void count_uses(struct plan *plan, const struct weft_block *block)
{
    const uint8_t *text = block->text;
    unsigned extra;

    memset(plan->symbol_uses, 0, sizeof(plan->symbol_uses));
    memset(plan->distance_uses, 0, sizeof(plan->distance_uses));
    for (size_t i = 0; i < block->count; i++) {
        const struct weft_sequence *s = &block->sequences[i];
        const uint8_t *end = text + s->literals;

        while (text < end)
            plan->symbol_uses[*text++]++;
        if (s->length == 0)
            continue;
        plan->symbol_uses[length_symbol(s->length, &extra)]++;
        plan->distance_uses[distance_symbol(s->distance, &extra)]++;
        text += s->length;
    }
    plan->symbol_uses[WEFT_END_OF_BLOCK] = 1;
}

/* ---- Planning ------------------------------------------------------------ */

static unsigned used_count(const struct weft_codeword *code, unsigned count,
                           unsigned least)
{
    while (count > least && code[count - 1].len == 0)
        count--;
    return count;
}

static void add_run(struct plan *plan, unsigned symbol, unsigned extra)
{
    plan->runs[plan->run_count++] = (uint16_t)(symbol | extra << 8);
    plan->length_uses[symbol]++;
}

/* One length, so many times. */
static void add_runs(struct plan *plan, unsigned len, unsigned times)
{
    if (len > 0 && times > 0) {
        add_run(plan, len, 0);
        times--;
    }
    while (times >= 3) {
        unsigned most = len > 0 ? 6 : times > 10 ? 138 : 10;
        unsigned least = most == 138 ? 11 : 3;
        unsigned now = times < most ? times : most;

        add_run(plan,
                len > 0      ? REPEAT
                : least == 3 ? ZEROS
                             : MANY_ZEROS,
                now - least);
        times -= now;
    }
    while (times-- > 0)
        add_run(plan, len, 0);
}

static unsigned length_at(const struct plan *plan, unsigned i)
{
    return i < plan->symbol_count ? plan->symbols[i].len
                                  : plan->distances[i - plan->symbol_count].len;
}

static void plan_lengths(struct plan *plan)
{
    unsigned count = plan->symbol_count + plan->distance_count, start = 0;

    plan->run_count = 0;
    memset(plan->length_uses, 0, sizeof(plan->length_uses));
    for (unsigned i = 1; i <= count; i++)
        if (i == count || length_at(plan, i) != length_at(plan, start)) {
            add_runs(plan, length_at(plan, start), i - start);
            start = i;
        }
    weft_code_make(plan->lengths, plan->length_uses, LENGTHS, 7);
    plan->length_count = LENGTHS;
    while (plan->length_count > 4 &&
           plan->lengths[order[plan->length_count - 1]].len == 0)
        plan->length_count--;
}

static size_t weigh(const struct weft_codeword *code, const uint32_t *uses,
                    unsigned count)
{
    size_t bits = 0;

    for (unsigned i = 0; i < count; i++)
        bits += (size_t)uses[i] * code[i].len;
    return bits;
}

/* The bits behind the symbols, which both codes have. */
static size_t weigh_extra(const struct plan *plan)
{
    size_t bits = 0;

    for (unsigned i = 265; i < 285; i++)
        bits += (size_t)plan->symbol_uses[i] * ((i - 261) / 4);
    for (unsigned i = 4; i < WEFT_DISTANCES; i++)
        bits += (size_t)plan->distance_uses[i] * (i / 2 - 1);
    return bits;
}

/* Section 3.2.6. */
static void use_fixed(struct plan *plan)
{
    for (unsigned i = 0; i < FIXED_SYMBOLS; i++)
        plan->symbols[i].len = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    for (unsigned i = 0; i < FIXED_DISTANCES; i++)
        plan->distances[i].len = 5;
    weft_code_number(plan->symbols, FIXED_SYMBOLS);
    weft_code_number(plan->distances, FIXED_DISTANCES);
}

static size_t weigh_fixed(const struct plan *plan)
{
    size_t bits = 0;

    for (unsigned i = 0; i < WEFT_SYMBOLS; i++)
        bits += plan->symbol_uses[i] * (i < 144   ? 8ul
                                        : i < 256 ? 9ul
                                        : i < 280 ? 7ul
                                                  : 8ul);
    for (unsigned i = 0; i < WEFT_DISTANCES; i++)
        bits += plan->distance_uses[i] * 5ul;
    return bits;
}

static size_t weigh_dynamic(struct plan *plan)
{
    size_t bits;

    weft_code_make(plan->symbols, plan->symbol_uses, WEFT_SYMBOLS, 15);
    weft_code_make(plan->distances, plan->distance_uses, WEFT_DISTANCES, 15);
    plan->symbol_count = used_count(plan->symbols, WEFT_SYMBOLS, 257);
    plan->distance_count = used_count(plan->distances, WEFT_DISTANCES, 1);
    plan_lengths(plan);
    bits = 14 + 3 * (size_t)plan->length_count +
           weigh(plan->lengths, plan->length_uses, LENGTHS) +
           2 * plan->length_uses[REPEAT] + 3 * plan->length_uses[ZEROS] +
           7 * plan->length_uses[MANY_ZEROS];
    return bits + weigh(plan->symbols, plan->symbol_uses, WEFT_SYMBOLS) +
           weigh(plan->distances, plan->distance_uses, WEFT_DISTANCES);
}

/* held: the bits of the last byte that are taken. */
static void make_plan(struct plan *plan, const struct weft_block *block,
                      unsigned held)
{
    size_t fixed, stored;

    count_uses(plan, block);
    fixed = weigh_fixed(plan);
    plan->form = DYNAMIC;
    plan->bits = weigh_dynamic(plan);
    if (fixed <= plan->bits) {
        plan->form = FIXED;
        plan->bits = fixed;
        use_fixed(plan);
    }
    plan->bits += 3 + weigh_extra(plan);
    stored = 3 + (-(held + 3) & 7) + 32 + 8 * block->len;
    if (stored < plan->bits) {
        plan->form = STORED;
        plan->bits = stored;
    }
}

/* ---- Writing ------------------------------------------------------------- */

/* Bits on their way to where there is known to be room. */
struct pen {
    uint8_t *next;
    uint64_t held;
    unsigned count;
};

/* What settle writes at once, though less may count. */
#define SETTLED 8

/* At most 56 bits between two calls of settle. */
static inline void put(struct pen *pen, uint64_t bits, unsigned count)
{
    pen->held |= bits << pen->count;
    pen->count += count;
}

/* Writes all whole bytes. */
static inline void settle(struct pen *pen)
{
    uint64_t held = pen->held;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    held = __builtin_bswap64(held);
#endif
    memcpy(pen->next, &held, SETTLED);
    pen->next += pen->count / 8;
    pen->held >>= pen->count & ~7u;
    pen->count &= 7;
}

static inline void put_word(struct pen *pen, struct weft_codeword word)
{
    put(pen, word.bits, word.len);
}

static void write_codes(struct pen *pen, const struct plan *plan)
{
    put(pen, plan->symbol_count - 257, 5);
    put(pen, plan->distance_count - 1, 5);
    put(pen, plan->length_count - 4, 4);
    for (unsigned i = 0; i < plan->length_count; i++) {
        put(pen, plan->lengths[order[i]].len, 3);
        settle(pen);
    }
    for (unsigned i = 0; i < plan->run_count; i++) {
        unsigned symbol = plan->runs[i] & 255, extra = plan->runs[i] >> 8;

        put_word(pen, plan->lengths[symbol]);
        if (symbol >= REPEAT)
            put(pen, extra, symbol == REPEAT ? 2 : symbol == ZEROS ? 3 : 7);
        settle(pen);
    }
}

/* At most 15 + 5 + 15 + 13 bits. */
static inline void put_match(struct pen *pen, const struct plan *plan,
                             const struct weft_sequence *s)
{
    unsigned extra, symbol = length_symbol(s->length, &extra);

    put_word(pen, plan->symbols[symbol]);
    put(pen, (s->length - WEFT_MATCH_MIN) & ((1u << extra) - 1), extra);
    symbol = distance_symbol(s->distance, &extra);
    put_word(pen, plan->distances[symbol]);
    put(pen, (s->distance - 1) & ((1u << extra) - 1), extra);
}

static inline const uint8_t *put_literals(struct pen *pen,
                                          const struct plan *plan,
                                          const uint8_t *text, unsigned count)
{
    for (; count >= 3; count -= 3, text += 3) {
        put_word(pen, plan->symbols[text[0]]);
        put_word(pen, plan->symbols[text[1]]);
        put_word(pen, plan->symbols[text[2]]);
        settle(pen);
    }
    for (; count > 0; count--)
        put_word(pen, plan->symbols[*text++]);
    settle(pen);
    return text;
}

static void write_text(struct pen *pen, const struct plan *plan,
                       const struct weft_block *block)
{
    const struct weft_sequence *s = block->sequences, *end = s + block->count;
    const uint8_t *text = block->text;
    struct pen local = *pen; /* which compilers keep in registers */

    for (; s < end; s++) {
        text = put_literals(&local, plan, text, s->literals);
        if (s->length == 0)
            continue;
        put_match(&local, plan, s);
        settle(&local);
        text += s->length;
    }
    put_word(&local, plan->symbols[WEFT_END_OF_BLOCK]);
    settle(&local);
    *pen = local;
}

static void write_stored(struct pen *pen, const struct weft_block *block)
{
    pen->count = (pen->count + 7) & ~7u;
    settle(pen);
    put(pen, block->len, 16);
    put(pen, ~block->len & 0xffff, 16);
    settle(pen);
    memcpy(pen->next, block->text, block->len);
    pen->next += block->len;
}

static void write_block(struct pen *pen, const struct plan *plan,
                        const struct weft_block *block)
{
    put(pen, (uint64_t)plan->form << 1, 3);
    settle(pen);
    if (plan->form == STORED) {
        write_stored(pen, block);
        return;
    }
    if (plan->form == DYNAMIC)
        write_codes(pen, plan);
    write_text(pen, plan, block);
}

/* Room for so many more bits: 1; 0: they are too many; or NOMEM. */
static int make_room(struct weft_bits *bits, size_t more, size_t most)
{
    size_t bytes = (bits->count + more + 7) / 8;

    if (bits->out->len > most || bytes > most - bits->out->len)
        return 0;
    return weft_buf_reserve(bits->out, bytes + SETTLED) ? WEFT_ERR_NOMEM : 1;
}

static struct pen take_pen(const struct weft_bits *bits)
{
    return (struct pen){bits->out->data + bits->out->len, bits->held,
                        bits->count};
}

static void put_down(struct weft_bits *bits, const struct pen *pen)
{
    bits->out->len = (size_t)(pen->next - bits->out->data);
    bits->held = pen->held;
    bits->count = pen->count;
}

int weft_block_write(struct weft_bits *bits, const struct weft_block *block,
                     size_t most)
{
    struct plan plan;
    struct pen pen;
    int rc;

    make_plan(&plan, block, bits->count);
    rc = make_room(bits, plan.bits, most);
    if (rc <= 0)
        return rc;
    pen = take_pen(bits);
    write_block(&pen, &plan, block);
    put_down(bits, &pen);
    return 1;
}

int weft_block_end(struct weft_bits *bits, size_t most)
{
    struct pen pen;
    int rc = make_room(bits, 3, most);

    if (rc <= 0)
        return rc;
    pen = take_pen(bits);
    pen.count = (pen.count + 3 + 7) & ~7u;
    settle(&pen);
    put_down(bits, &pen);
    return 1;
}
