/* SPDX-License-Identifier: MIT */
/*
 * Lines of words, as the driver reads and writes them: separated by one space,
 * each percent-encoded, so that a word may hold any bytes, and be empty.
 * encodeURIComponent in JavaScript and urllib.parse.quote in Python write them.
 */
#ifndef DRIVER_WORDS_H
#define DRIVER_WORDS_H

#include <stddef.h>
#include <stdint.h>

struct word {
    char *text; /* null-terminated */
    size_t len;
};

/* Splits a line and decodes its words where they lie; returns how many there
 * are, max at most: what follows is in none. */
size_t words_split(char *line, struct word *words, size_t max);

/* The value of a number, or 0. */
uint64_t words_number(const struct word *word);

/* Writes a line to standard output: a format for each of the arguments behind
 * it, of these: %s text, %b bytes (const void *, size_t), %d int, %u uint64_t.
 */
void words_print(const char *format, ...);

#endif
