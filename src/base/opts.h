/* SPDX-License-Identifier: MIT */
/* Options structs, which begin with their own size as the caller knows it. */
#ifndef WEFT_BASE_OPTS_H
#define WEFT_BASE_OPTS_H

#include <weft/error.h>

/*
 * Fills dst, a struct of known bytes whose first member is a size_t, from an
 * options struct of a caller who may have been compiled with an older or newer
 * header. What an older caller does not know is zero; what a newer one knows
 * and we do not must be zero, or else the call is USAGE and dst untouched. src
 * may be NULL: all defaults. The size in dst becomes known.
 */
WEFT_CHECK int weft_opts_copy(void *dst, size_t known, const void *src);

#endif
