/* SPDX-License-Identifier: MIT */
/* SSE4.1 against the scalar form. */
#include "simd_cases.h"

int main(void)
{
    return test_simd(&weft_simd_sse41);
}
