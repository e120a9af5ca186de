/* SPDX-License-Identifier: MIT */
/* What a command has to say about its own failure. */
#ifndef WEFT_CLI_COMPLAIN_H
#define WEFT_CLI_COMPLAIN_H

/* Which command speaks: "weft serve". The text is kept as a pointer. */
void complain_as(const char *command);

/* Prints "weft serve: …" and the end of the line to standard error. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
