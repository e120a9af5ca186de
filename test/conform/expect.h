/* SPDX-License-Identifier: MIT */
/* What must come back at a step of a script. */
#ifndef CONFORM_EXPECT_H
#define CONFORM_EXPECT_H

#include "judge.h"

/* Waits for it and judges it; sets over when the connection has ended or the
 * case is lost. Everything before it was sent. */
void expect(struct judge *j, const struct step *step);

/* After a refused handshake: what was sent behind it is not treated as
 * frames. */
void expect_unanswered(struct judge *j);

#endif
