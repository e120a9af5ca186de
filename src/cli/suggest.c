/* SPDX-License-Identifier: MIT */
/* Optimal string alignment, after Damerau: the table has a row for each prefix
 * of one word and a column for each prefix of the other. */
#include "cli/suggest.h"

#include <string.h>

#define WORD_MAX 32

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

struct match {
    const char *a, *b;
    unsigned table[WORD_MAX + 1][WORD_MAX + 1];
};

/* Fills the cell for the first i and j characters. */
static void fill(struct match *m, size_t i, size_t j)
{
    unsigned n = m->table[i - 1][j - 1] + (m->a[i - 1] != m->b[j - 1]);

    n = least(n, m->table[i - 1][j] + 1);
    n = least(n, m->table[i][j - 1] + 1);
    if (i > 1 && j > 1 && m->a[i - 1] == m->b[j - 2] &&
        m->a[i - 2] == m->b[j - 1])
        n = least(n, m->table[i - 2][j - 2] + 1);
    m->table[i][j] = n;
}

unsigned suggest_distance(const char *a, const char *b)
{
    struct match m = {.a = a, .b = b};
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return (unsigned)(a_len > b_len ? a_len : b_len);
    for (size_t i = 0; i <= a_len; i++)
        m.table[i][0] = (unsigned)i;
    for (size_t j = 0; j <= b_len; j++)
        m.table[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++)
        for (size_t j = 1; j <= b_len; j++)
            fill(&m, i, j);
    return m.table[a_len][b_len];
}

bool suggest_is_near(const char *typed, const char *known)
{
    /* A slip, or two in a word of some length; never the half of a word. */
    return suggest_distance(typed, known) <= (strlen(known) < 6 ? 1 : 2);
}
