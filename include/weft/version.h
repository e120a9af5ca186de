/* SPDX-License-Identifier: MIT */
/* The version of the headers, and of the library that was linked. */
#ifndef WEFT_VERSION_H
#define WEFT_VERSION_H

#include <weft/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_VERSION "0.1.0"

/* The version of the library: "0.1.0". */
WEFT_API const char *weft_version(void);

/* What is built in, a word each, separated by spaces: "epoll openssl". */
WEFT_API const char *weft_features(void);

#ifdef __cplusplus
}
#endif

#endif
