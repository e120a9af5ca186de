/* SPDX-License-Identifier: MIT */
/*
 * The widths are those that libedit draws: a control character is two columns
 * (^A), a tab goes to the next multiple of eight, what cannot be printed is
 * \U+NNNN. A wide character that does not fit goes to the next row whole.
 */
#include "cli/screen.h"

#include <stdbool.h>
#include <wctype.h>

#define TAB 8

static size_t width_of(wchar_t c, size_t column)
{
    int width = wcwidth(c);

    if (c == L'\t')
        return TAB - column % TAB;
    if (c < 0x20 || c == 0x7f)
        return 2;
    if (width >= 0 && iswprint((wint_t)c))
        return (size_t)width;
    return c > 0xffff ? 8 : 7;
}

size_t screen_rows(const wchar_t *text, size_t len, size_t column,
                   size_t columns)
{
    size_t rows = 0;

    for (size_t i = 0; i < len; i++) {
        size_t width = width_of(text[i], column);
        bool is_whole = width <= 2 && text[i] != L'\t';

        if (text[i] == L'\n' || (is_whole && column + width > columns)) {
            rows++;
            column = 0;
        }
        column += text[i] == L'\n' ? 0 : width;
        if (column >= columns) {
            rows += column / columns;
            column %= columns;
        }
    }
    return rows;
}
