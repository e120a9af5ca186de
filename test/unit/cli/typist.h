/* SPDX-License-Identifier: MIT */
/* Somebody who types: code runs at a terminal whose other end is the test. */
#ifndef WEFT_TEST_TYPIST_H
#define WEFT_TEST_TYPIST_H

#include <stdbool.h>
#include <sys/types.h>

/* Runs fn in a process whose standard input, output and error are a terminal
 * of 80 columns and TERM is as given. What fn returns is the exit status. */
void typist_begin(int (*fn)(void), const char *term);

/* Types; \r is Enter. */
void typist_type(const char *text);

/* Waits until the text has appeared behind what was waited for before, with a
 * bound. Returns all that has appeared so far. */
const char *typist_wait(const char *text);

/* The text has not appeared at all. */
bool typist_lacks(const char *text);

/* What a terminal would show by now: the rows with their text, separated by
 * line feeds, without spaces at their ends. Knows what libedit and we use. */
const char *typist_screen(void);

pid_t typist_pid(void);

/* Whether the terminal echoes and edits lines by itself, as in the beginning.
 */
bool typist_is_cooked(void);

/* Waits for the end. The exit status, or -1 - the signal. */
int typist_end(void);

#endif
