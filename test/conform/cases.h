/* SPDX-License-Identifier: MIT */
/* The tables, and the cases that come of them. */
#ifndef CONFORM_CASES_H
#define CONFORM_CASES_H

#include <stdbool.h>
#include <stddef.h>

/* A row is one case, or one for each word of `each`, which takes the place of
 * $ in the other texts ($1 and $2 are its parts before and behind a slash).
 * The words of `each` stand between blanks, or between bars if it has any; N..M
 * are all numbers from N to M. */
struct row {
    const char *section; /* of RFC 6455, or with a d in front of RFC 7692 */
    const char *name;
    const char *script;    /* script.h */
    const char *each;      /* NULL: one case */
    const char *handshake; /* draft.h; NULL: the ordinary one */
    const char *client;    /* what a client is told to do: guide.h */
};

/* Whom a case judges. */
enum judged { OF_SERVERS = 1, OF_CLIENTS = 2, BOTH_SIDES = 3 };

struct table {
    const struct row *rows;
    size_t count;
    enum judged judged;
};

extern const struct table header_cases;
extern const struct table length_cases;
extern const struct table mask_cases;
extern const struct table fragment_cases;
extern const struct table control_cases;
extern const struct table close_cases;
extern const struct table utf8_cases;
extern const struct table utf8_cut_cases;
extern const struct table handshake_cases;
extern const struct table http_cases;
extern const struct table answer_cases;
extern const struct table answer_head_cases;
extern const struct table choice_cases;
extern const struct table leave_cases;
extern const struct table lost_cases;
extern const struct table echo_cases;
extern const struct table offer_cases;
extern const struct table deflate_cases;
extern const struct table rounds_cases;
extern const struct table offence_cases;
extern const struct table terms_cases;

struct test_case {
    char id[16]; /* the section and a number within it */
    const char *section;
    char *name;
    char *script;
    char *handshake;
    char *client;
    enum judged judged;
};

/* Makes all cases, those of servers first. A case that judges both sides has
 * the same number for both. Returns how many there are. */
size_t cases_make(struct test_case **list);
void cases_free(struct test_case *list, size_t count);

/* Reads every script and handshake. Returns false and tells of the first one
 * that is not in the notation. */
bool cases_check(const struct test_case *list, size_t count);

#endif
