/* SPDX-License-Identifier: MIT */
/*
 * Prefix codes with a bound on their length, as sections 3.2.2 and 3.2.7 of RFC
 * 1951 want them. Huffman's algorithm over sorted symbols, which needs two
 * queues and no heap. Then the tree is walked from its root, and each node
 * splits a leaf in two; where that would go too deep, the deepest leaf that may
 * be split is taken instead. So the code is complete in any case, and the best
 * one unless the bound is reached.
 */
#include "ws/deflate_quick.h"

/* A symbol and how often it is used, in one number that sorts by use. */
#define SYMBOL_BITS 9
#define SYMBOL_MASK ((1u << SYMBOL_BITS) - 1)

/* Stable, by eight bits of the keys from shift on. */
static void sort_by(uint32_t *to, const uint32_t *from, unsigned count,
                    unsigned shift)
{
    unsigned place[256] = {0}, sum = 0;

    for (unsigned i = 0; i < count; i++)
        place[from[i] >> shift & 255]++;
    for (unsigned i = 0; i < 256; i++) {
        unsigned here = place[i];

        place[i] = sum;
        sum += here;
    }
    for (unsigned i = 0; i < count; i++)
        to[place[from[i] >> shift & 255]++] = from[i];
}

/* Where there are few, moving them one by one is quicker. */
#define FEW 24

static void sort_few(uint32_t *keys, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        uint32_t key = keys[i];
        unsigned at = i;

        for (; at > 0 && keys[at - 1] > key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* The used symbols, those used least first. */
static unsigned collect(uint32_t *keys, const uint32_t *uses, unsigned count)
{
    uint32_t other[WEFT_SYMBOLS], all = 0;
    unsigned used = 0;

    for (unsigned i = 0; i < count; i++) {
        if (uses[i] > 0)
            keys[used++] = uses[i] << SYMBOL_BITS | i;
        all |= uses[i];
    }
    /* Not all decompressors know codes of one codeword. */
    for (unsigned i = 0; used < 2; i++)
        if (uses[i] == 0)
            keys[used++] = 1u << SYMBOL_BITS | i;
    if (used <= FEW) {
        sort_few(keys, used);
        return used;
    }
    sort_by(other, keys, used, SYMBOL_BITS);
    if (all >> 8)
        sort_by(keys, other, used, SYMBOL_BITS + 8);
    else
        memcpy(keys, other, used * sizeof(*keys));
    return used;
}

/*
 * Joins the two that are used least until there is one node left, which is
 * number used - 2; parent[] of any other is the node that it went into. Nodes
 * are made in the order of their weight, as leaves are sorted, so the least of
 * each kind is at the head of its queue.
 */
static void join(const uint32_t *keys, unsigned used, uint16_t *parent)
{
    uint32_t weight[WEFT_SYMBOLS];
    unsigned leaf = 0, node = 0;

    for (unsigned made = 0; made < used - 1; made++) {
        weight[made] = 0;
        for (unsigned half = 0; half < 2; half++) {
            uint32_t of_leaf =
                leaf < used ? keys[leaf] >> SYMBOL_BITS : UINT32_MAX;

            if (node == made || of_leaf <= weight[node]) {
                weight[made] += of_leaf;
                leaf++;
            } else {
                weight[made] += weight[node];
                parent[node++] = (uint16_t)made;
            }
        }
    }
}

/* How many leaves are how deep, none deeper than longest. */
static void measure(const uint16_t *parent, unsigned used, unsigned longest,
                    unsigned *leaves)
{
    uint8_t depth[WEFT_SYMBOLS];

    memset(leaves, 0, (WEFT_CODEWORD_MAX + 1) * sizeof(*leaves));
    depth[used - 2] = 0;
    leaves[1] = 2;
    for (unsigned node = used - 2; node-- > 0;) {
        unsigned at = depth[parent[node]] + 1u;

        depth[node] = (uint8_t)at;
        if (at >= longest)
            for (at = longest - 1; leaves[at] == 0; at--)
                continue;
        leaves[at]--;
        leaves[at + 1] += 2;
    }
}

static unsigned reversed(unsigned bits, unsigned len)
{
    bits = (bits & 0x5555) << 1 | (bits >> 1 & 0x5555);
    bits = (bits & 0x3333) << 2 | (bits >> 2 & 0x3333);
    bits = (bits & 0x0f0f) << 4 | (bits >> 4 & 0x0f0f);
    bits = (bits & 0x00ff) << 8 | bits >> 8;
    return bits >> (16 - len);
}

void weft_code_number(struct weft_codeword *code, unsigned count)
{
    unsigned leaves[WEFT_CODEWORD_MAX + 1] = {0}, next[WEFT_CODEWORD_MAX + 1],
                                        bits = 0;

    for (unsigned i = 0; i < count; i++)
        leaves[code[i].len]++;
    leaves[0] = 0;
    for (unsigned len = 1; len <= WEFT_CODEWORD_MAX; len++) {
        bits = (bits + leaves[len - 1]) << 1;
        next[len] = bits;
    }
    for (unsigned i = 0; i < count; i++)
        if (code[i].len > 0)
            code[i].bits = (uint16_t)reversed(next[code[i].len]++, code[i].len);
}

void weft_code_make(struct weft_codeword *code, const uint32_t *uses,
                    unsigned count, unsigned longest)
{
    uint32_t keys[WEFT_SYMBOLS];
    uint16_t parent[WEFT_SYMBOLS];
    unsigned leaves[WEFT_CODEWORD_MAX + 1], at = 0;
    unsigned used = collect(keys, uses, count);

    join(keys, used, parent);
    measure(parent, used, longest, leaves);
    memset(code, 0, count * sizeof(*code));
    for (unsigned len = longest; len > 0; len--)
        for (unsigned i = leaves[len]; i > 0; i--)
            code[keys[at++] & SYMBOL_MASK].len = (uint16_t)len;
    weft_code_number(code, count);
}
