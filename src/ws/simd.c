/* SPDX-License-Identifier: MIT */
/*
 * The choice is made once for the process and is the same for all threads, so
 * it is the one variable of this folder: whoever comes first writes it, and
 * those who come at the same time write the same. What it points to never
 * changes, so no order is needed.
 */
#include "ws/simd.h"

const struct weft_simd_ops *weft_simd_chosen;

static const struct weft_simd_ops *const all[] = {
    [WEFT_SIMD_SCALAR] = &weft_simd_scalar,
    [WEFT_SIMD_SSE41] = &weft_simd_sse41,
    [WEFT_SIMD_AVX2] = &weft_simd_avx2,
    [WEFT_SIMD_AVX512] = &weft_simd_avx512,
    [WEFT_SIMD_NEON] = &weft_simd_neon,
};

const struct weft_simd_ops *weft_simd_ops(enum weft_simd kind)
{
    const struct weft_simd_ops *ops = all[kind];

    return ops->is_here && ops->is_here() ? ops : NULL;
}

bool weft_simd_use(enum weft_simd kind)
{
    const struct weft_simd_ops *ops = weft_simd_ops(kind);

    if (!ops)
        return false;
    __atomic_store_n(&weft_simd_chosen, ops, __ATOMIC_RELAXED);
    return true;
}

const struct weft_simd_ops *weft_simd_choose(void)
{
    int kind = WEFT_SIMD_COUNT - 1;

    while (!weft_simd_use((enum weft_simd)kind))
        kind--;
    return weft_simd_ops((enum weft_simd)kind);
}
