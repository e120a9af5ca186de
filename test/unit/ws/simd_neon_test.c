/* SPDX-License-Identifier: MIT */
/* NEON against the scalar form. */
#include "simd_cases.h"

int main(void)
{
    return test_simd(&weft_simd_neon);
}
