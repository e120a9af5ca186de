/* SPDX-License-Identifier: MIT */
/* The server's options with every default filled in. */
#ifndef WEFT_SERVER_OPTIONS_H
#define WEFT_SERVER_OPTIONS_H

#include <weft/server.h>

/* Copies what opts says (it may be NULL), and the defaults for the rest. 0, or
 * USAGE for options that make no sense. The strings stay the caller's. */
WEFT_CHECK int weft_server_opts_fill(struct weft_server_opts *out,
                                     const struct weft_server_opts *opts);

/* A list of strings ended by NULL, copied whole; NULL for NULL, and *err when
 * there is no memory. */
char **weft_strings_copy(const struct weft_mem *mem, const char *const *list,
                         int *err);
void weft_strings_free(const struct weft_mem *mem, char **list);

#endif
