/* SPDX-License-Identifier: MIT */
/*
 * What a compiler writes for -MD: one rule in the language of make, whose
 * prerequisites are the files it has read, the source first.
 */
#ifndef WEFT_HANDLER_DEPFILE_H
#define WEFT_HANDLER_DEPFILE_H

#include "base/slice.h"

/*
 * The file name at *pos of the rule, unescaped into out, which holds size
 * bytes; *pos is set behind it. Begin with *pos = 0: the target and its colon
 * are passed over. 1; 0 at the end; -1 when the name does not fit or the text
 * is not a rule.
 */
int weft_depfile_next(struct weft_slice rule, size_t *pos, char *out,
                      size_t size);

#endif
