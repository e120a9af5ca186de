/* SPDX-License-Identifier: MIT */
/* Room for many connections in one process. */
#ifndef WEFT_LOAD_DESCRIPTORS_H
#define WEFT_LOAD_DESCRIPTORS_H

#include "load/payload.h"

#include <weft/error.h>

/* Raises the limit of open descriptors so far that count more can be had; that
 * which only root may raise, if we may. 0; or LIMIT and why, which says how to
 * help it. */
WEFT_CHECK int load_descriptors_want(size_t count, char why[LOAD_WHY]);

#endif
