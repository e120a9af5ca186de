/* SPDX-License-Identifier: MIT */
/*
 * Finds what a text repeats. No chains are followed: the places where the same
 * four, eight and fourteen bytes were seen last are all that is looked at, and
 * the longest match of the three is taken. For a long match is found by more of
 * its bytes, where zlib tries all that begin alike; three lookups find most of
 * what its level 6 finds in dozens. In a short text two do.
 *
 * A match waits until the next place has been looked at, and gives way to a
 * better one that begins there. The three are compared without branches, 16
 * bytes at a time, as nobody can predict which of them is the longest.
 *
 * Invariant of the tables: none. An entry may be stale or a collision; whatever
 * it says lies within the text and the window, and counts for what is equal.
 */
#include "ws/deflate_quick.h"
#include "ws/simd_equal.h"

/* Bytes that are compared at once, and so many have to be left. */
#define STRIDE 16

/* Of the tables, which have twice as many entries as the text has bytes: fewer
 * lose places to others, and more are not worth clearing. */
#define TABLE_BITS_MIN 10

/* Four bytes from further away are written in as many bits as four literals. */
#define NEAR 8192

/* Bits by which a match has to be better, for a literal and for being later. */
#define LITERAL_BITS 3

/* A text of which this much matched nothing is passed over in longer steps,
 * yet never in longer ones than this. */
#define STEP_SHIFT 6
#define STEP_MAX 16

struct match {
    unsigned length; /* 0: none */
    unsigned distance;
};

static inline uint32_t load_four(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

static inline uint64_t load_eight(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* Multiplicative hashing; the factors are odd and otherwise arbitrary. */
#define FACTOR_32 UINT32_C(0x9e3779b1)
#define FACTOR_64 UINT64_C(0x9e3779b185ebca87)
#define FACTOR_2 UINT64_C(0xc2b2ae3d27d4eb4f)

static inline uint16_t *place_of_four(struct weft_finder *f, const uint8_t *p)
{
    return &f->four[load_four(p) * FACTOR_32 >> (32 - f->bits)];
}

static inline uint16_t *place_of_eight(struct weft_finder *f, const uint8_t *p)
{
    return &f->eight[load_eight(p) * FACTOR_64 >> (64 - f->bits)];
}

static inline uint16_t *place_of_fourteen(struct weft_finder *f,
                                          const uint8_t *p)
{
    uint64_t hash = load_eight(p) * FACTOR_64 + load_eight(p + 6) * FACTOR_2;

    return &f->fourteen[hash >> (64 - f->bits)];
}

/* ---- Comparing ----------------------------------------------------------- */

/* How many bytes are equal, up to most, of which known are. */
static unsigned extend(const uint8_t *a, const uint8_t *b, unsigned known,
                       unsigned most)
{
    while (known + 8 <= most) {
        uint64_t x = load_eight(a + known) ^ load_eight(b + known);

        if (x)
            return known + weft_equal_of(x);
        known += 8;
    }
    while (known < most && a[known] == b[known])
        known++;
    return known;
}

static inline unsigned most_at(const struct weft_finder *f, size_t at)
{
    size_t left = f->len - at;

    return left < WEFT_MATCH_MAX ? (unsigned)left : WEFT_MATCH_MAX;
}

/* ---- Looking ------------------------------------------------------------- */

/* What the entry says, and this place in its stead. Beyond reach it is 1, which
 * is as good a guess as any. */
static inline unsigned swap(uint16_t *entry, size_t at, size_t reach)
{
    unsigned distance = (uint16_t)(at - *entry);

    *entry = (uint16_t)at;
    return distance - 1 < reach ? distance : 1;
}

static inline struct match worthy(struct match m)
{
    if (m.length < 4 || (m.length == 4 && m.distance > NEAR))
        m.length = 0;
    return m;
}

/* The longer of two matches. */
static inline struct match longer(struct match a, struct match b)
{
    bool is_b = b.length > a.length;

    return (struct match){is_b ? b.length : a.length,
                          is_b ? b.distance : a.distance};
}

/* What an entry leads to, as far as STRIDE bytes show it. */
static inline struct match guess(uint16_t *entry, const uint8_t *p, size_t at,
                                 size_t reach)
{
    unsigned distance = swap(entry, at, reach);

    return (struct match){weft_equal16(p, p - distance), distance};
}

/* at is not 0, and STRIDE bytes are left. */
static inline struct match look(struct weft_finder *f, size_t at, bool has_all)
{
    const uint8_t *p = f->text + at;
    size_t reach = at < f->window ? at : f->window;
    struct match m = guess(place_of_four(f, p), p, at, reach);

    m = longer(m, guess(place_of_eight(f, p), p, at, reach));
    if (has_all)
        m = longer(m, guess(place_of_fourteen(f, p), p, at, reach));
    if (m.length == STRIDE)
        m.length = extend(p, p - m.distance, STRIDE, most_at(f, at));
    return worthy(m);
}

/* The same where only four bytes are left. */
static struct match look_near_end(struct weft_finder *f, size_t at)
{
    const uint8_t *p = f->text + at;
    size_t reach = at < f->window ? at : f->window;
    struct match m = {0, swap(place_of_four(f, p), at, reach)};

    m.length = extend(p, p - m.distance, 0, most_at(f, at));
    return worthy(m);
}

/* Bits that a match saves, about. */
static inline int worth(struct match m)
{
    return 4 * (int)m.length - (31 - __builtin_clz(m.distance));
}

/* Looks on while the next place has something better. */
static inline struct match improve(struct weft_finder *f, size_t *at,
                                   size_t last, struct match m, bool has_all)
{
    while (m.length < f->effort.enough && *at < last) {
        struct match next = look(f, *at + 1, has_all);

        if (next.length == 0 || worth(next) <= worth(m) + LITERAL_BITS)
            break;
        m = next;
        ++*at;
    }
    return m;
}

static inline void enter(struct weft_finder *f, size_t at, bool has_all)
{
    const uint8_t *p = f->text + at;

    *place_of_eight(f, p) = (uint16_t)at;
    if (has_all)
        *place_of_fourteen(f, p) = (uint16_t)at;
}

/* Makes what a match covers findable, all or only its end; the first two places
 * have been looked at. */
static inline void cover(struct weft_finder *f, size_t at, size_t end,
                         size_t last, bool has_all)
{
    if (end > last)
        end = last;
    for (size_t i = at + 2; f->effort.enters_all && i < end; i++)
        enter(f, i, has_all);
    for (size_t i = end - 2; i < end; i++) {
        enter(f, i, has_all);
        *place_of_four(f, f->text + i) = (uint16_t)i;
    }
}

/* ---- Blocks -------------------------------------------------------------- */

static void add(struct weft_block *block, size_t literals, struct match m)
{
    block->sequences[block->count++] = (struct weft_sequence){
        (uint16_t)literals, (uint16_t)m.length, m.distance};
}

static inline size_t step(size_t passed)
{
    size_t far = 1 + (passed >> STEP_SHIFT);

    return far < STEP_MAX ? far : STEP_MAX;
}

/* Whether there is room for another sequence, and literals behind it. What
 * begins below WEFT_BLOCK_TEXT ends before 65535: it looks for a better match
 * at most 258 times, and is at most 258 bytes long. */
static inline bool has_room(const struct weft_block *block, const uint8_t *p)
{
    return block->count < WEFT_BLOCK_SEQUENCES - 1 &&
           (size_t)(p - block->text) < WEFT_BLOCK_TEXT;
}

/* From at up to last, where STRIDE bytes are left. Returns where it stands, and
 * in *start where the literals begin that no sequence has. Made twice, with all
 * tables and without the last one. */
static inline __attribute__((always_inline)) size_t
find_with(struct weft_finder *f, struct weft_block *block, size_t at,
          size_t last, size_t *start, bool has_all)
{
    while (at <= last && has_room(block, f->text + at)) {
        struct match m = look(f, at, has_all);

        if (m.length == 0) {
            at += step(at - *start);
            continue;
        }
        m = improve(f, &at, last, m, has_all);
        add(block, at - *start, m);
        cover(f, at, at + m.length, last, has_all);
        at += m.length;
        *start = at;
    }
    return at;
}

static size_t find_most(struct weft_finder *f, struct weft_block *block,
                        size_t *start)
{
    size_t at = f->at > 0 ? f->at : 1, last;

    if (f->len < STRIDE)
        return at;
    last = f->len - STRIDE;
    return f->len < f->effort.all_from
               ? find_with(f, block, at, last, start, false)
               : find_with(f, block, at, last, start, true);
}

static size_t find_rest(struct weft_finder *f, struct weft_block *block,
                        size_t at, size_t *start)
{
    while (at + 4 <= f->len && has_room(block, f->text + at)) {
        struct match m = look_near_end(f, at);

        if (m.length > 0) {
            add(block, at - *start, m);
            *start = at + m.length;
        }
        at += m.length > 0 ? m.length : 1;
    }
    return has_room(block, f->text + at) ? f->len : at;
}

void weft_find_begin(struct weft_finder *finder, const uint8_t *text,
                     size_t len, size_t window, struct weft_effort effort)
{
    unsigned bits = TABLE_BITS_MIN;

    while (bits < WEFT_TABLE_BITS_MAX && (size_t)1 << bits < 2 * len)
        bits++;
    finder->text = text;
    finder->len = len;
    finder->at = 0;
    finder->window = window;
    finder->effort = effort;
    finder->bits = bits;
    /* Now all entries point to the first byte. */
    memset(finder->four, 0, sizeof(uint16_t) << bits);
    memset(finder->eight, 0, sizeof(uint16_t) << bits);
    memset(finder->fourteen, 0, sizeof(uint16_t) << bits);
}

bool weft_find_block(struct weft_finder *finder, struct weft_block *block)
{
    size_t start = finder->at, at;

    if (start == finder->len)
        return false;
    block->text = finder->text + start;
    block->count = 0;
    at = find_most(finder, block, &start);
    at = find_rest(finder, block, at, &start);
    if (at > start)
        add(block, at - start, (struct match){0, 0});
    block->len = (size_t)(finder->text + at - block->text);
    finder->at = at;
    return true;
}
