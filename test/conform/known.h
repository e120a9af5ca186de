/* SPDX-License-Identifier: MIT */
/*
 * What is known to fail for one client or server: a file of groups, so that a
 * run fails when one of them passes, or fails in another way, as well as when
 * another case fails. Lines are
 *
 *   # what the program does, and the section that it breaks
 *   = words that stand in the verdict of each case of the group
 *   5.2-001 5.2-010..017 ?7.1-003   cases of the group, on any number of lines;
 *                                   "?": whether it fails depends on time
 */
#ifndef CONFORM_KNOWN_H
#define CONFORM_KNOWN_H

#include "cases.h"
#include "verdict.h"

struct known {
    struct known_case {
        char id[16];
        bool maybe;
        size_t words; /* where they stand in the text, closed by a NUL */
    } * list;
    size_t count;
    struct bytes text;
};

/* Returns NULL, or what is wrong; *line is where, or 0. */
const char *known_read(struct known *k, const char *file, size_t *line);
/* A case of the file that is none of these, or NULL. */
const char *known_stranger(const struct known *k, const struct test_case *list,
                           size_t count);
/* Turns what is expected to fail around. */
void known_apply(const struct known *k, const struct test_case *tc,
                 struct verdict *v);
void known_release(struct known *k);

#endif
