/* SPDX-License-Identifier: MIT */
/*
 * The one reader of options structs. The size that a caller states decides how
 * many bytes are looked at, so a size that cannot be one (a member never set,
 * or no size at all but the caller's stack) is refused before anything is read
 * behind it.
 */
#include "base/opts.h"

#include <string.h>

/* No options struct will ever be larger; a larger size is garbage. */
#define SIZE_LIMIT 4096

static bool is_zero(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != 0)
            return false;
    return true;
}

int weft_opts_copy(void *dst, size_t known, const void *src)
{
    size_t size = known;

    if (src)
        memcpy(&size, src, sizeof(size));
    if (size < sizeof(size) || size > SIZE_LIMIT)
        return WEFT_ERR_USAGE;
    if (size > known && !is_zero((const uint8_t *)src + known, size - known))
        return WEFT_ERR_USAGE;

    memset(dst, 0, known);
    if (src)
        memcpy(dst, src, size < known ? size : known);
    memcpy(dst, &known, sizeof(known));
    return 0;
}
