/* SPDX-License-Identifier: MIT */
/*
 * Our own compressor, for whole messages without context. Messages are short,
 * and libraries are made for files: what zlib does before the first byte and
 * behind the last takes longer than a kilobyte in between, and libdeflate ends
 * with a mark that has to be taken away again. Here tables are as large as the
 * message asks for, no window is copied, and a message ends as section 7.2.1 of
 * RFC 7692 has it. docs/internals/bench.md has the figures.
 *
 * What it makes depends on the message and the options alone, never on earlier
 * messages.
 */
#include "ws/deflate_quick.h"
#include "base/mem.h"
#include "ws/deflate_internal.h"

struct weft_deflate_quick {
    struct weft_finder finder;
    struct weft_block block;
};

/* By level. Longer matches than 24 bytes are seldom beaten, and it takes time.
 * Below 2 KiB a third table takes an eighth longer for less than a hundredth.
 */
static const struct weft_effort efforts[WEFT_DEFLATE_QUICK_LEVELS + 1] = {
    [1] = {8, false, SIZE_MAX},
    [2] = {16, true, SIZE_MAX},
    [3] = {24, true, 2048},
    [4] = {WEFT_MATCH_MAX, true, 0},
};

static struct weft_deflate_quick *quick_of(struct weft_deflate_pool *pool)
{
    if (!pool->quick)
        pool->quick = weft_alloc(pool->mem, sizeof(*pool->quick));
    return pool->quick;
}

void weft_deflate_quick_free(struct weft_deflate_pool *pool)
{
    weft_free(pool->mem, pool->quick, sizeof(*pool->quick));
    pool->quick = NULL;
}

int weft_deflate_quick_pack(struct weft_deflate_pool *pool,
                            const struct weft_deflate_key *key,
                            const void *data, size_t len, size_t most)
{
    struct weft_deflate_quick *quick = quick_of(pool);
    struct weft_bits bits = {&pool->packed, 0, 0};
    int rc = 1;

    if (!quick)
        return WEFT_ERR_NOMEM;
    weft_find_begin(&quick->finder, data, len, (size_t)1 << key->window_bits,
                    efforts[key->level]);
    while (rc > 0 && weft_find_block(&quick->finder, &quick->block))
        rc = weft_block_write(&bits, &quick->block, most);
    if (rc > 0)
        rc = weft_block_end(&bits, most);
    if (rc <= 0)
        weft_buf_clear(&pool->packed);
    return rc;
}
