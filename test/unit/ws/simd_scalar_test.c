/* SPDX-License-Identifier: MIT */
/* The scalar form against a reader of one byte at a time. */
#include "simd_cases.h"

int main(void)
{
    return test_simd(&weft_simd_scalar);
}
