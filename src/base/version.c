/* SPDX-License-Identifier: MIT */
/*
 * What was built. The build system knows which optional parts are in and says
 * so with -DWEFT_FEATURES="..."; without a build system it is what every build
 * has.
 */
#include <weft/version.h>

#ifndef WEFT_FEATURES
#define WEFT_FEATURES "epoll openssl"
#endif

const char *weft_version(void)
{
    return WEFT_VERSION;
}

const char *weft_features(void)
{
    return WEFT_FEATURES;
}
