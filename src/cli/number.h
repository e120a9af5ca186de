/* SPDX-License-Identifier: MIT */
/* Numbers as they are written on the command line. */
#ifndef WEFT_CLI_NUMBER_H
#define WEFT_CLI_NUMBER_H

#include <weft/types.h>

/* Digits alone. false for anything else, and beyond 64 bits; as all below. */
bool number_parse(uint64_t *value, const char *text);

/* Bytes: "8192", "8K", "16M", "2G". */
bool number_parse_size(uint64_t *bytes, const char *text);

/* Time: "30", "30s", "500ms", "2m", in milliseconds. */
bool number_parse_time(uint64_t *ms, const char *text);

#endif
