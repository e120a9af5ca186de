/* SPDX-License-Identifier: MIT */
/*
 * The head of a message of HTTP as lines, which a case changes by edits, one on
 * each line of its text:
 *
 *   > GET %t HTTP/1.0     another first line
 *   -Name                 without this field
 *   Name: value           another value; a new field if there was none
 *   +Name: value          one more field, at the end
 *   200+Name: value       so many of them
 *   <text                 this text in front of it all
 *   @reverse              the fields in reverse order
 *   @lower @upper         the fields' names so
 *   @lf                   lines end with LF alone
 *   @crlf                 an empty line in front
 *   @open                 no empty line at the end
 *   @cut N                only the first N bytes
 *   @split N              a segment ends after N bytes
 *   @deflate TERMS        permessage-deflate with these parameters: an offer,
 *                         or the answer that the other side's offer allows
 *   =text                 this text and nothing else (as the only edit)
 *
 * In all of them %XX is a byte, %(N) that many letters, and %t, %h and the like
 * are texts that the caller gives.
 */
#ifndef CONFORM_DRAFT_H
#define CONFORM_DRAFT_H

#include "bytes.h"

/* What a letter behind a percent sign stands for. Lists end with letter 0. */
struct draft_word {
    char letter;
    const char *text;
};

/* Over 10,000 fields are a case of their own. */
#define DRAFT_MAX 20000

/* All zero is empty. */
struct draft {
    char **list; /* the first one is no field */
    size_t count;
    char *front;
    bool lf;
    bool crlf_first;
    bool open;
    size_t cut;   /* 0: none */
    size_t split; /* likewise; the caller sees to it */
    bool deflate; /* and to this, with the terms */
    char terms[128];
};

void draft_add(struct draft *d, const char *text);
/* edits: NULL for none. */
void draft_edit(struct draft *d, const char *edits);
/* Joins the values of all fields of this name with commas. */
void draft_collect(const struct draft *d, const char *name, char *out,
                   size_t size);
void draft_write(const struct draft *d, struct bytes *out,
                 const struct draft_word *words);
/* Text with escapes, as it stands behind "=". */
void draft_write_text(struct bytes *out, const char *text,
                      const struct draft_word *words);
void draft_release(struct draft *d);

#endif
