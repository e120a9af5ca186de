/* SPDX-License-Identifier: MIT */
/* Every processor of aarch64 has these vectors of 16 bytes. */
#include "ws/simd.h"

#if defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <arm_neon.h>

#define INLINE static inline __attribute__((always_inline))
#define ENTRY
#define VECTOR uint8x16_t
#define WIDTH 16

#include "ws/simd_scalar.h"

INLINE VECTOR load(const uint8_t *p)
{
    return vld1q_u8(p);
}

INLINE void store(uint8_t *p, VECTOR x)
{
    vst1q_u8(p, x);
}

INLINE VECTOR both(VECTOR a, VECTOR b)
{
    return vandq_u8(a, b);
}

INLINE VECTOR either(VECTOR a, VECTOR b)
{
    return vorrq_u8(a, b);
}

INLINE VECTOR differ(VECTOR a, VECTOR b)
{
    return veorq_u8(a, b);
}

INLINE VECTOR less(VECTOR a, VECTOR b)
{
    return vqsubq_u8(a, b);
}

INLINE VECTOR splat(uint8_t byte)
{
    return vdupq_n_u8(byte);
}

INLINE VECTOR key_of(uint32_t key)
{
    return vreinterpretq_u8_u32(vdupq_n_u32(key));
}

INLINE VECTOR table(const uint8_t p[16])
{
    return load(p);
}

INLINE VECTOR lookup(VECTOR tables, VECTOR indices)
{
    return vqtbl1q_u8(tables, indices);
}

INLINE VECTOR high_nibbles(VECTOR x)
{
    return vshrq_n_u8(x, 4);
}

#define before(x, last, n) vextq_u8(last, x, 16 - (n))

INLINE VECTOR only_last(uint8_t byte)
{
    return vsetq_lane_u8(byte, vdupq_n_u8(0), 15);
}

INLINE bool is_ascii(VECTOR x)
{
    return vmaxvq_u8(x) < 0x80;
}

INLINE bool is_zero(VECTOR x)
{
    return vmaxvq_u8(x) == 0;
}

/* A text of 16 bytes or more has its last 16 read before anything is written,
 * as it may be unmasked where it lies, and written last, over bytes that are
 * the same. */
struct tail {
    VECTOR bytes; /* the last 16; of fewer, all, and zeros behind them */
    size_t len;   /* of the text */
};

/* What to take of 16 bytes for the last n to come first, and zeros behind: what
 * lies n before the middle. */
static const uint8_t slides[32] = {
    0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,
    11,   12,   13,   14,   15,   0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

INLINE struct tail begin_tail(const uint8_t *in, size_t len)
{
    struct tail tail = {splat(0), len};
    struct weft_short s;

    if (len >= 16) {
        tail.bytes = load(in + len - 16);
    } else {
        s = weft_short_load(in, len);
        tail.bytes = vreinterpretq_u8_u64(
            vcombine_u64(vcreate_u64(s.low), vcreate_u64(s.high)));
    }
    return tail;
}

INLINE VECTOR take_tail(const struct tail *tail, uint8_t *out,
                        const uint8_t *in, size_t n, uint32_t key)
{
    struct weft_short s;
    VECTOR x;

    (void)in;
    if (tail->len >= 16) {
        x = differ(tail->bytes, key_of(weft_mask_key_after(key, n)));
        if (out)
            store(out + n - 16, x);
        return lookup(x, load(slides + 16 - n));
    }
    /* Here n is the length of the text, and out its beginning. */
    x = differ(tail->bytes, key_of(key));
    if (out) {
        s.low = vgetq_lane_u64(vreinterpretq_u64_u8(x), 0);
        s.high = vgetq_lane_u64(vreinterpretq_u64_u8(x), 1);
        weft_short_store(out, n, s);
    }
    /* Without the key in the places behind. */
    return both(x, vcgtq_u8(splat((uint8_t)n), load(slides)));
}

#include "ws/simd_nibbles.h"

static bool is_here(void)
{
    return true;
}

const struct weft_simd_ops weft_simd_neon = {"neon", is_here, mask, mask_text,
                                             check};

#else

const struct weft_simd_ops weft_simd_neon = {.name = "neon"};

#endif
