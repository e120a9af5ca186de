/* SPDX-License-Identifier: MIT */
/* Where text ends on a terminal that breaks lines at its edge. */
#ifndef WEFT_CLI_SCREEN_H
#define WEFT_CLI_SCREEN_H

#include <stddef.h>
#include <wchar.h>

/* How many rows below its first one the cursor is after a text of len
 * characters, the first of them in the given column; columns is the width. */
size_t screen_rows(const wchar_t *text, size_t len, size_t column,
                   size_t columns);

#endif
