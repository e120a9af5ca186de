/* SPDX-License-Identifier: MIT */
/* What a test's code writes to standard error or standard output. */
#ifndef WEFT_TEST_CAPTURE_H
#define WEFT_TEST_CAPTURE_H

/* From now on what is written to the descriptor is kept; one at a time. */
void capture_begin(int fd);

/* The descriptor is as before. The text lives until the next call. */
const char *capture_end(void);

#endif
