/* SPDX-License-Identifier: MIT */
/* Reads the server's response and judges it by what the script expects. */
#ifndef CONFORM_HANDSHAKE_H
#define CONFORM_HANDSHAKE_H

#include "conn.h"
#include "request.h"
#include "script.h"
#include "verdict.h"

/* Returns true when the connection is open now, with what was agreed on in the
 * deal. Otherwise the handshake is over; what the response leaves in conn.in is
 * behind its head. */
bool handshake_judge(struct conn *c, const struct request *request,
                     const struct script *script, struct deal *deal,
                     struct verdict *v);

#endif
