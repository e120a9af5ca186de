/* SPDX-License-Identifier: MIT */
/* Everything at once. */
#ifndef WEFT_WEFT_H
#define WEFT_WEFT_H

#include <weft/client.h>
#include <weft/deflate.h>
#include <weft/endpoint.h>
#include <weft/error.h>
#include <weft/handler.h>
#include <weft/loop.h>
#include <weft/server.h>
#include <weft/tls.h>
#include <weft/types.h>
#include <weft/version.h>

#endif
