/* SPDX-License-Identifier: MIT */
/*
 * The instruction sets in which payload is unmasked and text is checked. Each
 * has a file of its own; the best that the processor has is chosen at the first
 * use, and all give the same results. For mask.c and utf8.c, which others call.
 */
#ifndef WEFT_WS_SIMD_H
#define WEFT_WS_SIMD_H

#include "ws/utf8.h"

/* From the plainest to the best of each architecture. */
enum weft_simd {
    WEFT_SIMD_SCALAR, /* everywhere; what the others are tested against */
    WEFT_SIMD_SSE41,
    WEFT_SIMD_AVX2,
    WEFT_SIMD_AVX512, /* with VBMI: Ice Lake, Zen 4 and later */
    WEFT_SIMD_NEON,
    WEFT_SIMD_COUNT,
};

struct weft_simd_ops {
    const char *name;
    /* Whether this processor has it. NULL: not of this architecture, and then
     * so is the rest. */
    bool (*is_here)(void);
    /* As weft_mask, but the key for what follows is left to the caller. */
    void (*mask)(uint8_t *out, const uint8_t *in, size_t len, uint32_t key);
    /* Both in one pass; returns the state behind it. When that is BAD, not all
     * need be unmasked. */
    enum weft_utf8 (*mask_text)(uint8_t *out, const uint8_t *in, size_t len,
                                uint32_t key, enum weft_utf8 state);
    /* As weft_utf8_check. */
    enum weft_utf8 (*check)(enum weft_utf8 state, const uint8_t *p, size_t len);
};

extern const struct weft_simd_ops weft_simd_scalar, weft_simd_sse41,
    weft_simd_avx2, weft_simd_avx512, weft_simd_neon;

/* NULL where this processor cannot run it. */
const struct weft_simd_ops *weft_simd_ops(enum weft_simd kind);

/* What serves from now on; for tests and benchmarks. False, and nothing has
 * changed, where this processor cannot run it. */
bool weft_simd_use(enum weft_simd kind);

/* The one that serves; NULL before the first use. Through weft_simd only. */
extern const struct weft_simd_ops *weft_simd_chosen;
const struct weft_simd_ops *weft_simd_choose(void);

static inline const struct weft_simd_ops *weft_simd(void)
{
    const struct weft_simd_ops *ops =
        __atomic_load_n(&weft_simd_chosen, __ATOMIC_RELAXED);

    return __builtin_expect(ops != NULL, 1) ? ops : weft_simd_choose();
}

#endif
