/* SPDX-License-Identifier: MIT */
/* AVX-512 against the scalar form. */
#include "simd_cases.h"

int main(void)
{
    return test_simd(&weft_simd_avx512);
}
