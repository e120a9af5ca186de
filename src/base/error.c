/* SPDX-License-Identifier: MIT */
/*
 * The texts of the errors, out of the one table that also gives their numbers
 * and close codes. Adding an error there is all that is needed.
 */
#include <weft/error.h>

const char *weft_strerror(int err)
{
    switch (err) {
    case 0:
        return "no error";
#define X(name, value, close_code, text)                                       \
    case WEFT_ERR_##name:                                                      \
        return text;
        WEFT_ERR_MAP(X)
#undef X
    default:
        return "unknown error";
    }
}
