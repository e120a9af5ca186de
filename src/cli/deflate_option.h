/* SPDX-License-Identifier: MIT */
/* Compression as it is written on the command line. */
#ifndef WEFT_CLI_DEFLATE_OPTION_H
#define WEFT_CLI_DEFLATE_OPTION_H

#include "cli/option_set.h"
#include <weft/deflate.h>

/*
 * "on", "off", or a list of settings, as "level=9,window=12,takeover=both":
 *
 *     level=1..9  memory=1..9  window=8..15  peer-window=8..15
 *     takeover=none|own|peer|both  threshold=SIZE  ceiling=SIZE
 *
 * false, and a complaint, for anything else; opt is the option that it is for.
 */
bool deflate_option_set(const struct option_set *set, int opt,
                        struct weft_deflate_opts *deflate, const char *text);

#endif
